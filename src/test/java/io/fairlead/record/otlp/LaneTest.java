package io.fairlead.record.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.Event;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a lane makes of answers, of none, and of its end. */
@Timeout(30)
final class LaneTest {
  private static final Sending LATER = new Sending.Later("answered 503", Duration.ZERO);

  private final Tally tally = new Tally("traces");
  private final List<Event> events = Collections.synchronizedList(new ArrayList<>());

  /** Ten things, once; answers as they are given. */
  private static final class Scripted implements Cargo {
    final Deque<Sending> answers = new ArrayDeque<>();
    final CountDownLatch answered;
    final boolean worth;
    final AtomicInteger sent = new AtomicInteger();
    private boolean gathered;

    Scripted(boolean worth, Sending... answers) {
      this.worth = worth;
      this.answers.addAll(List.of(answers));
      answered = new CountDownLatch(answers.length);
    }

    @Override
    public int gather(boolean last) {
      boolean first = !gathered;
      gathered = true;
      return first ? 10 : 0;
    }

    @Override
    public Sending send() throws InterruptedException {
      sent.incrementAndGet();
      Sending next = answers.poll();
      answered.countDown();
      if (next == null) {
        new CountDownLatch(1).await(); // hangs
      }
      return next;
    }

    @Override
    public int abandon() {
      return 5;
    }

    @Override
    public boolean isWorthWaiting() {
      return worth;
    }

    @Override
    public long pauseNanos() {
      return TimeUnit.SECONDS.toNanos(1);
    }
  }

  private void run(Scripted cargo) throws InterruptedException {
    try (Lane lane = new Lane(tally, cargo, new SplittableRandom(1), events::add)) {
      lane.start();
      cargo.answered.await();
    }
  }

  @Test
  void whatIsTakenLaterIsNotLost() throws Exception {
    Scripted cargo = new Scripted(true, LATER, new Sending.Done(0, ""));
    long begun = System.nanoTime();
    run(cargo);
    assertThat(System.nanoTime() - begun).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(740));
    assertThat(tally.read()).isEqualTo(new ExportStats("traces", 10, 0, 0, 0));
    assertThat(events).containsExactly(new Event.ExportStopped("traces", "answered 503"));
  }

  @Test
  void aPauseThatIsAskedForIsMade() throws Exception {
    Scripted cargo =
        new Scripted(
            true,
            new Sending.Later("answered 429", Duration.ofSeconds(2)),
            new Sending.Done(0, ""));
    long begun = System.nanoTime();
    run(cargo);
    assertThat(System.nanoTime() - begun).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(1_990));
  }

  @Test
  void whatIsRefusedIsLost() throws Exception {
    run(new Scripted(true, new Sending.Refused("answered 400")));
    assertThat(tally.read()).isEqualTo(new ExportStats("traces", 0, 0, 0, 10));
    assertThat(events).containsExactly(new Event.ExportStopped("traces", "answered 400"));
  }

  @Test
  void whatIsTakenInPartIsLostInPart() throws Exception {
    run(new Scripted(true, new Sending.Done(3, "too old")));
    assertThat(tally.read()).isEqualTo(new ExportStats("traces", 7, 0, 0, 3));
    assertThat(events).containsExactly(new Event.ExportStopped("traces", "rejected: too old"));
  }

  @Test
  void whatIsNotWorthWaitingIsLostAtOnce() throws Exception {
    Scripted cargo = new Scripted(false, LATER);
    run(cargo);
    assertThat(tally.read()).isEqualTo(new ExportStats("traces", 0, 0, 10, 0));
    assertThat(cargo.sent).hasValue(1);
  }

  /** The pause ends with the lane, and there is one more try. */
  @Test
  void theEndDoesNotWaitForAPause() throws Exception {
    Scripted cargo = new Scripted(true, new Sending.Later("answered 429", Duration.ofSeconds(30)));
    cargo.answers.add(LATER);
    long begun = System.nanoTime();
    run(cargo);
    assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(5));
    assertThat(tally.read()).isEqualTo(new ExportStats("traces", 0, 0, 10, 0));
  }

  @Test
  void theEndWaitsShortlyForSomebodyWhoHangs() throws Exception {
    Scripted cargo = new Scripted(true);
    long begun = System.nanoTime();
    try (Lane lane = new Lane(tally, cargo, new SplittableRandom(1), events::add)) {
      lane.start();
      while (cargo.sent.get() == 0) {
        Thread.onSpinWait();
      }
    }
    assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(6));
    assertThat(tally.read())
        .as("and what it never got")
        .isEqualTo(new ExportStats("traces", 0, 0, 15, 0));
  }
}
