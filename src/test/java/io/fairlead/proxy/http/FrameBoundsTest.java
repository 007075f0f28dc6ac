package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where frames end, however their bytes come. */
final class FrameBoundsTest {
  @ParameterizedTest
  @CsvSource({
    "'', true", // nothing has begun
    "00, false", // a type
    "0000, true", // DATA without a byte
    "0001, false",
    "000161, true",
    "00026161, true",
    "4000 0161, true", // a type of two bytes
    "40, false",
    "00 40, false", // half a length
    "00 4001, false",
    "00 4001 61, true",
    "00 80000002 6161, true",
    "00 C000000000000001 61, true",
    "C00000000000000000, true", // a type of eight bytes, no payload
    "000161 21 00, true", // two frames
    "000161 21, false"
  })
  void afterTheseBytes(String hex, boolean between) {
    FrameBounds bounds = new FrameBounds();
    bounds.follow(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex.replace(" ", ""))));
    assertThat(bounds.isBetween()).isEqualTo(between);
  }

  @Test
  void piecesMakeNoDifference() {
    long seed = new Random().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 2000; round++) {
      ByteBuf all = Unpooled.buffer();
      TreeSet<Integer> ends = new TreeSet<>();
      ends.add(0);
      for (int i = random.nextInt(6); i > 0; i--) {
        integer(all, random.nextInt(70_000), random);
        int length = random.nextInt(3) == 0 ? 0 : random.nextInt(200);
        integer(all, length, random);
        all.writeZero(length);
        ends.add(all.writerIndex());
      }
      FrameBounds bounds = new FrameBounds();
      while (all.isReadable()) {
        int piece = random.nextInt(1, Math.min(all.readableBytes(), 40) + 1);
        bounds.follow(all.readSlice(piece));
        assertThat(bounds.isBetween())
            .as("seed %d, round %d, at %d", seed, round, all.readerIndex())
            .isEqualTo(ends.contains(all.readerIndex()));
      }
    }
  }

  /** In any of the lengths that it fits in (RFC 9000, 16). */
  private static void integer(ByteBuf out, int value, SplittableRandom random) {
    int least = value < 1 << 6 ? 0 : value < 1 << 14 ? 1 : 2;
    switch (random.nextInt(least, 4)) {
      case 0 -> out.writeByte(value);
      case 1 -> out.writeShort(0x4000 | value);
      case 2 -> out.writeInt(0x80000000 | value);
      default -> out.writeLong(0xC000000000000000L | value);
    }
  }
}
