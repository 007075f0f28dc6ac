package io.fairlead.proxy.origin;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A header of the PROXY protocol. Read strictly: what another receiver could read differently, or
 * not at all, is no header.
 */
public final class ProxyHeader {
  /** A line of version 1 with its line end; the longest there can be (section 2.1). */
  static final int MAX_V1 = 107;

  /**
   * A header of version 2. The protocol would allow 64 KiB; what is sent in fact, certificates'
   * names included, is far below this.
   */
  static final int MAX_V2 = 4096;

  private static final byte[] V1 = "PROXY ".getBytes(US_ASCII);
  private static final byte[] V2 = {
    '\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'
  };
  private static final int FIXED = 16;
  private static final int CRC32C_TLV = 3;

  /** What the bytes are. */
  public sealed interface Read {
    /** The beginning of a header; more is needed to say. */
    record More() implements Read {}

    /** Something else than a header from its beginning on. */
    record Absent() implements Read {}

    /**
     * A header that is broken.
     *
     * @param why for people
     */
    record Broken(String why) implements Read {}

    /**
     * A header.
     *
     * @param length in bytes
     * @param source the client; null: the connection speaks for itself
     * @param destination where the client had connected to; null with source
     */
    record Whole(
        int length, @Nullable InetSocketAddress source, @Nullable InetSocketAddress destination)
        implements Read {}
  }

  private static final Read MORE = new Read.More();
  private static final Read ABSENT = new Read.Absent();

  private ProxyHeader() {}

  /** Reads what the buffer begins with; the buffer stays as it is. */
  public static Read read(ByteBuf in) {
    int count = Math.min(in.readableBytes(), MAX_V2);
    byte[] bytes = new byte[count];
    in.getBytes(in.readerIndex(), bytes);
    return read(bytes);
  }

  static Read read(byte[] bytes) {
    if (bytes.length == 0) {
      return MORE;
    }
    if (beginsLike(bytes, V1)) {
      return bytes.length < V1.length ? MORE : line(bytes);
    }
    if (beginsLike(bytes, V2)) {
      return bytes.length < V2.length ? MORE : binary(bytes);
    }
    return ABSENT;
  }

  /** Whether the buffer begins as headers do, whole or broken. */
  static boolean isHeader(ByteBuf in) {
    byte[] bytes = new byte[Math.min(in.readableBytes(), V2.length)];
    in.getBytes(in.readerIndex(), bytes);
    return (bytes.length >= V1.length && beginsLike(bytes, V1))
        || (bytes.length == V2.length && beginsLike(bytes, V2));
  }

  /** Whether nothing in the bytes speaks against that beginning. */
  private static boolean beginsLike(byte[] bytes, byte[] beginning) {
    int common = Math.min(bytes.length, beginning.length);
    return Arrays.equals(bytes, 0, common, beginning, 0, common);
  }

  // --- version 1 ---------------------------------------------------------------------------

  private static Read line(byte[] bytes) {
    int limit = Math.min(bytes.length, MAX_V1);
    int end = V1.length;
    while (end < limit && bytes[end] >= ' ' && bytes[end] < 0x7F) {
      end++;
    }
    if (end == limit) {
      return limit == MAX_V1 ? new Read.Broken("the line is longer than 107 bytes") : MORE;
    }
    if (bytes[end] != '\r') {
      return new Read.Broken("the line has a byte that is not printable ASCII");
    }
    if (end + 1 == limit) {
      return limit == MAX_V1 ? new Read.Broken("the line is longer than 107 bytes") : MORE;
    }
    if (bytes[end + 1] != '\n') {
      return new Read.Broken("the line's CR is not followed by LF");
    }
    return line(new String(bytes, V1.length, end - V1.length, US_ASCII), end + 2);
  }

  private static Read line(String text, int length) {
    // Whatever else is on such a line is to be ignored (section 2.1).
    if (text.equals("UNKNOWN") || text.startsWith("UNKNOWN ")) {
      return new Read.Whole(length, null, null);
    }
    String[] words = text.split(" ", -1);
    boolean four = words[0].equals("TCP4");
    if (!four && !words[0].equals("TCP6")) {
      return new Read.Broken("the protocol is none of TCP4, TCP6, UNKNOWN");
    }
    if (words.length != 5) {
      return new Read.Broken("not two addresses and two ports with one space between");
    }
    InetAddress source = four ? ipv4(words[1]) : ipv6(words[1]);
    InetAddress destination = four ? ipv4(words[2]) : ipv6(words[2]);
    int sourcePort = number(words[3], 65535);
    int destinationPort = number(words[4], 65535);
    if (source == null || destination == null) {
      return new Read.Broken("an address is not of the family named, or not canonical");
    }
    if (sourcePort < 0 || destinationPort < 0) {
      return new Read.Broken("a port is not a canonical number from 0 to 65535");
    }
    return new Read.Whole(
        length,
        new InetSocketAddress(source, sourcePort),
        new InetSocketAddress(destination, destinationPort));
  }

