package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames of HTTP/3 that go out, and those that come, however their bytes do. */
final class Http3FramesTest {
  /** Types that are wanted as a whole; others are in pieces, or not. */
  private static final int WHOLE = 1;

  private static final int NOT = 2;

  /** What came of it, a word for each frame that has ended. */
  private static final class Frames implements Http3Frames.Taker {
    final List<String> came = new ArrayList<>();
    final Http3Frames frames = new Http3Frames(this);
    private String name = "";
    private StringBuilder pieces = new StringBuilder();
    private long left;

    @Override
    public Http3Frames.How begin(long type, long length) {
      name = Long.toHexString(type);
      pieces = new StringBuilder();
      left = length;
      if (type % 3 == WHOLE) {
        return Http3Frames.How.WHOLE;
      }
      if (type % 3 == NOT || length == 0) {
        came.add(name);
      }
      return type % 3 == NOT ? Http3Frames.How.NOT : Http3Frames.How.PIECES;
    }

    @Override
    public void piece(ByteBuf in, int count) {
      assertThat(count).isPositive();
      pieces.append(ByteBufUtil.hexDump(in.readSlice(count)));
      left -= count;
      if (left == 0) {
        came.add(name + ":" + pieces);
      }
    }

    @Override
    public void whole(ByteBuf in, int count) {
      assertThat((long) count).isEqualTo(left);
      came.add(name + "=" + ByteBufUtil.hexDump(in.readSlice(count)));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', true, ''", // nothing has begun
    "00, false, ''", // a type
    "0000, true, 0", // without a byte
    "0001, false, ''",
    "000161, true, 0:61",
    "00026161, true, 0:6161",
    "01026162, true, 1=6162",
    "010261, false, ''",
    "0100, true, 1=",
    "0200, true, 2",
    "020161, true, 2",
    "4000 0161, true, 0:61", // a type of two bytes
    "40, false, ''",
    "00 40, false, ''", // half a length
    "00 4001, false, ''",
    "00 4001 61, true, 0:61",
    "00 80000002 6161, true, 0:6161",
    "00 C000000000000001 61, true, 0:61",
    "C00000000000000000, true, 0", // a type of eight bytes
    "02 FFFFFFFFFFFFFFFF 61, false, 2", // longer than anything
    "000161 21 00, true, 0:61 21", // two frames
    "000161 21, false, 0:61"
  })
  void areTakenApart(String hex, boolean between, String came) {
    Frames taken = new Frames();
    taken.frames.read(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex.replace(" ", ""))));
    assertThat(taken.frames.isBetween()).isEqualTo(between);
    assertThat(String.join(" ", taken.came)).isEqualTo(came);
    taken.frames.stop();
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
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        all.writeBytes(bytes);
        ends.add(all.writerIndex());
      }
      Frames whole = new Frames();
      whole.frames.read(all.duplicate());
      Frames pieces = new Frames();
      while (all.isReadable()) {
        int piece = random.nextInt(1, Math.min(all.readableBytes(), 40) + 1);
        pieces.frames.read(all.readSlice(piece));
        assertThat(pieces.frames.isBetween())
            .as("seed %d, round %d, at %d", seed, round, all.readerIndex())
            .isEqualTo(ends.contains(all.readerIndex()));
      }
      assertThat(pieces.came).as("seed %d, round %d", seed, round).isEqualTo(whole.came);
      assertThat(whole.came).hasSize(ends.size() - 1);
    }
  }

  @Test
  void nothingIsTakenAnyMore() {
    Frames taken = new Frames();
    taken.frames.read(Unpooled.wrappedBuffer(new byte[] {1, 2, 3}));
    taken.frames.stop();
    ByteBuf more = Unpooled.wrappedBuffer(new byte[] {4, 1, 0});
    taken.frames.read(more);
    assertThat(more.isReadable()).isFalse();
    assertThat(taken.came).isEmpty();
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

  /** RFC 9114, 7.2.8. */
  @Test
  void theFrameThatMeansNothingIsOneOfThose() {
    assertThat((Http3.NOTHING - 0x21) % 0x1f).isZero();
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
