package io.fairlead.vip;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.runtime.ManualScheduler;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The states of RFC 9568, 6, told as stories; adverts every 200 ms unless said otherwise. */
final class VrrpRouterTest {
  private static final InetAddress SELF = InetAddress.ofLiteral("10.0.0.2");
  private static final InetAddress LOWER = InetAddress.ofLiteral("10.0.0.1");
  private static final InetAddress HIGHER = InetAddress.ofLiteral("10.0.0.3");

  private final ManualScheduler time = new ManualScheduler();
  private final List<String> story = new ArrayList<>();
  private VrrpRouter router = router(100, true, Duration.ZERO);

  private VrrpRouter router(int priority, boolean preempt, Duration delay) {
    return new VrrpRouter(
        time,
        SELF,
        new VrrpRouter.Settings(priority, 20, preempt, delay),
        new VrrpRouter.Outside() {
          @Override
          public void advertise(int said) {
            tell("says " + said);
          }

          @Override
          public void own(String why, @Nullable InetAddress left) {
            tell("owns: " + why);
          }

          @Override
          public void release(String why) {
            tell("releases: " + why);
          }

          @Override
          public void contested(InetAddress by, int other) {
            tell("contested by " + by.getHostAddress());
          }
        });
  }

  private void tell(String what) {
    story.add(String.format(Locale.ROOT, "%.3f %s", time.nanoTime() / 1e9, what));
  }

  private void advance(int millis) {
    time.advance(Duration.ofMillis(millis));
  }

  private void becomeOwner() {
    router.start(false);
    advance(730);
    story.clear();
  }

  @Test
  void whoHearsNobodyTakesOverAfterThreeIntervalsAndTheSkew() {
    router.start(false);
    advance(1000); // 3 x 200 ms + 156/256 x 200 ms = 721.875 ms
    assertThat(story)
        .containsExactly("0.722 says 100", "0.722 owns: nobody else spoke up", "0.922 says 100");
  }

  @Test
  void theHigherThePriorityTheShorterTheSkew() {
    router = router(254, true, Duration.ZERO);
    router.start(false);
    advance(602);
    assertThat(story).containsExactly("0.602 says 254", "0.602 owns: nobody else spoke up");
  }

  @Test
  void anOwnerOfAtLeastTheSamePriorityIsLeftAlone() {
    router.start(false);
    for (int i = 0; i < 20; i++) {
      advance(200);
      router.hear(LOWER, 100, 20);
    }
    assertThat(story).isEmpty();
    assertThat(router.active()).isEqualTo(LOWER);
    advance(1000);
    assertThat(story.get(1)).isEqualTo("4.722 owns: nothing has been heard of 10.0.0.1");
  }

  @Test
  void theIntervalOfTheOwnerCountsAndNotOnesOwn() {
    router.start(false);
    router.hear(HIGHER, 200, 100); // speaks every second
    advance(3600); // 3 s + 156/256 s
    assertThat(story).isEmpty();
    advance(10);
    assertThat(story).hasSize(2);
  }

  @Test
  void anOwnerThatLeavesIsFollowedAfterTheSkewAlone() {
    router.start(false);
    router.hear(HIGHER, 200, 20);
    advance(100);
    router.hear(HIGHER, 0, 20);
    advance(122);
    assertThat(story).containsExactly("0.222 says 100", "0.222 owns: 10.0.0.3 has left");
  }

  @Test
  void aLowerPriorityIsTakenOverFrom() {
    router.start(false);
    for (int i = 0; i < 4; i++) {
      router.hear(LOWER, 50, 20);
      advance(200);
    }
    assertThat(story).contains("0.722 owns: nobody else spoke up");
  }

  @Test
  void withoutPreemptALowerPriorityIsLeftAlone() {
    router = router(100, false, Duration.ZERO);
    router.start(false);
    for (int i = 0; i < 20; i++) {
      router.hear(LOWER, 50, 20);
      advance(200);
    }
    assertThat(story).isEmpty();
  }

  @Test
  void withADelayALowerPriorityIsLeftAloneForThatLong() {
    router = router(100, true, Duration.ofSeconds(5));
    router.start(false);
    for (int i = 0; i < 40; i++) {
      router.hear(LOWER, 50, 20);
      advance(200);
    }
    // Heard last at 4.8 s; after 5 s it is ignored.
    assertThat(story.get(1)).startsWith("5.522 owns");
  }

