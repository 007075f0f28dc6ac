package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Fuzz;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Exception;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Mutates header blocks: whatever comes, the reader says one thing, and what it takes for a request
 * is one, which can be written and read again as the same.
 */
final class Http2FuzzTest {
  private static final int LONGEST = 8 * 1024;

  @Test
  void whatIsTakenForARequestIsOne() throws Exception {
    List<byte[]> seeds = blocks();
    Fuzz.run(
        "HPACK blocks",
        2,
        0.01,
        random -> {
          byte[] block = mutate(seeds.get(random.nextInt(seeds.size())), random);
          try {
            return check(block);
          } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(Arrays.toString(block), e);
          }
        });
  }

  private static List<byte[]> blocks() {
    List<byte[]> blocks = new ArrayList<>();
    List<List<String>> lists =
        List.of(
            Http2Wire.request("GET", "/p?q=r", "x: y", "cookie: a=1", "cookie: b=2"),
            Http2Wire.request("POST", "/a/../b", "content-length: 5", "te: trailers"),
            List.of(":method: OPTIONS", ":scheme: https", ":path: *", "host: a"),
            List.of(":method: CONNECT", ":authority: a:443"),
            List.of(
                ":method: CONNECT",
                ":scheme: http",
                ":path: /p",
                ":authority: a",
                ":protocol: websocket"));
    for (List<String> each : lists) {
      blocks.add(Http2Wire.literals(each));
    }
    for (String hex : Http2Corpus.blocks()) {
      blocks.add(HexFormat.of().parseHex(hex.replace(" ", "")));
    }
    return blocks;
  }

  private static byte[] mutate(byte[] seed, SplittableRandom random) {
    byte[] bytes = seed.clone();
    for (int i = random.nextInt(4); i > 0 && bytes.length > 1 && bytes.length < LONGEST; i--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] = (byte) random.nextInt(256);
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        case 3 -> {
          byte[] longer = new byte[bytes.length + 1];
          System.arraycopy(bytes, 0, longer, 0, at);
          System.arraycopy(bytes, at, longer, at + 1, bytes.length - at);
          longer[at] = (byte) random.nextInt(256);
          bytes = longer;
        }
        default -> {
          byte[] twice = Arrays.copyOf(bytes, 2 * bytes.length - at);
          System.arraycopy(bytes, at, twice, bytes.length, bytes.length - at);
          bytes = twice;
        }
      }
    }
    return bytes;
  }

  /** Whether it was taken for a request. */
  private static boolean check(byte[] block) {
    HpackReader reader = new HpackReader();
    reader.limit(2048, 512, 24);
    Head head = new Head();
    head.reset();
    HeadFields.Result result;
    try {
      result = reader.readRequest(1, Unpooled.wrappedBuffer(block), head);
    } catch (Http2Exception e) {
      assertThat(Http2Exception.isStreamError(e)).as("an error of the connection").isFalse();
      return false;
    }
    if (result != HeadFields.Result.DONE || RequestCheck.check(head, Long.MAX_VALUE) != null) {
      return false;
    }
    for (int field = 0; field < head.fieldCount; field++) {
      for (int i = head.nameStart(field); i < head.nameEnd(field); i++) {
        byte b = head.bytes[i];
        if (b <= ' ' || b == ':' || b == 0x7F || (b >= 'A' && b <= 'Z')) {
          throw new AssertionError("a name with " + b);
        }
      }
      for (int i = head.valueStart(field); i < head.valueEnd(field); i++) {
        byte b = head.bytes[i];
        if (b == '\r' || b == '\n' || b == 0) {
          throw new AssertionError("a value with " + b);
        }
      }
    }
    ByteBuf written = Unpooled.buffer();
    HpackWriter.writeRequest(head, false, Ascii.bytes("node"), written);
    if (written.readableBytes() > HpackWriter.bound(head)) {
      throw new AssertionError("more than the bound");
    }
    Head again = new Head();
    again.reset();
    try {
      result = new HpackReader().readRequest(1, written, again);
    } catch (Http2Exception e) {
      throw new AssertionError("what was written cannot be read", e);
    }
    if (result != HeadFields.Result.DONE
        || RequestCheck.check(again, Long.MAX_VALUE) != null
        || !path(head).equals(path(again))) {
      throw new AssertionError("written as something else: " + result);
    }
    return true;
  }

  private static String path(Head head) {
    return Ascii.text(head.bytes, head.pathStart, head.pathEnd)
        + Ascii.text(head.bytes, head.queryStart, head.queryEnd);
  }
}
