package io.fairlead.identity;

import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/** Where checks are made: a few at a time, since they need a processor, and no more than fit. */
public final class CheckDesk {
  /** At a tenth of a second each, these are as many as are done before nobody waits any more. */
  private static final int PASSWORDS_WAITING = 64;

  private static final int TOKENS_AT_ONCE = 64;
  private static final int TOKENS_WAITING = 1024;

  private final Semaphore places;
  private final AtomicInteger there = new AtomicInteger();
  private final int most;

  /**
   * @param atOnce made at the same time
   * @param waiting those beyond
   */
  public CheckDesk(int atOnce, int waiting) {
    places = new Semaphore(atOnce);
    most = atOnce + waiting;
  }

  /** Of passwords: half of the processors, so that other virtual threads find one, too. */
  public static CheckDesk ofPasswords() {
    return new CheckDesk(
        Math.max(1, Runtime.getRuntime().availableProcessors() / 2), PASSWORDS_WAITING);
  }

  /**
   * Of tokens, each a fifth of a millisecond: many at once, since some of them may wait for keys to
   * be fetched.
   */
  public static CheckDesk ofTokens() {
    return new CheckDesk(TOKENS_AT_ONCE, TOKENS_WAITING);
  }

  /**
   * Has it run on a virtual thread, sooner or later. Does not wait.
   *
   * @return false if too many wait already
   */
  public boolean take(Runnable check) {
    if (there.incrementAndGet() > most) {
      there.decrementAndGet();
      return false;
    }
    Thread.ofVirtual()
        .name("credential")
        .start(() -> {
          places.acquireUninterruptibly();
          try {
            check.run();
          } finally {
            places.release();
            there.decrementAndGet();
          }
        });
    return true;
  }
}
