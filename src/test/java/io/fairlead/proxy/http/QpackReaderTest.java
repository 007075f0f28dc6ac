package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Fuzz;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Field sections of HTTP/3, as others may write them and as nobody should. */
final class QpackReaderTest {
  /** Of a request each; with literals, the static table, and the Huffman code. */
  private static final List<String> SECTIONS =
      List.of(
          "0000 d1 d7 c1 50 08 73686f702e746573",
          "0000 d4 d7 51 04 2f612f62 50 03 612e62 23 782d79 02 6162 54 01 35",
          "0000 d1 d7 51 85 60d5485f2b 50 8c f1e3c2e5f23a6ba0ab90f4ff 2a a4b9 01 61", // Huffman
          "0000 cf 50 04 613a3434", // CONNECT
          "0000 cf d7 c1 50 01 61 27 03 3a70726f746f636f6c 09 776562736f636b6574",
          "0000 d1 d7 c1 50 01 61 55 03 613d31 55 03 623d32 5f 50 04 7a7a7a7a", // crumbs
          "0000 d1 d7 c1 50 01 61 7f 1d 01 31 ff 23");

  @ParameterizedTest
  @CsvSource(
      value = {
        "0000 d1 d7 c1 50 08 73686f702e746573 | GET / HTTP/1.1, host: shop.tes, ",
        // RFC 9204, B.1, with the rest of a request
        "0000 51 0b 2f696e6465782e68746d6c d1 d7 | GET /index.html HTTP/1.1, ",
        "0000 d1 d7 c1 50 8c f1e3c2e5f23a6ba0ab90f4ff | GET / HTTP/1.1, host: www.example.com, ",
        "0000 d1 d7 c1 2f 01 25a849e95ba97d7f 89 25a849e95bb8e8b4bf | GET / HTTP/1.1, custom-key:"
            + " custom-value, ",
        // names and values of the static table, also those behind the first byte
        "0000 d1 d7 c1 dd ff22 5f50 00 | GET / HTTP/1.1, accept: */*, x-frame-options: deny,"
            + " user-agent: , ",
        "0000 | malformed",
        "0000 c1 | malformed",
        "0000 dd d1 d7 c1 | malformed", // a pseudo-field behind others
        "0000 d1 d7 c1 20 01 61 | malformed", // no name
        "0000 d1 d7 c1 21 41 01 61 | malformed", // a name in capitals
        "'' | unreadable",
        "00 | unreadable",
        "0100 d1 | unreadable", // it needs a table
        "0080 d1 | unreadable",
        "0000 91 | unreadable",
        "0000 40 01 61 | unreadable", // a name of a dynamic table
        "0000 11 | unreadable",
        "0000 01 01 61 | unreadable",
        "0000 ff24 | unreadable", // 99
        "0000 51 05 2f | unreadable",
        "0000 23 6161 | unreadable",
        "0000 ffffffffffffffffff7f | unreadable",
        "0000 517f ffffffffff7f | unreadable"
      },
      delimiter = '|')
  void reads(String hex, String head) {
    assertThat(read(HexFormat.of().parseHex(hex.replace(" ", "")), (byte) 0))
        .isEqualTo(head.strip() + (head.contains("HTTP") ? " " : ""));
  }

  @Test
  void whatIsTooLargeIsNotReadToItsEnd() {
    StringBuilder many = new StringBuilder("0000 d1 d7 c1");
    for (int i = 0; i < 200; i++) {
      many.append("23 782d79 8c f1e3c2e5f23a6ba0ab90f4ff");
    }
    assertThat(read(HexFormat.of().parseHex(many.toString().replace(" ", "")), (byte) 0))
        .isEqualTo("too_large");
  }

  /** Also that nothing is read that is behind the section. */
  @Test
  void whatComesIsReadAndNothingElse() throws Exception {
    Fuzz.run(
        "QPACK sections",
        2,
        0.01,
        random -> {
          byte[] section =
              mutate(
                  HexFormat.of()
                      .parseHex(SECTIONS.get(random.nextInt(SECTIONS.size())).replace(" ", "")),
                  random);
          String read = read(section, (byte) 0);
          if (!read.equals(read(section, (byte) 0xFF))
              || !read.equals(read(section, (byte) 0x51))) {
            throw new AssertionError(
                "what is behind it matters: " + HexFormat.of().formatHex(section));
          }
          return read.contains("HTTP/1.1");
        });
  }

  private static byte[] mutate(byte[] seed, SplittableRandom random) {
    byte[] bytes = seed;
    for (int i = random.nextInt(4); i > 0 && bytes.length > 1; i--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] = (byte) random.nextInt(256);
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        default -> {
          byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
          System.arraycopy(bytes, at, longer, at + 1, bytes.length - at);
          bytes = longer;
        }
      }
    }
    return bytes;
  }

  /** What it is, with fields in lines; or what is wrong with it. */
  private static String read(byte[] section, byte behind) {
    ByteBuf in = Unpooled.buffer();
    in.writeByte(0x51).writeBytes(section);
    for (int i = 0; i < 40; i++) {
      in.writeByte(behind);
    }
    in.skipBytes(1);
    Head head = new Head();
    head.reset();
    HeadFields fields = new HeadFields();
    fields.limit(2048, 512, 24);
    fields.begin(head, HeadFields.Kind.REQUEST);
    boolean readable = new QpackReader().read(in, section.length, fields);
    assertThat(in.readableBytes()).isEqualTo(40);
    if (!readable) {
      return "unreadable";
    }
    HeadFields.Result result = fields.end();
    if (result != HeadFields.Result.DONE) {
      return result.toString().toLowerCase(Locale.ROOT);
    }
    StringBuilder text = new StringBuilder();
    text.append(new String(head.bytes, 0, head.targetEnd, ISO_8859_1)).append(" HTTP/1.1, ");
    for (int field = 0; field < head.fieldCount; field++) {
      if (!head.isDropped(field) && !head.upgrade) { // whose key is by chance
        text.append(Ascii.text(head.bytes, head.nameStart(field), head.nameEnd(field)))
            .append(": ")
            .append(Ascii.text(head.bytes, head.valueStart(field), head.valueEnd(field)))
            .append(", ");
      }
    }
    return text.toString();
  }
}
