package io.fairlead.vip;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.VipAddress;
import io.fairlead.config.VipConfig;
import io.fairlead.config.VipElection;
import io.fairlead.runtime.LoneLeadership;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.vip.VrrpAdvert.Read;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What becomes of one virtual IP, with a kernel and a link that do as the test says. */
final class VipTest {
  private static final InetAddress OTHER = InetAddress.ofLiteral("10.0.0.3");
  private static final VipAddress ADDRESS = VipAddress.parse("10.0.0.100/24");

  private final ManualScheduler time = new ManualScheduler();
  private final List<String> story = new ArrayList<>();

  /** What the kernel says to whatever is asked; null: it does it. */
  private @Nullable String obstacle;

  /** A process before this one has left the address. */
  private boolean there;

  private @Nullable Consumer<Read> ear;
  private boolean pseudoHeader = true;

  private static VipConfig vrrp(int priority) {
    return new VipConfig(
        "front",
        List.of(ADDRESS),
        "eth0",
        priority,
        List.of(),
        false,
        new VipElection.Vrrp(
            51, Duration.ofMillis(200), true, Duration.ZERO, List.of(), VipElection.Checksum.AUTO));
  }

  private static VipConfig lease() {
    return new VipConfig(
        "front", List.of(ADDRESS), "eth0", 254, List.of(), false, new VipElection.Lease());
  }

  private static VipConfig withSecondChance() {
    VipConfig vip = vrrp(100);
    return new VipConfig(
        vip.name(),
        vip.address(),
        vip.networkInterface(),
        vip.priority(),
        List.of(),
        true,
        vip.elect());
  }

  private Vip vip(VipConfig config) {
    return new Vip(
        config, time, _ -> new Kernel(), this::election, event -> tell("event: " + event.text()));
  }

  private Election election(VipConfig config, Place place, Election.Owner owner)
      throws IOException {
    return switch (config.elect()) {
      case VipElection.Bgp _ -> throw new AssertionError("has no place here");
      case VipElection.Lease _ ->
          new LeaseElection(
              time, time, new LoneLeadership(time, Duration.ofSeconds(3)), config, owner);
      case VipElection.Vrrp vrrp -> new VrrpElection(time, config, vrrp, this::voice, owner);
    };
  }

  private VrrpElection.Voice voice(Consumer<Read> heard) {
    ear = heard;
    return new VrrpElection.Voice() {
      @Override
      public InetAddress source() {
        return InetAddress.ofLiteral("10.0.0.2");
      }

      @Override
      public void say(VrrpAdvert advert, boolean pseudo) {
        pseudoHeader = pseudo;
        if (advert.priority() == 0) {
          tell("says farewell");
        }
      }

      @Override
      public void close() {
        tell("is silent");
      }
    };
  }

  private class Kernel implements Place {
    private void act(String what) throws IOException {
      String no = obstacle;
      if (no != null) {
        throw new IOException(no);
      }
      if (!what.isEmpty()) {
        tell(what);
      }
    }

    @Override
    public boolean prepare(boolean inheriting) throws IOException {
      act(there && !inheriting ? "removes what was left" : "");
      return there;
    }

    @Override
    public void hold(int seconds) throws IOException {
      act("holds for " + seconds + " s");
    }

    @Override
    public void release() throws IOException {
      act("removes");
    }

    @Override
    public void announce() throws IOException {
      act("announces");
    }

    @Override
    public void passOn(InetAddress to) throws IOException {
      act("passes on to " + to.getHostAddress());
    }

    @Override
    public void passOnNoMore() {
      tell("passes on no more");
    }

    @Override
    public void stayBehind(int seconds) throws IOException {
      act("stays behind for " + seconds + " s");
    }

    @Override
    public void comeAway() {
      tell("comes away");
    }

    @Override
    public void close() {}
  }

  private void tell(String what) {
    story.add(String.format(Locale.ROOT, "%.1f %s", time.nanoTime() / 1e9, what));
  }

  private void advance(int millis) {
    time.advance(Duration.ofMillis(millis));
  }

