package io.fairlead.limit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * Keys that one event loop has let in, on their way to those who count elsewhere. The loop neither
 * waits nor allocates: when nobody fetches them for too long, further ones are lost and counted.
 *
 * <p>One thread adds, one fetches.
 */
final class AdmissionRing {
  /** What may be let in between two looks; a power of two. */
  static final int PLACES = 8192;

  private static final VarHandle END;
  private static final VarHandle BEGIN;

  static {
    try {
      MethodHandles.Lookup own = MethodHandles.lookup();
      END = own.findVarHandle(AdmissionRing.class, "end", long.class);
      BEGIN = own.findVarHandle(AdmissionRing.class, "begin", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long[] keys = new long[PLACES];
  private long end;
  private long begin;
  private final AtomicLong lost = new AtomicLong();

  /** Of the loop. */
  void add(long key) {
    long at = end;
    if (at - (long) BEGIN.getAcquire(this) == PLACES) {
      lost.lazySet(lost.get() + 1); // this thread alone writes it
      return;
    }
    keys[(int) at & (PLACES - 1)] = key;
    END.setRelease(this, at + 1);
  }

  /** Of the one who fetches: hands over all that are there. */
  void drain(LongConsumer taker) {
    long until = (long) END.getAcquire(this);
    long at = begin;
    while (at < until) {
      taker.accept(keys[(int) at & (PLACES - 1)]);
      at++;
    }
    BEGIN.setRelease(this, at);
  }

  /** How many found no place. */
  long lost() {
    return lost.get();
  }
}
