package io.fairlead.proxy.origin;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The corpus of headers, {@code src/test/resources/corpus/proxy-headers.txt}. */
final class ProxyHeaderTest {
  private static final Path CORPUS = Path.of("src/test/resources/corpus/proxy-headers.txt");
  private static final byte[] SIGNATURE = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a");
  private static final Pattern TOKEN =
      Pattern.compile("\"([^\"]*)\"|SIG|CRC|([0-9A-F]+)\\*([0-9]+)|([0-9A-F]+)");

  record Case(String name, String hex, String outcome) {
    byte[] bytes() {
      return HexFormat.of().parseHex(hex);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static List<Case> cases() throws IOException {
    try (Stream<String> lines = Files.lines(CORPUS)) {
      return lines
          .filter(line -> !line.startsWith("#"))
          .map(line -> line.split(" *; *", -1))
          .map(parts -> new Case(parts[0], HexFormat.of().formatHex(bytes(parts[1])), parts[2]))
          .toList();
    }
  }

  private static byte[] bytes(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int checksum = -1;
    Matcher token = TOKEN.matcher(text);
    while (token.find()) {
      if (token.group(1) != null) {
        String plain =
            token.group(1).replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t");
        bytes.writeBytes(plain.getBytes(ISO_8859_1));
      } else if (token.group(2) != null) {
        for (int i = Integer.parseInt(token.group(3)); i > 0; i--) {
          bytes.writeBytes(HexFormat.of().parseHex(token.group(2)));
        }
      } else if (token.group().equals("SIG")) {
        bytes.writeBytes(SIGNATURE);
      } else if (token.group().equals("CRC")) {
        checksum = bytes.size() + 3;
        bytes.writeBytes(new byte[] {3, 0, 4, 0, 0, 0, 0});
      } else {
        bytes.writeBytes(HexFormat.of().parseHex(token.group()));
      }
    }
    byte[] all = bytes.toByteArray();
    if (checksum >= 0) {
      int crc = crc32c(all);
      for (int i = 0; i < 4; i++) {
        all[checksum + i] = (byte) (crc >>> (24 - 8 * i));
      }
    }
    return all;
  }

  /** Bit by bit, as RFC 4960, appendix B has it. */
  private static int crc32c(byte[] bytes) {
    int crc = -1;
    for (byte b : bytes) {
      crc ^= b & 0xFF;
      for (int i = 0; i < 8; i++) {
        crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82F63B78);
      }
    }
    return ~crc;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void isReadAsWritten(Case one) {
    assertThat(text(ProxyHeader.read(one.bytes()))).isEqualTo(one.outcome());
  }

  /** A verdict comes as soon as it can, never too early, and what follows does not change it. */
  @ParameterizedTest
  @MethodSource("cases")
  void meansTheSameByteByByte(Case one) {
    String wanted = one.outcome();
    boolean decided = false;
    for (int length = 0; length <= one.bytes().length; length++) {
      String now = text(ProxyHeader.read(Arrays.copyOf(one.bytes(), length)));
      if (decided || length == one.bytes().length) {
        assertThat(now).as("at " + length).isEqualTo(wanted);
      } else {
        assertThat(now).as("at " + length).isIn("more", wanted);
        decided = !now.equals("more");
      }
    }
    if (!wanted.equals("more")) {
      byte[] longer = Arrays.copyOf(one.bytes(), one.bytes().length + 20_000);
      Arrays.fill(longer, one.bytes().length, longer.length, (byte) 'x');
      ByteBuf buffer = Unpooled.wrappedBuffer(longer);
      assertThat(text(ProxyHeader.read(buffer))).isEqualTo(wanted);
      assertThat(buffer.readerIndex()).isZero();
    }
  }

  static String text(ProxyHeader.Read read) {
    return switch (read) {
      case ProxyHeader.Read.More _ -> "more";
      case ProxyHeader.Read.Absent _ -> "absent";
      case ProxyHeader.Read.Broken _ -> "broken";
      case ProxyHeader.Read.Whole(int length, var source, var destination) ->
          source == null || destination == null
              ? length + " itself"
              : length + " " + text(source) + " " + text(destination);
    };
  }

  private static String text(InetSocketAddress address) {
    return address.getAddress().getHostAddress() + ":" + address.getPort();
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.1,   198.51.100.2",
    "2001:db8::1, 2001:db8::2",
    "192.0.2.1,   2001:db8::2", // both as IPv6: the one is mapped
    "::1,         127.0.0.1",
    "fe80::1%1,   ::1"
  })
  void whatIsWrittenIsReadTheSame(String from, String to) {
    InetSocketAddress source = new InetSocketAddress(InetAddress.ofLiteral(from), 65535);
    InetSocketAddress destination = new InetSocketAddress(InetAddress.ofLiteral(to), 1);
    ByteBuf out = Unpooled.buffer();
    ProxyHeader.writeV1(source, destination, out);
    String first = text(ProxyHeader.read(out));
    assertThat(first).startsWith(out.readableBytes() + " ");
    ByteBuf binary = Unpooled.buffer();
    ProxyHeader.writeV2(source, destination, binary);
    String second = text(ProxyHeader.read(binary));
    assertThat(second).startsWith(binary.readableBytes() + " ");
    String addresses = first.substring(first.indexOf(' ') + 1);
    assertThat(second).endsWith(addresses);
    assertThat(addresses).isEqualTo(plain(source) + ":65535 " + plain(destination) + ":1");
  }

  private static String plain(InetSocketAddress address) {
    return address.getAddress().getHostAddress().replaceAll("%.*", "");
  }
}