  private void hear(int priority, InetAddress address, boolean pseudo) {
    Consumer<Read> listening = Objects.requireNonNull(ear);
    listening.accept(
        new Read.Good(OTHER, new VrrpAdvert(51, priority, 20, List.of(address)), pseudo));
    time.run();
  }

  @Test
  void theOwnerTellsNeighboursFourTimesAndTheKernelAgainAndAgain() {
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    advance(2000);
    assertThat(story)
        .containsExactly(
            "0.7 holds for 2 s",
            "0.7 announces",
            "0.7 event: virtual IP front is owned by this instance (10.0.0.100/24 on eth0): nobody"
                + " else spoke up",
            "0.9 announces",
            "1.2 holds for 2 s",
            "1.7 announces",
            "1.7 holds for 2 s");
    assertThat(vip.status().owner()).isEqualTo(VipStatus.SELF);
    story.clear();
    advance(10_000);
    assertThat(story.stream().filter(what -> what.endsWith("announces")))
        .containsExactly("5.7 announces");
  }

  @Test
  void whoDrainsRemovesItAndSaysFarewell() {
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    advance(800);
    story.clear();
    vip.end("the instance drains");
    advance(10_000);
    assertThat(story)
        .containsExactly(
            "0.8 says farewell",
            "0.8 removes",
            "0.8 event: virtual IP front is owned by this instance no longer: the instance drains",
            "0.8 is silent");
    assertThat(vip.status().state()).isEqualTo("off");
  }

  @Test
  void whoHandsOverToAnotherProcessTouchesNothing() {
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    advance(800);
    story.clear();
    vip.abandon();
    advance(10_000);
    assertThat(story).containsExactly("0.8 is silent");
  }

  @Test
  void theProcessThatGoesOnOwnsItAtOnce() {
    there = true;
    vip(vrrp(100)).begin(true);
    assertThat(story)
        .containsExactly(
            "0.0 holds for 2 s",
            "0.0 announces",
            "0.0 event: virtual IP front is owned by this instance (10.0.0.100/24 on eth0): the"
                + " process before owned it");
  }

  @Test
  void whatAKilledProcessLeftIsRemoved() {
    there = true;
    vip(vrrp(100)).begin(false);
    assertThat(story).containsExactly("0.0 removes what was left");
  }

  @Test
  void whatIsInTheWayIsToldOnceAndTriedAgain() {
    obstacle = "interface eth0: no such interface";
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    advance(5000);
    assertThat(vip.status().state()).isEqualTo("trouble");
    assertThat(vip.status().why()).isEqualTo("interface eth0: no such interface");
    obstacle = null;
    advance(1000);
    assertThat(story)
        .containsExactly(
            "0.0 event: virtual IP front: interface eth0: no such interface",
            "6.0 event: virtual IP front: nothing is wrong any more");
    assertThat(vip.status().state()).isEqualTo("standby");
  }

  @Test
  void anOwnerThatLosesItsLinkLetsOthersHaveItAndComesBack() {
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    advance(6000);
    story.clear();
    obstacle = "interface eth0 is down or has no carrier";
    advance(1000);
    assertThat(story)
        .startsWith("6.2 event: virtual IP front: interface eth0 is down or has no carrier")
        .contains("6.2 says farewell", "6.2 is silent");
    assertThat(vip.status().isInTrouble()).isTrue();
    obstacle = null;
    advance(3000);
    assertThat(vip.status().isOwner()).isTrue();
  }

  @Test
  void whatCannotBeHeldThoughAllLooksWellIsToldOnce() {
    Vip vip =
        new Vip(
            lease(),
            time,
            _ ->
                new Kernel() {
                  @Override
                  public void hold(int seconds) throws IOException {
                    throw new IOException("no");
                  }
                },
            this::election,
            event -> tell("event: " + event.text()));
    vip.begin(false);
    advance(30_000);
    assertThat(story)
        .containsOnlyOnce("0.0 event: virtual IP front: no")
        .noneMatch(what -> what.contains("wrong"));
  }

