package io.fairlead.proxy.http;

/**
 * How a client takes an answer that waits for it. Who takes a little at a time has to keep the pace
 * of {@code limits.min-body-rate} while it does. Who takes nothing at all may be resting, as
 * players of films do that have enough for now: what it has taken before counts, and it has {@code
 * limits.idle-timeout}.
 *
 * <p>Bytes are those that the kernel, or the window of a stream, has taken for the client. Confined
 * to an event loop.
 */
final class Taking {
  private long since;
  private long before;
  private long seen;
  private long seenAt;

  /** The answer waits from now on. */
  void begin(long now, long taken) {
    since = now;
    before = taken;
    seen = taken;
    seenAt = now;
  }

  /** Whether the client has had its time. */
  boolean isOver(long now, long taken, HttpPolicy policy, long idleNanos) {
    if (taken != seen) {
      seen = taken;
      seenAt = now;
    }
    long counts = taken == before ? taken : taken - before;
    return now - seenAt >= idleNanos || policy.isTooSlow(now - since, counts);
  }

  /** When to look next. */
  long nextLook(long now, HttpPolicy policy, long idleNanos) {
    return Math.min(seenAt + idleNanos, now + policy.judgedAfterNanos(idleNanos));
  }
}
