package io.fairlead.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LoneLeadershipTest {
  private static final Duration TTL = Duration.ofSeconds(3);

  private final ManualScheduler time = new ManualScheduler();
  private final LoneLeadership leadership = new LoneLeadership(time, TTL);
  private final List<String> story = new ArrayList<>();
  private final List<Long> terms = new ArrayList<>();

  private Leadership.Candidacy stand(String name) {
    return leadership.stand(
        "vip/front",
        new Leadership.Candidate() {
          @Override
          public void elected(long term) {
            terms.add(term);
            tell(name + " is elected");
          }

          @Override
          public void renewed(long sentNanos, Duration ttl) {
            assertThat(sentNanos).isEqualTo(time.nanoTime());
            assertThat(ttl).isEqualTo(TTL);
            tell(name + " is renewed");
          }

          @Override
          public void deposed() {
            tell(name + " is deposed");
          }
        });
  }

  private void tell(String what) {
    story.add(time.epochMillis() / 1000 + " " + what);
  }

  @Test
  void whoStandsIsElectedAtOnceAndRenewedEachThird() {
    Leadership.Candidacy _ = stand("a");
    time.advance(Duration.ofSeconds(2));
    assertThat(story)
        .containsExactly("0 a is elected", "0 a is renewed", "1 a is renewed", "2 a is renewed");
  }

  @Test
  void theNextOneIsElectedWithAHigherTerm() {
    Leadership.Candidacy first = stand("a");
    Leadership.Candidacy _ = stand("b");
    time.run();
    first.close();
    time.advance(Duration.ofSeconds(1));
    assertThat(story)
        .containsExactly(
            "0 a is elected",
            "0 a is renewed",
            "0 a is deposed",
            "0 b is elected",
            "0 b is renewed",
            "1 b is renewed");
    assertThat(terms.get(1)).isGreaterThan(terms.get(0));
  }

  @Test
  void whoResignsStandsAgainAfterTheOthers() {
    Leadership.Candidacy first = stand("a");
    time.run();
    story.clear();
    first.resign();
    time.advance(Duration.ofSeconds(3));
    assertThat(story).containsExactly("0 a is deposed", "3 a is elected", "3 a is renewed");
  }

  @Test
  void whoHasClosedHearsNothingMore() {
    Leadership.Candidacy first = stand("a");
    time.run();
    first.resign();
    first.close();
    time.advance(Duration.ofSeconds(30));
    assertThat(story).last().isEqualTo("0 a is deposed");
  }
}
