package io.fairlead.service;

import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.ShedReason;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What is true of letting requests of a service in: who is in, who waits, who was turned away.
 * Event loops write, everybody may read.
 */
public final class ServiceLoad {
  private final LoopCounters<ShedReason> sheds;
  private final LatencyHistogram waits;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicReference<@Nullable Runnable> sleeper = new AtomicReference<>();
  private volatile int limit = Integer.MAX_VALUE;
  private volatile double openness = 1;
  private volatile boolean retriesOff;
  private volatile long holdNanos;
  private volatile boolean holding;

  ServiceLoad(int loops) {
    sheds = new LoopCounters<>(loops, ShedReason.class);
    waits = new LatencyHistogram(loops);
  }

  /** Requests turned away. */
  public LoopCounters<ShedReason> sheds() {
    return sheds;
  }

  /** How long those that waited and were let in have waited. */
  public LatencyHistogram waits() {
    return waits;
  }

  /** Requests that are in; counted only where there is a limit on them. */
  public AtomicInteger inFlight() {
    return inFlight;
  }

  /** Requests that wait for room. */
  public AtomicInteger waiting() {
    return waiting;
  }

  /**
   * One more waits for room: who sleeps is woken.
   *
   * @return how many wait with it
   */
  public int beginWait() {
    int now = waiting.incrementAndGet();
    wake();
    return now;
  }

  /**
   * Is run once, by whoever waits next, or at once if somebody waits already; on any thread, and
   * must not wait. One that was set before and was not run is forgotten.
   *
   * @param next null: nobody sleeps
   */
  public void setSleeper(@Nullable Runnable next) {
    sleeper.set(next);
    if (next != null && waiting.get() > 0) { // it may have come just before
      wake();
    }
  }

  private void wake() {
    if (sleeper.get() != null) { // mostly not: a read costs the loops nothing
      Runnable woken = sleeper.getAndSet(null);
      if (woken != null) {
        woken.run();
      }
    }
  }

  /** Requests that may be in now; {@link Integer#MAX_VALUE}: any number. */
  public int limit() {
    return limit;
  }

  public void setLimit(int now) {
    limit = now;
  }

  /** The share of all ranks of importance that is let in: 1 unless there is too much to do. */
  public double openness() {
    return openness;
  }

  public void setOpenness(double now) {
    openness = now;
  }

  /** Nothing is repeated for a while, since repeating was what kept the service busy. */
  public boolean retriesOff() {
    return retriesOff;
  }

  public void setRetriesOff(boolean now) {
    retriesOff = now;
  }

  /**
   * How long a request waits that finds no node, since one is on its way, or will be as soon as it
   * is known that there is none; 0: it is told so at once.
   */
  public long holdNanos() {
    return holdNanos;
  }

  /** Whether there is none, and one is on its way: who comes need not look for one. */
  public boolean isHolding() {
    return holding;
  }

  /** Both. */
  public void hold(long nanos, boolean now) {
    holdNanos = nanos;
    holding = now;
  }
}
