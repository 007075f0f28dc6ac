package io.fairlead.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.admin.AdminServer;
import io.fairlead.admin.FakeInstance;
import io.fairlead.config.AdminConfig;
import io.fairlead.config.HostPort;
import io.fairlead.record.sql.QueryOutcome;
import io.fairlead.replication.backup.BackupsView;
import io.fairlead.service.Node;
import io.fairlead.service.SessionWatch;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.vip.VipStatus;
import io.fairlead.vip.bgp.BgpStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a person types and reads: transcripts against an instance that stands still. */
class CliTest {
  private final FakeInstance instance = FakeInstance.shop(() -> 1_795_000_000_000L);
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final List<String> launched = new ArrayList<>();
  private List<String> problems = List.of();
  private AdminServer server;

  @TempDir private Path folder;

  @BeforeEach
  void open() throws IOException {
    server = instance.open(new AdminConfig(new HostPort("127.0.0.1", 0), List.of()));
  }

  @AfterEach
  void shut() {
    server.close();
  }

  private static BackupsView.Copy copy(String id, long millis, String missing, String damaged) {
    return new BackupsView.Copy(
        id,
        millis,
        millis + 1_200,
        id.endsWith("I") ? "20261118T202640Z" : "",
        "",
        40L << 20,
        "b",
        2,
        1_795_000_000_000L,
        "0/5000148",
        missing,
        damaged);
  }

  private static BackupsView.Trial trial(boolean passed, String text) {
    return new BackupsView.Trial(
        1_794_999_990_000L, 2_500, passed, "20261118T202640Z", 1, 2, 1_794_999_980_000L, text);
  }

  private static BackupsView backups(
      List<BackupsView.Copy> copies, List<BackupsView.Trial> drills, String failure) {
    return new BackupsView(
        "orders",
        "/var/backups/orders",
        1_795_000_000_000L,
        true,
        "a",
        0x5000148L,
        "0/5000148",
        2,
        2048,
        300,
        1_795_000_000_000L,
        "",
        "",
        "",
        copies,
        copies.size() > 2 ? List.of("the log from 0/1 to 0/2 is missing") : List.of(),
        1_794_900_000_000L,
        1_795_000_000_000L,
        drills,
        0,
        0,
        failure.isEmpty() ? 0 : 1_795_000_000_000L,
        failure);
  }

  @Test
  void backupsAreToldInWords() {
    instance.setBackups(
        backups(
            List.of(
                copy("20261117T160000Z", 1_794_900_000_000L, "00000002000000000000000A", ""),
                copy("20261118T160000Z", 1_794_950_000_000L, "", "file base/1/1 is damaged"),
                copy("20261118T202640I", 1_794_990_000_000L, "", "")),
            List.of(trial(true, "2 databases, all tables read")),
            "the disk is full"),
        null);
    assertThat(type("db", "backups", "orders")).isEqualTo(0);
    assertThat(out)
        .hasToString(
            """
            orders: backups in /var/backups/orders
            log: from a, up to 0/5000148 of timeline 2, 2.0 KiB and 0.3 s behind
            restorable: from 2026-11-17T07:20:00Z to 2026-11-18T11:06:40Z
            GAP: the log from 0/1 to 0/2 is missing
            proven: 2026-11-18T11:06:20Z has been restored by a drill
            the last backup failed: the disk is full

            BACKUP            TYPE         OF      SIZE   TOOK  TIMELINE  RESTORES FROM         TO
            20261117T160000Z  full         b   40.0 MiB  1.2 s         2  2026-11-17T07:20:01Z  2026-11-18T11:06:40Z  then 00000002000000000000000A is missing
            20261118T160000Z  full         b   40.0 MiB  1.2 s         2  2026-11-17T21:13:21Z  2026-11-18T11:06:40Z  DAMAGED: file base/1/1 is damaged
            20261118T202640I  incremental  b   40.0 MiB  1.2 s         2  2026-11-18T08:20:01Z  2026-11-18T11:06:40Z

            DRILL                 IS     TOOK  PROVES                WHAT
            2026-11-18T11:06:30Z  good  2.5 s  2026-11-18T11:06:20Z  2 databases, all tables read
            """);
  }

