package io.fairlead.vip;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.VipAddress;
import io.fairlead.config.VipConfig;
import io.fairlead.config.VipElection;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.LoneLeadership;
import io.fairlead.runtime.ManualScheduler;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An address is held for as long as the lease surely lasts, told as stories. */
final class LeaseElectionTest {
  private static final Duration TTL = Duration.ofSeconds(3);
  private static final VipConfig CONFIG =
      new VipConfig(
          "front",
          List.of(VipAddress.parse("10.0.0.100/24")),
          "eth0",
          254,
          List.of(),
          false,
          new VipElection.Lease());

  private final ManualScheduler time = new ManualScheduler();
  private final List<String> story = new ArrayList<>();

  /** How long the kernel takes for each call. */
  private Duration slow = Duration.ZERO;

  private boolean possible = true;
  private Leadership.@Nullable Candidate candidate;
  private int resigned;

  private final Election.Owner owner =
      new Election.Owner() {
        @Override
        public boolean hold(int seconds, String why, @Nullable InetAddress left) {
          tell(possible ? "holds for " + seconds + " s" : "cannot hold it");
          if (!slow.isZero()) {
            time.freeze(slow);
          }
          return possible;
        }

        @Override
        public void release(String why) {
          tell("releases: " + why);
        }

        @Override
        public void fail() {}

        @Override
        public void notice(@Nullable String what) {}

        @Override
        public void contested(String what) {}
      };

  private void tell(String what) {
    story.add(String.format(Locale.ROOT, "%.1f %s", time.nanoTime() / 1e9, what));
  }

  /** A leadership that says what the test says. */
  private Leadership.Candidate stand() {
    Leadership spoken =
        (_, one) -> {
          candidate = one;
          return new Leadership.Candidacy() {
            @Override
            public void resign() {
              resigned++;
            }

            @Override
            public void close() {}
          };
        };
    new LeaseElection(time, time, spoken, CONFIG, owner).start(false);
    time.run();
    Leadership.Candidate stood = Objects.requireNonNull(candidate);
    stood.elected(5);
    return stood;
  }

  @ParameterizedTest
  @CsvSource({
    "0,    3000, 2", // 2 s and 100 ms end before 3 s
    "800,  3000, 2",
    "900,  3000, 2",
    "901,  3000, 1",
    "1901, 3000, 0",
    "5000, 3000, 0",
    "0,    2000, 1",
    "0,    1099, 0",
    "0,    1100, 1"
  })
  void secondsThatEndBeforeTheLeaseDoes(int sinceMillis, int ttlMillis, int seconds) {
    assertThat(LeaseElection.seconds(sinceMillis * 1_000_000L, Duration.ofMillis(ttlMillis)))
        .isEqualTo(seconds);
  }

  @Test
  void anInstanceAloneIsElectedAtOnceAndRenewsEachThird() {
    LeaseElection election =
        new LeaseElection(time, time, new LoneLeadership(time, TTL), CONFIG, owner);
    election.start(false);
    time.advance(Duration.ofMillis(2500));
    assertThat(story)
        .containsExactly("0.0 holds for 2 s", "1.0 holds for 2 s", "2.0 holds for 2 s");
    assertThat(election.owner()).isEmpty();
    election.leave("drains");
    time.advance(Duration.ofSeconds(9));
    assertThat(story).hasSize(4).last().isEqualTo("2.5 releases: drains");
    assertThat(election.owner()).isNull();
  }

  @Test
  void aRenewalThatComesLateHoldsItForLess() {
    Leadership.Candidate stood = stand();
    time.freeze(Duration.ofMillis(1500));
    stood.renewed(0, TTL);
    time.run();
    assertThat(story).containsExactly("1.5 holds for 1 s");
  }

  @Test
  void aRenewalThatComesTooLateDoesNothing() {
    Leadership.Candidate stood = stand();
    time.freeze(Duration.ofMillis(2500));
    stood.renewed(0, TTL);
    time.run();
    assertThat(story).isEmpty();
  }

  @Test
  void whoWasFrozenWhileTheKernelWasToldGivesItUpAtOnce() {
    Leadership.Candidate stood = stand();
    slow = Duration.ofSeconds(10);
    stood.renewed(0, TTL);
    time.run();
    assertThat(story)
        .containsExactly("0.0 holds for 2 s", "10.0 releases: the lease was renewed too late");
  }

  @Test
  void aLeaseThatNobodyRenewsEndsWithoutAWord() {
    Leadership.Candidate stood = stand();
    stood.renewed(0, TTL);
    time.advance(Duration.ofSeconds(9));
    assertThat(story)
        .containsExactly("0.0 holds for 2 s", "2.1 releases: the lease was not renewed in time");
  }

  @Test
  void whoIsDeposedGivesItUp() {
    Leadership.Candidate stood = stand();
    stood.renewed(0, TTL);
    stood.deposed();
    time.run();
    assertThat(story)
        .containsExactly("0.0 holds for 2 s", "0.0 releases: the lease is held no longer");
  }

  @Test
  void whoCannotHoldItLetsOthersHaveIt() {
    possible = false;
    stand().renewed(0, TTL);
    time.run();
    assertThat(story).containsExactly("0.0 cannot hold it");
    assertThat(resigned).isEqualTo(1);
  }

  @Test
  void theHigherPriorityStandsFirst() {
    Leadership lone = new LoneLeadership(time, TTL);
    VipConfig low =
        new VipConfig(
            "front", CONFIG.address(), "eth0", 100, List.of(), false, new VipElection.Lease());
    LeaseElection second = new LeaseElection(time, time, lone, low, owner);
    LeaseElection first = new LeaseElection(time, time, lone, CONFIG, owner);
    second.start(false);
    first.start(false);
    time.advance(Duration.ofSeconds(5));
    assertThat(first.owner()).isEmpty();
    assertThat(second.owner()).isNull();
    first.leave("drains");
    time.run();
    assertThat(second.owner()).isEmpty();
  }
}
