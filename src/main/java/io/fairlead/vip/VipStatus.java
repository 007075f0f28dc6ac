package io.fairlead.vip;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How a virtual IP is, as this instance sees it.
 *
 * @param state {@code owner}, {@code standby}, {@code trouble}, or {@code off} while the instance
 *     is not ready or leaves
 * @param owner the address of the owner, or {@code this instance}; null: not known
 * @param term of the lease; 0: it has none
 * @param sinceMillis when the state began
 * @param why it began, or what is wrong
 * @param vrid 0: not elected by VRRP
 * @param taken how often this instance became the owner
 */
public record VipStatus(
    String name,
    List<String> addresses,
    String networkInterface,
    String elect,
    String state,
    @Nullable String owner,
    long term,
    long sinceMillis,
    String why,
    int vrid,
    int priority,
    long taken,
    Counters counters) {
  public static final String SELF = "this instance";

  public boolean isOwner() {
    return state.equals("owner");
  }

  public boolean isInTrouble() {
    return state.equals("trouble");
  }

  /**
   * What has been counted.
   *
   * @param sent adverts of VRRP
   * @param received adverts of this virtual router
   * @param refused packets of VRRP of no use, by reason
   * @param late renewals of a lease that came too late to be of use
   */
  public record Counters(long sent, long received, Map<String, Long> refused, long late) {
    static final Counters NONE = new Counters(0, 0, Map.of(), 0);

    static Counters ofLease(long late) {
      return new Counters(0, 0, Map.of(), late);
    }

    Counters plus(Counters other) {
      Map<String, Long> all = new TreeMap<>(refused);
      other.refused.forEach((reason, count) -> all.merge(reason, count, Long::sum));
      return new Counters(
          sent + other.sent, received + other.received, Map.copyOf(all), late + other.late);
    }
  }
}