  @Test
  void whyACopyIsFullIsSaid() {
    BackupsView.Copy one = copy("20261118T202640Z", 1_794_990_000_000L, "", "");
    String why = "full, by pg_basebackup: pgbackrest is not installed";
    instance.setBackups(
        backups(
            List.of(
                new BackupsView.Copy(
                    one.id(),
                    one.startMillis(),
                    one.endMillis(),
                    "",
                    why,
                    one.bytes(),
                    one.from(),
                    one.timeline(),
                    one.toMillis(),
                    one.to(),
                    "",
                    "")),
            List.of(),
            ""),
        null);
    assertThat(type("db", "backups", "orders")).isEqualTo(0);
    assertThat(out.toString()).contains("2026-11-18T11:06:40Z  " + why + "\n");
  }

  @Test
  void aBackupAndADrillAreWaitedFor() {
    BackupsView none = backups(List.of(), List.of(), "");
    BackupsView one =
        backups(
            List.of(copy("20261118T202640Z", 1_794_990_000_000L, "", "")),
            List.of(trial(true, "all tables read")),
            "");
    instance.setBackups(none, one);
    assertThat(type("db", "backup", "orders")).isEqualTo(0);
    assertThat(out).hasToString("backup 20261118T202640Z, 40.0 MiB from b, made and verified\n");
    out.getBuffer().setLength(0);
    instance.setBackups(none, one);
    assertThat(type("db", "drill", "orders")).isEqualTo(0);
    assertThat(out)
        .hasToString("proven: 2026-11-18T11:06:20Z can be restored, in 2.5 s; all tables read\n");
    instance.setBackups(none, backups(List.of(), List.of(trial(false, "a byte is wrong")), "full"));
    assertThat(type("db", "drill", "orders")).isEqualTo(1);
    instance.setBackups(none, backups(List.of(), List.of(), "the disk is full"));
    assertThat(type("db", "backup", "orders")).isEqualTo(1);
    instance.setBackups(none, null);
    assertThat(type("db", "backup", "orders")).isEqualTo(1);
    assertThat(type("db", "backups", "no-such")).isEqualTo(1);
    assertThat(err.toString())
        .contains(
            "a byte is wrong",
            "the disk is full",
            "another instance takes care of these backups",
            "There is no database no-such");
  }

  @ParameterizedTest
  @CsvSource({
    "db, db needs one of status",
    "db restore orders, Missing required option: '--to=FOLDER'",
    "db restore --to x, name a database",
    "db restore orders --to x --time yesterday, --time is a moment with its zone",
    "db restore orders --to x --latest --time 2026-05-02T12:13:14Z, exclude each other",
    "db restore --from no-such --to x, is no folder of backups"
  })
  void whatCannotBeRestored(String line, String complaint) {
    assertThat(type(line.split(" "))).isNotZero();
    assertThat(err.toString()).contains(complaint);
  }

