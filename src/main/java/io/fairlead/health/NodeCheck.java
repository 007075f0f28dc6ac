package io.fairlead.health;

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
  Cancellable nextProbe = () -> {};
  Cancellable nextLookup = () -> {};
  private long startedNanos;
  private Duration pace = HealthChecker.QUICK;
  private final ArrayDeque<Probed> history = new ArrayDeque<>();

  NodeCheck(Service service, Node node, HealthCheckConfig config) {
    this.service = service;
    this.node = node;
    this.config = config;
    this.tracker = new HealthTracker(node.facts().up(), config.rise(), config.fall());
  }

  void started(long nanos) {
    isRunning = true;
    nextProbe = () -> {}; // there is nothing to cancel any more
    startedNanos = nanos;
  }

  /** Something is wrong, or was a moment ago: ask again soon. */
  void hurry() {
    pace = HealthChecker.QUICK;
  }

  boolean needsProbe() {
    return !(config.probe() instanceof Probe.None && tracker.isSettled());
  }

  /**
   * How far the next probe's start is from the last one's: the interval while all is well,
   * otherwise {@link HealthChecker#QUICK}, doubled each time until it is the interval.
   *
   * @param least the shortest interval that can be afforded
   */
  Duration nextStep(Duration least) {
    Duration interval = interval(least);
    if (tracker.isSettled()) {
      hurry(); // if it fails next, that is
      return interval;
    }
    Duration step = pace.compareTo(interval) < 0 ? pace : interval;
    pace = step.multipliedBy(2);
    return step;
  }

  /** What is left of the step after the last probe, which may have taken longer. */
  Duration untilNext(long now, Duration least) {
    return Duration.ofNanos(Math.max(0, startedNanos + nextStep(least).toNanos() - now));
  }

  Duration interval(Duration least) {
    return least.compareTo(config.interval()) > 0 ? least : config.interval();
  }

  void remember(Probed probed) {
    synchronized (history) {
      history.addLast(probed);
      if (history.size() > HealthChecker.KEPT) {
        history.removeFirst();
      }
    }
  }

  /** Oldest first. Any thread. */
  List<Probed> history() {
    synchronized (history) {
      return List.copyOf(history);
    }
  }
}
