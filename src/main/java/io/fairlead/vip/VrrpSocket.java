package io.fairlead.vip;

import io.fairlead.config.VipAddress;
import io.fairlead.vip.VrrpAdvert.Read;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/**
 * Says and hears adverts on one interface.
 *
 * <p>It hears by a socket that is bound to nothing but the interface, on a thread of its own, and
 * speaks by another one with this machine's own address, whatever addresses come and go. Nothing
 * that it says comes back to this machine.
 */
final class VrrpSocket implements VrrpElection.Voice {
  private static final InetAddress GROUP_IPV4 = InetAddress.ofLiteral("224.0.0.18");
  private static final InetAddress GROUP_IPV6 = InetAddress.ofLiteral("ff02::12");

  /** So often the one who hears looks whether it is still wanted. */
  private static final int LOOK_MILLIS = 250;

  private static final int ROOM = 2048;
  private static final String WHAT = "a socket for VRRP";

  private static final int IPPROTO_IP = 0;
  private static final int IP_MULTICAST_IF = 32;
  private static final int IP_MULTICAST_LOOP = 34;
  private static final int IP_ADD_MEMBERSHIP = 35;
  private static final int IP_MULTICAST_ALL = 49;
  private static final int IPPROTO_RAW = 255;
  private static final int IPPROTO_IPV6 = 41;
  private static final int IPV6_CHECKSUM = 7;
  private static final int IPV6_UNICAST_HOPS = 16;
  private static final int IPV6_MULTICAST_IF = 17;
  private static final int IPV6_MULTICAST_HOPS = 18;
  private static final int IPV6_MULTICAST_LOOP = 19;
  private static final int IPV6_ADD_MEMBERSHIP = 20;
  private static final int IPV6_RECVHOPLIMIT = 51;
  private static final int IPV6_HOPLIMIT = 52;
  private static final int IPV6_TCLASS = 67;

  private final InetAddress source;
  private final List<InetAddress> peers;
  private final int index;
  private final int ear;
  private final int mouth;
  private final Thread reader;
  private volatile boolean closed;

  private VrrpSocket(
      InetAddress source,
      List<InetAddress> peers,
      int index,
      int ear,
      int mouth,
      String name,
      Consumer<Read> heard) {
    this.source = source;
    this.peers = peers;
    this.index = index;
    this.ear = ear;
    this.mouth = mouth;
    this.reader =
        Thread.ofPlatform().name("vrrp " + name).daemon(true).unstarted(() -> listen(heard));
  }

  /**
   * Opens it.
   *
   * @param source this machine's own address there
   * @param peers who is told and believed; empty: everybody on the link
   * @param heard is called on the thread that reads
   */
  static VrrpSocket open(
      NetlinkMessage.Interface link,
      InetAddress source,
      List<InetAddress> peers,
      Consumer<Read> heard)
      throws KernelException {
    boolean ipv4 = source instanceof Inet4Address;
    int family = ipv4 ? Posix.AF_INET : Posix.AF_INET6;
    int ear = Posix.socket(family, Posix.SOCK_RAW, VrrpAdvert.PROTOCOL, WHAT);
    int mouth = -1;
    try {
      mouth = Posix.socket(family, Posix.SOCK_RAW, ipv4 ? IPPROTO_RAW : VrrpAdvert.PROTOCOL, WHAT);
      bindTo(ear, link.name());
      bindTo(mouth, link.name());
      Posix.setPatience(ear, LOOK_MILLIS);
      if (ipv4) {
        prepareIpv4(ear, mouth, link.index(), peers.isEmpty());
      } else {
        prepareIpv6(ear, mouth, link.index(), source, peers.isEmpty());
      }
      VrrpSocket socket =
          new VrrpSocket(source, List.copyOf(peers), link.index(), ear, mouth, link.name(), heard);
      socket.reader.start();
      return socket;
    } catch (KernelException e) {
      Posix.close(ear);
      if (mouth >= 0) {
        Posix.close(mouth);
      }
      throw e;
    }
  }

  private static void bindTo(int fd, String link) throws KernelException {
    byte[] name = (link + "\0").getBytes(StandardCharsets.US_ASCII);
    Posix.setOption(fd, Posix.SOL_SOCKET, Posix.SO_BINDTODEVICE, name, WHAT);
  }

  private static void prepareIpv4(int ear, int mouth, int index, boolean multicast)
      throws KernelException {
    byte[] everywhere = membership(index, new byte[4]);
    Posix.setOption(mouth, IPPROTO_IP, IP_MULTICAST_IF, everywhere, WHAT);
    Posix.setOption(mouth, IPPROTO_IP, IP_MULTICAST_LOOP, 0, WHAT);
    Posix.setOption(ear, IPPROTO_IP, IP_MULTICAST_ALL, 0, WHAT);
    if (multicast) {
      byte[] group = membership(index, GROUP_IPV4.getAddress());
      Posix.setOption(ear, IPPROTO_IP, IP_ADD_MEMBERSHIP, group, WHAT);
    }
  }

