package io.fairlead.insight.deploy;

import io.fairlead.telemetry.ServiceAnswers;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Compares a new version of a service with the old one, route class by route class, second by
 * second, on requests that were dealt to them by chance: with errors, with durations, and with how
 * many answers came very late. Says two things: what is wrong with the new version, once chance
 * does not explain it, and how much it may spoil, for all that is known.
 *
 * <p>It is looked at each second and may roll back at each of them; what it says holds nevertheless
 * ({@link Wager}): a new version that is like the old one is called worse in one deploy of 100,000,
 * for each route class and kind of fault.
 */
public final class Judge {
  private final @Nullable RouteJudge[] routes = new RouteJudge[ServiceAnswers.CLASSES];
  private final IntFunction<String> names;
  private final double errorsMore;
  private final double slower;
  private boolean manyClients;
  private long newRequests;
  private long oldRequests;

  /**
   * @param names of route classes
   * @param errorsMore share of requests that may fail beyond those of the old version
   * @param slower by how much longer answers may take in the middle, as a share
   */
  public Judge(IntFunction<String> names, double errorsMore, double slower) {
    this.names = names;
    this.errorsMore = errorsMore;
    this.slower = slower;
  }

  /** Whether the service has more than two clients to speak of. */
  public void setManyClients(boolean many) {
    manyClients = many;
  }

  /**
   * What has come of a class within a second.
   *
   * @param warm whether it counts how long the new version took
   */
  public void see(int routeClass, Answers ofOld, Answers ofNew, boolean warm) {
    oldRequests += ofOld.requests();
    newRequests += ofNew.requests();
    RouteJudge its = routes[routeClass];
    if (its == null) {
      if (ofOld.requests() + ofNew.requests() == 0) {
        return;
      }
      its = new RouteJudge();
      routes[routeClass] = its;
    }
    its.see(ofOld, ofNew, warm);
  }

  /** What is wrong; null: nothing that chance would not explain. */
  public @Nullable Fault fault() {
    for (int i = 0; i < routes.length; i++) {
      RouteJudge its = routes[i];
      Fault fault = its == null ? null : its.fault(names.apply(i), errorsMore, slower, manyClients);
      if (fault != null) {
        return fault;
      }
    }
    return null;
  }

  /**
   * How much of all requests the new version may spoil if it gets all of them, for all that is
   * known: fail, or answer in twice the time. 1 as long as nothing is known.
   */
  public double possible() {
    double sum = 0;
    double all = 0;
    for (RouteJudge its : routes) {
      if (its != null) {
        sum += its.possible() * its.requests();
        all += its.requests();
      }
    }
    return all == 0 ? 1 : sum / all;
  }

  /** Requests that the new version has answered. */
  public long newRequests() {
    return newRequests;
  }

  public long oldRequests() {
    return oldRequests;
  }
}
