package io.fairlead.proxy;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.unix.FileDescriptor;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What a pipe holds, and that it gives back what nobody took. */
final class SplicePipeTest {
  private static final int PIECE = 64 * 1024;
  private static final int PIECES = 8;

  @Test
  void holdsManyPagesOnceItIsPrepared() throws Exception {
    byte[] bytes = new byte[PIECE * PIECES];
    new SplittableRandom(1).nextBytes(bytes);
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes);
    SplicePipe.prepare();
    SplicePipe pipe = requireNonNull(SplicePipe.open());
    FileDescriptor[] source = FileDescriptor.pipe(); // of the usual size
    try {
      for (int piece = 0; piece < PIECES; piece++) {
        int from = piece * PIECE;
        assertThat(source[1].write(direct, from, from + PIECE)).isEqualTo(PIECE);
        assertThat(pipe.fill(source[0])).as("piece " + piece).isEqualTo(PIECE);
      }
      ByteBuf held = pipe.drain(ByteBufAllocator.DEFAULT, bytes.length);
      assertThat(ByteBufUtil.getBytes(held)).isEqualTo(bytes);
      held.release();
    } finally {
      source[0].close();
      source[1].close();
      pipe.close();
    }
  }
}
