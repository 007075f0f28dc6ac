package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http3.DefaultHttp3UnknownFrame;
import org.junit.jupiter.api.Test;

/** What goes out in frames of HTTP/3. */
final class Http3FramesTest {
  /** It is sent only while an answer takes longer than 10 s. */
  @Test
  void theLibraryTakesTheFrameThatMeansNothing() {
    assertThat((Http3.NOTHING - 0x21) % 0x1f).isZero(); // RFC 9114, 7.2.8
    DefaultHttp3UnknownFrame frame =
        new DefaultHttp3UnknownFrame(Http3.NOTHING, Unpooled.EMPTY_BUFFER);
    assertThat(frame.type()).isEqualTo(Http3.NOTHING);
  }

  @Test
  void aFrameBeginsWithItsTypeAndItsLengthInFourBytes() {
    ByteBuf out = Unpooled.buffer();
    Http3.frame(out, Http3.DATA, 0);
    assertThat(out.readableBytes()).isEqualTo(Http3.FRAME_HEADER);
    assertThat(out.readByte()).isEqualTo((byte) Http3.DATA);
    assertThat(out.readInt()).isEqualTo(0x80000000);
  }
}
