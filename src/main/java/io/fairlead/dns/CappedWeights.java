package io.fairlead.dns;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Weights by the room that members have: static weight times the free part of the capacity, never
 * less than a hundredth. An answer is kept by resolvers behind which there may be one client or a
 * million, and its effect is seen only after that; so a weight at most doubles or halves within the
 * time that an answer is kept, and never is the least loaded member the only one to be named: that
 * one would get everybody until the next answer.
 *
 * <p>Where nobody has said what members can do, twice what the busiest has to do counts as that.
 */
final class CappedWeights {
  private static final double LEAST = 0.01;
  private static final long LEAST_CAPACITY = 32;

  private static final class Held {
    double atStart;
    double now;
  }

  private final Map<InetAddress, Held> held = new HashMap<>();
  private long startedNanos;
  private boolean started;

  /**
   * Follows what members do.
   *
   * @param members all of the name's, that are of any use
   * @param nanos the time
   * @param spanNanos how long an answer is kept
   */
  void follow(List<Member> members, long nanos, long spanNanos) {
    boolean next = !started || nanos - startedNanos >= spanNanos;
    if (next) {
      started = true;
      startedNanos = nanos;
    }
    long usual = LEAST_CAPACITY;
    for (Member member : members) {
      usual = Math.max(usual, 2 * member.active());
    }
    Map<InetAddress, Held> before = new HashMap<>(held);
    for (Member member : members) {
      before.remove(member.address());
      double target = wanted(member, usual);
      Held known = held.get(member.address());
      if (known == null) {
        known = new Held();
        known.atStart = target;
        held.put(member.address(), known);
      } else {
        if (next) {
          known.atStart = known.now;
        }
        target = Math.clamp(target, known.atStart / 2, known.atStart * 2);
      }
      known.now = target;
    }
    before.keySet().forEach(held::remove);
  }

  private static double wanted(Member member, long usual) {
    long capacity = member.capacity() > 0 ? member.capacity() : usual;
    double free = 1 - (double) member.active() / capacity;
    return member.weight() * Math.max(LEAST, free);
  }

  double of(Member member) {
    Held known = held.get(member.address());
    return known == null ? member.weight() : known.now;
  }
}
