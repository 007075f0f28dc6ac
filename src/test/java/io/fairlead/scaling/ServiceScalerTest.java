package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleConfig;
import io.fairlead.config.ScaleConfig.OnExit;
import io.fairlead.config.ScaleDriver;
import io.fairlead.config.ScaleSchedule;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The life of nodes of one service, with a clock turned by hand and a driver that does as told. */
class ServiceScalerTest {
  @TempDir private Path folder;

  private final ManualScheduler time = new ManualScheduler();
  private final EventLog events = new EventLog(time::epochMillis);
  private final Service service = new Service("shop", 1, events, time::epochMillis);
  private final FakeDriver driver = new FakeDriver();
  private @Nullable ServiceScaler scaler;

  /** Has nodes at once, and forgets none. */
  private static final class FakeDriver implements Driver {
    final Map<String, Started> there = new TreeMap<>();
    final List<String> done = new ArrayList<>();
    final Map<Started, String> dead = new LinkedHashMap<>();
    final Set<String> draining = new TreeSet<>();
    final List<Started> strays = new ArrayList<>();
    final Set<String> unwanted = new TreeSet<>();
    String refuses = "";
    String keeps = "";
    boolean shared;
    int port = 1000;

    @Override
    public boolean isShared() {
      return shared;
    }

    @Override
    public boolean isWanted(Started node) {
      return !unwanted.contains(node.name());
    }

    @Override
    public List<Started> strays() {
      return List.copyOf(strays);
    }

    @Override
    public Set<String> draining() {
      return Set.copyOf(draining);
    }

    @Override
    public void drain(Started node, boolean on) {
      if (on) {
        draining.add(node.name());
      } else {
        draining.remove(node.name());
      }
    }

    @Override
    public void use(ScaleDriver config) {
      done.add("use " + config.commands().getFirst().getFirst());
    }

    @Override
    public List<Started> find() {
      return List.copyOf(there.values());
    }

    @Override
    public Started start(String name, Release release) throws IOException {
      if (!refuses.isEmpty()) {
        throw new IOException(refuses);
      }
      done.add("start " + name + (release.version().isEmpty() ? "" : " " + release.version()));
      Started started = new Started(name, new HostPort("10.0.0.1", port++), "test " + name);
      there.put(name, started);
      return started;
    }

    @Override
    public void stop(Started node, Duration grace) throws IOException {
      if (!keeps.isEmpty()) {
        throw new IOException(keeps);
      }
      done.add("stop " + node.name());
      there.remove(node.name());
    }

    @Override
    public Map<Started, String> ended(Collection<Started> known) {
      Map<Started, String> ended = new LinkedHashMap<>(dead);
      dead.clear();
      return ended;
    }
  }

  @Test
  void startsTheLeastThereMayBeAndCountsThemOnceTheyServe() {
    begin(config(2, 8));
    assertThat(states()).isEqualTo("shop-1 starting, shop-2 starting");
    assertThat(service.nodes().available()).isEmpty();
    up("shop-1");
    up("shop-2");
    assertThat(states()).isEqualTo("shop-1 up, shop-2 up");
    assertThat(service.nodes().available()).hasSize(2);
    assertThat(story())
        .containsExactly(
            "shop goes from 0 to 2 nodes: the least there may be",
            "shop/shop-1 joined (process)",
            "shop/shop-2 joined (process)",
            "shop/shop-1 is up: passed",
            "shop/shop-2 is up: passed");
  }

  @Test
  void onlyWhoHasTheRoleActs() {
    make(config(2, 8));
    seconds(5);
    assertThat(driver.done).isEmpty();
    scaler().setActing(true);
    seconds(1);
    assertThat(driver.done).containsExactly("start shop-1", "start shop-2");
    scaler().setActing(false);
    scaler().setManual(8);
    seconds(5);
    assertThat(driver.done).hasSize(2);
  }