  @Test
  void vipsAreATable() {
    assertThat(type("vips")).isEqualTo(0);
    assertThat(out).hasToString("There are no virtual IPs: the configuration has no vips.\n");
    out.getBuffer().setLength(0);
    long since = System.currentTimeMillis() - 241_000;
    instance.setVips(
        List.of(
            new VipStatus(
                "front",
                List.of("10.0.0.100/24"),
                "eth0",
                "vrrp",
                "standby",
                "10.0.0.1",
                0,
                since,
                "takes part",
                51,
                100,
                0,
                new VipStatus.Counters(0, 900, Map.of(), 0)),
            new VipStatus(
                "leased",
                List.of("10.0.0.101/24", "fd00::101/64"),
                "eth0",
                "lease",
                "owner",
                VipStatus.SELF,
                7,
                since,
                "elected",
                0,
                100,
                1,
                new VipStatus.Counters(0, 0, Map.of(), 0))));
    assertThat(type("vips")).isEqualTo(0);
    assertThat(out)
        .hasToString(
            """
            VIP     ADDRESS                     INTERFACE  ELECT    PRIORITY  STATE    OWNER          TERM        FOR  WHY
            front   10.0.0.100/24               eth0       vrrp 51       100  standby  10.0.0.1       -     4 min 1 s  takes part
            leased  10.0.0.101/24 fd00::101/64  eth0       lease         100  owner    this instance  7     4 min 1 s  elected
            """);
    out.getBuffer().setLength(0);
    instance.setVips(
        List.of(
            new VipStatus(
                "front",
                List.of("192.0.2.10/32"),
                "lo",
                "bgp",
                "owner",
                VipStatus.SELF,
                0,
                since,
                "all that are well have it",
                0,
                100,
                1,
                new VipStatus.Counters(0, 0, Map.of(), 0))));
    instance.setRouters(
        List.of(
            new BgpStatus(
                "rack",
                "10.0.0.1",
                65000,
                "established",
                since,
                "well",
                9,
                List.of("192.0.2.10"),
                false,
                5,
                7,
                2)));
    assertThat(type("vips")).isEqualTo(0);
    assertThat(out)
        .hasToString(
            """
            VIP    ADDRESS        INTERFACE  ELECT  PRIORITY  STATE  OWNER          TERM        FOR  WHY
            front  192.0.2.10/32  lo         bgp           -  owner  this instance  -     4 min 1 s  all that are well have it

            ROUTER  ADDRESS      AS  STATE        ANNOUNCED   HOLD        FOR  WHY
            rack    10.0.0.1  65000  established  192.0.2.10     9  4 min 1 s  well
            """);
  }

  @Test
  void statusIsOneScreen() {
    instance.openClients(7);
    instance.setUp(instance.node("shop", 2), false, "connection refused");
    assertThat(type("status")).isEqualTo(0);
    assertThat(out)
        .hasToString(
            """
            2 of 3 nodes of shop are up: 127.0.0.1:9103 down for 0 s: connection refused.

            fairlead 0.1.0, ready, up for 0 s, configuration 1 from fairlead.yaml
            0 requests/s, 0 failed, p50 -, p99 -

            LISTENER  PROTOCOL  ADDRESS         CLIENTS  REQUESTS/S  FAILED
            web       http      127.0.0.1:8080        7           0       0

            LISTENER  CERTIFICATE    NAMES         DAYS LEFT
            web       /etc/shop.pem  shop.example         20

            SERVICE  STATE     NODES  IN FLIGHT  REQUESTS/S  FAILED  P50  P99
            shop     degraded    2/3          0           0       0    -    -
            """);
  }

  @Test
  void nodesAreATableWithTheReason() {
    instance.setUp(instance.node("shop", 2), false, "connection refused");
    assertThat(type("nodes", "shop")).isEqualTo(0);
    assertThat(out)
        .hasToString(
            """
            SERVICE  NODE            STATE  WEIGHT  ZONE  IN FLIGHT  REQUESTS/S  P50  P99  REASON              CHOICE
            shop     127.0.0.1:9101  up          1  -             0           0    -    -  not probed yet      0 in flight
            shop     127.0.0.1:9102  up          1  -             0           0    -    -  not probed yet      0 in flight
            shop     127.0.0.1:9103  down        1  -             0           0    -    -  connection refused  0 in flight
            """);
  }

  @Test
  void theHistoryOfVerdictsIsATable() {
    instance.setUp(instance.node("shop", 2), false, "connection refused");
    assertThat(type("nodes", "shop", "--history")).isEqualTo(0);
    assertThat(out)
        .hasToString(
            """
            TIME                  SERVICE  NODE            VERDICT  WHY
            2026-11-18T11:06:40Z  shop     127.0.0.1:9103  down     connection refused
            """);
  }

