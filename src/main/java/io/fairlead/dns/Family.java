package io.fairlead.dns;

import io.fairlead.config.DnsZoneConfig.Policy;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Addresses of one kind, IPv4 or IPv6, and how some of them are chosen. Never changed.
 *
 * <p>For the same client the same: rendezvous hashing [1]. Each address gets a number from client
 * and address together, and the highest win; if one address leaves, only its clients move. With
 * weights the number is ln(u) / weight, so that each wins as often as its weight says [2].
 *
 * <p>[1] D. Thaler, C. Ravishankar, A Name-Based Mapping Scheme for Rendezvous, 1996. [2] C.
 * Schindelhauer, G. Schomaker, Weighted Distributed Hash Tables, SPAA 2005.
 */
final class Family {
  static final Family NONE = new Family(List.of(), new double[0], false);

  private final List<Member> members;
  private final byte[][] addresses;
  private final double[] weights;
  private final long[] marks;
  private final double sum;
  private final boolean even;

  /** Whether these are only those of the client's site. */
  final boolean near;

  private Family(List<Member> members, double[] weights, boolean near) {
    this.members = members;
    this.near = near;
    this.addresses =
        members.stream().map(member -> member.address().getAddress()).toArray(byte[][]::new);
    this.weights = weights;
    this.marks = new long[addresses.length];
    double total = 0;
    boolean same = true;
    for (int i = 0; i < addresses.length; i++) {
      long mark = 0;
      for (byte part : addresses[i]) {
        mark = mark << 8 ^ (part & 0xFF) ^ mark >>> 56;
      }
      marks[i] = mix(mark ^ addresses[i].length);
      total += weights[i];
      same &= weights[i] == weights[0];
    }
    sum = total;
    even = same;
  }

  static Family of(List<Member> members, ToDoubleFunction<Member> weights, boolean near) {
    return new Family(List.copyOf(members), members.stream().mapToDouble(weights).toArray(), near);
  }

  int size() {
    return addresses.length;
  }

  boolean contains(byte[] address) {
    for (byte[] each : addresses) {
      if (Arrays.equals(each, address)) {
        return true;
      }
    }
    return false;
  }

  byte[] address(int index) {
    return addresses[index];
  }

  /** What people call it. */
  String name(int index) {
    return members.get(index).name();
  }

  /**
   * Chooses.
   *
   * @param most how many
   * @param turn whose turn it is, for {@link Policy#ROUND_ROBIN}
   * @param client what tells clients apart, for {@link Policy#SOURCE_HASH}
   * @param chosen is filled with indexes, the first choice first
   * @return how many
   */
  int choose(Policy policy, int most, int turn, long client, Chance chance, int[] chosen) {
    int count = Math.min(most, addresses.length);
    if (count == 0) {
      return 0;
    }
    switch (policy) {
      case ROUND_ROBIN -> {
        int at = Integer.remainderUnsigned(turn, addresses.length);
        for (int i = 0; i < count; i++) {
          chosen[i] = at;
          at = at + 1 == addresses.length ? 0 : at + 1;
        }
      }
      case WEIGHTED, LEAST_CONNECTIONS -> byWeight(count, chance, chosen);
      case SOURCE_HASH -> byClient(count, client, chosen);
    }
    return count;
  }

  /** One after the other, none twice. */
  private void byWeight(int count, Chance chance, int[] chosen) {
    double left = sum;
    for (int i = 0; i < count; i++) {
      double point = chance.nextDouble() * left;
      int pick = -1;
      for (int at = 0; at < addresses.length; at++) {
        if (isAmong(chosen, i, at)) {
          continue;
        }
        pick = at;
        point -= weights[at];
        if (point < 0) {
          break;
        }
      }
      chosen[i] = pick;
      left -= weights[pick];
    }
  }

  private void byClient(int count, long client, int[] chosen) {
    for (int i = 0; i < count; i++) {
      int pick = -1;
      double best = 0;
      for (int at = 0; at < addresses.length; at++) {
        if (isAmong(chosen, i, at)) {
          continue;
        }
        // 53 bits, above 0 and below 1.
        double unit = ((mix(client ^ marks[at]) >>> 11) + 0.5) * 0x1.0p-53;
        double score = even ? unit : Math.log(unit) / weights[at];
        if (pick < 0 || score > best) {
          pick = at;
          best = score;
        }
      }
      chosen[i] = pick;
    }
  }

  private static boolean isAmong(int[] chosen, int count, int index) {
    for (int i = 0; i < count; i++) {
      if (chosen[i] == index) {
        return true;
      }
    }
    return false;
  }

  /** The finaliser of SplittableRandom: every bit changes half of the others. */
  static long mix(long value) {
    long h = value + 0x9e3779b97f4a7c15L;
    h = (h ^ (h >>> 30)) * 0xbf58476d1ce4e5b9L;
    h = (h ^ (h >>> 27)) * 0x94d049bb133111ebL;
    return h ^ (h >>> 31);
  }
}
