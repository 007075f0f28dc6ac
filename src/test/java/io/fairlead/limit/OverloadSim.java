package io.fairlead.limit;

import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import java.util.ArrayDeque;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * A service with so many slots and a queue of its own behind the classes of this package, in
 * virtual time: requests arrive by chance, wait here, go to the service, wait there, are served.
 */
final class OverloadSim {
  private static final long SECOND = 1_000_000_000L;
  private static final long TICK = 100_000_000L;
  private static final long PATIENCE = SECOND;

  /** What the service does for one request. */
  static final class Job extends WaitQueue.Waiter {
    final int importance;
    final int rank;
    final long arrived;
    long sent;

    Job(int importance, int rank, long arrived) {
      this.importance = importance;
      this.rank = rank;
      this.arrived = arrived;
    }
  }

  private record Event(long at, long order, Runnable what) {}

  /** What became of the requests of one class since {@link #reset}. */
  static final class Outcome {
    long offered;
    long done;
    long shed;
    LatencyHistogram latency = new LatencyHistogram(1);

    double share() {
      return (double) done / offered;
    }

    double p99Millis() {
      Distribution all = new Distribution();
      latency.addTo(all);
      return all.quantileMicros(0.99) / 1e3;
    }

    double medianMillis() {
      Distribution all = new Distribution();
      latency.addTo(all);
      return all.quantileMicros(0.5) / 1e3;
    }
  }

  final AdaptiveLimit limit;
  final AdmissionLevel level = new AdmissionLevel(4, 1);
  private final WaitQueue queue = new WaitQueue(4);
  private final SplittableRandom random = new SplittableRandom(7);
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.order, b.order));
  private final ArrayDeque<Job> atService = new ArrayDeque<>();
  private final boolean priorities;
  Outcome[] outcomes = new Outcome[4];
  long now;
  int inFlight;
  private long order;
  private int busy;
  private int peak;
  private boolean limited;
  private boolean shedding;
  private LatencyHistogram window = new LatencyHistogram(1);
  private long waitSum;
  private long waitCount;
  private long shedInWindow;
  private boolean waited;
  private boolean wasHalfFull;
  private int ticks;

  // What a test turns while time goes on.
  int slots;
  double serviceMillis;
  double rate;
  double criticalShare;
  double lowShare;
  boolean exponential = true;
  int queueLimit = 1000;
  private double arrivalRate;

  OverloadSim(AdaptiveLimit limit, boolean priorities, int slots, double serviceMillis) {
    this.limit = limit;
    this.priorities = priorities;
    this.slots = slots;
    this.serviceMillis = serviceMillis;
    reset();
    plan(TICK, this::tick);
  }

  void reset() {
    for (int i = 0; i < outcomes.length; i++) {
      outcomes[i] = new Outcome();
    }
  }

  Outcome all() {
    Outcome sum = new Outcome();
    for (Outcome each : outcomes) {
      sum.offered += each.offered;
      sum.done += each.done;
      sum.shed += each.shed;
    }
    return sum;
  }

  /** Lets time pass with so many requests a second. */
  void run(double seconds, double requestsPerSecond) {
    long end = now + (long) (seconds * SECOND);
    rate = requestsPerSecond;
    if (arrivalRate != rate) {
      boolean idle = arrivalRate == 0;
      arrivalRate = rate;
      if (idle && rate > 0) {
        plan(gap(), this::arrive);
      }
    }
    while (!events.isEmpty() && events.peek().at <= end) {
      Event next = events.poll();
      now = next.at;
      next.what.run();
    }
    now = end;
  }

  private void plan(long in, Runnable what) {
    events.add(new Event(now + in, order++, what));
  }

  private long gap() {
    return (long) (-Math.log(1 - random.nextDouble()) / rate * SECOND);
  }

  private void arrive() {
    if (rate == 0) {
      arrivalRate = 0;
      return;
    }
    plan(gap(), this::arrive);
    double draw = random.nextDouble();
    int importance = draw < criticalShare ? 0 : draw < 1 - lowShare ? 2 : 3;
    Job job = new Job(importance, AdmissionLevel.rank(importance, random.nextInt(10_000)), now);
    outcomes[importance].offered++;
    if (priorities && !level.isOpen() && !level.admits(0, job.rank)) {
      outcomes[importance].shed++;
      shedding = true;
    } else if (queue.size() == 0 && inFlight < limit.limit()) {
      send(job);
    } else {
      limited = true;
      waited = true;
      if (queue.size() >= queueLimit) {
        Job lesser = (Job) queue.lesser(importance);
        shedInWindow++;
        if (lesser == null) {
          outcomes[importance].shed++;
          return;
        }
        queue.remove(lesser, now);
        outcomes[lesser.importance].shed++;
      }
      queue.add(job, importance, now, PATIENCE, !priorities || level.isOpen());
      plan(PATIENCE, () -> expire(job));
    }
  }

  private void expire(Job job) {
    if (job.isWaiting()) {
      queue.remove(job, now);
      outcomes[job.importance].shed++;
      shedInWindow++;
    }
  }

  private void send(Job job) {
    waitSum += now - job.arrived;
    waitCount++;
    inFlight++;
    peak = Math.max(peak, inFlight);
    job.sent = now;
    atService.add(job);
    serve();
  }

  private void serve() {
    while (busy < slots && !atService.isEmpty()) {
      Job job = atService.poll();
      busy++;
      double mean = serviceMillis * 1e6;
      plan(
          (long) (exponential ? -Math.log(1 - random.nextDouble()) * mean : mean), () -> done(job));
    }
  }

  private void done(Job job) {
    busy--;
    inFlight--;
    outcomes[job.importance].done++;
    outcomes[job.importance].latency.record(0, (now - job.arrived) / 1000);
    window.record(0, (now - job.sent) / 1000);
    serve();
    drain();
  }

  private void drain() {
    while (queue.late(now) instanceof Job late) {
      queue.remove(late, now);
      outcomes[late.importance].shed++;
      shedInWindow++;
    }
    while (inFlight < limit.limit() && queue.peek() instanceof Job next) {
      queue.remove(next, now);
      send(next);
    }
  }

  private void tick() {
    Distribution seen = new Distribution();
    window.addTo(seen);
    limit.update(
        new AdaptiveLimit.Window(
            TICK,
            seen.count(),
            seen.quantileMicros(0.5) * 1000,
            seen.meanNanos(),
            peak,
            limited,
            shedding));
    window = new LatencyHistogram(1);
    peak = inFlight;
    limited = false;
    shedding = false;
    wasHalfFull |= 2 * inFlight >= limit.limit();
    if (++ticks % 5 == 0) {
      boolean overloaded =
          (level.isOpen() && WaitQueue.isNewestFirst(queue.key()))
              || (waitCount > 0 && waitSum / waitCount > 20_000_000L);
      level.close(
          overloaded
              ? AdmissionLevel.Window.OVERLOADED
              : waited
                  ? AdmissionLevel.Window.BUSY
                  : wasHalfFull ? AdmissionLevel.Window.CALM : AdmissionLevel.Window.IDLE,
          shedInWindow);
      wasHalfFull = false;
      waited = false;
      waitSum = 0;
      waitCount = 0;
      shedInWindow = 0;
    }
    drain();
    plan(TICK, this::tick);
  }
}
