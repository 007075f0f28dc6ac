package io.fairlead.dns;

import io.fairlead.config.DnsZoneConfig.Balanced;
import io.fairlead.config.DnsZoneConfig.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What a balanced name may answer with until something changes: the outcome of all rules about
 * pools, so that an answer only has to choose. Never changed.
 *
 * <p>Members are healthy if they are up and nobody has taken them out. The first pool of which
 * enough are healthy is used, with those. If there is none, everything that the first pool has is
 * answered, healthy or not: whoever is wrongly thought down may still serve, and nobody is helped
 * by an answer without addresses (fail open). Members that are drained come only if there are no
 * others, and those that an operator says are down never.
 */
final class Choices {
  static final Choices NOTHING =
      new Choices(
          -1, false, 1, new Family[] {Family.NONE}, new Family[] {Family.NONE}, "nothing yet");

  /** The pool that is used; -1: none has any member. */
  final int pool;

  /** Whether no pool has enough members that are up. */
  final boolean failOpen;

  final int ttl;

  /** By site; the first is for clients of no site. */
  final Family[] v4;

  final Family[] v6;

  /** Which pool, and how of it, for people. */
  final String why;

  private Choices(int pool, boolean failOpen, int ttl, Family[] v4, Family[] v6, String why) {
    this.why = why;
    this.pool = pool;
    this.failOpen = failOpen;
    this.ttl = ttl;
    this.v4 = v4;
    this.v6 = v6;
  }

  /**
   * What follows of that.
   *
   * @param pools members of each, in order
   * @param forced what an operator says, by address
   * @param texts what the pools are called
   * @param sites names of sites; the first is that of clients of none
   * @param weights of members, above 0 for those of any use
   */
  static Choices of(
      Balanced config,
      List<List<Member>> pools,
      List<String> texts,
      Map<String, Forced> forced,
      List<String> sites,
      ToDoubleFunction<Member> weights) {
    long change = Long.MAX_VALUE;
    for (int i = 0; i < pools.size(); i++) {
      List<Member> healthy = new ArrayList<>();
      int wanted = 0;
      for (Member member : pools.get(i)) {
        Forced said = said(forced, member);
        if (said == Forced.AUTO) {
          change = Math.min(change, member.changeMillis());
        }
        if (isHealthy(member, said)) {
          healthy.add(member);
        }
        if (said != Forced.DRAIN && !member.draining() && member.weight() > 0) {
          wanted++;
        }
      }
      int least = Math.max(1, (wanted * config.minHealthy() + 99) / 100);
      if (healthy.size() >= least) {
        return make(config, i, false, change, healthy, texts, sites, weights);
      }
    }
    for (boolean drained : new boolean[] {false, true}) {
      for (int i = 0; i < pools.size(); i++) {
        List<Member> left = new ArrayList<>();
        for (Member member : pools.get(i)) {
          Forced said = said(forced, member);
          boolean out = said == Forced.DRAIN || (member.draining() && said != Forced.UP);
          if (said != Forced.DOWN && (drained || !out) && member.weight() > 0) {
            left.add(member);
          }
        }
        if (!left.isEmpty()) {
          return make(config, i, true, change, left, texts, sites, weights);
        }
      }
    }
    return make(config, -1, true, change, List.of(), texts, sites, weights);
  }

  static Forced said(Map<String, Forced> forced, Member member) {
    return forced.isEmpty()
        ? Forced.AUTO
        : forced.getOrDefault(member.address().getHostAddress(), Forced.AUTO);
  }

  static boolean isHealthy(Member member, Forced said) {
    return switch (said) {
      case UP -> member.weight() > 0;
      case DOWN, DRAIN -> false;
      case AUTO -> member.up() && !member.draining() && member.weight() > 0;
    };
  }

  private static Choices make(
      Balanced config,
      int pool,
      boolean failOpen,
      long changeMillis,
      List<Member> members,
      List<String> texts,
      List<String> sites,
      ToDoubleFunction<Member> weights) {
    Family[] v4 = new Family[sites.size()];
    Family[] v6 = new Family[sites.size()];
    for (int site = 0; site < sites.size(); site++) {
      v4[site] = family(members, 4, sites.get(site), weights);
      v6[site] = family(members, 16, sites.get(site), weights);
    }
    return new Choices(pool, failOpen, ttl(config, changeMillis), v4, v6, why(config, pool, texts));
  }

  private static String why(Balanced config, int pool, List<String> texts) {
    String which =
        pool < 0
            ? "no pool"
            : texts.size() == 1
                ? texts.getFirst()
                : "pool " + (pool + 1) + " of " + texts.size() + ": " + texts.get(pool);
    return which + ", " + config.policy().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The earliest moment at which probes could change the answer, within the bounds there are. */
  private static int ttl(Balanced config, long changeMillis) {
    long most = config.ttl().toSeconds();
    long least = config.minTtl().toSeconds();
    return (int) Math.clamp(changeMillis / 1000, least, most);
  }

  private static Family family(
      List<Member> members, int length, String site, ToDoubleFunction<Member> weights) {
    List<Member> all =
        members.stream().filter(member -> member.address().getAddress().length == length).toList();
    List<Member> near = all.stream().filter(member -> member.site().equals(site)).toList();
    boolean isNear = !site.isEmpty() && !near.isEmpty();
    return Family.of(isNear ? near : all, weights, isNear);
  }

  /** Whether an answer looks at who asks. */
  static boolean looksAtClient(Policy policy) {
    return policy == Policy.SOURCE_HASH;
  }
}
