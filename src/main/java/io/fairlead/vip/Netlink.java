package io.fairlead.vip;

import io.fairlead.config.VipAddress;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks the kernel about addresses and has it change them. It answers before the call returns, so
 * there is nothing to wait for. One thread.
 */
final class Netlink implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 1000;

  /** The kernel sends lists in pieces of at most 32 KiB. */
  private static final int ROOM = 64 * 1024;

  private static final byte[] KERNEL =
      ByteBuffer.allocate(12)
          .order(ByteOrder.nativeOrder())
          .putShort((short) Posix.AF_NETLINK)
          .array();

  private final int fd;
  private int sequence;

  private Netlink(int fd) {
    this.fd = fd;
  }

  static Netlink open() throws KernelException {
    int fd = Posix.socket(Posix.AF_NETLINK, Posix.SOCK_RAW, 0, "a socket to the kernel");
    try {
      Posix.bind(fd, KERNEL, "a socket to the kernel");
      Posix.setPatience(fd, PATIENCE_MILLIS);
      return new Netlink(fd);
    } catch (KernelException e) {
      Posix.close(fd);
      throw e;
    }
  }

  void addAddress(int index, VipAddress address, int seconds) throws KernelException {
    change("cannot add " + address, NetlinkMessage.addAddress(++sequence, index, address, seconds));
  }

  /** Removes it, if it is there. */
  void removeAddress(int index, VipAddress address) throws KernelException {
    try {
      change("cannot remove " + address, NetlinkMessage.removeAddress(++sequence, index, address));
    } catch (KernelException e) {
      if (e.number() != KernelException.EADDRNOTAVAIL && e.number() != KernelException.ENODEV) {
        throw e;
      }
    }
  }

  List<NetlinkMessage.Present> addresses() throws KernelException {
    List<NetlinkMessage.Present> found = new ArrayList<>();
    for (NetlinkMessage.Part part :
        ask("cannot list addresses", NetlinkMessage.listAddresses(++sequence))) {
      NetlinkMessage.Present one = NetlinkMessage.address(part.body());
      if (part.type() == NetlinkMessage.NEW_ADDRESS && one != null) {
        found.add(one);
      }
    }
    return found;
  }

  /**
   * Finds an interface by its name.
   *
   * @throws KernelException if there is none ({@link KernelException#ENODEV})
   */
  NetlinkMessage.Interface link(String name) throws KernelException {
    for (NetlinkMessage.Part part :
        ask("interface " + name, NetlinkMessage.findLink(++sequence, name))) {
      NetlinkMessage.Interface one = NetlinkMessage.link(part.body(), name);
      if (part.type() == NetlinkMessage.NEW_LINK && one != null) {
        return one;
      }
    }
    throw new KernelException("interface " + name, KernelException.ENODEV);
  }

  void setRoute(int index, InetAddress gateway, int table) throws KernelException {
    change("cannot set a route", NetlinkMessage.setRoute(++sequence, index, gateway, table));
  }

  /** Removes it, if it is there. */
  void removeRoute(int table) throws KernelException {
    try {
      change("cannot remove a route", NetlinkMessage.removeRoute(++sequence, table));
    } catch (KernelException e) {
      if (e.number() != KernelException.ESRCH && e.number() != KernelException.ENOENT) {
        throw e;
      }
    }
  }

  private void change(String what, byte[] message) throws KernelException {
    List<NetlinkMessage.Part> _ = ask(what, message);
  }

  /** All messages of the answer. */
  private List<NetlinkMessage.Part> ask(String what, byte[] message) throws KernelException {
    int wanted = sequence;
    Posix.send(fd, message, KERNEL, "a question to the kernel");
    List<NetlinkMessage.Part> parts = new ArrayList<>();
    while (true) {
      for (NetlinkMessage.Part part : NetlinkMessage.split(Posix.receive(fd, ROOM).data())) {
        if (part.sequence() != wanted) {
          continue; // an answer that came too late for the question before
        }
        if (part.type() == NetlinkMessage.DONE) {
          return parts;
        }
        if (part.type() == NetlinkMessage.ERROR) {
          if (part.error() == 0) {
            return parts;
          }
          throw new KernelException(what, -part.error());
        }
        parts.add(part);
        if (part.type() == NetlinkMessage.NEW_LINK) {
          return parts; // the only one
        }
      }
    }
  }

  @Override
  public void close() {
    Posix.close(fd);
  }
}
