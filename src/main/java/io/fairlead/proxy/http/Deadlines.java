package io.fairlead.proxy.http;

import io.fairlead.proxy.TimerWheel;

/**
 * The limits on time that some routes have beside the usual one: for each try, for the request's
 * body, for all of it; and how long a request may wait for room. One timer for the nearest of them;
 * an exchange whose route has none never sets it.
 */
final class Deadlines {
  /** What has taken too long. */
  enum Kind {
    WAIT,
    TRY,
    REQUEST_BODY,
    TOTAL
  }

  /** Told when time is up. */
  interface Owner {
    void late(Kind kind);
  }

  private static final long NEVER = Long.MAX_VALUE;

  private final TimerWheel wheel;
  private final Owner owner;

  // From the origin, so that they can be compared.
  private long origin;
  private long wait = NEVER;
  private long attempt = NEVER;
  private long requestBody = NEVER;
  private long total = NEVER;
  private boolean used;

  private final TimerWheel.Timer timer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          timeIsUp(now);
        }
      };

  Deadlines(TimerWheel wheel, Owner owner) {
    this.wheel = wheel;
    this.owner = owner;
  }

  /**
   * The request's head is complete.
   *
   * @param bodyNanos for the body; 0: no bound
   * @param totalNanos for everything; 0: no bound
   */
  void begin(long now, long bodyNanos, long totalNanos) {
    origin = now;
    requestBody = bodyNanos > 0 ? bodyNanos : NEVER;
    total = totalNanos > 0 ? totalNanos : NEVER;
    attempt = NEVER;
    plan();
  }

  /** There is no room at any node yet. */
  void waitBegins(long now, long nanos) {
    wait = now - origin + nanos;
    plan();
  }

  void waitEnds() {
    wait = NEVER;
  }

  /** A try begins. */
  void tryBegins(long now, long nanos) {
    attempt = nanos > 0 ? now - origin + nanos : NEVER;
    plan();
  }

  /** The node has answered. */
  void tryEnds() {
    attempt = NEVER;
  }

  void requestBodyEnds() {
    requestBody = NEVER;
  }

  /** Nanoseconds until the first of that time and the bound on everything. */
  long remaining(long now, long deadline) {
    long until = deadline - now;
    return total == NEVER ? until : Math.min(until, origin + total - now);
  }

  /** Nothing is waited for any more. */
  void end() {
    if (used) {
      wait = NEVER;
      attempt = NEVER;
      requestBody = NEVER;
      total = NEVER;
      used = false;
      wheel.cancel(timer);
    }
  }

  private void plan() {
    long nearest = Math.min(Math.min(wait, attempt), Math.min(requestBody, total));
    if (nearest != NEVER) {
      used = true;
      wheel.set(timer, origin + nearest);
    }
  }

  private void timeIsUp(long now) {
    long passed = now - origin;
    if (total <= passed) {
      owner.late(Kind.TOTAL);
    } else if (requestBody <= passed) {
      owner.late(Kind.REQUEST_BODY);
    } else if (wait <= passed) {
      wait = NEVER;
      owner.late(Kind.WAIT);
    } else if (attempt <= passed) {
      attempt = NEVER;
      plan();
      owner.late(Kind.TRY);
    } else {
      plan();
    }
  }
}