  /** Of a group one instance starts and stops, and the others have the same nodes. */
  @Test
  void whoDoesNotActSeesWhatTheOthersDo() {
    driver.shared = true;
    make(config(2, 8));
    Started one = other("shop-1");
    seconds(1);
    assertThat(states()).as("until it has passed a probe").isEqualTo("shop-1 starting");
    up("shop-1");
    driver.draining.add("shop-1");
    seconds(1);
    assertThat(states()).isEqualTo("shop-1 draining");
    seconds(60);
    assertThat(driver.done).as("that is for the others").isEmpty();
    driver.draining.clear();
    seconds(1);
    assertThat(states()).isEqualTo("shop-1 up");
    driver.there.remove("shop-1");
    seconds(1);
    assertThat(states()).isEmpty();
    driver.there.put("shop-1", one);
    other("shop-2");
    scaler().setActing(true);
    seconds(1);
    assertThat(driver.done).as("what there is was seen first").isEmpty();
    assertThat(states()).isEqualTo("shop-1 starting, shop-2 starting");
    up("shop-1");
    up("shop-2");
    scaler().setManual(3);
    seconds(1);
    assertThat(driver.done).containsExactly("start shop-3");
    up("shop-3");
    scaler().setManual(2);
    seconds(1);
    assertThat(driver.draining).as("the others are told").hasSize(1);
    seconds(1);
    assertThat(driver.there).as("and have a moment to see it").hasSize(3);
    seconds(3);
    assertThat(driver.there).hasSize(2);
    assertThat(scaler().end()).as("it does not end them").isNotDone();
    scaler().close();
    driver.done.clear();
    make(config(2, 8));
    assertThat(scaler().end()).isDone();
    assertThat(driver.done).isEmpty();
    assertThat(states()).isEmpty();
  }

  private Started other(String name) {
    Started started = new Started(name, new HostPort("10.0.0.2", driver.port++), "other " + name);
    driver.there.put(name, started);
    return started;
  }

  @Test
  void whatIsComeAcrossCountsOnceItServesAndIsOneOfThem() {
    begin(config(2, 8));
    up("shop-1");
    up("shop-2");
    driver.refuses = "no agent starts it";
    scaler().setManual(3);
    driver.strays.add(other("shop-7"));
    seconds(1);
    assertThat(states()).isEqualTo("shop-1 up, shop-2 up, shop-7 starting");
    up("shop-7");
    driver.refuses = "";
    seconds(60);
    assertThat(states()).isEqualTo("shop-1 up, shop-2 up, shop-7 up");
    assertThat(driver.done).containsExactly("start shop-1", "start shop-2");
    driver.strays.clear();
    driver.strays.add(other("shop-8"));
    seconds(1);
    assertThat(driver.done).as("one too many").endsWith("stop shop-8");
  }

  @Test
  void whatIsNoLongerWantedWhereItIsMakesRoomOnceAnotherServes() {
    begin(config(2, 8));
    up("shop-1");
    up("shop-2");
    driver.unwanted.add("shop-2");
    seconds(2);
    assertThat(driver.done).endsWith("start shop-3");
    assertThat(driver.there).hasSize(3);
    up("shop-3");
    seconds(2);
    assertThat(driver.there).containsOnlyKeys("shop-1", "shop-3");
  }

  @Test
  void whatCannotBeStoppedIsToldOnceAndTriedUntilItIs() {
    begin(config(1, 8));
    up("shop-1");
    driver.keeps = "agent h1 cannot be told: no connection";
    scaler().setManual(2);
    seconds(1);
    up("shop-2");
    scaler().setManual(1);
    seconds(300);
    assertThat(count(Event.NodeNotStopped.class)).isEqualTo(1);
    assertThat(driver.there).hasSize(2);
    driver.keeps = "";
    seconds(61);
    assertThat(driver.there).hasSize(1);
  }

  @Test
  void growsBySoManyAtOnceAndShrinksWhenNothingIsInFlightThere() {
    begin(config(2, 8));
    up("shop-1");
    up("shop-2");
    scaler().setManual(4);
    seconds(1);
    assertThat(driver.done).endsWith("start shop-3", "start shop-4");
    up("shop-3");
    up("shop-4");
    for (Node node : service.nodes().all()) {
      node.requestStarted();
    }
    node("shop-2").requestFinished();
    scaler().setManual(3);
    assertThat(states()).isEqualTo("shop-1 up, shop-2 draining, shop-3 up, shop-4 up");
    node("shop-2").requestStarted(); // a loop had picked it just before
    seconds(5);
    assertThat(driver.there).containsKey("shop-2");
    node("shop-2").requestFinished();
    seconds(1);
    assertThat(driver.there).doesNotContainKey("shop-2");
    assertThat(states()).isEqualTo("shop-1 up, shop-3 up, shop-4 up");
  }

