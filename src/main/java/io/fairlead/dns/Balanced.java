package io.fairlead.dns;

import io.fairlead.config.DnsZoneConfig;
import io.fairlead.config.DnsZoneConfig.Policy;
import io.fairlead.telemetry.LoopCounters;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A name whose addresses are chosen for each answer. Threads that answer read {@link #choices}; the
 * control thread makes them anew.
 */
final class Balanced {
  /** Ints of a line of a processor's cache: no two threads' turns share one. */
  private static final int LINE = 16;

  /** Forced members that a text names. */
  private static final int SOME = 4;

  final String name;
  final DnsZoneConfig.Balanced config;
  final Policy policy;
  final int answers;
  final LoopCounters<NameCounter> counters;
  private final List<Members> pools;
  private final List<String> sites;
  private final int[] turns;
  private final int turnMask;
  private final CappedWeights capped = new CappedWeights();
  private Map<String, Forced> forced = Map.of();
  private volatile String forcedText = "";
  private volatile Choices choices = Choices.NOTHING;

  /** What comes before the addresses in the data of HTTPS records; null: there are none. */
  private final byte @Nullable [] httpsHead;

  /**
   * @param sites names of sites; the first is that of clients of none
   * @param workers how many threads answer
   */
  Balanced(
      String name,
      DnsZoneConfig.Balanced config,
      List<Members> pools,
      List<String> sites,
      int workers,
      LoopCounters<NameCounter> counters) {
    this.name = name;
    this.config = config;
    this.policy = config.policy();
    this.answers = config.answers();
    this.pools = pools;
    this.sites = sites;
    int places = Integer.highestOneBit(Math.max(1, 2 * workers - 1));
    this.turns = new int[places * LINE];
    this.turnMask = places - 1;
    this.counters = counters;
    this.httpsHead = config.alpn().isEmpty() ? null : httpsHead(config);
  }

  Choices choices() {
    return choices;
  }

  boolean hasHttps() {
    return httpsHead != null;
  }

  byte[] httpsHead() {
    byte[] head = httpsHead;
    return head == null ? new byte[0] : head;
  }

  /** Whose turn it is; each thread has its own order. */
  int nextTurn(int worker) {
    return turns[(worker & turnMask) * LINE]++;
  }

  /** Control thread. */
  List<Members> pools() {
    return pools;
  }

  /** Control thread. */
  Map<String, Forced> forced() {
    return forced;
  }

  /** Control thread. */
  void setForced(Map<String, Forced> now) {
    forced = Map.copyOf(now);
    forcedText = text(forced);
  }

  /** The same for people, behind what else is to be said; empty: nothing. */
  String forcedText() {
    return forcedText;
  }

  private static String text(Map<String, Forced> forced) {
    if (forced.isEmpty()) {
      return "";
    }
    String some =
        forced.entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .limit(SOME)
            .map(each -> each.getKey() + " " + each.getValue().word())
            .collect(Collectors.joining(", ", ", forced: ", ""));
    return forced.size() > SOME ? some + " and " + (forced.size() - SOME) + " more" : some;
  }

  /**
   * Makes choices anew. Control thread.
   *
   * @return those before
   */
  Choices refresh(long nanos) {
    List<List<Member>> members = new ArrayList<>();
    for (Members pool : pools) {
      members.add(pool.now());
    }
    Choices before = choices;
    if (policy == Policy.LEAST_CONNECTIONS) {
      List<Member> all =
          members.stream().flatMap(List::stream).filter(m -> m.weight() > 0).toList();
      capped.follow(all, nanos, config.ttl().toNanos());
    }
    choices =
        Choices.of(
            config,
            members,
            pools.stream().map(Members::text).toList(),
            forced,
            sites,
            policy == Policy.LEAST_CONNECTIONS ? capped::of : Member::weight);
    return before;
  }

  /** Goes on with what the one before knows. Control thread. */
  void inherit(Balanced before) {
    forced = before.forced;
    forcedText = before.forcedText;
  }

  /** Whether both say the same to whoever has a copy of the zone. */
  static boolean isSame(Choices one, Choices other) {
    return isSame(one.v4[0], other.v4[0]) && isSame(one.v6[0], other.v6[0]);
  }

  private static boolean isSame(Family one, Family other) {
    if (one.size() != other.size()) {
      return false;
    }
    for (int i = 0; i < one.size(); i++) {
      if (!Arrays.equals(one.address(i), other.address(i))) {
        return false;
      }
    }
    return true;
  }

  /** Priority 1, the name itself, alpn and port (RFC 9460, 2.2 and 7). */
  private static byte[] httpsHead(DnsZoneConfig.Balanced config) {
    Answer out = new Answer(2048);
    out.u16(1);
    out.u8(0);
    out.u16(1);
    int at = out.at;
    out.u16(0);
    for (String protocol : config.alpn()) {
      byte[] id = protocol.getBytes(StandardCharsets.US_ASCII);
      out.u8(id.length);
      out.bytes(id);
    }
    out.put16(at, out.at - at - 2);
    if (config.httpsPort() != 0) {
      out.u16(3);
      out.u16(2);
      out.u16(config.httpsPort());
    }
    return Arrays.copyOf(out.out, out.at);
  }
}
