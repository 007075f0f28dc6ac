package io.fairlead.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ControlThreadTest {
  private final ControlThread control = new ControlThread();

  @AfterEach
  void close() {
    control.close();
  }

  @Test
  void tasksRunInOrderOnOneThread() {
    List<Integer> order = new ArrayList<>(); // unguarded on purpose: one thread writes it
    for (int i = 0; i < 1000; i++) {
      int number = i;
      control.execute(() -> order.add(number));
    }
    List<Integer> seen = control.call(() -> List.copyOf(order));
    assertThat(seen).hasSize(1000).isSorted();
  }

  @Test
  void aFailingTaskDoesNotEndTheThread() {
    Thread before = control.call(Thread::currentThread);
    control.execute(() -> {
      throw new IllegalStateException("a test's own failure");
    });
    control.schedule(
        Duration.ZERO,
        () -> {
          throw new AssertionError("a test's own error");
        });
    assertThat(control.call(Thread::currentThread)).isSameAs(before);
  }

  @Test
  void aQuestionThatFailsTellsTheAsker() {
    assertThatThrownBy(() ->
            control.call(() -> {
              throw new IllegalStateException("no");
            }))
        .isInstanceOf(CompletionException.class)
        .hasRootCauseMessage("no");
  }

  @Test
  void aQuestionFromTheThreadItselfIsAnsweredOnTheSpot() {
    assertThat(control.isCurrent()).isFalse();
    assertThat(control.call(() -> control.call(control::isCurrent))).isTrue();
  }

  @Test
  void aCancelledTaskDoesNotRun() throws Exception {
    AtomicBoolean ran = new AtomicBoolean();
    CountDownLatch later = new CountDownLatch(1);
    control.schedule(Duration.ofMillis(20), () -> ran.set(true)).cancel();
    control.schedule(Duration.ofMillis(40), later::countDown);
    later.await();
    assertThat(ran).isFalse();
  }

  @Test
  void aTaskThatWaitsIsSeenAsLag() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    control.execute(() -> {
      begun.countDown();
      try {
        // longer than the distance of two measurements, so one of them has to wait
        assertThat(released.await(600, TimeUnit.MILLISECONDS)).isFalse();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    });
    begun.await();
    Duration highest = Duration.ZERO;
    while (highest.compareTo(Duration.ofMillis(200)) < 0) {
      Thread.onSpinWait();
      highest = control.lag();
    }
    assertThat(highest).isGreaterThanOrEqualTo(Duration.ofMillis(200));
    // The next task may have begun since, in time.
    assertThat(control.takeLongestLag()).isGreaterThanOrEqualTo(highest);
    assertThat(control.takeLongestLag()).isLessThan(highest);
  }

  @Test
  void afterClosingNothingRunsAndNothingThrows() {
    control.close();
    AtomicBoolean ran = new AtomicBoolean();
    control.execute(() -> ran.set(true));
    control.schedule(Duration.ZERO, () -> ran.set(true)).cancel();
    assertThat(ran).isFalse();
  }
}