  /** {@code struct ip_mreqn}. */
  private static byte[] membership(int index, byte[] group) {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.nativeOrder())
        .put(group)
        .put(new byte[4])
        .putInt(index)
        .array();
  }

  private static void prepareIpv6(
      int ear, int mouth, int index, InetAddress source, boolean multicast) throws KernelException {
    for (int fd : new int[] {ear, mouth}) {
      Posix.setOption(fd, IPPROTO_IPV6, IPV6_CHECKSUM, 6, WHAT);
    }
    Posix.setOption(ear, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, WHAT);
    if (multicast) {
      byte[] group =
          ByteBuffer.allocate(20)
              .order(ByteOrder.nativeOrder())
              .put(GROUP_IPV6.getAddress())
              .putInt(index)
              .array();
      Posix.setOption(ear, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, group, WHAT);
    }
    Posix.setOption(mouth, IPPROTO_IPV6, IPV6_MULTICAST_IF, index, WHAT);
    Posix.setOption(mouth, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, VrrpAdvert.HOPS, WHAT);
    Posix.setOption(mouth, IPPROTO_IPV6, IPV6_UNICAST_HOPS, VrrpAdvert.HOPS, WHAT);
    Posix.setOption(mouth, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0, WHAT);
    Posix.setOption(mouth, IPPROTO_IPV6, IPV6_TCLASS, VrrpAdvert.TRAFFIC_CLASS, WHAT);
    // It hears what the other one hears, and nobody reads it: as little as the kernel allows.
    Posix.setOption(mouth, Posix.SOL_SOCKET, Posix.SO_RCVBUF, 1, WHAT);
    // The kernel would choose the newest link-local address, which may be a virtual one.
    Posix.bind(mouth, address(source, index), WHAT);
  }

  /** {@code struct sockaddr_in} or {@code sockaddr_in6}. */
  private static byte[] address(InetAddress ip, int index) {
    ByteBuffer address = ByteBuffer.allocate(ip instanceof Inet4Address ? 16 : 28);
    address.order(ByteOrder.nativeOrder());
    if (ip instanceof Inet4Address) {
      address.putShort((short) Posix.AF_INET).putShort((short) 0).put(ip.getAddress());
    } else {
      address.putShort((short) Posix.AF_INET6).putShort((short) 0).putInt(0).put(ip.getAddress());
      boolean scoped = ip.isLinkLocalAddress() || ip.isMCLinkLocal();
      address.putInt(scoped ? index : 0);
    }
    return address.array();
  }

  @Override
  public InetAddress source() {
    return source;
  }

  /**
   * Says it to everybody who should hear it.
   *
   * @param pseudoHeader how its checksum is made over IPv4
   * @throws KernelException if some did not get it; the others did
   */
  @Override
  public void say(VrrpAdvert advert, boolean pseudoHeader) throws KernelException {
    boolean ipv4 = source instanceof Inet4Address;
    List<InetAddress> to = peers.isEmpty() ? List.of(ipv4 ? GROUP_IPV4 : GROUP_IPV6) : peers;
    KernelException failure = null;
    for (InetAddress one : to) {
      byte[] packet = ipv4 ? advert.ipv4(source, one, pseudoHeader) : advert.message();
      try {
        Posix.send(mouth, packet, address(one, index), "an advert to " + VipAddress.text(one));
      } catch (KernelException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void listen(Consumer<Read> heard) {
    boolean ipv4 = source instanceof Inet4Address;
    while (!closed) {
      Posix.Received received;
      try {
        received = Posix.receive(ear, ROOM);
      } catch (KernelException e) {
        if (e.number() == KernelException.EAGAIN || closed) {
          continue;
        }
        // The interface went down or away; who speaks through it finds that out, too.
        pause();
        continue;
      }
      Read read =
          ipv4
              ? VrrpAdvert.readIpv4(received.data(), peers.isEmpty())
              : VrrpAdvert.readIpv6(
                  sender(received.from()), received.data(), peers.isEmpty(), hops(received));
      heard.accept(judge(read));
    }
    Posix.close(ear);
    Posix.close(mouth);
  }

  /** With peers, only they are believed. */
  private Read judge(Read read) {
    return read instanceof Read.Good good && !peers.isEmpty() && !peers.contains(good.from())
        ? new Read.Bad(good.from(), VrrpAdvert.Fault.STRANGER)
        : read;
  }

  private static void pause() {
    java.util.concurrent.locks.LockSupport.parkNanos(LOOK_MILLIS * 1_000_000L);
  }

  private static InetAddress sender(byte[] sockaddr) {
    byte[] ip = new byte[16];
    if (sockaddr.length >= 24) {
      System.arraycopy(sockaddr, 8, ip, 0, 16);
    }
    InetAddress address = VrrpAdvert.address(ip);
    return address instanceof Inet6Address ? address : InetAddress.ofLiteral("::");
  }

  /** The hop limit, from the control messages: length, level, type, value. */
  private static int hops(Posix.Received received) {
    ByteBuffer in = ByteBuffer.wrap(received.control()).order(ByteOrder.nativeOrder());
    int at = 0;
    while (at + 20 <= in.limit()) {
      long length = in.getLong(at);
      if (length < 16 || length > in.limit() - at) {
        break;
      }
      if (in.getInt(at + 8) == IPPROTO_IPV6 && in.getInt(at + 12) == IPV6_HOPLIMIT) {
        return in.getInt(at + 16);
      }
      at += (int) ((length + 7) & ~7);
    }
    return -1;
  }

  /** It may hear for a moment more; whoever is called then must not mind. */
  @Override
  public void close() {
    closed = true;
  }
}