  @Test
  void scaleSaysHowManyAndWhyAndSetsIt() {
    assertThat(type("scale", "shop")).isEqualTo(0);
    String said =
        """
        shop: 3 nodes of 2 to 8 by process
          because 21.4 requests in flight are expected and a node is to have 8.0: 3
          a start takes 1.5 s; 3 led to nodes that serve, 1 failed

        NODE    ADDRESS         IS            STATE        AGE  IN FLIGHT
        shop-1  127.0.0.1:9101  process 4711  up     1 h 2 min          7

        AGENT  NODES  LOAD  CORES  MEMORY FREE  DISK FREE
        h1         3  0.50      4         25 %   46.6 GiB  agent h1 has not answered for 12 s (no connection); 3 nodes there are judged by their checks

        TIME                  FROM  TO  WHY
        2026-11-18T11:06:40Z     2   3  17.0 requests in flight are expected and a node is to have 8.0: 3
        """;
    assertThat(out).hasToString(said);
    assertThat(type("explain", "scaling", "shop")).isEqualTo(0);
    assertThat(out).hasToString(said + said);
    assertThat(type("scale", "shop", "5")).isEqualTo(0);
    assertThat(out.toString())
        .contains("shop: 5 nodes of 2 to 8 by process\n  because set by hand");
    assertThat(type("scale", "shop", "auto")).isEqualTo(0);
    assertThat(out.toString()).endsWith(said);
    assertThat(type("scale", "shop", "9")).isEqualTo(1);
    assertThat(err.toString())
        .isEqualTo(
            "fairlead scale: size: the configuration allows 2 to 8 nodes of shop (was 9).\n");
    assertThat(type("scale", "shop", "many")).isEqualTo(2);
    assertThat(type("scale", "sho")).isEqualTo(1);
    assertThat(err.toString()).endsWith("There is no service sho. Did you mean shop?\n");
  }

  @Test
  void drainWaitsUntilNothingIsInFlight() {
    Node node = instance.node("shop", 1);
    node.requestStarted();
    node.requestStarted();
    node.connectionOpened();
    Runnable unsubscribe =
        instance
            .events()
            .subscribe(entry -> {
              if (entry.event() instanceof Event.NodeDraining) {
                Thread.ofVirtual().start(node::requestFinished);
                Thread.ofVirtual().start(node::requestFinished);
              }
            });
    assertThat(type("drain", "shop", "127.0.0.1:9102")).isEqualTo(0);
    unsubscribe.run();
    assertThat(out.toString())
        .startsWith("shop/127.0.0.1:9102 is draining, ")
        .endsWith("shop/127.0.0.1:9102 is empty\n");
  }

  @Test
  void drainWantsANodeOfAServiceOrAnInstanceOfTheGroup() {
    assertThat(type("drain", "shop")).isEqualTo(2);
    assertThat(type("undrain", "shop", "127.0.0.1:9102", "--instance", "edge-2")).isEqualTo(2);
    assertThat(err.toString())
        .contains("drain: say SERVICE and NODE, or --instance INSTANCE")
        .contains("undrain: say SERVICE and NODE, or --instance INSTANCE");
    assertThat(type("drain", "--instance", "edge-2")).isEqualTo(1);
    assertThat(err.toString()).contains("Taking an instance out or in needs a group");
  }

  @Test
  void drainGivesUpAfterItsTimeout() {
    instance.node("shop", 1).requestStarted();
    assertThat(type("drain", "shop", "127.0.0.1:9102", "--timeout", "0")).isEqualTo(1);
    assertThat(err).hasToString("fairlead drain: 1 requests are still in flight after 0 s\n");
    assertThat(type("drain", "shop", "127.0.0.1:9102", "--no-wait")).isEqualTo(0);
    assertThat(type("undrain", "shop", "127.0.0.1:9102")).isEqualTo(0);
    assertThat(out.toString()).endsWith("shop/127.0.0.1:9102 takes requests again: up\n");
  }

