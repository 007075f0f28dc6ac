package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.LoneLeadership;
import io.fairlead.runtime.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Who scales: only as long as the lease lasts, whatever is heard. */
class SeatTest {
  private final ManualScheduler time = new ManualScheduler();
  private final List<String> told = new ArrayList<>();
  private Leadership.@Nullable Candidate candidate;
  private boolean closed;

  private final Leadership leadership =
      (role, one) -> {
        told.add(role);
        candidate = one;
        return new Leadership.Candidacy() {
          @Override
          public void resign() {}

          @Override
          public void close() {
            closed = true;
          }
        };
      };

  private Leadership.Candidate candidate() {
    Leadership.Candidate present = candidate;
    if (present == null) {
      throw new AssertionError("nobody stands");
    }
    return present;
  }

  private Seat seat(Leadership by) {
    return new Seat(by, "shop", time, _ -> {}, held -> told.add(time.epochMillis() + " " + held));
  }

  @Test
  void actsFromTheFirstLeaseUntilItEnds() {
    try (Seat _ = seat(leadership)) {
      time.advance(Duration.ofMillis(100));
      candidate().elected(7);
      assertThat(told).containsExactly("scale/shop");
      candidate().renewed(0, Duration.ofSeconds(1)); // asked for 100 ms ago
      time.advance(Duration.ofMillis(500));
      candidate().renewed(time.nanoTime(), Duration.ofSeconds(1));
      time.advance(Duration.ofMillis(1500));
      assertThat(told).containsExactly("scale/shop", "100 true", "1600 false");
      candidate().renewed(time.nanoTime(), Duration.ofSeconds(1));
      time.advance(Duration.ofMillis(100));
      candidate().deposed();
      time.advance(Duration.ofSeconds(2));
      assertThat(told).endsWith("2100 true", "2200 false");
    }
    assertThat(closed).isTrue();
  }

  @Test
  void whoIsAloneActsAtOnceAndForEver() {
    try (Seat _ = seat(new LoneLeadership(time, Duration.ofSeconds(3)))) {
      time.advance(Duration.ofSeconds(60));
      assertThat(told).containsExactly("0 true");
    }
  }
}
