package io.fairlead.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RequestIdsTest {

  @Test
  void idsOfOneLoopAreUniqueAndSortedEvenWhenTheClockGoesBack() {
    long[] clock = {1_000, 1_000, 1_001, 500, 500, 1_002, 999, 2_000};
    int[] looks = {0};
    RequestIds ids = new RequestIds(0xBEEF, 3, () -> clock[looks[0]++]);
    List<String> made = new ArrayList<>();
    for (long millis = 0; millis < clock.length; millis++) {
      made.add(next(ids, millis * 1_000_000));
      made.add(next(ids, millis * 1_000_000 + 999_999)); // too early for another look
    }
    assertThat(looks[0]).isEqualTo(clock.length);
    assertThat(made).isSorted().doesNotHaveDuplicates();
    assertThat(made.getFirst()).isEqualTo("0000000003e8beef03000001");
  }

  @Test
  void theyStaySortedWhenTheCounterBeginsAgain() {
    RequestIds ids = new RequestIds(0, 0, () -> 1_000);
    String before = next(ids, 0);
    for (int i = 0; i < 1 << 24; i++) {
      ids.next(new byte[RequestIds.LENGTH], 0, 0);
    }
    assertThat(next(ids, 0)).isGreaterThan(before);
  }

  @Test
  void loopsAndInstancesAreToldApart() {
    HashSet<String> made = new HashSet<>();
    for (int instance = 0; instance < 10; instance++) {
      for (int loop = 0; loop < 10; loop++) {
        made.add(next(new RequestIds(instance, loop, () -> 1_000), 0));
      }
    }
    assertThat(made).hasSize(100);
  }

  private static String next(RequestIds ids, long nowNanos) {
    byte[] id = new byte[RequestIds.LENGTH];
    ids.next(id, 0, nowNanos);
    return new String(id, US_ASCII);
  }
}
