package io.fairlead.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The pipe of an event loop through which bytes go from one socket to another without being copied
 * into this process (splice(2)). It is empty whenever it is not in use, so that one serves all
 * connections of its loop: what the receiver does not take is read back into a buffer.
 */
public final class SplicePipe {
  /**
   * At most what a pipe of the usual 16 places can hold is of use; the rest is for the next time.
   */
  private static final int MAX_BYTES = 256 * 1024;

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
      return new SplicePipe(ends[0], ends[1]);
    } catch (IOException e) {
      return null;
    }
  }

  /**
   * Takes what a socket has, as far as the pipe holds it.
   *
   * @return how many bytes; 0 if there are none now, or if there will be no more
   * @throws IOException if the connection has broken
   */
  public int fill(FileDescriptor from) throws IOException {
    return Native.splice(from.intValue(), -1, in.intValue(), -1, MAX_BYTES);
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
