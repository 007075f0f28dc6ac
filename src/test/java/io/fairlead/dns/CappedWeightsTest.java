package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Weights by free room, told with a clock turned by hand. */
final class CappedWeightsTest {
  private static final long SECOND = 1_000_000_000L;
  private final CappedWeights weights = new CappedWeights();

  private static Member member(String address, double weight, long active, long capacity) {
    return new Member(
        InetAddress.ofLiteral(address), address, weight, "", true, false, active, capacity, 0);
  }

  private void follow(long second, Member... members) {
    weights.follow(List.of(members), second * SECOND, 30 * SECOND);
  }

  @Test
  void theFirstLookCountsAsItIs() {
    Member busy = member("192.0.2.1", 1, 80, 100);
    Member idle = member("192.0.2.2", 2, 0, 100);
    follow(0, busy, idle);
    assertThat(weights.of(busy)).isEqualTo(0.2, within(1e-9));
    assertThat(weights.of(idle)).isEqualTo(2);
  }

  @Test
  void aWeightHalvesOrDoublesAtMostWithinTheTimeOfAnAnswer() {
    follow(0, member("192.0.2.1", 1, 0, 100));
    Member full = member("192.0.2.1", 1, 100, 100);
    follow(1, full);
    assertThat(weights.of(full)).isEqualTo(0.5);
    follow(29, full);
    assertThat(weights.of(full)).as("however often one looks").isEqualTo(0.5);
    follow(30, full);
    assertThat(weights.of(full)).isEqualTo(0.25);
    for (int i = 2; i < 20; i++) {
      follow(30L * i, full);
    }
    assertThat(weights.of(full)).as("never nothing").isEqualTo(0.01);
    Member idle = member("192.0.2.1", 1, 0, 100);
    follow(600, idle);
    assertThat(weights.of(idle)).as("and slowly back").isEqualTo(0.02);
  }

  @Test
  void whereNobodySaysWhatMembersCanDoTheBusiestHasHalfItsRoomLeft() {
    Member busy = member("192.0.2.1", 1, 100, 0);
    Member idle = member("192.0.2.2", 1, 10, 0);
    follow(0, busy, idle);
    assertThat(weights.of(busy)).isEqualTo(0.5);
    assertThat(weights.of(idle)).isEqualTo(0.95, within(1e-9));
  }

  @Test
  void littleToDoIsNoDifference() {
    Member one = member("192.0.2.1", 1, 1, 0);
    Member other = member("192.0.2.2", 1, 0, 0);
    follow(0, one, other);
    assertThat(weights.of(one)).isGreaterThan(0.95);
  }
}
