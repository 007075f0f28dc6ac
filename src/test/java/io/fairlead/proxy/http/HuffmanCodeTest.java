package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import io.netty.util.AsciiString;
import java.util.HexFormat;
import java.util.Random;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The code of HPACK and QPACK, by the RFC's examples and by another's encoder. */
final class HuffmanCodeTest {
  /** RFC 7541, C.4 and C.6; and what is wrong by 5.2. */
  @ParameterizedTest
  @CsvSource(
      value = {
        "'' | ''",
        "f1e3 c2e5 f23a 6ba0 ab90 f4ff | www.example.com",
        "a8eb 1064 9cbf | no-cache",
        "25a8 49e9 5ba9 7d7f | custom-key",
        "25a8 49e9 5bb8 e8b4 bf | custom-value",
        "6402 | 302",
        "aec3 771a 4b | private",
        "d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff | Mon, 21 Oct 2013 20:13:21 GMT",
        "9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3 | https://www.example.com",
        "ff | ", // eight ones
        "1f | a",
        "1e | ", // not filled up with ones
        "1fff | ", // with more than seven
        "ffff ffff | ", // the end
        "ffff ffff ffff | ",
        "00ff | 0a",
        "fffffff0 | " // one of them in part
      },
      delimiter = '|')
  void decodes(String hex, String text) {
    assertThat(decode(HexFormat.of().parseHex(hex.replace(" ", "")))).isEqualTo(text);
  }

  private static @Nullable String decode(byte[] coded) {
    byte[] out = new byte[HuffmanCode.bound(coded.length)];
    int end = HuffmanCode.decode(Unpooled.wrappedBuffer(coded), 0, coded.length, out, 0);
    return end < 0 ? null : new String(out, 0, end, ISO_8859_1);
  }

  @Test
  void undoesWhatAnotherHasDone() throws Exception {
    long seed = new Random().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    DefaultHttp2HeadersEncoder encoder =
        new DefaultHttp2HeadersEncoder(Http2HeadersEncoder.ALWAYS_SENSITIVE, true, 16, 0);
    int longCodes = 0;
    for (int round = 0; round < 5000; round++) {
      byte[] text = new byte[random.nextInt(1, 100)];
      for (int i = 0; i < text.length; i++) {
        text[i] = (byte) (random.nextInt(20) == 0 ? random.nextInt(256) : random.nextInt('a', 'z'));
      }
      ByteBuf block = Unpooled.buffer();
      encoder.encodeHeaders(
          1, new DefaultHttp2Headers(false).add(AsciiString.of("x"), new AsciiString(text)), block);
      block.skipBytes(1); // never in a table, with a name
      skipString(block);
      if (block.getByte(block.readerIndex()) >= 0) { // it would not have been shorter
        continue;
      }
      int length = length(block);
      byte[] coded = new byte[length];
      block.readBytes(coded);
      assertThat(block.isReadable()).isFalse();
      assertThat(decode(coded))
          .as("seed %d, round %d", seed, round)
          .isEqualTo(new String(text, ISO_8859_1));
      longCodes += new String(text, ISO_8859_1).matches("(?s).*[^ -~].*") ? 1 : 0;
    }
    assertThat(longCodes).isGreaterThan(1000);
  }

  private static void skipString(ByteBuf block) {
    block.skipBytes(length(block));
  }

  private static int length(ByteBuf block) {
    int first = block.readUnsignedByte() & 0x7F;
    if (first < 0x7F) {
      return first;
    }
    int next = block.readUnsignedByte();
    int length = first + (next & 0x7F);
    return next < 0x80 ? length : length + (block.readUnsignedByte() << 7);
  }
}
