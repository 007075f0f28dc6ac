package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.stream.LongStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

/** Whoever follows hears of each event once, whenever it came. */
@Timeout(30)
final class EventLogTest {
  private static final int EVENTS = 200;

  @RepeatedTest(20)
  void whoFollowsMissesNothingThatComesMeanwhile() throws Exception {
    EventLog log = new EventLog(() -> 0);
    ConcurrentLinkedQueue<Long> heard = new ConcurrentLinkedQueue<>();
    CountDownLatch begun = new CountDownLatch(1);
    Thread adding =
        Thread.ofPlatform()
            .start(() -> {
              for (int i = 0; i < EVENTS; i++) {
                log.add(new Event.InstanceStopping("test"));
                begun.countDown();
              }
            });
    begun.await();
    Runnable unfollow = log.follow(entry -> heard.add(entry.id()));
    adding.join();
    List<Long> all = LongStream.rangeClosed(1, EVENTS).boxed().toList();
    assertThat(heard).containsExactlyInAnyOrderElementsOf(all);
    unfollow.run();
    log.add(new Event.InstanceStopping("test"));
    assertThat(heard).hasSize(EVENTS);
  }
}
