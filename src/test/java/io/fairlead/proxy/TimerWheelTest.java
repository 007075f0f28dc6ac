package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The wheel against a plain list of deadlines. */
final class TimerWheelTest {
  private static final long TICK = TimerWheel.TICK_MILLIS * 1_000_000;

  /** A timer that remembers what ought to become of it. */
  private static final class Watched extends TimerWheel.Timer {
    private boolean planned;
    private long deadline;
    private int fired;

    @Override
    protected void expired(long now) {
      assertThat(planned).as("fires only if planned").isTrue();
      assertThat(now).as("never early").isGreaterThanOrEqualTo(deadline);
      planned = false;
      fired++;
    }
  }

  @Test
  void whateverIsSetAndCancelledItFiresNeverEarlyAndAtMostTwoTicksLate() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    TimerWheel wheel = new TimerWheel(0);
    List<Watched> timers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      timers.add(new Watched());
    }
    long now = 0;
    int fired = 0;
    for (int step = 0; step < 200_000; step++) {
      Watched timer = timers.get(random.nextInt(timers.size()));
      switch (random.nextInt(4)) {
        case 0 -> {
          wheel.cancel(timer);
          timer.planned = false;
        }
        case 1, 2 -> {
          long ahead = random.nextLong(random.nextInt(20) == 0 ? 3_000 * TICK : 30 * TICK);
          timer.deadline = now + ahead;
          timer.planned = true;
          wheel.set(timer, timer.deadline);
        }
        default -> {
          now += random.nextLong(random.nextInt(1000) == 0 ? 2_000 * TICK : 2 * TICK);
          wheel.advance(now);
          for (Watched each : timers) {
            assertThat(each.planned && each.deadline + 2 * TICK < now)
                .as("overdue, seed %d, step %d", seed, step)
                .isFalse();
          }
        }
      }
    }
    for (Watched each : timers) {
      fired += each.fired;
    }
    assertThat(fired).as("seed %d", seed).isGreaterThan(10_000);
  }

  @Test
  void aTimerThatIsCancelledByAnotherOfTheSameMomentDoesNotFire() {
    TimerWheel wheel = new TimerWheel(0);
    List<String> fired = new ArrayList<>();
    TimerWheel.Timer[] timers = new TimerWheel.Timer[3];
    for (int i = 0; i < timers.length; i++) {
      int own = i;
      timers[i] =
          new TimerWheel.Timer() {
            @Override
            protected void expired(long now) {
              fired.add("timer");
              wheel.cancel(timers[(own + 1) % 3]);
              wheel.cancel(timers[(own + 2) % 3]);
              wheel.set(this, now + 10 * TICK);
            }
          };
      wheel.set(timers[i], TICK);
    }
    wheel.advance(2 * TICK);
    assertThat(fired).hasSize(1);
    wheel.advance(30 * TICK);
    assertThat(fired).hasSize(2);
  }

  @Test
  void aTimerThatFailsStopsNoOther() {
    TimerWheel wheel = new TimerWheel(0);
    int[] fired = {0};
    for (int i = 0; i < 3; i++) {
      wheel.set(
          new TimerWheel.Timer() {
            @Override
            protected void expired(long now) {
              fired[0]++;
              throw new IllegalStateException("a mistake, made on purpose by a test");
            }
          },
          TICK);
    }
    wheel.advance(2 * TICK);
    assertThat(fired[0]).isEqualTo(3);
  }
}
