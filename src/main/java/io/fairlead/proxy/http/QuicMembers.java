package io.fairlead.proxy.http;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which other instance has given the name of a connection, and where that one takes datagrams that
 * came here. It never changes: event loops look into the one that is published.
 */
public final class QuicMembers {
  /** Tags are less than this. */
  public static final int TAGS = QuicIds.TAGS;

  /** Of one who is alone. */
  public static final QuicMembers NONE = new QuicMembers(List.of(), Set.of());

  private final Set<InetAddress> hosts;

  /** In order, and beside each where it leads. */
  private final int[] tags;

  private final InetSocketAddress[] places;

  /**
   * Another instance.
   *
   * @param place where it takes datagrams
   * @param tags in the names of its connections
   */
  public record Member(InetSocketAddress place, Set<Integer> tags) {
    public Member {
      tags = Set.copyOf(tags);
    }
  }

  /**
   * @param members where two have the same tag, the first one counts
   * @param hosts from which datagrams are taken beside those where members are
   */
  public QuicMembers(Collection<Member> members, Set<InetAddress> hosts) {
    Map<Integer, InetSocketAddress> all = new TreeMap<>();
    Set<InetAddress> from = new HashSet<>(hosts);
    for (Member member : members) {
      member.tags().forEach(tag -> all.putIfAbsent(tag, member.place()));
      from.add(member.place().getAddress());
    }
    this.hosts = Set.copyOf(from);
    tags = all.keySet().stream().mapToInt(Integer::intValue).toArray();
    places = all.values().toArray(InetSocketAddress[]::new);
  }

  /** Where the one is that has given names with that tag; null: nobody knows one. */
  @Nullable InetSocketAddress find(int tag) {
    int at = Arrays.binarySearch(tags, tag);
    return at < 0 ? null : places[at];
  }

  /** Whether an instance of the group is at that address. */
  boolean has(InetAddress host) {
    return hosts.contains(host);
  }
}
