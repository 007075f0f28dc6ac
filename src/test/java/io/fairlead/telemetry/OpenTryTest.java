package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class OpenTryTest {
  private static final long MS = 1_000_000;

  private final ServiceAnswers service = new ServiceAnswers(2);
  private final NodeAnswers node = service.newNode();

  private OpenTry begin(long now) {
    OpenTry one = new OpenTry();
    one.begin(service, node, 0, 0, 7, now);
    return one;
  }

  private String counted() {
    return "good "
        + node.get(0, NodeAnswers.GOOD)
        + ", errors "
        + node.get(0, NodeAnswers.ERRORS)
        + ", waiting for long "
        + (node.get(0, NodeAnswers.AGED) - node.get(0, NodeAnswers.CAUGHT_UP));
  }

  @Test
  void anAnswerIsCountedWhenItsHeadComes() {
    OpenTry one = begin(0);
    one.answered(false, 20 * MS);
    assertThat(counted()).isEqualTo("good 1, errors 0, waiting for long 0");
    assertThat(node.get(0, NodeAnswers.BUCKETS + NodeAnswers.bucketOf(20 * MS))).isEqualTo(1);
    one.end(9_000 * MS);
    assertThat(counted()).isEqualTo("good 1, errors 0, waiting for long 0");
  }

  @Test
  void anErrorHasNoDurationButAClient() {
    OpenTry one = begin(0);
    one.answered(true, MS);
    one.end(MS);
    assertThat(counted()).isEqualTo("good 0, errors 1, waiting for long 0");
    int clients = 0;
    for (int i = 0; i < NodeAnswers.CLIENT_PLACES; i++) {
      clients += node.get(0, NodeAnswers.CLIENTS + i);
    }
    assertThat(clients).isEqualTo(1);
  }

  @Test
  void whatBreaksAfterItsHeadIsAnErrorToo() {
    OpenTry one = begin(0);
    one.answered(false, MS);
    one.failed();
    one.end(2 * MS);
    assertThat(counted()).isEqualTo("good 1, errors 1, waiting for long 0");
  }

  @Test
  void whatWaitsTooLongIsCountedWhileItWaitsAndOnlyOnce() {
    service.setOld(0, 100 * MS);
    OpenTry hangs = begin(0);
    OpenTry young = begin(60 * MS);
    service.sweep(0, 100 * MS);
    assertThat(counted()).isEqualTo("good 0, errors 0, waiting for long 0");
    service.sweep(0, 101 * MS);
    service.sweep(0, 150 * MS);
    assertThat(counted()).isEqualTo("good 0, errors 0, waiting for long 1");
    hangs.answered(false, 200 * MS);
    young.answered(false, 210 * MS);
    service.sweep(0, 300 * MS);
    assertThat(counted()).isEqualTo("good 2, errors 0, waiting for long 0");
  }

  @Test
  void aClientThatGoesAwaySaysNothingUnlessItHadToWait() {
    service.setOld(0, 100 * MS);
    begin(0).end(10 * MS);
    assertThat(counted()).isEqualTo("good 0, errors 0, waiting for long 0");
    begin(0).end(60 * MS);
    assertThat(counted())
        .as("longer than nearly all")
        .isEqualTo("good 1, errors 0, waiting for long 0");
    OpenTry hangs = begin(0);
    service.sweep(0, 200 * MS);
    hangs.end(300 * MS);
    assertThat(counted()).isEqualTo("good 2, errors 0, waiting for long 0");
  }

  /** Any order of beginnings, ends and looks: every try is counted once, and nobody is left. */
  @Test
  void nobodyIsLostAndNobodyCountedTwice() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    service.setOld(0, 50 * MS);
    ArrayDeque<OpenTry> open = new ArrayDeque<>();
    ArrayDeque<OpenTry> used = new ArrayDeque<>();
    long now = 0;
    int good = 0;
    int errors = 0;
    for (int i = 0; i < 10_000; i++) {
      now += random.nextLong(5 * MS);
      switch (random.nextInt(4)) {
        case 0, 1 -> {
          OpenTry next = used.isEmpty() ? new OpenTry() : used.poll();
          next.begin(service, node, 0, 0, random.nextInt(), now);
          if (random.nextBoolean()) {
            open.addFirst(next);
          } else {
            open.addLast(next);
          }
        }
        case 2 -> {
          OpenTry ends = open.poll();
          if (ends != null) {
            if (random.nextBoolean()) {
              ends.answered(false, now);
              good++;
            } else {
              ends.failed();
              errors++;
            }
            ends.end(now);
            used.add(ends);
          }
        }
        default -> service.sweep(0, now);
      }
    }
    service.sweep(0, now + 1_000 * MS);
    assertThat(counted())
        .as("seed %d", seed)
        .isEqualTo("good " + good + ", errors " + errors + ", waiting for long " + open.size());
    open.forEach(OpenTry::failed);
    assertThat(counted())
        .as("seed %d", seed)
        .isEqualTo("good " + good + ", errors " + (errors + open.size()) + ", waiting for long 0");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000, 63_999, 64_000, 1_000_000, 20_000_000, 3_000_000_000L})
  void aDurationIsInABucketThatEndsBehindItAndIsNarrow(long nanos) {
    int bucket = NodeAnswers.bucketOf(nanos);
    assertThat(NodeAnswers.upperNanos(bucket)).isGreaterThan(nanos);
    if (bucket > 0) {
      assertThat(NodeAnswers.upperNanos(bucket - 1)).isLessThanOrEqualTo(nanos);
      assertThat(NodeAnswers.upperNanos(bucket + NodeAnswers.PER_DOUBLING))
          .isEqualTo(2 * NodeAnswers.upperNanos(bucket));
    }
  }

  @Test
  void theSixteenthRouteAndAllFurtherOnesShareAClass() {
    for (int i = 0; i < 20; i++) {
      assertThat(service.classOf("r" + i)).isEqualTo(Math.min(i, ServiceAnswers.CLASSES - 1));
    }
    assertThat(service.classOf("r3")).isEqualTo(3);
    assertThat(service.classCount()).isEqualTo(ServiceAnswers.CLASSES);
    assertThat(service.routesOf(3)).isEqualTo("r3");
    assertThat(service.routesOf(15)).isEqualTo("others");
  }

  @Test
  void aClientThatSendsNearlyEverythingIsOneWhoeverElseThereIs() {
    assertThat(service.clients()).isInfinite();
    for (int i = 0; i < 1000; i++) {
      service.sample(0, i % 20 == 0 ? i : 1);
    }
    assertThat(service.clients()).isBetween(1.0, 2.0);
    for (int i = 0; i < 2000; i++) {
      service.sample(0, i * 2654435);
    }
    assertThat(service.clients()).isGreaterThan(20);
  }
}
