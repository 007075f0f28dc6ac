package io.fairlead.vip;

import io.fairlead.config.VipConfig;
import java.net.InetAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How it is decided whether this instance owns a virtual IP. On the thread of this room. */
interface Election {
  /**
   * Takes part.
   *
   * @param owning whether a process before this one owned it until now
   */
  void start(boolean owning);

  /**
   * Is about to leave in order: tells others to go elsewhere, while it still takes what comes.
   *
   * @return after how long it can leave without anybody noticing
   */
  default Duration farewell(String why) {
    return Duration.ZERO;
  }

  /** Gives it up, if it is owned, tells others, and takes part no more. */
  void leave(String why);

  /** Takes part no more and gives nothing up: another process of this machine goes on. */
  void abandon();

  /** What may change without giving it up has changed. */
  void configure(VipConfig config);

  /** Who owns it, as far as known: an address; empty: this instance; null: nobody knows. */
  @Nullable String owner();

  /** Grows with each owner; 0: there are no terms. */
  long term();

  /** After how long others will have taken over, once this one has left. */
  Duration handover();

  /** What has been counted. */
  VipStatus.Counters counters();

  /** What is decided for: has the addresses, or has them not. */
  interface Owner {
    /**
     * Has them for so many seconds more.
     *
     * @param why it is the owner, if it was not before
     * @param left the owner before, if it leaves in order; null: it does not, or nobody knows
     * @return whether it has them; if not, what is wrong has been told
     */
    boolean hold(int seconds, String why, @Nullable InetAddress left);

    /** Has them no longer. */
    void release(String why);

    /** Cannot take part for now; tries again. */
    void fail();

    /** What is wrong while it goes on; null: nothing any more. */
    void notice(@Nullable String what);

    /** Another one speaks as if it were the owner. */
    void contested(String what);
  }
}
