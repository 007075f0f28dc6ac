package io.fairlead.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Fuzz;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Mutates first bytes of connections: whatever comes, the reader says one thing, however it is cut
 * into segments, and a hello that it takes is the same for every cut.
 */
final class ClientHelloFuzzTest {
  @Test
  void noCutOfNoBytesChangesWhatTheyMean() throws Exception {
    List<byte[]> seeds =
        HelloReaderTest.firstBytes()
            .map(each -> (byte[]) each.get()[2])
            .filter(b -> b.length > 0)
            .toList();
    byte[] sound = Hello.modern().name("a.example").protocols("h2", "http/1.1").record();
    Fuzz.run(
        "ClientHello",
        2,
        0.01,
        random -> {
          byte[] seed = random.nextInt(3) == 0 ? seeds.get(random.nextInt(seeds.size())) : sound;
          byte[] bytes = mutate(seed, random);
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
          longer[at] = (byte) random.nextInt(256);
          bytes = longer;
        }
      }
    }
    return bytes;
  }

  private static boolean check(byte[] bytes, SplittableRandom random) {
    HelloReader whole = new HelloReader();
    HelloReader.Result result = read(whole, bytes, bytes.length, random);
    HelloReader cut = new HelloReader();
    assertThat(read(cut, bytes, 1 + random.nextInt(60), random)).isEqualTo(result);
    if (result != HelloReader.Result.DONE) {
      return false;
    }
    assertThat(cut.hello()).isEqualTo(whole.hello());
    String name = whole.hello().serverName();
    assertThat(name.length()).isLessThan(256);
    assertThat(name.chars()).allMatch(c -> c > ' ' && c < 127 && !(c >= 'A' && c <= 'Z'));
    return true;
  }

  private static HelloReader.Result read(
      HelloReader reader, byte[] bytes, int most, SplittableRandom random) {
    ByteBuf in = Unpooled.wrappedBuffer(bytes);
    HelloReader.Result result = HelloReader.Result.MORE;
    for (int at = 0; at < bytes.length && result == HelloReader.Result.MORE; ) {
      int end =
          Math.min(bytes.length, at + (most == bytes.length ? most : 1 + random.nextInt(most)));
      result = reader.read(in, at, end);
      at = end;
    }
    return result;
  }
}
