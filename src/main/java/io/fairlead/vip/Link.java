package io.fairlead.vip;

import io.fairlead.config.VipAddress;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of one virtual IP on a network interface, by way of the kernel.
 *
 * <p>They are added with a time after which the kernel takes them away by itself. An owner that is
 * frozen, killed or cut off from its own memory thereby ends being one, which no code of ours could
 * see to. What such an owner leaves is told from addresses of others by three marks: it has an end,
 * it is never preferred, and where the kernel keeps who added it ({@code IFA_PROTO}), it is us.
 */
final class Link implements Place {
  /** The number of "lo", in every machine and namespace. */
  private static final int LOOPBACK = 1;

  /** Instead of a socket for announcements. */
  private static final int SILENT = -1;

  private final String name;
  private final List<VipAddress> addresses;
  private final Netlink netlink;
  private final int frames;
  private final int table;

  /** What was in the settings of the kernel that were changed. */
  private final Map<Path, String> before = new LinkedHashMap<>();

  private NetlinkMessage.@Nullable Interface found;
  private boolean staysSilently;

  private Link(String name, List<VipAddress> addresses, Netlink netlink, int frames, int table) {
    this.name = name;
    this.addresses = List.copyOf(addresses);
    this.netlink = netlink;
    this.frames = frames;
    this.table = table;
  }

  /**
   * Opens what it takes to speak to the kernel.
   *
   * @param table of routes for a second chance, see {@link SecondChance}; 0: there is none
   * @throws KernelException if this process may not
   */
  static Link open(String name, List<VipAddress> addresses, int table) throws KernelException {
    Netlink netlink = Netlink.open();
    try {
      int frames = Posix.socket(Posix.AF_PACKET, Posix.SOCK_RAW, 0, "a socket for announcements");
      return new Link(name, addresses, netlink, frames, table);
    } catch (KernelException e) {
      netlink.close();
      throw e;
    }
  }

  /** One where nobody is told by frames: on "lo", too. */
  static Link openSilent(String name, List<VipAddress> addresses) throws KernelException {
    return new Link(name, addresses, Netlink.open(), SILENT, 0);
  }

  /** The interface as it is now. */
  NetlinkMessage.Interface look() throws IOException {
    NetlinkMessage.Interface now = netlink.link(name);
    if (!now.running()) {
      throw new IOException("interface " + name + " is down or has no carrier");
    }
    if (frames != SILENT && now.mac().length != 6) {
      throw new IOException("interface " + name + " is no Ethernet");
    }
    found = now;
    return now;
  }

  @Override
  public boolean prepare(boolean inheriting) throws IOException {
    NetlinkMessage.Interface link = look();
    Set<InetAddress> wanted = new HashSet<>();
    addresses.forEach(address -> wanted.add(address.ip()));
    boolean present = false;
    for (NetlinkMessage.Present one : netlink.addresses()) {
      if (!wanted.contains(one.ip())) {
        continue;
      }
      if (!one.isOurs()) {
        throw new IOException(
            VipAddress.text(one.ip())
                + " is on this machine already, and it was not added by Fairlead; remove it there");
      }
      boolean here = one.index() == link.index();
      present |= here;
      if (!inheriting || !here) {
        netlink.removeAddress(one.index(), new VipAddress(one.ip(), one.prefix()));
      }
    }
    return present;
  }

  @Override
  public void hold(int seconds) throws IOException {
    NetlinkMessage.Interface link = look();
    for (VipAddress address : addresses) {
      netlink.addAddress(link.index(), address, seconds);
    }
  }

  @Override
  public void release() throws IOException {
    NetlinkMessage.Interface link = found;
    if (link != null && !staysSilently) {
      for (VipAddress address : addresses) {
        netlink.removeAddress(link.index(), address);
      }
    }
  }

  @Override
  public void announce() throws IOException {
    NetlinkMessage.Interface link = found;
    if (link != null && frames != SILENT) {
      for (VipAddress address : addresses) {
        byte[] frame = Announcement.of(address.ip(), link.mac());
        Posix.send(frames, frame, everybody(link.index()), "an announcement");
      }
    }
  }

  /** {@code struct sockaddr_ll}: the frame itself says where it goes. */
  private static byte[] everybody(int index) {
    return ByteBuffer.allocate(20)
        .order(ByteOrder.nativeOrder())
        .putShort((short) Posix.AF_PACKET)
        .putShort((short) 0)
        .putInt(index)
        .array();
  }

  /**
   * This machine's own address there, from which it speaks.
   *
   * @param ipv4 otherwise IPv6
   * @param local whether a link-local one is wanted, of IPv6
   * @param virtual addresses that move, which are nobody's own
   * @throws IOException if there is none
   */
  InetAddress source(boolean ipv4, boolean local, Set<InetAddress> virtual) throws IOException {
    NetlinkMessage.Interface link = look();
    for (NetlinkMessage.Present one : netlink.addresses()) {
      boolean fits =
          one.index() == link.index()
              && one.ip() instanceof Inet4Address == ipv4
              && (ipv4 || one.ip().isLinkLocalAddress() == local)
              && one.protocol() != NetlinkMessage.OWN_PROTOCOL
              && !virtual.contains(one.ip())
              && !one.isTentative();
      if (fits) {
        return one.ip();
      }
    }
    throw new IOException(
        "interface "
            + name
            + " has no "
            + (ipv4 ? "IPv4" : local ? "link-local IPv6" : "IPv6")
            + " address of this machine's own, from which to speak");
  }

  @Override
  public void passOn(InetAddress to) throws IOException {
    if (table != 0) {
      netlink.setRoute(look().index(), to, table);
    }
  }

  @Override
  public void passOnNoMore() {
    if (table != 0) {
      try {
        netlink.removeRoute(table);
      } catch (KernelException e) {
        // The interface has gone, and the route with it.
      }
    }
  }

  @Override
  public void stayBehind(int seconds) throws IOException {
    if (frames == SILENT) { // nobody asks for it, nor ever heard of it
      hold(seconds);
      staysSilently = true;
      return;
    }
    // Neighbours that ask for the address shall not find it here, nor hear of it.
    set("arp_ignore", "1");
    set("arp_announce", "2");
    for (VipAddress address : addresses) {
      netlink.addAddress(LOOPBACK, new VipAddress(address.ip(), 32), seconds);
    }
  }

  @Override
  public void comeAway() {
    try {
      if (frames == SILENT) {
        staysSilently = false;
        release();
        return;
      }
      for (VipAddress address : addresses) {
        netlink.removeAddress(LOOPBACK, new VipAddress(address.ip(), 32));
      }
      for (Map.Entry<Path, String> setting : before.entrySet()) {
        Files.writeString(setting.getKey(), setting.getValue());
      }
    } catch (IOException e) {
      // The kernel takes the addresses away by itself; without them the settings do little.
    }
  }

  private void set(String key, String value) throws IOException {
    Path setting = Path.of("/proc/sys/net/ipv4/conf", name, key);
    before.putIfAbsent(setting, Files.readString(setting).strip());
    Files.writeString(setting, value);
  }

  @Override
  public void close() {
    netlink.close();
    if (frames != SILENT) {
      Posix.close(frames);
    }
  }
}