  /** A decimal number without leading zeros; -1: it is not. */
  private static int number(String text, int max) {
    if (text.isEmpty() || text.length() > 5 || (text.length() > 1 && text.charAt(0) == '0')) {
      return -1;
    }
    int value = 0;
    for (int i = 0; i < text.length(); i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value <= max ? value : -1;
  }

  private static @Nullable InetAddress ipv4(String text) {
    String[] parts = text.split("\\.", -1);
    if (parts.length != 4) {
      return null;
    }
    byte[] bytes = new byte[4];
    for (int i = 0; i < 4; i++) {
      int value = number(parts[i], 255);
      if (value < 0) {
        return null;
      }
      bytes[i] = (byte) value;
    }
    return address(bytes);
  }

  /** Groups of one to four digits, at most one "::", no dotted rest, no zone. */
  private static @Nullable InetAddress ipv6(String text) {
    int gap = text.indexOf("::");
    if (gap != text.lastIndexOf("::")) {
      return null;
    }
    byte[] bytes = new byte[16];
    if (gap < 0) {
      return groups(text, bytes, 0) == 8 ? address(bytes) : null;
    }
    String left = text.substring(0, gap);
    String right = text.substring(gap + 2);
    byte[] tail = new byte[16];
    int before = left.isEmpty() ? 0 : groups(left, bytes, 0);
    int after = right.isEmpty() ? 0 : groups(right, tail, 0);
    if (before < 0 || after < 0 || before + after > 7) {
      return null;
    }
    System.arraycopy(tail, 0, bytes, 16 - 2 * after, 2 * after);
    return address(bytes);
  }

  /** How many groups there are, written to the bytes; -1: something is wrong. */
  private static int groups(String text, byte[] bytes, int at) {
    String[] groups = text.split(":", -1);
    if (groups.length > 8) {
      return -1;
    }
    for (int i = 0; i < groups.length; i++) {
      String group = groups[i];
      if (group.isEmpty() || group.length() > 4) {
        return -1;
      }
      int value = 0;
      for (int j = 0; j < group.length(); j++) {
        int digit = hex(group.charAt(j));
        if (digit < 0) {
          return -1;
        }
        value = value << 4 | digit;
      }
      bytes[at + 2 * i] = (byte) (value >>> 8);
      bytes[at + 2 * i + 1] = (byte) value;
    }
    return groups.length;
  }

  /** ASCII only: {@link Character#digit} knows others. */
  private static int hex(char c) {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    int letter = (c | 0x20) - 'a';
    return letter >= 0 && letter < 6 && c < 0x80 ? letter + 10 : -1;
  }

  private static InetAddress address(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("4 or 16 bytes are an address", e);
    }
  }

  // --- version 2 ---------------------------------------------------------------------------

  private static Read binary(byte[] bytes) {
    if (bytes.length > 12 && (bytes[12] & 0xF0) != 0x20) {
      return new Read.Broken("the version is not 2");
    }
    if (bytes.length > 12 && (bytes[12] & 0x0F) > 1) {
      return new Read.Broken("the command is neither LOCAL nor PROXY");
    }
    if (bytes.length < FIXED) {
      return MORE;
    }
    int length = FIXED + at(bytes, 14);
    if (length > MAX_V2) {
      return new Read.Broken("the header is longer than 4 KiB");
    }
    boolean local = (bytes[12] & 0x0F) == 0;
    int family = bytes[13] & 0xFF;
    int addresses =
        switch (family) {
          case 0x00 -> 0;
          case 0x11 -> 12;
          case 0x21 -> 36;
          case 0x31 -> 216;
          default -> -1;
        };
    if (local) { // the rest, with the family, is to be discarded (section 2.2)
      return bytes.length < length ? MORE : new Read.Whole(length, null, null);
    }
    if (addresses < 0) {
      return new Read.Broken(
          "the family is not one of connections over IPv4, IPv6 or Unix sockets");
    }
    if (length < FIXED + addresses) {
      return new Read.Broken("the length leaves no room for the addresses");
    }
    if (bytes.length < length) {
      return MORE;
    }
    if (family == 0x00) {
      return new Read.Whole(length, null, null); // nothing is known of what follows
    }
    String objection = extensions(bytes, FIXED + addresses, length);
    if (objection != null) {
      return new Read.Broken(objection);
    }
    if (family == 0x31) {
      return new Read.Whole(length, null, null);
    }
    int size = family == 0x11 ? 4 : 16;
    return new Read.Whole(
        length,
        socket(bytes, FIXED, size, FIXED + 2 * size),
        socket(bytes, FIXED + size, size, FIXED + 2 * size + 2));
  }

