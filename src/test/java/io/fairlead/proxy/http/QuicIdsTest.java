package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Names of connections, as they are found in datagrams. */
final class QuicIdsTest {
  private final long seed = new Random().nextLong();
  private final SplittableRandom random = new SplittableRandom(seed);

  private static ByteBuf shortHeader(byte[] id) {
    return Unpooled.buffer().writeByte(0x4f).writeBytes(id).writeZero(30);
  }

  /** RFC 9000, 17.2: form, version, both names with their lengths. */
  private static ByteBuf longHeader(int form, byte[] id) {
    return Unpooled.buffer()
        .writeByte(form)
        .writeInt(1)
        .writeByte(id.length)
        .writeBytes(id)
        .writeByte(8)
        .writeZero(8)
        .writeZero(1200);
  }

  @Test
  void whatIsInANameIsFoundAgain() {
    for (int tag : new int[] {0, 1, 255, 256, 0x8000, 0xFFFF}) {
      for (int loop : new int[] {0, 3, 300}) {
        byte[] id = QuicIds.make(tag, loop, random);
        assertThat(id).hasSize(QuicIds.BYTES);
        assertThat(QuicIds.tagIn(Unpooled.wrappedBuffer(id))).isEqualTo(tag);
        assertThat(QuicIds.loopIn(Unpooled.wrappedBuffer(id))).isEqualTo(loop);
        assertThat(QuicIds.tagOf(shortHeader(id))).isEqualTo(tag);
        for (int form : new int[] {0xC0, 0xD0, 0xE0, 0xF0}) {
          assertThat(QuicIds.tagOf(longHeader(form, id))).isEqualTo(tag);
        }
      }
    }
    assertThat(QuicIds.make(7, 1, random)).isNotEqualTo(QuicIds.make(7, 1, random));
  }

  /** What a client makes up to begin with is nobody's, though it may be as long as ours. */
  @Test
  void whatAClientHasMadeUpIsNobodys() {
    int ours = 0;
    for (int i = 0; i < 10_000; i++) {
      byte[] id = new byte[QuicIds.BYTES];
      random.nextBytes(id);
      ours += QuicIds.tagOf(longHeader(0xC0, id)) == -1 ? 0 : 1;
      assertThat(QuicIds.tagOf(shortHeader(id))).as("it would be a server's").isNotEqualTo(-1);
    }
    assertThat(ours).as("seed %d: one in 65536 by chance", seed).isLessThan(6);
  }

  @Test
  void aNameThatWasChangedIsNobodys() {
    byte[] id = QuicIds.make(4711, 1, random);
    for (int at = 0; at < id.length; at++) {
      byte[] other = id.clone();
      other[at] ^= (byte) (1 << random.nextInt(8));
      assertThat(QuicIds.tagOf(longHeader(0xC0, other))).as("seed %d: %d", seed, at).isEqualTo(-1);
    }
  }

  @Test
  void whatIsTooShortIsNobodys() {
    byte[] id = QuicIds.make(4711, 1, random);
    for (int length = 0; length <= QuicIds.BYTES; length++) {
      assertThat(QuicIds.tagOf(shortHeader(id).writerIndex(length))).isEqualTo(-1);
      assertThat(QuicIds.isOfQuic(shortHeader(id).writerIndex(length))).isFalse();
    }
    for (int length = 0; length < 6 + QuicIds.BYTES; length++) {
      assertThat(QuicIds.tagOf(longHeader(0xC0, id).writerIndex(length))).isEqualTo(-1);
      assertThat(QuicIds.isOfQuic(longHeader(0xC0, id).writerIndex(length))).isFalse();
    }
    assertThat(QuicIds.tagOf(longHeader(0xC0, new byte[8]))).isEqualTo(-1);
    assertThat(QuicIds.isOfQuic(longHeader(0xC0, new byte[8]))).isTrue();
    assertThat(QuicIds.isOfQuic(longHeader(0xC0, new byte[21]))).isFalse();
  }

  @Test
  void onlyTheFirstDatagramsAreInitial() {
    byte[] id = QuicIds.make(1, 1, random);
    assertThat(QuicIds.isInitial(longHeader(0xC3, id))).isTrue();
    assertThat(QuicIds.isInitial(longHeader(0xE3, id))).isFalse();
    assertThat(QuicIds.isInitial(shortHeader(id))).isFalse();
    assertThat(QuicIds.isInitial(Unpooled.EMPTY_BUFFER)).isFalse();
  }
}
