package io.fairlead.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ListenerTls.Tickets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What becomes of the keys of session tickets as time goes by. */
class TicketKeysTest {
  private static final Tickets HOURLY = new Tickets(true, Duration.ofHours(1), 2);
  private static final long HOUR = Duration.ofHours(1).toNanos();

  private record Told(String key, Duration left) {}

  private static List<Told> told(TicketKeys keys, long now) {
    List<Told> told = new ArrayList<>();
    keys.tell((key, left) -> told.add(new Told(HexFormat.of().formatHex(key), left)), now);
    return told;
  }

  private static List<String> names(TicketKeys keys, long now) {
    return told(keys, now).stream().map(Told::key).toList();
  }

  /** Others have an hour to hear of the next key before anything is under it. */
  @Test
  void theNextKeyIsThereBeforeItIsUsedAndTheLastTwoAfterwards() {
    TicketKeys keys = new TicketKeys(new SecureRandom(), HOURLY, 0);
    List<String> first = names(keys, 0);
    assertThat(first).hasSize(2);
    assertThat(keys.turn(HOURLY, HOUR - 1)).isFalse();
    assertThat(keys.turn(HOURLY, HOUR)).isTrue();
    List<String> second = names(keys, HOUR);
    assertThat(second).hasSize(3);
    assertThat(second.get(0)).isEqualTo(first.get(1));
    assertThat(second.get(1)).isNotIn(first);
    assertThat(second.get(2)).isEqualTo(first.get(0));
    assertThat(keys.turn(HOURLY, HOUR)).isFalse();

    assertThat(keys.turn(HOURLY, 2 * HOUR)).isTrue();
    assertThat(names(keys, 2 * HOUR)).hasSize(4).endsWith(first.get(1), first.get(0));
    // Used for an hour, kept for two.
    assertThat(told(keys, 3 * HOUR - 1).getLast()).isEqualTo(new Told(first.get(0), nanos(1)));
    assertThat(keys.turn(HOURLY, 3 * HOUR)).isTrue();
    assertThat(names(keys, 3 * HOUR))
        .hasSize(4)
        .doesNotContain(first.get(0))
        .contains(first.get(1));
  }

  @Test
  void keysOfOthersEndWhenTheySay() {
    TicketKeys a = new TicketKeys(new SecureRandom(), HOURLY, 0);
    TicketKeys b = new TicketKeys(new SecureRandom(), HOURLY, 0);
    List<byte[]> secrets = new ArrayList<>();
    a.tell((key, left) -> secrets.add(key), 0);
    assertThat(b.accept(secrets.getFirst(), Duration.ofMinutes(5), HOURLY, 0)).isTrue();
    assertThat(b.accept(secrets.getFirst(), Duration.ofMinutes(9), HOURLY, 0))
        .as("told again")
        .isFalse();
    assertThat(a.accept(secrets.getFirst(), Duration.ofMinutes(9), HOURLY, 0))
        .as("its own")
        .isFalse();
    assertThat(names(b, 0)).hasSize(3).endsWith(HexFormat.of().formatHex(secrets.getFirst()));
    assertThat(b.turn(HOURLY, Duration.ofMinutes(5).toNanos() - 1)).isFalse();
    assertThat(b.turn(HOURLY, Duration.ofMinutes(5).toNanos())).isTrue();
    assertThat(b.count()).isEqualTo(2);

    // Nobody makes us keep one for longer than the longest of ours.
    assertThat(b.accept(secrets.getLast(), Duration.ofDays(99), HOURLY, 0)).isTrue();
    assertThat(told(b, 0).getLast().left()).isEqualTo(Duration.ofHours(4));
  }

  @Test
  void whatIsNoKeyIsRefusedAndThereIsRoomForSoManyOnly() {
    TicketKeys keys = new TicketKeys(new SecureRandom(), HOURLY, 0);
    assertThat(keys.accept(new byte[47], Duration.ofHours(1), HOURLY, 0)).isFalse();
    assertThat(keys.accept(new byte[48], Duration.ZERO, HOURLY, 0)).isFalse();
    SecureRandom random = new SecureRandom();
    for (int i = 1; i <= TicketKeys.MOST_OF_OTHERS; i++) {
      byte[] key = new byte[48];
      random.nextBytes(key);
      assertThat(keys.accept(key, Duration.ofMinutes(10).plusMillis(i), HOURLY, 0)).isTrue();
    }
    assertThat(keys.count()).isEqualTo(2 + TicketKeys.MOST_OF_OTHERS);
    byte[] more = new byte[48];
    random.nextBytes(more);
    assertThat(keys.accept(more, Duration.ofMinutes(1), HOURLY, 0)).as("the shortest").isFalse();
    assertThat(keys.accept(more, Duration.ofHours(1), HOURLY, 0)).isTrue();
    assertThat(keys.count()).isEqualTo(2 + TicketKeys.MOST_OF_OTHERS);
  }

  private static Duration nanos(long nanos) {
    return Duration.ofNanos(nanos);
  }
}
