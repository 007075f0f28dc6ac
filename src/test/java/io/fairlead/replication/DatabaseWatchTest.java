package io.fairlead.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.DatabaseConfig.Writers;
import io.fairlead.config.DatabaseEngine;
import io.fairlead.config.DatabaseProbeConfig;
import io.fairlead.config.DatabaseReads;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Role;
import io.fairlead.service.Service;
import io.fairlead.service.Sighting;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** The life of a database, told by its members; the story is what is done about it, and when. */
class DatabaseWatchTest {
  private final ManualScheduler time = new ManualScheduler();
  private final List<String> story = new ArrayList<>();
  private final List<Term> remembered = new ArrayList<>();
  private int asked;
  private final Service service =
      new Service("orders", 1, new EventLog(time::epochMillis), time::epochMillis);

  private final DatabaseSessions sessions =
      new DatabaseSessions() {
        @Override
        public void cutWriters(Node node) {
          tell("cut writers of " + node.name());
        }

        @Override
        public void cutReaders(Node node) {
          tell("cut readers of " + node.name());
        }

        @Override
        public void moveReaders(Node node) {
          tell("move readers of " + node.name());
        }

        @Override
        public void retire(Node node) {
          tell("retire sessions of " + node.name());
        }

        @Override
        public void settle(long now, long graceNanos) {
          tell("settle, " + Duration.ofNanos(graceNanos).toSeconds() + " s");
        }

        @Override
        public void wake() {
          tell("wake");
        }
      };

  private final DatabaseWatch.World world =
      new DatabaseWatch.World() {
        @Override
        public void askAgain(Node node) {
          asked++;
        }

        @Override
        public void event(Event event) {
          tell(event.text());
        }

        @Override
        public void remember(Term term) {
          remembered.add(term);
        }
      };

  private void tell(String what) {
    story.add(time.epochMillis() + " " + what);
  }

  private DatabaseWatch start(DatabaseEngine engine, Term term, String... members) {
    return start(engine, Writers.ONE, term, members);
  }

  private DatabaseWatch start(
      DatabaseEngine engine, Writers writers, Term term, String... members) {
    Map<String, HostPort> named = new LinkedHashMap<>();
    List<NodeSpec> specs = new ArrayList<>();
    for (String member : members) {
      HostPort address = new HostPort("127.0.0.1", 5000 + named.size());
      named.put(member, address);
      specs.add(new NodeSpec(address, member, 1, "", "file"));
    }
    DatabaseConfig config =
        new DatabaseConfig(
            "orders",
            engine,
            named,
            Map.of(),
            Map.of(),
            new DatabaseProbeConfig(
                "fairlead",
                new Secret(""),
                "",
                Duration.ofMillis(500),
                Duration.ofMillis(500),
                2,
                Optional.empty()),
            Duration.ofSeconds(10),
            writers,
            DatabaseReads.DEFAULT,
            Duration.ofSeconds(1),
            Optional.empty(),
            Optional.empty());
    service.setRoleOfNewcomers(Role.none("has not been asked yet"));
    service.setMembers(specs);
    DatabaseWatch watch = new DatabaseWatch(service, config, term, time, sessions, world);
    watch.start();
    return watch;
  }

  private Node node(String name) {
    for (Node node : service.nodes().all()) {
      if (node.name().equals(name)) {
        return node;
      }
    }
    throw new AssertionError(name);
  }

  private static Sighting primary(int timeline, long position) {
    return new Sighting.Postgresql(false, "7", timeline, false, position, OptionalDouble.of(0));
  }

  private static Sighting replica(int timeline, long position) {
    return new Sighting.Postgresql(true, "7", timeline, true, position, OptionalDouble.of(0));
  }

  private static Sighting synced(long view) {
    return new Sighting.Galera("", "7", view, 3, false, false, OptionalInt.empty());
  }

  private String writes() {
    StringBuilder who = new StringBuilder();
    for (Node node : service.nodes().available()) {
      if (node.facts().role().writes()) {
        who.append(node.name());
      }
    }
    return who.toString();
  }

