package io.fairlead.vip;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/**
 * The handful of system calls that Java has no other word for: sockets of families and types that
 * the library does not know. Numbers are those of Linux on 64 bits, x86 and ARM alike.
 *
 * <p>Arguments are arrays and are copied: at some hundred messages a second that costs nothing, and
 * no memory outlives its call.
 */
final class Posix {
  static final int AF_INET = 2;
  static final int AF_INET6 = 10;
  static final int AF_NETLINK = 16;
  static final int AF_PACKET = 17;
  static final int SOCK_RAW = 3;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int SOL_SOCKET = 1;
  static final int SO_RCVBUF = 8;
  static final int SO_RCVTIMEO = 20;
  static final int SO_SNDTIMEO = 21;
  static final int SO_BINDTODEVICE = 25;

  /** Of {@code struct msghdr}. */
  private static final int MSGHDR = 56;

  private static final int CONTROL = 256;
  private static final int SOCKADDR = 128;

  /** For one who sends: what cannot be sent now is not sent. */
  private static final int MSG_DONTWAIT = 0x40;

  /**
   * What came in.
   *
   * @param data from the first byte that the kernel gives
   * @param from {@code struct sockaddr} of the sender
   * @param control {@code struct cmsghdr}s
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes them
  record Received(byte[] data, byte[] from, byte[] control) {}

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle SOCKET = call("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = call("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle BIND = call("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SETSOCKOPT =
      call("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SENDTO =
      call("sendto", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle RECVMSG =
      call("recvmsg", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);

  private Posix() {}

  /** Whether this machine is one that these calls are for. */
  static boolean isLinux() {
    return System.getProperty("os.name", "").equals("Linux")
        && Optional.ofNullable(System.getProperty("os.arch"))
            .filter(arch -> arch.equals("amd64") || arch.equals("aarch64"))
            .isPresent();
  }

  @SuppressWarnings("restricted") // native access is given on the command line
  private static MethodHandle call(String name, MemoryLayout result, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(result, arguments),
        Linker.Option.captureCallState("errno"));
  }

  static int socket(int domain, int type, int protocol, String what) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int fd = (int) SOCKET.invokeExact(state, domain, type | SOCK_CLOEXEC, protocol);
      if (fd < 0) {
        throw failure("cannot open " + what, state);
      }
      return fd;
    } catch (KernelException e) {
      throw e;
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  static void close(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      int _ = (int) CLOSE.invokeExact(arena.allocate(STATE), fd);
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  static void bind(int fd, byte[] address, String what) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result = (int) BIND.invokeExact(state, fd, copy(arena, address), address.length);
      if (result < 0) {
        throw failure("cannot bind " + what, state);
      }
    } catch (KernelException e) {
      throw e;
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  static void setOption(int fd, int level, int name, int value, String what)
      throws KernelException {
    setOption(
        fd,
        level,
        name,
        ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(value).array(),
        what);
  }

  static void setOption(int fd, int level, int name, byte[] value, String what)
      throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result =
          (int) SETSOCKOPT.invokeExact(state, fd, level, name, copy(arena, value), value.length);
      if (result < 0) {
        throw failure("cannot set " + what, state);
      }
    } catch (KernelException e) {
      throw e;
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  /** How long a call may wait for something to come, or for room. */
  static void setPatience(int fd, int millis) throws KernelException {
    byte[] time =
        ByteBuffer.allocate(16)
            .order(ByteOrder.nativeOrder())
            .putLong(millis / 1000)
            .putLong(millis % 1000 * 1000L)
            .array();
    setOption(fd, SOL_SOCKET, SO_RCVTIMEO, time, "the patience of a socket");
    setOption(fd, SOL_SOCKET, SO_SNDTIMEO, time, "the patience of a socket");
  }

  /** Sends all of it in one piece, now or not at all. */
  static void send(int fd, byte[] data, byte[] to, String what) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      long sent =
          (long)
              SENDTO.invokeExact(
                  state,
                  fd,
                  copy(arena, data),
                  (long) data.length,
                  MSG_DONTWAIT,
                  copy(arena, to),
                  to.length);
      if (sent < 0) {
        throw failure("cannot send " + what, state);
      }
    } catch (KernelException e) {
      throw e;
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  /**
   * Waits for the next message.
   *
   * @param room for it; what is longer is cut
   * @throws KernelException also if none came in time ({@link KernelException#EAGAIN})
   */
  static Received receive(int fd, int room) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment data = arena.allocate(room);
      MemorySegment from = arena.allocate(SOCKADDR);
      MemorySegment control = arena.allocate(CONTROL, 8);
      MemorySegment vector = arena.allocate(16, 8);
      vector.set(ADDRESS, 0, data);
      vector.set(JAVA_LONG, 8, room);
      MemorySegment header = arena.allocate(MSGHDR, 8);
      header.set(ADDRESS, 0, from);
      header.set(JAVA_INT, 8, SOCKADDR);
      header.set(ADDRESS, 16, vector);
      header.set(JAVA_LONG, 24, 1);
      header.set(ADDRESS, 32, control);
      header.set(JAVA_LONG, 40, CONTROL);
      long length = (long) RECVMSG.invokeExact(state, fd, header, 0);
      if (length < 0) {
        throw failure("cannot receive", state);
      }
      return new Received(
          Arrays.copyOf(data.toArray(JAVA_BYTE), (int) Math.min(length, room)),
          Arrays.copyOf(from.toArray(JAVA_BYTE), Math.min(SOCKADDR, header.get(JAVA_INT, 8))),
          Arrays.copyOf(
              control.toArray(JAVA_BYTE), (int) Math.min(CONTROL, header.get(JAVA_LONG, 40))));
    } catch (KernelException e) {
      throw e;
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  private static MemorySegment copy(Arena arena, byte[] bytes) {
    return arena.allocateFrom(JAVA_BYTE, bytes);
  }

  private static KernelException failure(String what, MemorySegment state) {
    return new KernelException(what, (int) ERRNO.get(state, 0L));
  }

  private static AssertionError broken(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return new AssertionError("a system call throws nothing", e);
  }
}
