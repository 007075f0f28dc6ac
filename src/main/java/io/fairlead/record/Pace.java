package io.fairlead.record;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;

/**
 * Makes the recorder work in short spells, far from each other. Where it shares a core with an
 * event loop, requests that come in a spell wait for its end: a kernel takes a core from a thread
 * only now and then, however little its niceness grants it. A row group that is encoded in one go
 * is felt by each request of some 50 ms; and one that is encoded half of the time has all requests
 * take twice as long meanwhile.
 *
 * <p>One thread.
 */
final class Pace {
  /** Requests wait that long at most, or for as long as what cannot be interrupted takes. */
  private static final long SPELL_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

  /** With nothing that presses it has a twenty-fifth of a core. */
  static final int CALM = 24;

  private int most;
  private IntSupplier rests = () -> CALM;
  private long begun = System.nanoTime();

  private Pace(int most) {
    this.most = most;
  }

  /** Without rests: for what nobody has to wait for. */
  static Pace restless() {
    return new Pace(0);
  }

  static Pace gentle() {
    return new Pace(CALM);
  }

  /** Asked before each rest how long it may be, in spells: nothing must be lost for it. */
  void mind(IntSupplier affordable) {
    rests = affordable;
  }

  /** After a pause of its own a spell begins. */
  void begin() {
    begun = System.nanoTime();
  }

  /** Called between pieces of work of some microseconds each: rests if it is time to. */
  void breathe() {
    if (most > 0 && System.nanoTime() - begun >= SPELL_NANOS) {
      LockSupport.parkNanos(this, Math.min(most, rests.getAsInt()) * SPELL_NANOS);
      begun = System.nanoTime();
    }
  }

  /** No more rests. */
  void hurry() {
    most = 0;
  }
}