  private void advance(long millis) {
    time.advance(Duration.ofMillis(millis));
  }

  @Test
  void whoHasNotBeenAskedGetsNothing() {
    DatabaseWatch _ = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b");
    assertThat(writes()).isEmpty();
    assertThat(service.nodes().available()).as("both are up, as newcomers are").hasSize(2);
  }

  @Test
  void aKilledPrimaryIsReplacedByThePromotedOne() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b");
    watch.saw(node("a"), primary(1, 500));
    watch.saw(node("b"), replica(1, 500));
    assertThat(writes()).isEqualTo("a");
    advance(1000);
    service.setUp(node("a"), false, "connection refused");
    assertThat(writes()).isEmpty();
    advance(700);
    watch.saw(node("b"), primary(2, 600));
    assertThat(writes()).isEqualTo("b");
    advance(1000);
    service.setUp(node("a"), true, "answered"); // with a postmaster of the past
    watch.saw(node("a"), primary(1, 520));
    assertThat(writes()).isEqualTo("b");
    assertThat(story)
        .containsExactly(
            "0 orders: a takes the writes, on timeline 1",
            "0 wake",
            "0 wake",
            "1000 move readers of a",
            "1000 orders: nobody takes the writes: no member takes writes",
            "1000 wake",
            "1700 cut writers of a",
            "1700 orders: b takes the writes, on timeline 2, after a; nobody did for 700 ms",
            "1700 wake",
            "2700 cut readers of a",
            "2700 orders: a takes writes on timeline 1, which ended when timeline 2 began");
    assertThat(remembered).containsExactly(new Term("7", 1, ""), new Term("7", 2, ""));
    assertThat(watch.view().changes())
        .extracting(DatabaseView.Change::to, DatabaseView.Change::nobodyMillis)
        .containsExactly(
            org.assertj.core.api.Assertions.tuple("a", 0L),
            org.assertj.core.api.Assertions.tuple("b", 700L));
    assertThat(watch.view().handovers()).isEqualTo(1);
  }

  /** What it says compares its own clock with the primary's, and either may have been set. */
  @Test
  void howOldAReplicaIsDoesNotGoByClocksOfServers() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b", "c");
    watch.saw(node("a"), primary(1, 400));
    for (int i = 0; i < 1000; i++) {
      watch.saw(node("a"), primary(1, 400 + i));
      watch.saw(
          node("b"), replica(1, 399 + Math.max(i, 1), 3600)); // an hour ahead, just being told
      watch.saw(node("c"), replica(1, 500, -3600)); // an hour behind, and stuck
      assertThat(node("b").facts().role().reads()).as("after %s", i).isTrue();
      assertThat(lag(watch, "b")).isBetween(0.0, 0.5);
      double really = Math.max(0, i - 101) * 0.25;
      assertThat(lag(watch, "c")).as("after %s", i).isBetween(really * 0.7, really + 0.25);
      advance(250);
    }
    assertThat(node("c").facts().role().why()).matches("is 2[0-9][0-9]\\.[0-9] s behind");
    watch.saw(node("b"), replica(1, 1400, 0));
    assertThat(lag(watch, "b")).isZero();

    // Of another's log nothing is known yet.
    service.setUp(node("a"), false, "connection refused");
    watch.saw(node("b"), primary(2, 2000));
    watch.saw(node("c"), replica(2, 500, 7));
    assertThat(lag(watch, "c")).isEqualTo(7);
  }

  private static double lag(DatabaseWatch watch, String name) {
    return watch.view().members().stream()
        .filter(one -> one.node().name().equals(name))
        .findFirst()
        .orElseThrow()
        .lagSeconds()
        .orElseThrow();
  }

  private static Sighting replica(int timeline, long position, double lag) {
    return new Sighting.Postgresql(true, "7", timeline, true, position, OptionalDouble.of(lag));
  }

  @Test
  void aPrimaryThatComesBackHasItsConnectionsStill() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b");
    watch.saw(node("a"), primary(1, 500));
    service.setUp(node("a"), false, "no answer within 500 ms");
    advance(1000);
    service.setUp(node("a"), true, "answered");
    watch.saw(node("a"), primary(1, 700));
    assertThat(writes()).isEqualTo("a");
    assertThat(story).noneMatch(line -> line.contains("cut writers"));
    assertThat(watch.view().handovers()).isZero();
  }

  /** It may be us who are cut off, and then we do not hear that another does. */
  @Test
  void connectionsToAPrimaryThatStaysSilentAreCut() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b");
    watch.saw(node("a"), primary(1, 500));
    service.setUp(node("a"), false, "no answer within 500 ms");
    advance(20_000);
    service.setUp(node("a"), true, "answered");
    watch.saw(node("a"), primary(1, 700));
    service.setUp(node("a"), false, "no answer within 500 ms");
    advance(29_999);
    assertThat(story).noneMatch(line -> line.contains("cut writers"));
    advance(1);
    assertThat(story).contains("50000 cut writers of a");
    service.setUp(node("a"), true, "answered");
    watch.saw(node("a"), primary(1, 900));
    assertThat(writes()).as("it may have new ones").isEqualTo("a");
  }

  @Test
  void aDemotedPrimaryLosesItsConnectionsAtOnce() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b");
    watch.saw(node("a"), primary(1, 500));
    watch.saw(node("b"), replica(1, 500));
    advance(300);
    watch.saw(node("a"), replica(1, 500));
    assertThat(writes()).isEmpty();
    assertThat(story).contains("300 cut writers of a");
  }

  @Test
  void twoOfThePresentGetNothingUntilOneCeases() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b");
    watch.saw(node("a"), primary(1, 500));
    watch.saw(node("b"), replica(1, 500));
    advance(1000);
    watch.saw(node("b"), primary(2, 600));
    assertThat(writes()).as("a was asked before b was promoted").isEmpty();
    assertThat(story).noneMatch(line -> line.contains("cut") || line.contains("both take"));
    advance(10);
    watch.saw(node("a"), primary(1, 550)); // and has written what b has not
    assertThat(writes()).isEmpty();
    assertThat(watch.view().alarm()).contains("a and b both take writes");
    assertThat(story).contains("1010 cut writers of a");
    advance(1000);
    service.setUp(node("a"), false, "connection refused");
    assertThat(writes()).isEqualTo("b");
    assertThat(story).contains("2010 orders: members agree again");
  }

  @Test
  void aSwitchoverIsNoDispute() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b");
    watch.saw(node("a"), primary(1, 500));
    watch.saw(node("b"), replica(1, 500));
    advance(400);
    watch.saw(node("b"), primary(2, 600));
    advance(10);
    watch.saw(node("a"), replica(1, 500));
    assertThat(writes()).isEqualTo("b");
    assertThat(story).noneMatch(line -> line.contains("both take"));
    assertThat(story).contains("410 cut writers of a");
  }

  @Test
  void whatIsRememberedKeepsAPrimaryOfThePastOut() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, new Term("7", 2, ""), "a", "b");
    service.setUp(node("b"), false, "connection refused");
    watch.saw(node("a"), primary(1, 900));
    assertThat(writes()).isEmpty();
    assertThat(watch.view().alarm()).contains("a takes writes on timeline 1");
  }

  @Test
  void membersAreAskedOftenWhileNobodyTakesWrites() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b");
    advance(1000);
    assertThat(asked).isEqualTo(20);
    watch.saw(node("a"), primary(1, 500));
    advance(1000);
    assertThat(asked).isEqualTo(20);
    service.setUp(node("a"), false, "connection refused");
    advance(60_000);
    assertThat(asked).as("for half a minute").isBetween(600, 640);
  }

  @Test
  void lagIsMeasuredByWhatWasKnownWhenTheReplicaWasAsked() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b");
    watch.saw(node("a"), primary(1, 1000));
    watch.saw(node("b"), replica(1, 900));
    watch.saw(node("a"), primary(1, 1L << 30)); // a moment later
    assertThat(watch.view().members().get(1).lagBytes()).hasValue(100);
    assertThat(node("b").facts().role().reads()).isTrue();
    watch.saw(node("b"), replica(1, 1000));
    assertThat(node("b").facts().role().reads()).isFalse();
    assertThat(node("b").facts().role().why()).isEqualTo("is 1024.0 MiB behind");
  }

  @Test
  void readersOfAMemberThatStaysDownAreCut() {
    DatabaseWatch watch = start(DatabaseEngine.POSTGRESQL, Term.NONE, "a", "b", "c");
    watch.saw(node("a"), primary(1, 500));
    watch.saw(node("b"), replica(1, 500));
    watch.saw(node("c"), replica(1, 500));
    service.setUp(node("b"), false, "no answer within 500 ms");
    service.setUp(node("c"), false, "connection reset");
    advance(500);
    service.setUp(node("c"), true, "answered");
    advance(5000);
    assertThat(story).contains("0 move readers of b", "2000 cut readers of b");
    assertThat(story).noneMatch(line -> line.contains("cut readers of c"));
  }

  @Test
  void theWriterOfAGaleraClusterMovesAtOnceAndNotBack() {
    DatabaseWatch watch = start(DatabaseEngine.GALERA, Term.NONE, "a", "b", "c");
    for (String name : List.of("a", "b", "c")) {
      watch.saw(node(name), synced(5));
    }
    assertThat(writes()).isEqualTo("a");
    advance(1000);
    service.setUp(node("a"), false, "no answer within 500 ms");
    assertThat(writes()).isEqualTo("b");
    assertThat(story).contains("1000 cut writers of a");
    service.setUp(node("a"), true, "answered");
    watch.saw(node("a"), synced(7));
    watch.saw(node("b"), synced(7));
    watch.saw(node("c"), synced(7));
    assertThat(writes()).isEqualTo("b");
    assertThat(remembered.getLast().writer()).isEqualTo("b");
  }

  @Test
  void aWriterThatDrainsKeepsTheConnectionsItHas() {
    DatabaseWatch watch = start(DatabaseEngine.GALERA, new Term("7", 0, "a"), "a", "b");
    watch.saw(node("a"), synced(5));
    watch.saw(node("b"), synced(5));
    boolean _ = service.setDraining(node("a"), true, "mona");
    assertThat(writes()).isEqualTo("b");
    assertThat(story)
        .noneMatch(line -> line.contains("cut writers"))
        .contains("0 retire sessions of a");
  }

  @Test
  void whereEachKeyHasOneMemberSessionsSettleWheneverAnotherTakesWrites() {
    DatabaseWatch watch =
        start(DatabaseEngine.GALERA, Writers.AFFINITY, new Term("7", 0, "a"), "a", "b");
    watch.saw(node("a"), synced(5));
    watch.saw(node("b"), synced(5));
    assertThat(writes()).isEqualTo("ab");
    advance(20_000);
    story.clear();
    watch.saw(node("b"), synced(5)); // nothing new
    service.setUp(node("b"), false, "connection refused");
    advance(20_000);
    service.setUp(node("b"), true, "answered");
    boolean _ = service.setDraining(node("a"), true, "mona");
    advance(9_999);
    assertThat(story)
        .filteredOn(line -> line.contains("settle") || line.contains("cut writers"))
        .containsExactly(
            "20000 settle, 10 s",
            "20000 cut writers of b",
            "30000 settle, 10 s",
            "40000 settle, 10 s",
            "40000 settle, 10 s");
    advance(1);
    assertThat(story)
        .filteredOn(line -> line.startsWith("50000 settle"))
        .as("one for who came back, one for who drains")
        .hasSize(2);
  }

  @Test
  void whereAllTakeWritesSessionsStayWhereTheyAre() {
    DatabaseWatch watch =
        start(DatabaseEngine.GALERA, Writers.ALL, new Term("7", 0, "a"), "a", "b");
    watch.saw(node("a"), synced(5));
    watch.saw(node("b"), synced(5));
    service.setUp(node("b"), false, "connection refused");
    service.setUp(node("b"), true, "answered");
    advance(20_000);
    assertThat(story).noneMatch(line -> line.contains("settle"));
  }
}