  @Test
  void whatDrainsIsTakenBackBeforeAnotherIsStarted() {
    begin(config(1, 8));
    up("shop-1");
    scaler().setManual(2);
    seconds(1);
    up("shop-2");
    for (Node node : service.nodes().all()) {
      node.requestStarted();
    }
    scaler().setManual(1);
    assertThat(states()).contains("draining");
    scaler().setManual(2);
    assertThat(states()).isEqualTo("shop-1 up, shop-2 up");
    assertThat(driver.done).containsExactly("start shop-1", "start shop-2");
  }

  @Test
  void whoseTimeIsOverStopsWithRequestsInFlight() {
    begin(config(1, 8));
    up("shop-1");
    scaler().setManual(2);
    seconds(1);
    up("shop-2");
    for (Node node : service.nodes().all()) {
      node.requestStarted();
    }
    scaler().setManual(1);
    seconds(29);
    assertThat(driver.there).hasSize(2);
    seconds(2);
    assertThat(driver.there).hasSize(1);
    assertThat(story()).anyMatch(line -> line.endsWith("left: scaled down, its time is over"));
  }

  @Test
  void oneThatDoesNotComeUpIsReplacedAndTriesGetRarer() {
    begin(config(1, 8));
    seconds(61);
    assertThat(driver.done).startsWith("start shop-1", "stop shop-1");
    seconds(3);
    assertThat(driver.done).containsExactly("start shop-1", "stop shop-1", "start shop-1");
    driver.refuses = "there is no program x";
    seconds(62);
    int before = count(Event.NodeNotStarted.class);
    seconds(60);
    assertThat(count(Event.NodeNotStarted.class) - before).isBetween(2, 6);
    seconds(600);
    before = count(Event.NodeNotStarted.class);
    seconds(600);
    assertThat(count(Event.NodeNotStarted.class) - before).isBetween(7, 10);
    driver.refuses = "";
    seconds(75);
    up("shop-1");
    assertThat(states()).isEqualTo("shop-1 up");
  }

  @Test
  void oneThatEndsIsReplacedAtOnce() {
    begin(config(2, 8));
    up("shop-1");
    up("shop-2");
    seconds(40);
    driver.dead.put(driver.there.get("shop-1"), "ended with 137");
    seconds(1);
    assertThat(driver.done).containsSubsequence("stop shop-1", "start shop-3");
    assertThat(story()).contains("shop/shop-1 left: ended with 137");
    up("shop-3");
    assertThat(states()).isEqualTo("shop-2 up, shop-3 up");
  }

  @Test
  void oneThatEndsSoonIsTakenForOneThatCannotServe() {
    begin(config(1, 1));
    up("shop-1");
    seconds(5);
    driver.dead.put(driver.there.get("shop-1"), "ended with 137");
    seconds(1);
    assertThat(driver.done).as("not at once").endsWith("stop shop-1");
    assertThat(story())
        .anyMatch(
            line -> line.contains("could not be started: it served for 6 s only, ended with"));
    seconds(3);
    assertThat(driver.done).endsWith("start shop-1");
  }

  /** Perhaps it is not the nodes. */
  @Test
  void ofManyThatAreDownOneIsReplacedAtATime() {
    begin(config(4, 4));
    for (int i = 1; i <= 4; i++) {
      up("shop-" + i);
    }
    seconds(40);
    driver.done.clear();
    for (int i = 1; i <= 4; i++) {
      service.setUp(node("shop-" + i), false, "500");
    }
    seconds(59);
    assertThat(driver.done).isEmpty();
    seconds(3);
    assertThat(driver.done).hasSize(2);
    assertThat(driver.done.getFirst()).startsWith("stop");
    assertThat(driver.done.getLast()).startsWith("start");
    seconds(57);
    assertThat(driver.done).hasSize(2);
  }

  @Test
  void whatIsEjectedOrDrainedBySomebodyElseIsMissingAtOnce() {
    begin(config(2, 8));
    up("shop-1");
    up("shop-2");
    service.setStanding(
        node("shop-1"), new Standing(Standing.State.EJECTED, 0, "fails", time.epochMillis() + 9));
    seconds(1);
    up("shop-3");
    service.setDraining(node("shop-2"), true, "alice");
    seconds(1);
    assertThat(driver.done).endsWith("start shop-3", "start shop-4");
  }

