package io.fairlead.proxy.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * All doors of this process by which clients come by QUIC, and what it knows of those of the other
 * instances of its group: a datagram for a connection that another one has named goes to that one,
 * whichever router has sent it here, and is answered from there.
 *
 * <p>What another instance has passed on is never passed on again, except to the process before on
 * the same machine: so nothing goes in a circle, whatever instances believe of each other.
 */
public final class QuicDoors {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Map<Integer, Http3Door> own = new ConcurrentHashMap<>();
  private volatile QuicMembers members = QuicMembers.NONE;

  /** By which datagrams go to other instances and come from them; one, or one for each loop. */
  private volatile List<Channel> sides = List.of();

  /** A tag that nobody is known to have, for a door that has been opened. */
  int open(Http3Door door) {
    while (true) {
      int tag = RANDOM.nextInt(QuicIds.TAGS);
      if (members.find(tag) == null && own.putIfAbsent(tag, door) == null) {
        return tag;
      }
    }
  }

  /** That door takes what is for connections with that tag, too. */
  void add(int tag, Http3Door door) {
    own.putIfAbsent(tag, door);
  }

  void remove(Http3Door door) {
    own.values().removeIf(each -> each == door);
  }

  @Nullable Http3Door find(int tag) {
    return own.get(tag);
  }

  /** The door by which clients come in at that address; null: there is none. */
  @Nullable Http3Door openAt(SocketAddress address) {
    for (Http3Door door : own.values()) {
      if (door.isOpenAt(address)) {
        return door;
      }
    }
    return null;
  }

  /** Whether nobody can come in by QUIC. */
  public boolean isEmpty() {
    return own.isEmpty();
  }

  /** What is in the names that are given here now, and in those of the process before. */
  public Set<Integer> tags() {
    Set<Integer> all = new TreeSet<>();
    own.values().forEach(door -> all.addAll(door.tags()));
    return all;
  }

  /**
   * From now on these are the other instances.
   *
   * @param taken tags that are theirs rather than ours, should they be ours, too: who comes in from
   *     now on has a name with another one
   */
  public void follow(QuicMembers next, Set<Integer> taken) {
    members = next;
    for (Http3Door door : Set.copyOf(own.values())) {
      if (taken.contains(door.tag())) {
        door.nameAnew();
      }
    }
  }

  QuicMembers members() {
    return members;
  }

  /** From now on these lead to other instances; none: nothing does. */
  public void use(List<Channel> next) {
    sides = List.copyOf(next);
  }

  /**
   * Sends a datagram to another instance; it leaves with {@link #flush}.
   *
   * @param loop of the caller
   * @return false: there is no way, or too much waits on it
   */
  boolean pass(int loop, ChannelHandlerContext ctx, DatagramPacket packet, InetSocketAddress to) {
    Channel side = side(loop);
    if (side == null || !side.isWritable()) {
      return false;
    }
    ChannelFuture _ = side.write(new DatagramPacket(QuicForward.wrap(ctx, packet), to));
    return true;
  }

  void flush(int loop) {
    Channel side = side(loop);
    if (side != null) {
      side.flush();
    }
  }

  private @Nullable Channel side(int loop) {
    List<Channel> present = sides;
    return present.isEmpty() ? null : present.get(loop % present.size());
  }

  /**
   * What reads the datagrams that other instances pass on.
   *
   * @param loop by which they come
   */
  public ChannelHandler taker(int loop) {
    return new Taker(loop);
  }

  private final class Taker extends ChannelInboundHandlerAdapter {
    private final int loop;

    /** Doors that something has come for since the last time all was read. */
    private final List<Http3Door> asked = new ArrayList<>();

    Taker(int loop) {
      this.loop = loop;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      DatagramPacket packet = (DatagramPacket) message;
      try {
        if (!members.has(packet.sender().getAddress())) {
          return;
        }
        QuicForward.Passed passed = QuicForward.unwrap(packet.content());
        if (passed == null) {
          return;
        }
        Http3Door door = find(QuicIds.tagOf(passed.content()));
        if (door == null || !QuicIds.isOfQuic(passed.content())) {
          return; // for a connection that has gone, or nothing of ours
        }
        passed.content().retain();
        door.take(loop, passed);
        if (!asked.contains(door)) {
          asked.add(door);
        }
      } finally {
        packet.release();
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      asked.forEach(door -> door.taken(loop));
      asked.clear();
    }
  }
}
