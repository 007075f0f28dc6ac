package io.fairlead.insight.deploy;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The steps by which a new version gets the requests of the old one. A step is taken when the one
 * before has lasted long enough, there are nodes for it, and what the new version may spoil at it,
 * for all that is known, is no more than {@link Terms#exposure} of all requests. So little is at
 * stake wherever little is known, and a step takes as long as it needs for that to be known: many
 * requests, a short time.
 */
public final class Rollout {
  /**
   * What is asked for.
   *
   * @param steps shares of all requests, rising; the last is 1
   * @param holdNanos that each step takes at least
   * @param patienceNanos after which a step is taken though too few requests came to know enough
   * @param exposure share of all requests that may be at stake
   */
  public record Terms(List<Double> steps, long holdNanos, long patienceNanos, double exposure) {
    public Terms {
      steps = List.copyOf(steps);
    }
  }

  /** How far it is. */
  public enum Phase {
    /** The first nodes of the new version start. */
    PREPARING,
    /** Both versions get requests. */
    SHIFTING,
    /** The new version gets all of them; the old one is still there. */
    FINISHING,
    /** The new version is the one. */
    DONE,
    /** The old version gets all of them again. */
    ROLLED_BACK
  }

  private final Terms terms;
  private Phase phase = Phase.PREPARING;
  private int step;
  private boolean growing;
  private boolean promoted;
  private long since;
  private long requestsBefore;
  private String why = "the first nodes of the new version start";

  public Rollout(Terms terms, long now) {
    this.terms = terms;
    this.since = now;
  }

  /**
   * Time has passed.
   *
   * @param ready whether there are nodes for {@link #wanted}
   * @param trouble why it cannot go on, as others have found; null: it can
   */
  public Phase tick(long now, Judge judge, boolean ready, @Nullable String trouble) {
    switch (phase) {
      case PREPARING -> {
        if (trouble != null) {
          rollBack(trouble);
        } else if (ready) {
          phase = Phase.SHIFTING;
          begin(promoted ? terms.steps().size() - 1 : 0, now, judge);
        }
      }
      case SHIFTING -> {
        Fault fault = promoted ? null : judge.fault();
        if (fault != null) {
          rollBack(fault.text());
        } else if (trouble != null) {
          rollBack(trouble);
        } else if (growing && ready) {
          begin(promoted ? terms.steps().size() - 1 : step + 1, now, judge);
        } else if (!growing) {
          growing = isOver(now, judge);
        }
      }
      case FINISHING -> {
        if (trouble != null && !promoted) {
          rollBack(trouble);
        } else if (promoted || now - since >= terms.holdNanos()) {
          phase = Phase.DONE;
          why = "it gets all requests";
        }
      }
      case DONE, ROLLED_BACK -> {}
    }
    return phase;
  }

  private boolean isOver(long now, Judge judge) {
    double next = terms.steps().get(step + 1);
    double stake = next * judge.possible();
    long on = now - since;
    if (promoted) {
      return true;
    }
    if (on < terms.holdNanos()) {
      why =
          String.format(
              Locale.ROOT, "%s for %d s more", share(share()), left(on, terms.holdNanos()));
      return false;
    }
    if (stake <= terms.exposure()) {
      why =
          String.format(
              Locale.ROOT,
              "%d requests show that at %s at most %s of all requests could be spoilt",
              judge.newRequests(),
              share(next),
              share(stake));
      return true;
    }
    if (judge.oldRequests() + judge.newRequests() == requestsBefore) {
      why = "nobody asks";
      return true;
    }
    if (on >= terms.patienceNanos()) {
      why =
          String.format(
              Locale.ROOT,
              "%d requests are too few to know much, and %d s is long enough",
              judge.newRequests(),
              on / 1_000_000_000);
      return true;
    }
    why =
        String.format(
            Locale.ROOT,
            "by %d requests of the new version, at %s up to %s of all requests could be spoilt; %s may"
                + " be; if too few come, in %d s nevertheless",
            judge.newRequests(),
            share(next),
            share(stake),
            share(terms.exposure()),
            left(on, terms.patienceNanos()));
    return false;
  }

  private static long left(long on, long all) {
    return Math.max(1, (all - on + 999_999_999) / 1_000_000_000);
  }

  private void begin(int next, long now, Judge judge) {
    step = next;
    growing = false;
    since = now;
    requestsBefore = judge.oldRequests() + judge.newRequests();
    if (step == terms.steps().size() - 1) {
      phase = Phase.FINISHING;
      why = "it gets all requests; the old version stays a moment";
    }
  }

  /** The old version has everything again from now on. */
  public void rollBack(String reason) {
    if (phase != Phase.DONE) {
      phase = Phase.ROLLED_BACK;
      why = reason;
    }
  }

  /** The rest of the steps is left out, and nothing is judged. */
  public void promote() {
    promoted = true;
    growing = phase == Phase.SHIFTING || growing;
  }

  /** A process before has had it that far: the new version gets all requests. */
  public void goOnFinishing(long now) {
    step = terms.steps().size() - 1;
    phase = Phase.FINISHING;
    since = now;
  }

  public Phase phase() {
    return phase;
  }

  /** From 1; 0 before the first. */
  public int step() {
    return phase == Phase.PREPARING ? 0 : step + 1;
  }

  public int steps() {
    return terms.steps().size();
  }

  /** Of all requests, that the new version is to get. */
  public double share() {
    return switch (phase) {
      case PREPARING, ROLLED_BACK -> 0;
      case SHIFTING -> terms.steps().get(step);
      case FINISHING, DONE -> 1;
    };
  }

  /** The share that there should be nodes for. */
  public double wanted() {
    return switch (phase) {
      case ROLLED_BACK -> 0;
      case PREPARING -> promoted ? 1 : terms.steps().get(0);
      case SHIFTING -> promoted ? 1 : terms.steps().get(growing ? step + 1 : step);
      case FINISHING, DONE -> 1;
    };
  }

  /** Why it is where it is, in words. */
  public String why() {
    return growing ? why + "; nodes for " + share(wanted()) + " start" : why;
  }

  /** Such as {@code 0.5 %}. */
  public static String share(double share) {
    double percent = 100 * share;
    double shown = percent >= 9.95 ? Math.rint(percent) : Math.rint(percent * 100) / 100;
    return (shown == Math.rint(shown) ? String.valueOf((long) shown) : String.valueOf(shown))
        + " %";
  }
}