  /** Clients of that service stay with their nodes. */
  @Test
  void drainWaitsUntilNoSessionIsLeft() {
    Node node = instance.node("shop", 1);
    SessionWatch watch = instance.keepSessions("shop");
    assertThat(type("drain", "shop", "127.0.0.1:9102", "--timeout", "0")).isEqualTo(1);
    assertThat(err).hasToString("fairlead drain: sessions have been seen lately, after 0 s\n");
    node.counters().add(0, NodeCounter.OF_SESSIONS, 12);
    boolean _ = watch.look(Duration.ofHours(1), Duration.ofHours(1));
    assertThat(type("nodes", "shop")).isEqualTo(0);
    assertThat(out.toString())
        .containsPattern(
            "draining .* not probed yet; 12 requests of sessions in the last minute, the last .* ago")
        .containsPattern("is draining, 0 in flight, 0 connections, 0 requests of sessions");
    boolean _ = watch.look(Duration.ZERO, Duration.ofHours(1)); // by now nobody is expected
    assertThat(type("drain", "shop", "127.0.0.1:9102")).isEqualTo(0);
    assertThat(out.toString()).endsWith("shop/127.0.0.1:9102 is empty\n");
    assertThat(type("nodes", "shop")).isEqualTo(0);
    assertThat(out.toString()).contains("not probed yet; empty");
  }

  @Test
  void explainNumbersTheSteps() {
    assertThat(type("explain", "GET", "/a", "-H", "x-beta: 1", "--client", "10.0.0.1"))
        .isEqualTo(0);
    assertThat(out)
        .hasToString(
            """
            listener  web
            route     web-1
            service   shop
            node      127.0.0.1:9101
            why
              1. listener web takes GET /a
              2. route web-1 matches: any request
              3. service shop has 3 nodes that take requests
            """);
  }

  @Test
  void applyAndReloadSayWhatChangedOrWhatIsWrong() throws IOException {
    Path file = Files.writeString(folder.resolve("next.yaml"), "listeners: {}");
    assertThat(type("apply", "-c", file.toString())).isEqualTo(0);
    assertThat(type("reload")).isEqualTo(0);
    assertThat(out)
        .hasToString(
            """
            version 2 is in force
              service shop: 3 nodes
            version 3 is in force
              nothing changed
            """);
    Files.writeString(file, "broken");
    assertThat(type("apply", "-c", file.toString())).isEqualTo(1);
    assertThat(err)
        .hasToString(
            """
            fairlead.yaml:14:9: services.shop.health.timeout: must not exceed interval 1s (was 5s)
            fairlead.yaml:20:3: listners: unknown key; did you mean listeners
            fairlead apply: The configuration has 2 problems; nothing has changed.
            """);
  }

  @Test
  void simulatePrintsATableForEachLoadAndFailsWhereMoreWasExpected() throws IOException {
    Path file = folder.resolve("sim.yaml");
    Path picture = folder.resolve("sim.svg");
    Files.writeString(
        file,
        """
        nodes: { count: 4, cores: 2 }
        service-time: 10ms
        load: 0.01
        balance: [round-robin, oracle]
        duration: 5s
        warm-up: 1s
        expect:
          - { policy: oracle, measure: p50, at-most: 11ms }
          - { policy: oracle, measure: p50, at-most: 9ms }
        """);
    assertThat(type("simulate", file.toString(), "--plot", picture.toString())).isEqualTo(1);
    assertThat(out.toString())
        .contains("load 0.01, 1 instance, ")
        .containsPattern("POLICY +P50 +P90 +P99 +P99.9 +MEAN +ERRORS +TIMED OUT\n")
        .containsPattern("round-robin +10.0 +10.0 +10.0 +10.0 +10.0 +0 +0\n")
        .containsPattern("p50 +oracle +1 +0.01 +10.0 ms +at most 11.0 ms +met\n")
        .containsPattern("p50 +oracle +1 +0.01 +10.0 ms +at most 9.00 ms +missed\n");
    assertThat(picture).content().startsWith("<svg ").contains("round-robin").endsWith("</svg>\n");
  }

