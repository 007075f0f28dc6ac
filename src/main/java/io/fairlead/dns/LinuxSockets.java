package io.fairlead.dns;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * Linux's calls for many datagrams at once, which the JDK does not offer, by its foreign functions;
 * layouts are those of 64-bit Linux.
 */
final class LinuxSockets {
  static final int AF_INET = 2;
  static final int AF_INET6 = 10;
  private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
  static final int SOL_SOCKET = 1;
  static final int SO_REUSEPORT = 15;
  static final int SO_RCVBUF = 8;
  static final int SO_RCVTIMEO = 20;
  static final int IPPROTO_IP = 0;
  static final int IP_PKTINFO = 8;
  static final int IPPROTO_IPV6 = 41;
  static final int IPV6_V6ONLY = 26;
  static final int IPV6_RECVPKTINFO = 49;

  /** Wait for the first datagram, and take what else is there. */
  private static final int MSG_WAITFORONE = 0x10000;

  /** Big-endian, as ports and addresses are. */
  static final ValueLayout.OfShort PORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  static final int ADDRESS_BYTES = 28;

  // Of struct mmsghdr.
  static final long MESSAGE = 64;
  static final long NAME = 0;
  static final long NAME_LENGTH = 8;
  static final long IOV = 16;
  static final long IOV_COUNT = 24;
  static final long CONTROL = 32;
  static final long CONTROL_LENGTH = 40;
  static final long LENGTH = 56;

  // Of struct iovec.
  static final long VECTOR = 16;
  static final long VECTOR_LENGTH = 8;

  /** Whether all of it is there. */
  static final boolean AVAILABLE;

  private static final MethodHandle SOCKET;
  private static final MethodHandle SETSOCKOPT;
  private static final MethodHandle BIND;
  private static final MethodHandle GETSOCKNAME;
  private static final MethodHandle CLOSE;
  private static final MethodHandle RECVMMSG;
  private static final MethodHandle SENDMMSG;

  static {
    MethodHandle[] handles = new MethodHandle[7];
    boolean all = false;
    try {
      all = isKnown() && link(handles);
    } catch (IllegalCallerException | UnsupportedOperationException e) {
      // Native access is not allowed, or there is no linker: the JDK's means do.
    }
    AVAILABLE = all;
    SOCKET = handles[0];
    SETSOCKOPT = handles[1];
    BIND = handles[2];
    GETSOCKNAME = handles[3];
    CLOSE = handles[4];
    RECVMMSG = handles[5];
    SENDMMSG = handles[6];
  }

  private LinuxSockets() {}

  private static boolean isKnown() {
    String machine = System.getProperty("os.arch", "");
    return System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")
        && (machine.equals("amd64") || machine.equals("aarch64"));
  }

  @SuppressWarnings("restricted") // the C library's own functions, with the types it declares
  private static boolean link(MethodHandle[] handles) {
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor[] types = {
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT),
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT),
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT),
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS),
      FunctionDescriptor.of(JAVA_INT, JAVA_INT),
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS),
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT)
    };
    String[] names = {
      "socket", "setsockopt", "bind", "getsockname", "close", "recvmmsg", "sendmmsg"
    };
    for (int i = 0; i < names.length; i++) {
      var symbol = linker.defaultLookup().find(names[i]);
      if (symbol.isEmpty()) {
        return false;
      }
      handles[i] = linker.downcallHandle(symbol.get(), types[i]);
    }
    return true;
  }

  /** A socket for datagrams that is bound there and shares the address with others of ours. */
  static int open(InetSocketAddress address, int receiveBytes, int timeoutMillis)
      throws IOException {
    byte[] bytes = address.getAddress().getAddress();
    boolean v6 = bytes.length == 16;
    try (Arena arena = Arena.ofConfined()) {
      int socket = (int) SOCKET.invokeExact(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM_CLOEXEC, 0);
      if (socket < 0) {
        throw new IOException("no socket");
      }
      MemorySegment value = arena.allocate(16, 8);
      value.set(JAVA_INT, 0, 1);
      int failed = set(socket, SOL_SOCKET, SO_REUSEPORT, value, 4);
      if (address.getAddress().isAnyLocalAddress()) {
        failed |=
            v6
                ? set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, value, 4)
                : set(socket, IPPROTO_IP, IP_PKTINFO, value, 4);
      }
      if (v6) {
        failed |= set(socket, IPPROTO_IPV6, IPV6_V6ONLY, value, 4);
      }
      value.set(JAVA_INT, 0, receiveBytes);
      int _ = set(socket, SOL_SOCKET, SO_RCVBUF, value, 4); // as much as the system allows
      value.set(JAVA_LONG, 0, timeoutMillis / 1000);
      value.set(JAVA_LONG, 8, timeoutMillis % 1000 * 1000L);
      failed |= set(socket, SOL_SOCKET, SO_RCVTIMEO, value, 16);
      MemorySegment name = arena.allocate(ADDRESS_BYTES, 8);
      name.set(JAVA_SHORT, 0, (short) (v6 ? AF_INET6 : AF_INET));
      name.set(PORT, 2, (short) address.getPort());
      MemorySegment.copy(bytes, 0, name, JAVA_BYTE, v6 ? 8 : 4, bytes.length);
      int bound = (int) BIND.invokeExact(socket, name, v6 ? ADDRESS_BYTES : 16);
      if (failed != 0 || bound != 0) {
        close(socket);
        throw new IOException(
            bound != 0
                ? "the address is in use, or may not be used"
                : "the system lacks an option");
      }
      return socket;
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static int set(int socket, int level, int option, MemorySegment value, int size)
      throws Throwable {
    return (int) SETSOCKOPT.invokeExact(socket, level, option, value, size);
  }

  /** Where it is bound. */
  static InetSocketAddress address(int socket) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(ADDRESS_BYTES, 8);
      MemorySegment size = arena.allocate(4, 4);
      size.set(JAVA_INT, 0, ADDRESS_BYTES);
      int failed = (int) GETSOCKNAME.invokeExact(socket, name, size);
      if (failed != 0) {
        throw new IOException("the socket has no address");
      }
      boolean v6 = name.get(JAVA_SHORT, 0) == AF_INET6;
      byte[] bytes = new byte[v6 ? 16 : 4];
      MemorySegment.copy(name, JAVA_BYTE, v6 ? 8 : 4, bytes, 0, bytes.length);
      return new InetSocketAddress(
          InetAddress.getByAddress(bytes), Short.toUnsignedInt(name.get(PORT, 2)));
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits for datagrams; how many there are, or less than 1 if the time is over or it failed. */
  static int receive(int socket, MemorySegment messages, int most) {
    try {
      return (int) RECVMMSG.invokeExact(socket, messages, most, MSG_WAITFORONE, MemorySegment.NULL);
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Sends; how many went, less than 1 if the first did not. */
  static int send(int socket, MemorySegment messages, int count) {
    try {
      return (int) SENDMMSG.invokeExact(socket, messages, count, 0);
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  static void close(int socket) {
    try {
      int _ = (int) CLOSE.invokeExact(socket);
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