  private static InetSocketAddress socket(byte[] bytes, int from, int size, int port) {
    return new InetSocketAddress(
        address(Arrays.copyOfRange(bytes, from, from + size)), at(bytes, port));
  }

  private static int at(byte[] bytes, int index) {
    return (bytes[index] & 0xFF) << 8 | (bytes[index + 1] & 0xFF);
  }

  /** Skips them but for the checksum; answers what is wrong with them. */
  private static @Nullable String extensions(byte[] bytes, int from, int to) {
    int checksum = -1;
    int next = from;
    while (next < to) {
      if (to - next < 3) {
        return "an extension is cut off";
      }
      int length = at(bytes, next + 1);
      int value = next + 3;
      if (to - value < length) {
        return "an extension is longer than the header";
      }
      if (bytes[next] == CRC32C_TLV) {
        if (checksum >= 0 || length != 4) {
          return "there are two checksums, or one that is not of 4 bytes";
        }
        checksum = value;
      }
      next = value + length;
    }
    return checksum < 0 || crc(bytes, to, checksum) == stated(bytes, checksum)
        ? null
        : "the checksum is wrong";
  }

  private static int stated(byte[] bytes, int at) {
    return at(bytes, at) << 16 | at(bytes, at + 2);
  }

  /** Over all of the header, the checksum itself taken as zero. */
  private static int crc(byte[] bytes, int length, int checksum) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, checksum);
    crc.update(new byte[4], 0, 4);
    crc.update(bytes, checksum + 4, length - checksum - 4);
    return (int) crc.getValue();
  }

  // --- writing -----------------------------------------------------------------------------

  /** Appends a line of version 1; {@value #MAX_V1} bytes at most. */
  public static void writeV1(InetSocketAddress source, InetSocketAddress destination, ByteBuf out) {
    boolean four = isIpv4(source) && isIpv4(destination);
    String line =
        (four ? "PROXY TCP4 " : "PROXY TCP6 ")
            + text(source, four)
            + ' '
            + text(destination, four)
            + ' '
            + source.getPort()
            + ' '
            + destination.getPort()
            + "\r\n";
    out.writeBytes(line.getBytes(US_ASCII));
  }

  /** Appends a header of version 2 without extensions; 52 bytes at most. */
  public static void writeV2(InetSocketAddress source, InetSocketAddress destination, ByteBuf out) {
    boolean four = isIpv4(source) && isIpv4(destination);
    out.writeBytes(V2).writeByte(0x21).writeByte(four ? 0x11 : 0x21).writeShort(four ? 12 : 36);
    out.writeBytes(bytes(source, four)).writeBytes(bytes(destination, four));
    out.writeShort(source.getPort()).writeShort(destination.getPort());
  }

  private static boolean isIpv4(InetSocketAddress address) {
    return address.getAddress() instanceof Inet4Address;
  }

  private static String text(InetSocketAddress address, boolean four) {
    if (four) {
      return address.getAddress().getHostAddress();
    }
    byte[] bytes = bytes(address, false);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 16; i += 2) {
      text.append(i == 0 ? "" : ":").append(Integer.toHexString(at(bytes, i)));
    }
    return text.toString();
  }

  /** As IPv6, an IPv4 address is a mapped one (RFC 4291, 2.5.5.2). */
  private static byte[] bytes(InetSocketAddress address, boolean four) {
    byte[] own = address.getAddress().getAddress();
    if (four || own.length == 16) {
      return own;
    }
    byte[] mapped = new byte[16];
    mapped[10] = (byte) 0xFF;
    mapped[11] = (byte) 0xFF;
    System.arraycopy(own, 0, mapped, 12, 4);
    return mapped;
  }
}
