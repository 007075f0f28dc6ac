package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class NetworksTest {
  private final long seed = Long.getLong("fairlead.seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);

  @Test
  void containsWhatOneOfThemContains() throws UnknownHostException {
    System.out.println("seed " + seed + " (repeat with -Dfairlead.seed=" + seed + ")");
    int hits = 0;
    for (int round = 0; round < 2_000; round++) {
      List<Cidr> list = new ArrayList<>();
      for (int i = random.nextInt(12); i >= 0; i--) {
        list.add(network());
      }
      Networks networks = Networks.of(list);
      for (int i = 0; i < 50; i++) {
        InetAddress address = address();
        boolean expected = list.stream().anyMatch(network -> network.contains(address));
        hits += expected ? 1 : 0;
        assertThat(networks.contains(Networks.high(address), Networks.low(address)))
            .as("seed %s: %s in %s", seed, address, list)
            .isEqualTo(expected);
      }
    }
    assertThat(hits).isBetween(5_000, 95_000);
  }

  @Test
  void theEndsOfRangesBelongToThem() {
    for (String text : List.of("0.0.0.0/0", "255.255.255.255", "::/0", "ffff::/16", "8000::/1")) {
      Cidr network = Cidr.parse(text);
      Networks networks = Networks.of(List.of(network));
      InetAddress first = network.address();
      assertThat(networks.contains(Networks.high(first), Networks.low(first))).isTrue();
    }
    InetAddress last = InetAddress.ofLiteral("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    assertThat(
            Networks.of(List.of(Cidr.parse("ffff::/16")))
                .contains(Networks.high(last), Networks.low(last)))
        .isTrue();
    assertThat(Networks.NONE.contains(0, 0)).isFalse();
  }

  // Few different bits, so that networks touch and contain each other and are often hit.
  private InetAddress address() throws UnknownHostException {
    byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
    bytes[0] = (byte) (random.nextInt(4) << 6);
    bytes[1] = (byte) random.nextInt(4);
    bytes[bytes.length - 1] = (byte) (random.nextInt(4) << random.nextInt(7));
    return InetAddress.getByAddress(bytes);
  }

  private Cidr network() throws UnknownHostException {
    byte[] bytes = address().getAddress();
    int bits = bytes.length * 8;
    int prefix =
        switch (random.nextInt(4)) {
          case 0 -> random.nextInt(1, 4);
          case 1 -> random.nextInt(8, 17);
          case 2 -> random.nextInt(bits + 1);
          default -> random.nextInt(bits - 7, bits + 1);
        };
    for (int bit = prefix; bit < bits; bit++) {
      bytes[bit / 8] &= (byte) ~(0x80 >> (bit % 8));
    }
    return new Cidr(InetAddress.getByAddress(bytes), prefix);
  }
}
