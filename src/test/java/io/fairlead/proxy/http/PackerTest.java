package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.aayushatharva.brotli4j.decoder.BrotliInputStream;
import com.github.luben.zstd.ZstdInputStream;
import io.fairlead.config.ContentCoding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What packs bodies, each read by a reader of somebody else. */
final class PackerTest {
  private final Packers packers = new Packers(UnpooledByteBufAllocator.DEFAULT);
  private final ByteArrayOutputStream packed = new ByteArrayOutputStream();
  private int largest;

  private void take(ByteBuf made, int count) {
    byte[] bytes = new byte[count];
    made.getBytes(made.readerIndex(), bytes);
    packed.writeBytes(bytes);
    largest = Math.max(largest, count);
  }

  /** The empty coding is none. */
  static byte[] unpacked(String coding, byte[] bytes) throws IOException {
    try (InputStream in = reader(coding, bytes)) {
      return in.readAllBytes();
    }
  }

  private static InputStream reader(String coding, byte[] bytes) throws IOException {
    InputStream in = new ByteArrayInputStream(bytes);
    return switch (coding) {
      case "gzip" -> new GZIPInputStream(in);
      case "zstd" -> new ZstdInputStream(in);
      case "br" -> {
        BrotliInputStream eager = new BrotliInputStream(in);
        eager.enableEagerOutput();
        yield eager;
      }
      default -> in;
    };
  }

  /** So many bytes of what has been packed so far. */
  private byte[] first(ContentCoding coding, int count) throws IOException {
    try (InputStream in = reader(coding.word(), packed.toByteArray())) {
      byte[] found = new byte[count];
      for (int i = 0; i < count; i++) { // a reader that is asked for more fails at the end
        found[i] = (byte) in.read();
      }
      return found;
    }
  }

  private static byte[] text(Random random, int size) {
    byte[] text = new byte[size];
    for (int i = 0; i < size; i++) {
      text[i] = (byte) (random.nextInt(8) == 0 ? random.nextInt(256) : 'a' + i % 7);
    }
    return text;
  }

  @ParameterizedTest
  @EnumSource(ContentCoding.class)
  void bodiesOfAnySizeInAnyPiecesAreTheSame(ContentCoding coding) throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int size : List.of(0, 1, 1000, 16 * 1024, 300_000, 2_000_000)) {
      packed.reset();
      byte[] body = text(random, size);
      Packer packer = packer(coding);
      packer.begin(1 + random.nextInt(9));
      ByteBuf in = Unpooled.directBuffer(Math.max(1, size)).writeBytes(body);
      while (in.isReadable()) {
        packer.add(in, 1 + random.nextInt(Math.min(in.readableBytes(), 100_000)), this::take);
        if (random.nextInt(4) == 0) {
          packer.flush(this::take);
          int sent = in.readerIndex();
          assertThat(first(coding, sent)).as("seed " + seed).isEqualTo(Arrays.copyOf(body, sent));
        }
      }
      packer.end(this::take);
      packers.giveBack(packer);
      in.release();
      assertThat(unpacked(coding.word(), packed.toByteArray())).as("seed " + seed).isEqualTo(body);
      assertThat(largest).isLessThanOrEqualTo(Packer.PIECE);
    }
    packers.close();
  }

  @ParameterizedTest
  @EnumSource(ContentCoding.class)
  void aBodyThatBreaksOffLeavesNothingToTheNext(ContentCoding coding) throws IOException {
    for (int i = 0; i < 3; i++) {
      Packer packer = packer(coding);
      packer.begin(3);
      ByteBuf in = Unpooled.directBuffer().writeBytes(text(new Random(i), 50_000));
      packer.add(in, 40_000, this::take);
      in.release();
      packers.giveBack(packer);
    }
    packed.reset();
    Packer packer = packer(coding);
    packer.begin(3);
    ByteBuf in = Unpooled.directBuffer().writeBytes(new byte[] {1, 2, 3});
    packer.add(in, 3, this::take);
    packer.end(this::take);
    packers.giveBack(packer);
    in.release();
    assertThat(unpacked(coding.word(), packed.toByteArray())).containsExactly(1, 2, 3);
    packers.close();
  }

  @Test
  void whatAllOfThemHoldHasABound() {
    List<Packer> taken = new ArrayList<>();
    for (Packer one = packers.take(ContentCoding.ZSTD);
        one != null;
        one = packers.take(ContentCoding.ZSTD)) {
      taken.add(one);
    }
    assertThat(taken).hasSizeBetween(50, 200);
    assertThat(packers.take(ContentCoding.BR)).isNull();
    packers.giveBack(taken.removeLast());
    taken.add(packer(ContentCoding.BR));
    assertThat(packers.take(ContentCoding.BR)).isNull();
    taken.forEach(packers::giveBack);
    packers.close();
  }

  private Packer packer(ContentCoding coding) {
    assertThat(Codings.isAvailable(coding)).isTrue();
    Packer packer = packers.take(coding);
    if (packer == null) {
      throw new AssertionError("no room");
    }
    return packer;
  }
}