  @Test
  void whileTheDelayRunsADeadOwnerIsFollowedAtOnce() {
    router = router(100, true, Duration.ofSeconds(60));
    router.start(false);
    router.hear(LOWER, 50, 20);
    advance(730);
    assertThat(story.get(1)).startsWith("0.722 owns");
  }

  @Test
  void anOwnerYieldsToAHigherPriority() {
    becomeOwner();
    router.hear(LOWER, 101, 20);
    assertThat(story)
        .containsExactly("0.730 releases: 10.0.0.1 has priority 101", "0.730 says 100");
    assertThat(router.state()).isEqualTo(VrrpRouter.State.BACKUP);
  }

  @Test
  void amongEqualsTheHigherAddressOwns() {
    becomeOwner();
    router.hear(HIGHER, 100, 20);
    assertThat(story)
        .containsExactly("0.730 releases: 10.0.0.3 has priority 100", "0.730 says 100");

    router = router(100, true, Duration.ZERO);
    router.start(true);
    story.clear();
    router.hear(LOWER, 100, 20);
    assertThat(story).containsExactly("0.730 says 100", "0.730 contested by 10.0.0.1");
  }

  /** It lets go with one more advert; later it would be one of two owners. */
  @Test
  void whoHasJustBeenTakenOverFromIsNoSecondOwner() {
    becomeOwner();
    router.hear(LOWER, 50, 20);
    assertThat(story).containsExactly("0.730 says 100");
    advance(1000);
    story.clear();
    router.hear(LOWER, 50, 20);
    assertThat(story).containsExactly("1.730 says 100", "1.730 contested by 10.0.0.1");
  }

  @Test
  void anOwnerAnswersAFarewellSoThatAllKnow() {
    becomeOwner();
    router.hear(LOWER, 0, 20);
    assertThat(story).containsExactly("0.730 says 100");
  }

  @Test
  void whoLeavesSaysFarewellAndWhoOwnsNothingSaysNothing() {
    becomeOwner();
    router.leave("drains");
    assertThat(story).containsExactly("0.730 says 0", "0.730 releases: drains");
    story.clear();
    router.start(false);
    router.leave("drains");
    advance(10_000);
    assertThat(story).isEmpty();
  }

  @Test
  void whoIsAbandonedSaysNothingAndKeepsTheAddresses() {
    becomeOwner();
    router.abandon();
    advance(10_000);
    router.hear(HIGHER, 200, 20);
    assertThat(story).isEmpty();
  }

  @Test
  void theNextProcessOfTheOwnerIsTheOwnerAtOnce() {
    router.start(true);
    assertThat(story).containsExactly("0.000 says 100", "0.000 owns: the process before owned it");
  }

  @Test
  void itsOwnVoiceIsNotAnothers() {
    becomeOwner();
    router.hear(SELF, 100, 20);
    assertThat(story).isEmpty();
  }

  @Test
  void aNewPriorityHoldsFromTheNextAdvertOn() {
    becomeOwner();
    router.configure(new VrrpRouter.Settings(150, 10, true, Duration.ZERO));
    advance(300);
    assertThat(story).containsExactly("0.922 says 150", "1.022 says 150");
  }

  /** The clock goes on while the process does not: its timers run late. */
  @Test
  void anOwnerThatWasFrozenStepsBackInsteadOfSpeakingUp() {
    becomeOwner();
    time.freeze(Duration.ofSeconds(5));
    assertThat(story)
        .containsExactly(
            "5.730 releases: this process did not run for 4808 ms; another may own it now");
    assertThat(router.state()).isEqualTo(VrrpRouter.State.BACKUP);
  }

  @Test
  void aBackupThatWasFrozenListensOnceMore() {
    router.start(false);
    time.freeze(Duration.ofSeconds(5));
    assertThat(story).isEmpty();
    router.hear(HIGHER, 200, 20); // was waiting in the socket
    advance(700);
    assertThat(story).isEmpty();
    advance(100);
    assertThat(story)
        .containsExactly("5.722 says 100", "5.722 owns: nothing has been heard of 10.0.0.3");
  }

  @Test
  void aPauseShorterThanTheOthersPatienceCostsNothing() {
    becomeOwner();
    time.freeze(Duration.ofMillis(500));
    assertThat(story).containsExactly("1.230 says 100");
  }
}
