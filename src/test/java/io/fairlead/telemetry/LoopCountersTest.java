package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class LoopCountersTest {
  @Test
  void eachNameHasItsOwnSumOverAllLoops() {
    LoopCounters<NodeCounter> counters = new LoopCounters<>(3, NodeCounter.class);
    for (NodeCounter name : NodeCounter.values()) {
      counters.add(0, name, 100L * name.name().length());
      counters.increment(2, name);
    }
    for (NodeCounter name : NodeCounter.values()) {
      assertThat(counters.get(name)).isEqualTo(100L * name.name().length() + 1);
    }
  }

  @Test
  void loopsThatCountAtOnceLoseNothing() throws Exception {
    LoopCounters<RouteCounter> counters = new LoopCounters<>(4, RouteCounter.class);
    try (ExecutorService loops = Executors.newFixedThreadPool(4)) {
      List<Callable<Void>> work =
          java.util.stream.IntStream.range(0, 4)
              .<Callable<Void>>mapToObj(loop ->
                  () -> {
                    for (int i = 0; i < 100_000; i++) {
                      counters.increment(loop, RouteCounter.REQUESTS);
                    }
                    return null;
                  })
              .toList();
      for (Future<Void> done : loops.invokeAll(work)) {
        done.get();
      }
    }
    assertThat(counters.get(RouteCounter.REQUESTS)).isEqualTo(400_000);
  }
}
