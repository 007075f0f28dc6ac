package io.fairlead.config;

import java.net.Inet4Address;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A virtual IP: addresses that one of several machines has at a time, and another when it fails;
 * or, by BGP, all that are well.
 *
 * @param name from the key in the file; the same in all instances that may own it
 * @param address what moves, together; one family where VRRP elects
 * @param networkInterface where they are added
 * @param priority who owns it rather than others: the highest, of those that are well; 1 to 254
 * @param prefer names of instances, the one that owns it rather than others first; they have higher
 *     priorities than those that are not named
 * @param secondChance whether connections outlive a planned move: whoever owns it next sends what
 *     it does not know to the owner before; where all have it, to the others in turn
 * @param elect how it is decided who owns it
 */
public record VipConfig(
    String name,
    List<VipAddress> address,
    String networkInterface,
    int priority,
    List<String> prefer,
    boolean secondChance,
    VipElection elect) {
  /** 255 is for routers whose own address it is, 0 for leaving (RFC 9568, 5.2.4). */
  static final Range<Integer> PRIORITIES = Range.counts(1, 254);

  static final int DEFAULT_PRIORITY = 100;

  /** Where addresses stand that routers are told of: nobody on a link asks for them. */
  static final String LOOPBACK = "lo";

  /** Of the instance that {@code prefer} names first, and how much less each further one has. */
  private static final int PREFERRED = 250;

  private static final int STEP = 10;
  static final int MAX_PREFERRED = 10;

  /** Fits into a message of any link. */
  static final int MAX_ADDRESSES = 20;

  /** Each has a socket and a thread where VRRP elects. */
  static final int MAX_VIPS = 64;

  static final String INTERFACE_PATTERN = "[A-Za-z0-9_.:@-]{1,15}";

  public VipConfig {
    address = List.copyOf(address);
    prefer = List.copyOf(prefer);
    Require require = new Require();
    require
        .unless(Syntax.name(name), List.of(), name)
        .that(
            networkInterface.matches(INTERFACE_PATTERN),
            "interface",
            networkInterface,
            "must be the name of a network interface")
        .within(PRIORITIES, "priority", priority)
        .that(
            prefer.isEmpty() || priority < PREFERRED - STEP * MAX_PREFERRED,
            "priority",
            priority,
            "must be below " + (PREFERRED - STEP * MAX_PREFERRED) + " where prefer is given")
        .that(
            prefer.size() <= MAX_PREFERRED && Set.copyOf(prefer).size() == prefer.size(),
            "prefer",
            null,
            "must be at most " + MAX_PREFERRED + " instances, each once")
        .that(!address.isEmpty(), "address", null, "must not be empty")
        .that(
            address.size() <= MAX_ADDRESSES,
            "address",
            null,
            "must not be more than " + MAX_ADDRESSES);
    Set<Object> seen = new HashSet<>();
    for (int i = 0; i < address.size(); i++) {
      require.that(
          seen.add(address.get(i).ip()),
          List.of("address", "[" + i + "]"),
          address.get(i),
          "must not be there twice",
          List.of());
    }
    if (elect instanceof VipElection.Vrrp vrrp && !address.isEmpty()) {
      boolean ipv4 = address.getFirst().isIpv4();
      require.that(
          address.stream().allMatch(one -> one.isIpv4() == ipv4),
          "address",
          null,
          "must be all IPv4 or all IPv6 where elect is vrrp: each family has its own messages");
      require.that(
          vrrp.peers().stream().allMatch(peer -> peer instanceof Inet4Address == ipv4),
          "peers",
          null,
          "must be of the same family as address");
    }
    if (elect instanceof VipElection.Bgp) {
      for (int i = 0; i < address.size(); i++) {
        require.that(
            address.get(i).prefix() == (address.get(i).isIpv4() ? 32 : 128),
            List.of("address", "[" + i + "]"),
            address.get(i),
            "must be without a prefix where elect is bgp: routers are told of single addresses",
            List.of());
      }
      require
          .that(
              priority == DEFAULT_PRIORITY,
              "priority",
              priority,
              "must not be given where elect is bgp: all that are well have it")
          .that(
              prefer.isEmpty(),
              "prefer",
              null,
              "must not be given where elect is bgp: all that are well have it");
    }
    require.that(
        !secondChance
            || (elect instanceof VipElection.Vrrp && address.stream().allMatch(VipAddress::isIpv4))
            || (elect instanceof VipElection.Bgp && address.stream().anyMatch(VipAddress::isIpv4)),
        "second-chance",
        secondChance,
        "must not be true unless elect is vrrp or bgp and address is IPv4");
    require.orRefuse();
  }

  /** The same with the priority that an instance of that name has. */
  public VipConfig of(String instance) {
    int place = prefer.indexOf(instance);
    return place < 0
        ? this
        : new VipConfig(
            name,
            address,
            networkInterface,
            PREFERRED - STEP * place,
            List.of(),
            secondChance,
            elect);
  }

  /** Whether the other one is the same role on the same wire, so that it need not be given up. */
  public boolean isSameRole(VipConfig other) {
    return address.equals(other.address)
        && networkInterface.equals(other.networkInterface)
        && secondChance == other.secondChance
        && switch (elect) {
          case VipElection.Lease _ -> other.elect instanceof VipElection.Lease;
          case VipElection.Vrrp mine ->
              other.elect instanceof VipElection.Vrrp its
                  && mine.vrid() == its.vrid()
                  && mine.peers().equals(its.peers());
          case VipElection.Bgp _ -> other.elect instanceof VipElection.Bgp;
        };
  }
}
