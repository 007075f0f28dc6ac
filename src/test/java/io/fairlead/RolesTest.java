package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.runtime.Leadership;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RolesTest {
  private final List<String> story = new ArrayList<>();

  /** Elects at once, and says so. */
  private Leadership named(String name) {
    return (role, candidate) -> {
      candidate.elected(1);
      story.add(name + ": " + role);
      return new Leadership.Candidacy() {
        @Override
        public void resign() {
          story.add(name + ": " + role + " resigned");
        }

        @Override
        public void close() {
          candidate.deposed();
          story.add(name + ": " + role + " closed");
        }
      };
    };
  }

  private final Leadership.Candidate candidate =
      new Leadership.Candidate() {
        @Override
        public void elected(long term) {
          story.add("elected");
        }

        @Override
        public void renewed(long sentNanos, Duration ttl) {}

        @Override
        public void deposed() {
          story.add("deposed");
        }
      };

  @Test
  void whoStandsGoesOnStandingWhenAGroupComesAndGoes() {
    Leadership group = named("group");
    Roles roles = new Roles(named("alone"));
    Leadership.Candidacy candidacy = roles.stand("vip/front", candidate);
    assertThat(story).as("before it is known").isEmpty();
    roles.follow(group);
    roles.follow(group);
    assertThat(story).containsExactly("elected", "group: vip/front");
    story.clear();
    roles.follow(null);
    assertThat(story)
        .containsExactly("deposed", "group: vip/front closed", "elected", "alone: vip/front");
    story.clear();
    candidacy.resign();
    candidacy.close();
    candidacy.close();
    roles.follow(group);
    assertThat(story)
        .containsExactly("alone: vip/front resigned", "deposed", "alone: vip/front closed");
  }
}