  @Test
  void thereAreNeverMoreThanMax() {
    begin(config(2, 2));
    up("shop-1");
    up("shop-2");
    service.setStanding(
        node("shop-1"), new Standing(Standing.State.EJECTED, 0, "fails", time.epochMillis() + 9));
    seconds(10);
    assertThat(driver.there).hasSize(2);
  }

  @Test
  void whatIsFoundServesAtOnce() throws IOException {
    driver.start("shop-1");
    driver.start("shop-7");
    driver.done.clear();
    begin(config(2, 8));
    assertThat(states()).isEqualTo("shop-1 up, shop-7 up");
    seconds(5);
    assertThat(driver.done).isEmpty();
  }

  @Test
  void requestsWaitForTheFirstNode() {
    begin(config(0, 4));
    seconds(10);
    assertThat(driver.done).isEmpty();
    assertThat(service.load().isHolding()).isTrue();
    assertThat(service.load().holdNanos()).isEqualTo(Duration.ofSeconds(30).toNanos());
    service.load().beginWait();
    time.run();
    assertThat(driver.done).as("at once").containsExactly("start shop-1");
    service.load().waiting().decrementAndGet();
    up("shop-1");
    assertThat(service.load().isHolding()).isFalse();
    seconds(62);
    assertThat(driver.done).containsExactly("start shop-1", "stop shop-1");
    assertThat(service.load().isHolding()).isTrue();
    assertThat(story()).anyMatch(line -> line.contains("to 0 nodes: no request for 60 s"));
  }

  /** What has ended is replaced; what is only slow, with as many as there may be, is not. */
  @Test
  void requestsWaitWhileItIsLookedWhetherTheOnlyNodeHasEnded() {
    begin(config(1, 1));
    up("shop-1");
    seconds(40);
    assertThat(service.load().isHolding()).isFalse();
    service.setUp(node("shop-1"), false, "no answer");
    assertThat(service.load().holdNanos()).as("not known yet").isPositive();
    time.run();
    assertThat(service.load().holdNanos()).as("it may yet").isPositive();
    time.advance(Duration.ofMillis(300));
    assertThat(service.load().holdNanos()).as("it has not").isZero();
    up("shop-1");
    assertThat(service.load().holdNanos()).isPositive();
    service.setUp(node("shop-1"), false, "refused");
    assertThat(service.load().holdNanos()).isPositive();
    time.run();
    assertThat(service.load().isHolding()).isTrue();
    driver.dead.put(driver.there.get("shop-1"), "ended with 137"); // a moment later
    time.advance(Duration.ofMillis(100));
    assertThat(driver.done).endsWith("start shop-2");
    assertThat(service.load().isHolding()).isTrue();
    up("shop-2");
    assertThat(service.load().isHolding()).isFalse();
  }

  @Test
  void whoWaitedJustBeforeIsSeenAndWhoWentAwayWakesNobody() {
    service.load().beginWait();
    begin(config(0, 4));
    time.run();
    assertThat(driver.done).containsExactly("start shop-1");
    service.load().waiting().decrementAndGet();
    up("shop-1");
    seconds(62);
    driver.done.clear();
    service.load().beginWait();
    service.load().waiting().decrementAndGet();
    time.run();
    assertThat(driver.done).isEmpty();
    service.load().beginWait();
    time.run();
    assertThat(driver.done).as("it still listens").containsExactly("start shop-1");
  }

  @Test
  void aSizeSetByHandIsNotWokenByRequests() {
    begin(config(0, 4));
    scaler().setManual(0);
    service.load().beginWait();
    seconds(2);
    assertThat(driver.done).isEmpty();
    scaler().setManual(-1);
    time.run();
    assertThat(driver.done).containsExactly("start shop-1");
  }

  @Test
  void aDryRunTellsAndDoesNothing() {
    begin(
        new ScaleConfig(
            process("run"),
            2,
            8,
            8,
            0,
            Duration.ofMinutes(1),
            Duration.ofSeconds(30),
            Duration.ofSeconds(10),
            Duration.ofMinutes(2),
            Duration.ofMinutes(1),
            Duration.ofSeconds(30),
            OnExit.STOP,
            true,
            List.of()));
    seconds(5);
    assertThat(driver.done).isEmpty();
    assertThat(story()).containsExactly("shop would go from 0 to 2 nodes: the least there may be");
  }

