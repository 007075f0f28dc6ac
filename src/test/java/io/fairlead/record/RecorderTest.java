package io.fairlead.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.insight.rollup.Answer;
import io.fairlead.insight.rollup.Question;
import io.fairlead.insight.rollup.Rollups;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The thread: what it does without being asked, and what it leaves behind. */
final class RecorderTest {
  private static final long RING = 4 << 20;
  private static final Retention KEEP = new Retention(7, 1L << 30);

  @TempDir private Path data;

  private int sent;

  private void send(RecordRings rings, int count) {
    for (int i = 0; i < count; i++) {
      RecordDraft draft = rings.ring(0).draft();
      draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
      draft.times(System.currentTimeMillis() * 1000, 1_000_000);
      draft.id(sent, sent++);
      rings.ring(0).write();
    }
  }

  private Recorder start(RecordRings rings, RecordConsumer... consumers) {
    return Recorder.start(
        data, "lb1", KEEP, rings, RING, List.of(consumers), System::currentTimeMillis, _ -> {});
  }

  private RecordRings rings() throws Exception {
    return RecordRings.open(data, 1, RING, new RecordNames());
  }

  private String count() throws Exception {
    try (Duck duck = new Duck()) {
      return duck.value(
          "select count(*) || ' ' || count(distinct id) from " + Duck.all(data, "requests"));
    }
  }

  @Test
  void everythingIsOnDiskWhenItHasEnded() throws Exception {
    RecordRings rings = rings();
    Recorder recorder = start(rings);
    send(rings, 1000);
    recorder.close();
    assertThat(count()).isEqualTo("1000 1000");
    assertThat(recorder.stats().written()).isEqualTo(1000);
    assertThat(RecordRings.left(data)).isEmpty();
  }

  @Test
  void whatAKilledProcessLeftIsWrittenFirst() throws Exception {
    RecordRings killed = rings();
    send(killed, 500);
    killed.leave();
    RecordRings rings = rings();
    try (Recorder recorder = start(rings)) {
      send(rings, 3);
      while (recorder.stats().recovered() == 0) {
        Thread.onSpinWait();
      }
      assertThat(count()).isEqualTo("500 500");
      assertThat(recorder.stats().recovered()).isEqualTo(500);
    }
    assertThat(count()).isEqualTo("503 503");
  }

  @Test
  void aFailureInItsMidstIsNotItsEnd() throws Exception {
    CountDownLatch later = new CountDownLatch(1);
    AtomicInteger seen = new AtomicInteger();
    RecordConsumer broken =
        new RecordConsumer() {
          @Override
          public void accept(RecordView record, Names names) {
            if (seen.incrementAndGet() == 2) {
              throw new AssertionError("broken");
            }
            if (seen.get() == 4) {
              later.countDown();
            }
          }

          @Override
          public void caughtUp(long epochMillis, Runnable rest) {}
        };
    RecordRings rings = rings();
    Recorder recorder = start(rings, broken);
    send(rings, 4);
    assertThat(later.await(10, TimeUnit.SECONDS)).isTrue();
    recorder.close();
    assertThat(recorder.stats().restarts()).isEqualTo(1);
    assertThat(count()).isEqualTo("4 4");
  }

  @Test
  void whatCannotBeWrittenIsLeftToTheNextProcess() throws Exception {
    Path fault = data.resolve("records");
    Files.writeString(fault, "not a folder");
    RecordRings rings = rings();
    Recorder recorder = start(rings);
    send(rings, 10);
    recorder.close();
    Files.delete(fault);
    RecordRings next = rings();
    try (Recorder second = start(next)) {
      while (second.stats().recovered() == 0) {
        Thread.onSpinWait();
      }
    }
    assertThat(count()).isEqualTo("10 10");
  }

  private Recorder count(RecordRings rings) {
    return Recorder.start(
        data,
        "lb1",
        KEEP,
        rings,
        RING,
        List.of(),
        new Rollups(data, System::currentTimeMillis, 1),
        System::currentTimeMillis,
        _ -> {});
  }

  private long counted() throws IOException {
    long now = System.currentTimeMillis();
    Answer all =
        new Rollups(data, () -> now, 1)
            .series(new Question(now - 3_600_000, now + 10_000, 0, List.of(), Map.of()));
    return all.series().stream().mapToLong(each -> each.total().requests()).sum();
  }

  @Test
  void whatAKilledProcessLeftIsCounted() throws Exception {
    RecordRings killed = rings();
    send(killed, 500);
    killed.leave();
    RecordRings rings = rings();
    try (Recorder recorder = count(rings)) {
      send(rings, 3);
      while (recorder.stats().recovered() == 0) {
        Thread.onSpinWait();
      }
      assertThat(counted()).isEqualTo(500);
    }
    assertThat(counted()).isEqualTo(503);
    assertThat(count()).isEqualTo("503 503");
  }

  /** Files of records and rollups know each for itself how far they are. */
  @ParameterizedTest
  @ValueSource(strings = {"records", "rollups"})
  void whatOnlyOneOfThemHasIsNotThereTwice(String broken) throws Exception {
    Path fault = data.resolve(broken);
    Files.writeString(fault, "not a folder");
    RecordRings rings = rings();
    Recorder recorder = count(rings);
    send(rings, 10);
    recorder.close();
    Files.delete(fault);
    assertThat(counted()).isEqualTo(broken.equals("rollups") ? 0 : 10);
    RecordRings next = rings();
    try (Recorder second = count(next)) {
      while (counted() < 10 || (broken.equals("records") && second.stats().recovered() == 0)) {
        Thread.onSpinWait();
      }
      send(next, 1);
    }
    assertThat(count()).isEqualTo("11 11");
    assertThat(counted()).isEqualTo(11);
  }
}