  @Test
  void aNewPriorityIsNoReasonToGiveItUp() {
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    advance(800);
    story.clear();
    vip.configure(vrrp(150));
    hear(120, ADDRESS.ip(), true); // would have won before
    assertThat(vip.isOwner()).isTrue();
    assertThat(vip.status().priority()).isEqualTo(150);
  }

  @Test
  void anotherWayToElectIs() {
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    advance(800);
    story.clear();
    vip.configure(lease());
    advance(100);
    assertThat(story.getFirst()).isEqualTo("0.8 says farewell");
    assertThat(vip.status().elect()).isEqualTo("lease");
    assertThat(vip.isOwner()).isTrue();
  }

  @Test
  void anotherSpeakerIsToldOfOnceAMinuteAndNeighboursAreTold() {
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    advance(6000);
    story.clear();
    for (int i = 0; i < 25; i++) {
      hear(50, ADDRESS.ip(), true);
      advance(100);
    }
    assertThat(story.stream().filter(what -> what.contains("contested")))
        .containsExactly(
            "6.0 event: virtual IP front is contested: 10.0.0.3 speaks as owner, too, with"
                + " priority 50; it has the same virtual router number, or does not hear this"
                + " instance");
    assertThat(story.stream().filter(what -> what.endsWith("announces"))).hasSize(3);
  }

  @Test
  void otherAddressesUnderTheSameNumberAreToldOf() {
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    hear(200, InetAddress.ofLiteral("10.0.0.200"), true);
    assertThat(story)
        .containsExactly(
            "0.0 event: virtual IP front is contested: 10.0.0.3 speaks for virtual router 51 as"
                + " well, but with other addresses: [10.0.0.200]");
    assertThat(vip.status().owner()).isEqualTo("10.0.0.3");
  }

  @Test
  void theChecksumIsTheOneThatIsHeard() {
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    hear(50, ADDRESS.ip(), false);
    advance(800);
    assertThat(vip.isOwner()).isTrue();
    assertThat(pseudoHeader).isFalse();
    hear(50, ADDRESS.ip(), true);
    advance(200);
    assertThat(pseudoHeader).isTrue();
  }

  @Test
  void aFloodOfAdvertsDoesNotPileUp() {
    Vip vip = vip(vrrp(100));
    vip.begin(false);
    Consumer<Read> listening = Objects.requireNonNull(ear);
    for (int i = 0; i < 100_000; i++) {
      listening.accept(new Read.Bad(OTHER, VrrpAdvert.Fault.CHECKSUM));
    }
    time.run();
    assertThat(vip.status().counters().refused()).containsEntry("checksum", 64L);
  }

  @Test
  void theConnectionsOfAnOwnerThatLeavesArePassedOnForAWhile() {
    Vip vip = vip(withSecondChance());
    vip.begin(false);
    hear(200, ADDRESS.ip(), true);
    hear(0, ADDRESS.ip(), true);
    advance(200);
    assertThat(story.subList(0, 2))
        .containsExactly("0.1 passes on to 10.0.0.3", "0.1 holds for 2 s"); // in this order
    story.clear();
    advance(60_000);
    assertThat(story).containsOnlyOnce("45.1 passes on no more");
  }

  @Test
  void anOwnerThatDiedHasNothingToPassOn() {
    Vip vip = vip(withSecondChance());
    vip.begin(false);
    hear(200, ADDRESS.ip(), true);
    advance(60_000);
    assertThat(vip.isOwner()).isTrue();
    assertThat(story).noneMatch(what -> what.contains("passes on"));
  }

  @Test
  void anOwnerThatDrainsTakesWhatIsPassedOnToItUntilItHasEnded() {
    Vip vip = vip(withSecondChance());
    vip.begin(false);
    advance(6000);
    story.clear();
    assertThat(vip.drain("the instance drains")).isEqualTo(Duration.ofMillis(500));
    vip.finish();
    assertThat(story)
        .containsExactly(
            "6.0 stays behind for 45 s",
            "6.0 says farewell",
            "6.0 passes on no more",
            "6.0 removes",
            "6.0 event: virtual IP front is owned by this instance no longer: the instance drains",
            "6.0 is silent",
            "6.0 comes away");
  }
}
