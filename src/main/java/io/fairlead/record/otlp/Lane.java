package io.fairlead.record.otlp;

import io.fairlead.telemetry.Event;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * The way of one kind of things to the receiver: a thread that may wait as long as it takes. What
 * could not be sent is tried again after a second, two, four, half a minute at most, and given up
 * after a minute: what comes then is of more use than what has become old.
 */
final class Lane implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Lane.class.getName());

  private static final long FIRST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** So long must all have gone well before it is said to: what comes and goes is one story. */
  private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final long CLOSE_MILLIS = 2_000;

  private final Tally tally;
  private final Cargo cargo;
  private final RandomGenerator random;
  private final Consumer<Event> events;
  private final Thread thread;
  private volatile boolean closing;

  // Of the thread.
  private long pause = FIRST_PAUSE_NANOS;
  private boolean well = true;
  private boolean trouble;
  private long lastTrouble;
  private long lostBefore;
  private long lostSeen;

  /**
   * @param random keeps those from coming back at the same moment who were turned away at the same
   */
  Lane(Tally tally, Cargo cargo, RandomGenerator random, Consumer<Event> events) {
    this.tally = tally;
    this.cargo = cargo;
    this.random = random;
    this.events = events;
    thread = Thread.ofPlatform().name("otlp " + tally.kind()).daemon(true).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** There is something to gather, more than usual. */
  void wake() {
    LockSupport.unpark(thread);
  }

  private void run() {
    while (true) {
      boolean last = closing; // whatever is there now is all there will be
      try {
        int count = cargo.gather(last);
        if (count > 0) {
          deliver(count);
        } else if (last) {
          return;
        } else {
          look();
          LockSupport.parkNanos(this, cargo.pauseNanos());
        }
      } catch (InterruptedException e) {
        tally.failed(cargo.abandon()); // it is being closed, and took too long
        return;
      } catch (RuntimeException | LinkageError e) {
        LOG.log(Level.ERROR, tally.kind() + " could not be made ready to be sent", e);
        if (last) {
          return;
        }
        LockSupport.parkNanos(this, FIRST_PAUSE_NANOS);
      }
    }
  }

  private void deliver(int count) throws InterruptedException {
    long begun = System.nanoTime();
    boolean known = false;
    try {
      while (true) {
        switch (cargo.send()) {
          case Sending.Done(long rejected, String why) -> {
            known = true;
            tally.sent(count - rejected);
            tally.refused(rejected);
            pause = FIRST_PAUSE_NANOS;
            well = rejected == 0;
            if (!well) {
              troubled(why.isEmpty() ? "the receiver rejects some" : "rejected: " + why);
            }
            look();
            return;
          }
          case Sending.Refused(String why) -> {
            known = true;
            well = false;
            tally.refused(count);
            troubled(why);
            return;
          }
          case Sending.Later(String why, var asked) -> {
            well = false;
            troubled(why);
            long wait = Math.max(asked.toNanos(), (long) (pause * random.nextDouble(0.75, 1.25)));
            pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
            long left = PATIENCE_NANOS - (System.nanoTime() - begun);
            if (closing || !cargo.isWorthWaiting() || wait > left) {
              known = true;
              tally.failed(count);
              return;
            }
            park(wait);
          }
        }
      }
    } finally {
      if (!known) { // it was cut short
        tally.failed(count);
      }
    }
  }

  /** Until then, or until it is closed. */
  private void park(long nanos) {
    long until = System.nanoTime() + nanos;
    long left = nanos;
    while (left > 0 && !closing) {
      LockSupport.parkNanos(this, left);
      left = until - System.nanoTime();
    }
  }

  private void troubled(String why) {
    lastTrouble = System.nanoTime();
    if (!trouble) {
      trouble = true;
      lostBefore = lostSeen;
      events.accept(new Event.ExportStopped(tally.kind(), why));
    }
  }

  /** Nothing is wrong at the moment: was there something, or is something lost all the same? */
  private void look() {
    long lost = tally.lost();
    if (lost > lostSeen && !trouble) {
      troubled("they are not taken as fast as they come");
    } else if (lost > lostSeen) {
      lastTrouble = System.nanoTime();
    }
    lostSeen = lost;
    if (trouble && well && System.nanoTime() - lastTrouble > QUIET_NANOS) {
      trouble = false;
      events.accept(new Event.ExportResumed(tally.kind(), lost - lostBefore));
    }
  }

  /** Sends what is there, if that can be done in a moment. */
  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
    boolean interrupted = false;
    try {
      thread.join(CLOSE_MILLIS);
      if (thread.isAlive()) {
        thread.interrupt(); // it waits for somebody who does not answer
        thread.join(CLOSE_MILLIS);
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
