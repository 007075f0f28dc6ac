package io.fairlead.health;

import io.fairlead.config.CommandProbe;
import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.Probe;
import io.fairlead.runtime.Scheduler.Cancellable;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What the checker knows about one node. Written by the control thread, but for the signal, which
 * any thread may raise.
 */
final class NodeCheck {
  final Service service;
  final Node node;
  final HealthTracker tracker;

  /** A request's failure is waiting to be handled, or has been a moment ago: more are dropped. */
  final AtomicBoolean signalled = new AtomicBoolean();

  HealthCheckConfig config;
  @Nullable ProbeTls tls;
  boolean isRunning;
  boolean hasLeft;

  /** Requests may go to it. */
  boolean isUsed = true;

  Cancellable nextProbe = () -> {};
  Cancellable nextLookup = () -> {};
  private long startedNanos;
  private Duration pace = HealthChecker.QUICK;
  private final ArrayDeque<Probed> history = new ArrayDeque<>();
  private final ArrayDeque<Verdict> verdicts = new ArrayDeque<>();
  private final FlapDamper flaps = new FlapDamper();
  boolean wasDraining;
  private int downs;
  private final long joinedNanos;

  /** Has not passed a probe since it was started. */
  private boolean starting;

  NodeCheck(Service service, Node node, HealthCheckConfig config, long nanos) {
    this.service = service;
    this.node = node;
    this.config = config;
    this.joinedNanos = nanos;
    this.starting = !node.facts().up();
    this.tracker = new HealthTracker(node.facts().up(), rise(), config.fall());
  }

  boolean isStarting() {
    return starting;
  }

  /** It has been seen to serve. */
  void hasServed() {
    starting = false;
    setThresholds();
  }

  void started(long nanos) {
    isRunning = true;
    nextProbe = () -> {}; // there is nothing to cancel any more
    startedNanos = nanos;
  }

  long startedNanos() {
    return startedNanos;
  }

  /** Something is wrong, or was a moment ago: ask again soon. */
  void hurry() {
    pace = HealthChecker.QUICK;
  }

  boolean needsProbe() {
    return !(config.probe() instanceof Probe.None && tracker.isSettled());
  }

  /** It has gone down: how many passes it needs depends on how often it did so lately. */
  void wentDown(long nanos) {
    downs = flaps.wentDown(nanos, config.flapWindow());
    setThresholds();
  }

  /** Those of the configuration, and more of a node that goes down often. */
  void setThresholds() {
    tracker.setThresholds(rise(), config.fall());
  }

  private int rise() {
    return starting ? 1 : config.rise() * FlapDamper.factor(downs);
  }

  /** The reason of a verdict, and what it takes to come back if that is more than usual. */
  String reason(String why) {
    return tracker.isUp() || FlapDamper.factor(downs) == 1
        ? why
        : why
            + "; went down "
            + downs
            + " times within "
            + config.flapWindow().toSeconds()
            + " s, so it needs "
            + rise()
            + " passes in a row";
  }

  /**
   * How far the next probe's start is from the last one's: the interval while all is well,
   * otherwise {@link HealthChecker#QUICK}, doubled each time until it is the interval. Of a node
   * that is down the time goes on doubling as far as the configuration lets it, until it passes.
   * One that is starting is asked every {@link HealthChecker#STARTING}, later about forty times in
   * the time that it has taken so far. While requests wait for it, as there is no other node, it is
   * asked every {@link HealthChecker#AWAITED}, later about twenty times in the time so far and
   * never less often than every {@link HealthChecker#AWAITED_LONG}, so that they wait little longer
   * than it needs. By a program it is asked as ever: that costs more than a shorter wait is worth.
   *
   * @param least the shortest interval that can be afforded
   */
  Duration nextStep(Duration least) {
    Duration interval = interval(least);
    if (starting) {
      Duration step = stepOfStart(startedNanos - joinedNanos);
      return step.compareTo(interval) < 0 ? step : interval;
    }
    if (tracker.isSettled()) {
      hurry(); // if it fails next, that is
      return interval;
    }
    Duration most = longest(interval);
    Duration step = pace.compareTo(most) < 0 ? pace : most;
    pace = step.multipliedBy(2);
    return step;
  }

  private Duration stepOfStart(long soFar) {
    boolean awaited =
        service.load().isHolding()
            && service.load().waiting().get() > 0
            && !(config.probe() instanceof CommandProbe);
    return Duration.ofNanos(
        awaited
            ? Math.clamp(
                soFar / 20, HealthChecker.AWAITED.toNanos(), HealthChecker.AWAITED_LONG.toNanos())
            : Math.max(soFar / 40, HealthChecker.STARTING.toNanos()));
  }

  private Duration longest(Duration interval) {
    return tracker.isDownWithoutDoubt() && config.downInterval().compareTo(interval) > 0
        ? config.downInterval()
        : interval;
  }

  /** What is left of the step after the last probe, which may have taken longer. */
  Duration untilNext(long now, Duration least) {
    return Duration.ofNanos(Math.max(0, startedNanos + nextStep(least).toNanos() - now));
  }

  Duration interval(Duration least) {
    Duration interval = least.compareTo(config.interval()) > 0 ? least : config.interval();
    return isUsed ? interval : interval.multipliedBy(HealthChecker.UNUSED);
  }

  void remember(Probed probed) {
    synchronized (history) {
      history.addLast(probed);
      if (history.size() > HealthChecker.KEPT) {
        history.removeFirst();
      }
    }
  }

  void remember(Verdict verdict) {
    synchronized (verdicts) {
      verdicts.addLast(verdict);
      if (verdicts.size() > HealthChecker.VERDICTS) {
        verdicts.removeFirst();
      }
    }
  }

  /** Oldest first. Any thread. */
  List<Verdict> verdicts() {
    synchronized (verdicts) {
      return List.copyOf(verdicts);
    }
  }

  /** Oldest first. Any thread. */
  List<Probed> history() {
    synchronized (history) {
      return List.copyOf(history);
    }
  }
}
