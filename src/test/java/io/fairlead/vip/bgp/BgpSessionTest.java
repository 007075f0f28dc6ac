package io.fairlead.vip.bgp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BgpConfig;
import io.fairlead.config.VipElection;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.telemetry.Event;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A session with a router that the test plays, in a time that it turns. */
final class BgpSessionTest {
  private static final InetAddress FRONT = InetAddress.ofLiteral("192.0.2.10");
  private static final InetAddress SIX = InetAddress.ofLiteral("2001:db8::10");
  private static final VipElection.Bgp PLAIN = new VipElection.Bgp(Optional.empty(), List.of());

  private final ManualScheduler time = new ManualScheduler();
  private final List<String> story = new ArrayList<>();
  private final List<Line> lines = new ArrayList<>();
  private final BgpSpeaker speaker =
      new BgpSpeaker(
          time,
          (_, heard) -> {
            Line line = new Line(heard);
            lines.add(line);
            tell("connects");
            return line;
          },
          new SplittableRandom(1),
          event -> tell(word(event)));

  private static String word(Event event) {
    return switch (event) {
      case Event.BgpSessionUp up -> "up, hold time " + up.holdSeconds();
      case Event.BgpSessionLost lost -> "lost: " + lost.why();
      case Event.BgpSessionOver over -> "over: " + over.why();
      case Event.BgpTrouble trouble -> "trouble: " + trouble.what();
      default -> throw new AssertionError(event);
    };
  }

  private void tell(String what) {
    story.add(
        String.format(
            "%d.%d %s", time.epochMillis() / 1000, time.epochMillis() % 1000 / 100, what));
  }

  /** What the session says is read by the same reader, and told. */
  private final class Line implements BgpLine {
    private final Heard heard;
    private boolean keepalives;
    private boolean closed;
    private long waiting;

    private Line(Heard heard) {
      this.heard = heard;
    }

