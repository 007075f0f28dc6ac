package io.fairlead.proxy.origin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Fuzz;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Mutates the corpus: whatever comes, the parser says one thing, says it as soon as the bytes
 * allow, and what it understood can be written again.
 */
final class ProxyHeaderFuzzTest {
  @Test
  void noCutOfNoBytesChangesWhatTheyMean() throws Exception {
    List<byte[]> seeds = ProxyHeaderTest.cases().stream().map(ProxyHeaderTest.Case::bytes).toList();
    Fuzz.run(
        "PROXY headers",
        1,
        0.01,
        random -> {
          byte[] bytes = mutate(seeds.get(random.nextInt(seeds.size())), random);
          try {
            return check(bytes, random);
          } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(Arrays.toString(bytes), e);
          }
        });
  }

  private static byte[] mutate(byte[] seed, SplittableRandom random) {
    byte[] bytes = seed.clone();
    for (int i = random.nextInt(4); i > 0 && bytes.length > 0; i--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] = (byte) random.nextInt(256);
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        default -> {
          byte[] longer = new byte[bytes.length + 1];
          System.arraycopy(bytes, 0, longer, 0, at);
          System.arraycopy(bytes, at, longer, at + 1, bytes.length - at);
          longer[at] = bytes[random.nextInt(bytes.length)];
          bytes = longer;
        }
      }
    }
    return bytes;
  }

  private static boolean check(byte[] bytes, SplittableRandom random) {
    String all = ProxyHeaderTest.text(ProxyHeader.read(bytes));
    byte[] cut = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
    assertThat(ProxyHeaderTest.text(ProxyHeader.read(cut))).isIn("more", all);
    if (!(ProxyHeader.read(bytes)
        instanceof ProxyHeader.Read.Whole(int length, var from, var to))) {
      return false;
    }
    assertThat(length).isLessThanOrEqualTo(bytes.length);
    if (from != null && to != null) {
      ByteBuf out = Unpooled.buffer();
      ProxyHeader.writeV2(from, to, out);
      assertThat(ProxyHeader.read(out))
          .isEqualTo(new ProxyHeader.Read.Whole(out.readableBytes(), from, to));
    }
    return true;
  }
}
