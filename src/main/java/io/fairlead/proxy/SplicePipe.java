package io.fairlead.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The pipe of an event loop through which bytes go from one socket to another without being copied
 * into this process (splice(2)). It is empty whenever it is not in use, so that one serves all
 * connections of its loop: what the receiver does not take is read back into a buffer.
 */
public final class SplicePipe {
  private static final System.Logger LOG = System.getLogger(SplicePipe.class.getName());

  /**
   * What a pipe should hold, in bytes: 128 pages instead of the usual 16, so that as many fewer
   * calls move them. Half of what Linux gives to any user (fs.pipe-max-size).
   */
  private static final int SIZE = 512 * 1024;

  /** fcntl(2): F_SETPIPE_SZ. */
  private static final int SET_PIPE_SIZE = 1031;

  private static volatile @Nullable MethodHandle fcntl;

  private final FileDescriptor out;
  private final FileDescriptor in;

  private SplicePipe(FileDescriptor out, FileDescriptor in) {
    this.out = out;
    this.in = in;
  }

  /** Null if the process has no file descriptors left. */
  static @Nullable SplicePipe open() {
    try {
      FileDescriptor[] ends = FileDescriptor.pipe();
      enlarge(ends[1]);
      return new SplicePipe(ends[0], ends[1]);
    } catch (IOException e) {
      return null;
    }
  }

  /**
   * Gets ready what opening takes, which would keep an event loop for some ten milliseconds.
   * Without it, and where the system says no, pipes have their usual size.
   */
  @SuppressWarnings("restricted") // native access is given on the command line
  static void prepare() {
    if (fcntl == null) {
      Linker linker = Linker.nativeLinker();
      fcntl =
          linker
              .defaultLookup()
              .find("fcntl")
              .map(address ->
                  linker.downcallHandle(
                      address,
                      FunctionDescriptor.of(
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_INT),
                      Linker.Option.firstVariadicArg(2)))
              .orElse(null);
    }
  }

  private static void enlarge(FileDescriptor pipe) {
    MethodHandle call = fcntl;
    if (call == null) {
      return;
    }
    try {
      int size = (int) call.invokeExact(pipe.intValue(), SET_PIPE_SIZE, SIZE);
      if (size < SIZE) {
        LOG.log(Level.DEBUG, "the system gives no pipe of {0} bytes", SIZE);
      }
    } catch (Throwable e) {
      throw new AssertionError("fcntl throws nothing", e);
    }
  }

  /**
   * Takes what a socket has, as far as the pipe holds it.
   *
   * @return how many bytes; 0 if there are none now, or if there will be no more
   * @throws IOException if the connection has broken
   */
  public int fill(FileDescriptor from) throws IOException {
    return Native.splice(from.intValue(), -1, in.intValue(), -1, SIZE);
  }

  /**
   * Gives a socket what the pipe has.
   *
   * @param count how much that is
   * @return how many bytes it did not take; they are still in the pipe
   * @throws IOException if the connection has broken; so are they
   */
  public int empty(FileDescriptor to, int count) throws IOException {
    int left = count;
    while (left > 0) {
      int taken = Native.splice(out.intValue(), -1, to.intValue(), -1, left);
      if (taken == 0) {
        return left;
      }
      left -= taken;
    }
    return 0;
  }

  /** Reads back what nobody took. */
  public ByteBuf drain(ByteBufAllocator allocator, int count) throws IOException {
    ByteBuf rest = allocator.directBuffer(count, count);
    try {
      while (rest.isWritable()) {
        int end = rest.writerIndex();
        int read = out.readAddress(rest.memoryAddress(), end, rest.capacity());
        if (read <= 0) {
          throw new IOException("a pipe has lost bytes");
        }
        rest.writerIndex(end + read);
      }
      return rest;
    } catch (IOException e) {
      rest.release();
      throw e;
    }
  }

  void close() {
    try {
      out.close();
      in.close();
    } catch (IOException _) {
      // They are gone either way.
    }
  }
}