    @Override
    public void send(byte[] message) {
      assertThat(closed).isFalse();
      try {
        new BgpReader()
            .read(
                message,
                one -> {
                  if (!(one instanceof BgpMessage.Keepalive) || keepalives) {
                    tell("sends " + words(one));
                  }
                  return true;
                });
      } catch (BgpException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public long waiting() {
      return waiting;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private static String words(BgpMessage message) {
    return switch (message) {
      case BgpMessage.Open open -> "OPEN of AS " + open.as() + ", " + open.holdSeconds() + " s";
      case BgpMessage.Keepalive _ -> "KEEPALIVE";
      case BgpMessage.Update update -> "UPDATE +" + update.announced() + " -" + update.withdrawn();
      case BgpMessage.Notification last -> "NOTIFICATION " + last.code() + "/" + last.subcode();
      case BgpMessage.Refresh _ -> "ROUTE-REFRESH";
    };
  }

  private static BgpConfig config(long as) {
    return new BgpConfig(
        65010,
        Optional.empty(),
        Duration.ofSeconds(2),
        Map.of(
            "rack",
            new BgpConfig.Peer(
                "rack",
                InetAddress.ofLiteral("10.0.0.1"),
                179,
                as,
                Duration.ofSeconds(9),
                Optional.empty(),
                false,
                List.of())));
  }

  private Line line() {
    return lines.getLast();
  }

  private void connected(String... own) {
    Map<BgpFamily, InetAddress> addresses = new EnumMap<>(BgpFamily.class);
    for (String one : own) {
      InetAddress address = InetAddress.ofLiteral(one);
      addresses.put(BgpFamily.of(address), address);
    }
    line().heard.connected(addresses);
  }

  private void open(long as, int hold) {
    line().heard.received(BgpWriter.open(as, hold, 0x0A000001));
  }

  private void keepalive() {
    line().heard.received(BgpWriter.keepalive());
  }

  private void begin() {
    speaker.configure(Optional.of(config(65000)), Set.of());
    speaker.start();
  }

  private void establish() {
    begin();
    connected("10.0.0.11", "fd00::11");
    open(65000, 9);
    keepalive();
    story.clear();
  }

  private BgpStatus status() {
    return speaker.status().getFirst();
  }

  @Test
  void fromTheConnectionToTheRoutesAndBack() {
    speaker.announce("front", List.of(FRONT, SIX), PLAIN);
    begin();
    assertThat(status().state()).isEqualTo("connect");
    connected("10.0.0.11", "fd00::11");
    assertThat(status().state()).isEqualTo("open-sent");
    open(65000, 90);
    assertThat(status().state()).isEqualTo("open-confirm");
    keepalive();
    assertThat(status().state()).isEqualTo("established");
    assertThat(status().announced()).containsExactlyInAnyOrder("192.0.2.10", "2001:db8::10");
    speaker.withdraw("front");
    speaker.announce("front", List.of(FRONT), PLAIN);
    speaker.announce("front", List.of(FRONT), PLAIN); // said already
    Duration pause = speaker.mark("front");
    assertThat(pause).isEqualTo(Duration.ofSeconds(2));
    assertThat(status().leaving()).isTrue();
    speaker.withdraw("front");
    speaker.stop("the instance has ended");
    assertThat(line().closed).isTrue();
    assertThat(status().state()).isEqualTo("off");
    assertThat(story)
        .containsExactly(
            "0.0 connects",
            "0.0 sends OPEN of AS 65010, 9 s",
            "0.0 up, hold time 9",
            "0.0 sends UPDATE +1 -0",
            "0.0 sends UPDATE +1 -0",
            "0.0 sends UPDATE +0 -1",
            "0.0 sends UPDATE +0 -1",
            "0.0 sends UPDATE +1 -0",
            "0.0 sends UPDATE +1 -0",
            "0.0 sends UPDATE +0 -1",
            "0.0 sends NOTIFICATION 6/2",
            "0.0 over: the instance has ended");
    time.advance(Duration.ofMinutes(5));
    assertThat(story).hasSize(12); // nothing is left that would do something
  }

  @Test
  void aThirdOfTheHoldTimeAtMostWithoutAWord() {
    begin();
    connected("10.0.0.11");
    open(65000, 3); // the shorter one of both
    keepalive();
    line().keepalives = true;
    story.clear();
    for (int i = 0; i < 600; i++) {
      time.advance(Duration.ofMillis(100));
      keepalive();
    }
    assertThat(status().holdSeconds()).isEqualTo(3);
    assertThat(story).hasSizeBetween(60, 81).allMatch(line -> line.endsWith("sends KEEPALIVE"));
  }

  @Test
  void aRouterThatIsSilentIsLeftAndTriedAgain() {
    establish();
    time.advance(Duration.ofSeconds(8));
    keepalive();
    time.advance(Duration.ofMillis(8900));
    assertThat(story).isEmpty();
    time.advance(Duration.ofMillis(100));
    assertThat(story)
        .containsExactly(
            "17.0 sends NOTIFICATION 4/0", "17.0 lost: nothing was heard of it for 9 s");
    assertThat(line().closed).isTrue();
    time.advance(Duration.ofSeconds(1));
    assertThat(story.getLast()).endsWith("connects");
    assertThat(status().lost()).isEqualTo(1);
  }

  @Test
  void waitsLongerEachTimeUntilItHasBeenWell() {
    begin();
    List<Long> waits = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      long at = time.nanoTime();
      int before = lines.size();
      line().heard.ended("it refuses the connection");
      while (lines.size() == before) {
        time.advance(Duration.ofMillis(10));
      }
      waits.add((time.nanoTime() - at) / 1_000_000);
    }
    long usual = 500;
    for (long wait : waits) {
      assertThat(wait).isBetween(usual * 3 / 4, usual * 5 / 4 + 10);
      usual = Math.min(15_000, usual * 2);
    }
    // The same reason is told once a minute.
    assertThat(story.stream().filter(line -> line.contains("trouble"))).hasSizeBetween(1, 2);
    connected("10.0.0.11");
    open(65000, 9);
    keepalive();
    for (int i = 0; i < 4; i++) {
      time.advance(Duration.ofSeconds(3));
      keepalive();
    }
    line().heard.ended("it closed the connection");
    int before = lines.size();
    time.advance(Duration.ofMillis(650));
    assertThat(lines).hasSize(before + 1);
  }

  @Test
  void whatARouterMayNotSay() {
    begin();
    connected("10.0.0.11");
    open(64999, 9);
    assertThat(story)
        .endsWith(
            "0.0 sends NOTIFICATION 2/2", "0.0 trouble: it is of AS 64999, and not of AS 65000");
    again();
    open(65000, 2);
    assertThat(story)
        .containsExactly(
            "0.0 sends NOTIFICATION 2/6", "0.0 trouble: its hold time of 2 s is too small");
    again();
    keepalive();
    assertThat(story.getFirst()).isEqualTo("0.0 sends NOTIFICATION 5/1");
    again();
    line()
        .heard
        .received("SSH-2.0-OpenSSH_9.2".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    assertThat(story)
        .containsExactly("0.0 sends NOTIFICATION 1/1", "0.0 trouble: what it sends is not BGP");
    again();
    open(65000, 9);
    open(65000, 9);
    assertThat(story.getFirst()).isEqualTo("0.0 sends NOTIFICATION 5/2");
    again();
    open(65000, 9);
    keepalive();
    story.clear();
    open(65000, 9);
    assertThat(story)
        .containsExactly(
            "0.0 sends NOTIFICATION 5/3", "0.0 lost: it sends OPEN when it may not (established)");
  }

  /** The next attempt, at second 0 again as far as the story goes. */
  private void again() {
    assertThat(line().closed).isTrue();
    int before = lines.size();
    line().heard.ended("it closed the connection"); // of the line before: nobody listens
    speaker.stop("the test goes on");
    speaker.start();
    assertThat(lines).hasSize(before + 1);
    connected("10.0.0.11");
    story.clear();
  }

  @Test
  void oneThatAcceptsAndSaysNothing() {
    begin();
    connected("10.0.0.11");
    time.advance(Duration.ofSeconds(10));
    assertThat(story).endsWith("10.0 trouble: it accepts the connection and says nothing");
  }

  @Test
  void oneThatSaysHalfAMessageIsSilent() {
    establish();
    line().heard.received(java.util.Arrays.copyOf(BgpWriter.open(65000, 9, 1), 20));
    time.advance(Duration.ofSeconds(9));
    assertThat(story.getLast()).isEqualTo("9.0 lost: nothing was heard of it for 9 s");
  }

  @Test
  void oneThatReadsNothingIsLeft() {
    establish();
    line().waiting = 1;
    for (int i = 0; i < 20 && story.isEmpty(); i++) {
      time.advance(Duration.ofSeconds(1));
      if (story.isEmpty()) {
        keepalive();
      }
    }
    assertThat(story.getFirst()).endsWith("lost: it has taken nothing for 9 s");
  }

  @Test
  void oneThatFloodsIsToldOfOnceAndKept() throws Exception {
    establish();
    List<InetAddress> many = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      many.add(InetAddress.ofLiteral("10.1.0." + i));
    }
    byte[] update =
        BgpWriter.announce(
                new BgpWriter.Stand(65000, false, true),
                InetAddress.ofLiteral("10.0.0.1"),
                new BgpRoute(Optional.empty(), List.of(), false),
                many)
            .getFirst();
    for (int i = 0; i < 10_000; i++) {
      line().heard.received(update);
    }
    assertThat(story)
        .containsExactly(
            "0.0 trouble: it sends routes, 1000 so far, which are thrown away; let it export none"
                + " to this instance");
    assertThat(status().state()).isEqualTo("established");
  }

  @Test
  void routesAreToldAgainWhenTheyAreAskedFor() throws Exception {
    speaker.announce("front", List.of(FRONT, SIX), PLAIN);
    establish();
    byte[] refresh = new byte[23];
    java.util.Arrays.fill(refresh, 0, 16, (byte) 0xFF);
    refresh[17] = 23;
    refresh[18] = 5;
    refresh[20] = 2;
    refresh[22] = 1;
    line().heard.received(refresh);
    assertThat(story).containsExactly("0.0 sends UPDATE +1 -0"); // of IPv6 only
  }

  @Test
  void aFamilyWithoutAWay() {
    speaker.announce("front", List.of(FRONT, SIX), PLAIN);
    begin();
    connected("10.0.0.11"); // no address of IPv6
    open(65000, 9);
    keepalive();
    assertThat(story)
        .endsWith(
            "0.0 sends UPDATE +1 -0",
            "0.0 trouble: some virtual IPs are not announced to it: this machine has no IPv6 address"
                + " there: give next-hop");
    assertThat(status().announced()).containsExactly("192.0.2.10");
    assertThat(status().why()).contains("next-hop");
  }

  @Test
  void whatEndsASessionThere() {
    establish();
    line().heard.received(BgpWriter.cease(2, "maintenance"));
    assertThat(story)
        .containsExactly(
            "0.0 lost: the router ended the session: it was shut down there: \"maintenance\"");
  }

  @Test
  void aChangeOfTheConfigurationEndsWhatItConcerns() {
    establish();
    speaker.configure(Optional.of(config(65000)), Set.of());
    assertThat(story).isEmpty();
    speaker.configure(Optional.of(config(65001)), Set.of());
    assertThat(story)
        .containsExactly(
            "0.0 sends NOTIFICATION 6/6",
            "0.0 over: the configuration has changed",
            "0.0 connects");
    speaker.configure(Optional.empty(), Set.of());
    assertThat(speaker.status()).isEmpty();
  }

  @Test
  void nobodyIsWaitedForWhereNobodyHears() {
    begin();
    speaker.announce("front", List.of(FRONT), PLAIN);
    assertThat(speaker.mark("front")).isEqualTo(Duration.ZERO);
  }

  /** Whatever a router does, the session ends or goes on, and begins anew in the end. */
  @Test
  void chance() {
    long seed = Long.getLong("fairlead.seed", System.nanoTime());
    System.out.println("BgpSessionTest.chance: -Dfairlead.seed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    begin();
    boolean announced = false;
    for (int i = 0; i < 20_000; i++) {
      @Nullable Line present = line().closed ? null : line();
      switch (random.nextInt(10)) {
        case 0 -> time.advance(Duration.ofMillis(random.nextInt(6000)));
        case 1 -> {
          if (present != null && status().state().equals("connect")) {
            connected("10.0.0.11", "fd00::11");
          }
        }
        case 2, 3 -> {
          if (present != null) {
            open(random.nextInt(20) == 0 ? 1 : 65000, random.nextInt(20) == 0 ? 0 : 9);
          }
        }
        case 4, 5, 6 -> {
          if (present != null) {
            keepalive();
          }
        }
        case 7 -> {
          if (random.nextInt(10) == 0) {
            line().heard.ended("it closed the connection");
          }
        }
        case 8 -> {
          announced = !announced;
          if (announced) {
            speaker.announce("front", List.of(FRONT, SIX), PLAIN);
          } else {
            speaker.withdraw("front");
          }
        }
        default -> {
          byte[] bytes = new byte[random.nextInt(40)];
          random.nextBytes(bytes);
          if (present != null && random.nextInt(10) == 0) {
            line().heard.received(bytes);
          }
        }
      }
      if (status().state().equals("established")) {
        assertThat(status().announced()).hasSize(announced ? 2 : 0);
      }
    }
    assertThat(lines.stream().filter(one -> !one.closed).count()).isLessThanOrEqualTo(1);
    time.advance(Duration.ofMinutes(1));
    assertThat(lines).hasSizeGreaterThan(10);
  }
}