  @Test
  void simulateTellsAllProblemsOfItsFile() throws IOException {
    Path file = folder.resolve("sim.yaml");
    Files.writeString(file, "nodes: 0\nservice-time: 10ms\nbalance: rondom\n");
    assertThat(type("simulate", file.toString())).isEqualTo(1);
    assertThat(err.toString().lines())
        .hasSize(2)
        .first()
        .asString()
        .startsWith(file + ":1:8: nodes: must be from 1 to 60000 (was 0)");
  }

  @Test
  void checkPrintsEveryProblemOrThatThereIsNone() throws IOException {
    Path file = Files.writeString(folder.resolve("a.yaml"), "x: 1");
    assertThat(type("check", "-c", file.toString())).isEqualTo(0);
    problems = List.of("a.yaml:1:1: x: unknown key", "a.yaml:2:1: y: unknown key");
    assertThat(type("check", "-c", file.toString())).isEqualTo(1);
    assertThat(out.toString()).endsWith("a.yaml:1:1: x: unknown key\na.yaml:2:1: y: unknown key\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "status                               | 0",
        "status --json                        | 0",
        "nodes --json                         | 0",
        "version                              | 0",
        "--help                               | 0",
        "drain --help                         | 0",
        "nodes shup                           | 1",
        "drain shop 127.0.0.1:1               | 1",
        "check -c does-not-exist.yaml         | 1",
        "apply -c does-not-exist.yaml         | 1",
        "''                                   | 2",
        "stauts                               | 2",
        "drain shop                           | 2",
        "status --admin nonsense              | 2",
        "explain GET /a -H nonsense           | 2",
        "node                                 | 2",
        "node --port 70000                    | 2",
        "node --port 1 --error-rate 2         | 2",
        "node --port 1 --health maybe         | 2",
        "status --admin http://127.0.0.1:1    | 3",
        "drain a b --admin http://127.0.0.1:1 | 3",
      })
  void exitCodesTellApartWhatWentWrong(String line, int code) {
    assertThat(type(line.isEmpty() ? new String[0] : line.split(" +", -1)))
        .as(err.toString())
        .isEqualTo(code);
  }

  @Test
  void theTestNodeGetsItsOptions() {
    assertThat(
            type(
                "node",
                "--port",
                "9101",
                "--name",
                "a",
                "--latency",
                "exp:20ms",
                "--error-rate",
                "0.1",
                "--health",
                "fail"))
        .isEqualTo(0);
    assertThat(launched)
        .containsExactly(
            "NodeOptions[port=9101, bind=127.0.0.1, name=a, latency=exp:20ms, errorRate=0.1, healthy=false]");
  }

  @Test
  void demoAndRunStartInTheSameWayWithAndWithoutTheParser() throws IOException {
    Path file = Files.writeString(folder.resolve("own.yaml"), "");
    List<List<String>> lines =
        List.of(
            List.of("demo"),
            List.of("run", "-c", file.toString()),
            List.of("run", "--config", file.toString()),
            List.of("run", "--config=" + file)); // this takes the parser in any case
    List<String> wanted = List.of("demo", "run " + file, "run " + file, "run " + file);
    lines.forEach(line -> assertThat(type(line.toArray(String[]::new))).isZero());
    assertThat(launched).isEqualTo(wanted);
    launched.clear();
    lines.forEach(
        line -> assertThat(Cli.main(line.toArray(String[]::new), new Launches())).isZero());
    assertThat(launched).isEqualTo(wanted);
    assertThat(Cli.main(new String[] {"run", "-c", folder.toString()}, new Launches()))
        .as("a folder")
        .isEqualTo(1);
  }