  @Test
  void aScheduleHasMoreAtLeastWhileItHolds() {
    ScaleConfig plain = config(1, 8);
    Instant begin = Instant.ofEpochMilli(time.epochMillis());
    LocalTime from =
        LocalTime.ofInstant(begin, ZoneOffset.UTC).plusMinutes(5).truncatedTo(ChronoUnit.MINUTES);
    begin(
        new ScaleConfig(
            plain.driver(),
            1,
            8,
            8,
            0,
            plain.startTimeout(),
            plain.drain(),
            plain.grace(),
            plain.downAfter(),
            plain.idle(),
            plain.hold(),
            OnExit.STOP,
            false,
            List.of(new ScaleSchedule(Set.of(), from, from.plusMinutes(10), ZoneOffset.UTC, 3))));
    up("shop-1");
    seconds(200);
    assertThat(driver.done).containsExactly("start shop-1");
    seconds(100);
    assertThat(driver.done).containsExactly("start shop-1", "start shop-2", "start shop-3");
    up("shop-2");
    up("shop-3");
    assertThat(scaler().view().why()).contains("; at least 3 by the schedule, every day ");
    seconds(500);
    assertThat(driver.there).hasSize(3);
    seconds(400);
    assertThat(driver.there).as("over, and down-after as well").hasSize(1);
  }

