package io.fairlead.limit;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many more connections of clients may be taken before the process runs out of descriptors:
 * connections to nodes, the admin door and files need some too, so a reserve is left.
 *
 * <p>Counting what is open takes long where much is, so it is looked at now and then, and what has
 * been taken and given back since is counted. Any thread.
 */
public final class Descriptors {
  private static final int LEAST_RESERVE = 64;
  private static final int RESERVE_SHARE = 20;

  /**
   * Looks in a row that must find room before there is enough again: under load what is closed is
   * taken again within seconds.
   */
  static final int CALM = 15;

  private final AtomicLong room = new AtomicLong(Long.MAX_VALUE / 2);
  private volatile boolean few;
  private int calm;

  /**
   * What has been found. One thread at a time.
   *
   * @param open descriptors
   * @param most that may be open; 0: not known
   */
  public void look(long open, long most) {
    long left = most <= 0 ? Long.MAX_VALUE / 2 : most - reserve(most) - open;
    long before = room.getAndSet(left);
    boolean has = left > 0 && before > 0; // below: they went between two looks
    calm = has ? calm + 1 : 0;
    few = !has || (few && calm < CALM);
  }

  /** Whether there were too few at the last looks: worth telling. */
  public boolean areFew() {
    return few;
  }

  /** What is kept for everything but clients. */
  public static long reserve(long most) {
    return Math.min(most / 2, Math.max(LEAST_RESERVE, most / RESERVE_SHARE));
  }

  /** Whether another connection may be taken; it is counted then. */
  public boolean take() {
    return room.decrementAndGet() >= 0;
  }

  /** One of them has been closed. */
  public void give() {
    room.incrementAndGet();
  }

  /** Whether {@link #take} would say yes. */
  public boolean isLeft() {
    return room.get() > 0;
  }
}
