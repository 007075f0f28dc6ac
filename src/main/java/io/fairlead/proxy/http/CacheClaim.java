package io.fairlead.proxy.http;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * That one request asks a node for something, so that others, of whatever event loop, need not:
 * they wait until it is over. A list that grows by compare-and-set (R. K. Treiber, Systems
 * Programming: Coping with Parallelism, IBM RJ 5118, 1986) and ends once; nobody ever blocks.
 */
final class CacheClaim {
  /** One that waits. */
  abstract static class Waiter {
    private @Nullable Waiter next;

    /** It is over. Called on any loop. */
    abstract void wake();
  }

  private static final class End extends Waiter {
    @Override
    void wake() {}
  }

  private static final Waiter OVER = new End();

  private final byte[] key;
  private final long hash;
  private final Object owner;
  private final long until;
  private final AtomicReference<@Nullable Waiter> waiters = new AtomicReference<>();

  /**
   * @param until from then on nobody waits for it any more, in the loops' time
   */
  CacheClaim(byte[] key, long hash, Object owner, long until) {
    this.key = key;
    this.hash = hash;
    this.owner = owner;
    this.until = until;
  }

  @SuppressWarnings("ReferenceEquality") // that very one
  boolean isOf(Object candidate) {
    return owner == candidate;
  }

  boolean isFor(byte[] bytes, int length, long sought) {
    return hash == sought && Arrays.equals(key, 0, key.length, bytes, 0, length);
  }

  /** How long it is worth to wait for it; 0 or less: no longer. */
  long left(long now) {
    return isOver() ? 0 : until - now;
  }

  @SuppressWarnings("ReferenceEquality") // the mark
  private boolean isOver() {
    return waiters.get() == OVER;
  }

  /** False: it is over already, and there is nothing to wait for. */
  @SuppressWarnings("ReferenceEquality") // the mark
  boolean add(Waiter waiter) {
    while (true) {
      Waiter first = waiters.get();
      if (first == OVER) {
        return false;
      }
      waiter.next = first;
      if (waiters.compareAndSet(first, waiter)) {
        return true;
      }
    }
  }

  /** It is over, however it ended: all who wait are told. */
  @SuppressWarnings("ReferenceEquality") // the mark
  void end() {
    Waiter next = waiters.getAndSet(OVER);
    while (next != null && next != OVER) {
      Waiter after = next.next;
      next.wake();
      next = after;
    }
  }
}
