package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.SplittableRandom;

/** Makes new messages out of old ones: a few cuts, swaps, repetitions and words of the trade. */
final class Mutator {
  private static final int LONGEST = 16 * 1024;

  private static final List<String> WORDS =
      List.of(
          "\r\n",
          "\n",
          "\r",
          "\r\n\r\n",
          "\0",
          "\t",
          " ",
          ":",
          ": ",
          ",",
          ";",
          "=",
          "\"",
          "\\",
          "\u007f",
          "\u0080",
          "\u00ff",
          "%2e",
          "%2F",
          "%5c",
          "%00",
          "/../",
          "/./",
          "//",
          "?",
          "#",
          "*",
          "http://a/",
          "HTTP/1.1",
          "HTTP/1.0",
          "HTTP/2.0",
          "GET ",
          "HEAD ",
          "OPTIONS ",
          "CONNECT ",
          "Content-Length: 5\r\n",
          "Content-Length: 0\r\n",
          "content_length: 5\r\n",
          "Transfer-Encoding: chunked\r\n",
          "Transfer-Encoding: gzip, chunked\r\n",
          "Connection: close\r\n",
          "Connection: upgrade, host\r\n",
          "Connection: keep-alive, x\r\n",
          "Upgrade: websocket\r\n",
          "Host: a\r\n",
          "Host: [::1]:80\r\n",
          "Expect: 100-continue\r\n",
          "Trailer: x\r\n",
          "x: y\r\n",
          " folded\r\n",
          "0\r\n\r\n",
          "5\r\nhello\r\n",
          "ffffffff",
          "0000000000000000",
          "7fffffffffffffff",
          "9223372036854775807",
          "18446744073709551616",
          "-1",
          "+1",
          "0x1",
          "1;a=b",
          "1;a=\"b\\\"c\"",
          "chunked",
          "identity");

  private final SplittableRandom random;

  Mutator(SplittableRandom random) {
    this.random = random;
  }

  /** One of the seeds, changed in zero to six places. */
  byte[] mutate(List<byte[]> seeds) {
    byte[] bytes = pick(seeds);
    int changes = random.nextInt(7);
    for (int i = 0; i < changes; i++) {
      bytes = change(bytes, seeds);
    }
    return bytes;
  }

  private byte[] change(byte[] bytes, List<byte[]> seeds) {
    int at = random.nextInt(bytes.length + 1);
    int length = Math.min(bytes.length - at, 1 + random.nextInt(random.nextInt(8) == 0 ? 400 : 12));
    return switch (random.nextInt(9)) {
      case 0 -> replace(bytes, at, length, new byte[0]);
      case 1 -> replace(bytes, at, 0, slice(bytes, at, length));
      case 2 -> replace(bytes, at, 0, word());
      case 3 -> replace(bytes, at, length, word());
      case 4 -> replace(bytes, at, 0, new byte[] {(byte) random.nextInt(256)});
      case 5 -> {
        byte[] copy = bytes.clone();
        if (at < copy.length) {
          copy[at] = (byte) (copy[at] ^ 1 << random.nextInt(8));
        }
        yield copy;
      }
      case 6 -> {
        byte[] other = pick(seeds);
        int from = random.nextInt(other.length + 1);
        yield replace(bytes, at, bytes.length - at, slice(other, from, other.length - from));
      }
      case 7 -> atLine(bytes);
      default -> replace(bytes, at, 0, repeated());
    };
  }

  /** A word where a line begins: the place where it means most. */
  private byte[] atLine(byte[] bytes) {
    int start = random.nextInt(bytes.length + 1);
    for (int i = start; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        return replace(bytes, i + 1, 0, word());
      }
    }
    return bytes;
  }

  private byte[] repeated() {
    byte[] word = word();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int times = 1 << random.nextInt(10);
    for (int i = 0; i < times && out.size() < 4096; i++) {
      out.writeBytes(word);
    }
    return out.toByteArray();
  }

  private byte[] word() {
    return WORDS.get(random.nextInt(WORDS.size())).getBytes(ISO_8859_1);
  }

  private byte[] pick(List<byte[]> seeds) {
    return seeds.get(random.nextInt(seeds.size()));
  }

  private static byte[] slice(byte[] bytes, int from, int length) {
    byte[] slice = new byte[length];
    System.arraycopy(bytes, from, slice, 0, length);
    return slice;
  }

  private static byte[] replace(byte[] bytes, int at, int length, byte[] with) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length + with.length);
    out.write(bytes, 0, at);
    out.writeBytes(with);
    out.write(bytes, at + length, bytes.length - at - length);
    byte[] all = out.toByteArray();
    return all.length <= LONGEST ? all : slice(all, 0, LONGEST);
  }
}