  @Test
  void anotherCommandReplacesNodesOneByOneAndNeverTakesOneAway() {
    begin(config(2, 2));
    up("shop-1");
    up("shop-2");
    driver.done.clear();
    scaler().configure(new ScaleConfig(process("other"), 2, 2, 8), true);
    List<Integer> available = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      seconds(1);
      for (Node node : service.nodes().all()) {
        if (!node.facts().up()) {
          service.setUp(node, true, "passed");
        }
      }
      available.add(service.nodes().available().length);
    }
    assertThat(driver.done)
        .containsExactly("use other", "start shop-3", "stop shop-1", "start shop-1", "stop shop-2");
    assertThat(available).allMatch(n -> n >= 2);
  }

  @Test
  void theEndDrainsAndStopsThemAll() {
    begin(config(2, 8));
    up("shop-1");
    node("shop-1").requestStarted();
    CompletableFuture<Void> end = scaler().end();
    seconds(5);
    assertThat(driver.there.keySet()).containsExactly("shop-1");
    assertThat(end).isNotDone();
    node("shop-1").requestFinished();
    seconds(1);
    assertThat(driver.there).isEmpty();
    assertThat(end).isDone();
  }

  /** Whatever fails and dies: what the driver has is what is known, and it ends as it should. */
  @Test
  void nothingIsForgottenWhateverHappens() {
    for (long seed = 1; seed <= 20; seed++) {
      ServiceScalerTest one = new ServiceScalerTest();
      one.folder = folder.resolve("" + seed);
      one.play(seed);
    }
  }

  private void play(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    begin(config(1, 10));
    for (int step = 0; step < 400; step++) {
      switch (random.nextInt(6)) {
        case 0 -> scaler().setManual(1 + random.nextInt(10));
        case 1 -> {
          for (Node node : service.nodes().all()) {
            if (random.nextBoolean()) {
              service.setUp(node, true, "passed");
            }
          }
        }
        case 2 -> {
          for (Started one : driver.there.values()) {
            if (random.nextInt(4) == 0) {
              driver.dead.put(one, "died");
            }
          }
        }
        case 3 -> driver.refuses = random.nextBoolean() ? "no" : "";
        case 4 -> {
          for (Node node : service.nodes().all()) {
            if (random.nextInt(5) == 0) {
              service.setUp(node, false, "failed");
            }
          }
        }
        default -> seconds(random.nextInt(20));
      }
      time.run();
      assertThat(driver.there.keySet())
          .as("seed %d, step %d", seed, step)
          .isEqualTo(scaler().names());
      assertThat(driver.there.size()).as("seed %d", seed).isLessThanOrEqualTo(10 + 1);
    }
    driver.refuses = "";
    driver.dead.clear();
    scaler().setManual(3);
    for (int i = 0; i < 200; i++) {
      seconds(1);
      for (Node node : service.nodes().all()) {
        service.setUp(node, true, "passed");
      }
    }
    assertThat(driver.there).as("seed %d: %s", seed, scaler().view()).hasSize(3);
  }

  /** A deploy: nodes of another version beside those there are, more and more, and then alone. */
  @Test
  void twoVersionsStandSideBySide() {
    begin(config(4, 4));
    for (int i = 1; i <= 4; i++) {
      up("shop-" + i);
    }
    Release old = Release.PLAIN;
    Release next = Release.of("2");
    plan(new Plan(old, next, 0.01));
    assertThat(driver.done).endsWith("start shop-4", "start shop-5 2");
    assertThat(scaler().progress()).isEqualTo(new Plan.Progress(1, 0, 1, 0, "", true));
    up("shop-5");
    assertThat(node("shop-5").facts().labels()).containsEntry("version", "2");
    plan(new Plan(old, next, 0.5));
    up("shop-6");
    assertThat(scaler().progress().serving()).isEqualTo(2);
    driver.dead.put(driver.there.get("shop-6"), "ended with 1");
    seconds(3);
    assertThat(scaler().progress().failed()).isEqualTo(1);
    assertThat(scaler().progress().why()).isEqualTo("it served for 1 s only, ended with 1");
    plan(new Plan(old, next, 0));
    seconds(2);
    assertThat(driver.there.keySet()).containsExactly("shop-1", "shop-2", "shop-3", "shop-4");
    assertThat(scaler().progress().present()).isZero();

    plan(new Plan(old, Release.of("3"), 1));
    seconds(60);
    for (Node node : service.nodes().all()) {
      service.setUp(node, true, "passed");
    }
    seconds(1);
    assertThat(scaler().progress().serving()).isEqualTo(4);
    scaler().close(); // killed, and found again by the next
    make(config(4, 4), new Plan(old, Release.of("3"), 1));
    scaler().setActing(true);
    seconds(1);
    assertThat(scaler().progress().present()).isEqualTo(4);
    plan(new Plan(Release.of("3"), old, 0));
    seconds(2);
    assertThat(driver.there).hasSize(4).doesNotContainKey("shop-1");
    plan(new Plan(Release.of("3")));
    seconds(60);
    assertThat(driver.there).hasSize(4);
    assertThat(service.nodes().available())
        .hasSize(4)
        .allMatch(node -> "3".equals(node.facts().labels().get("version")));
  }

  private void plan(Plan plan) {
    scaler().plan(plan);
    time.run();
  }

  private static ScaleDriver process(String program) {
    return new ScaleDriver.Program(List.of(program), Map.of(), Path.of("."));
  }

  private static ScaleConfig config(int min, int max) {
    return new ScaleConfig(process("run"), min, max, 8);
  }

  private void make(ScaleConfig config) {
    make(config, new Plan(Release.PLAIN));
  }

  private void make(ScaleConfig config, Plan plan) {
    scaler =
        new ServiceScaler(
            service,
            config,
            driver,
            driver.find(),
            -1,
            versions(),
            plan,
            time,
            (Service to, List<NodeSpec> nodes, String why) -> to.setMembers(nodes, why),
            Runnable::run,
            events::add,
            new SplittableRandom(1));
  }

  private Versions versions() {
    try {
      return new Versions(folder.resolve("versions"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void begin(ScaleConfig config) {
    make(config);
    scaler().setActing(true);
    seconds(1);
  }

  private ServiceScaler scaler() {
    ServiceScaler present = scaler;
    if (present == null) {
      throw new AssertionError();
    }
    return present;
  }

  private void seconds(int count) {
    time.advance(Duration.ofSeconds(count));
  }

  private void up(String name) {
    service.setUp(node(name), true, "passed");
    time.run();
  }

  private Node node(String name) {
    return Arrays.stream(service.nodes().all())
        .filter(node -> node.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private String states() {
    List<String> states = new ArrayList<>();
    for (Node node : service.nodes().all()) {
      states.add(node.name() + " " + node.facts().state());
    }
    return String.join(", ", states.stream().sorted().toList());
  }

  private List<String> story() {
    return events.since(0).stream().map(entry -> entry.event().text()).toList();
  }

  private int count(Class<? extends Event> kind) {
    return (int) events.since(0).stream().filter(e -> kind.isInstance(e.event())).count();
  }
}