  @Test
  void aMistypedServiceIsGuessed() {
    assertThat(type("nodes", "shup")).isEqualTo(1);
    assertThat(err).hasToString("fairlead nodes: There is no service shup. Did you mean shop?\n");
  }

  @Test
  void colourIsForPeopleWhoLook() {
    assertThat(Cli.main(new String[] {"nodes"}, world(true))).isEqualTo(0);
    assertThat(out.toString()).contains("\u001b[32mup\u001b[0m");
  }

  @Test
  void logsShowsRecordsAsATableAndKeepsWhatClientsSentFromTheTerminal() {
    instance.setRecords((sql, rows) -> {
      launched.add(rows + " " + sql.replaceFirst("'2[^']*'", "'...'"));
      return new QueryOutcome.Answered(
          List.of(
              new QueryOutcome.Column("id", "VARCHAR"),
              new QueryOutcome.Column("path", "VARCHAR"),
              new QueryOutcome.Column("status", "INTEGER"),
              new QueryOutcome.Column("error", "VARCHAR")),
          2,
          "[[\"1\",\"/a\\u001b[2Jb\",200,null],[\"2\",\"/c\",503,\"no-node\"]]"
              .getBytes(StandardCharsets.UTF_8),
          true,
          1);
    });
    assertThat(
            type("logs", "--since", "5m", "--where", "status>=500 and node=\"b\"", "--limit", "2"))
        .isEqualTo(0);
    assertThat(out)
        .hasToString(
            """
            PATH     STATUS  ERROR
            /a·[2Jb     200  -
            /c          503  no-node
            (only the first 2; there are more)
            """);
    assertThat(launched)
        .containsExactly(
            "2 SELECT * FROM requests WHERE time >= TIMESTAMP '...' AND (\"status\" >= 500 AND"
                + " \"node\" = 'b') ORDER BY time DESC LIMIT 3");
  }

  @Test
  void logsAsksSqlAndSaysWhatIsWrongWithIt() {
    instance.setRecords((sql, _) -> new QueryOutcome.Wrong("no " + sql, 1));
    assertThat(type("logs", "--sql", "SELECT x")).isEqualTo(1);
    assertThat(err).hasToString("fairlead logs: no SELECT x\n");
    assertThat(type("logs", "--sql", "SELECT x", "--since", "5m")).isEqualTo(2);
    assertThat(type("logs", "--where", "nod=b")).isEqualTo(1);
    assertThat(err.toString()).endsWith("Requests have no field nod, did you mean node? (at 1).\n");
  }

  private int type(String... words) {
    return Cli.main(words, world(false));
  }

  private Cli.World world(boolean colour) {
    return new Cli.World(
        new Launches(),
        Map.of("FAIRLEAD_ADMIN", "http://127.0.0.1:" + server.address().getPort()),
        new PrintWriter(out, true),
        new PrintWriter(err, true),
        colour);
  }

  private final class Launches implements Launcher {
    @Override
    public int run(Path config, Takeover takeover) {
      launched.add("run " + config + (takeover == Takeover.NO ? "" : " " + takeover));
      return 0;
    }

    @Override
    public int demo(boolean scales) {
      launched.add("demo");
      return 0;
    }

    @Override
    public int databaseDemo() {
      launched.add("demo --database");
      return 0;
    }

    @Override
    public int node(NodeOptions options) {
      launched.add(options.toString());
      return 0;
    }

    @Override
    public int agent(Path config) {
      launched.add("agent " + config);
      return 0;
    }

    @Override
    public List<String> checkAgent(Path config) {
      return problems;
    }

    @Override
    public List<String> check(Path config) {
      return problems;
    }
  }
}
