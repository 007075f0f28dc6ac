package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.group.Linearizability;
import io.fairlead.group.Linearizability.Call;
import io.fairlead.group.Linearizability.Kind;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three instances whose state is at three ZooKeeper servers: those and these are killed and frozen,
 * one and all, while clients use the store by all instances. What the clients saw must be what one
 * store would have shown, and each instance serves all the time.
 */
@EnabledIfSystemProperty(named = "fairlead.group.runs", matches = "\\d+")
final class EnsembleHistoryTest {
  private static final int RUNS = Integer.getInteger("fairlead.group.runs", 1);
  private static final int SECONDS = Integer.getInteger("fairlead.group.seconds", 6);
  private static final int CLIENTS = 20;

  @TempDir Path folder;

  @Test
  void whatClientsSeeIsWhatOneStoreWouldShow() throws Exception {
    int ports = FreePort.row(3);
    try (ZooKeeperProcesses servers =
        new ZooKeeperProcesses(folder, 3, Map.of("tickTime", "500", "syncLimit", "4"))) {
      servers.startAll();
      servers.await();
      try (ThreeProcesses group =
          new ThreeProcesses(
              folder,
              "ensemble: { connect: \""
                  + servers.connect()
                  + "/test\", credentials: \"us:secret\" }",
              "listeners: { web: { bind: \"127.0.0.1:${WEB}\", routes: [ { respond: 204 } ] } }\n",
              i -> Map.of("WEB", Integer.toString(ports + i)))) {
        for (int run = 0; run < RUNS; run++) {
          group.await();
          play(
              group,
              servers,
              run,
              Long.getLong("fairlead.group.seed", new SplittableRandom().nextLong()));
        }
        group.await();
        servesWithoutTheEnsemble(group, servers, ports);
      }
    }
  }

  private static void play(ThreeProcesses group, ZooKeeperProcesses servers, int run, long seed)
      throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    ConcurrentLinkedQueue<Call> history = new ConcurrentLinkedQueue<>();
    AtomicInteger values = new AtomicInteger();
    long started = System.nanoTime();
    AtomicBoolean over = new AtomicBoolean();
    List<GroupHistoryTest.Client> all = new ArrayList<>();
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      GroupHistoryTest.Client client =
          new GroupHistoryTest.Client(
              group, run, random.split(), group.get(i % 3), values, history, started);
      all.add(client);
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                while (!over.get()) {
                  client.call();
                }
              }));
    }
    List<String> faults = new ArrayList<>();
    long end = started + TimeUnit.SECONDS.toNanos(SECONDS);
    Thread.sleep(500);
    while (System.nanoTime() < end) {
      faults.add(harm(group, servers, random));
      Thread.sleep(random.nextInt(100, 2500));
    }
    over.set(true);
    for (Thread client : clients) {
      client.join();
    }
    group.await();
    Set<String> keys = new TreeSet<>();
    history.forEach(call -> keys.add(call.key()));
    for (Instance instance : group.all()) {
      for (String key : keys) {
        all.getFirst().readAtLast(instance, key);
      }
    }
    List<Call> calls = List.copyOf(history);
    long unknown = calls.stream().filter(call -> call.end() == Linearizability.NEVER).count();
    long writes =
        calls.stream()
            .filter(call -> call.kind() != Kind.READ && call.end() != Linearizability.NEVER)
            .count();
    String violation = Linearizability.violation(calls);
    System.out.printf(
        Locale.ROOT,
        "| %d | %d | %d | %d | %d | %s | %s |%n",
        run,
        seed,
        calls.size(),
        writes,
        unknown,
        String.join(", ", faults),
        violation == null ? "linearizable" : "VIOLATION at " + violation);
    assertThat(violation).as("seed %s after %s", seed, faults).isNull();
    assertThat(writes).isGreaterThan(SECONDS);
  }

  private static String harm(
      ThreeProcesses group, ZooKeeperProcesses servers, SplittableRandom random) throws Exception {
    int number = random.nextInt(3);
    int millis = random.nextInt(200, 4000);
    return switch (random.nextInt(7)) {
      case 0 -> {
        int leader = servers.leader();
        servers.kill(leader);
        Thread.sleep(millis / 4);
        servers.start(leader);
        yield "kill the leader";
      }
      case 1 -> {
        int leader = servers.leader();
        servers.signal(leader, "STOP");
        Thread.sleep(millis);
        servers.signal(leader, "CONT");
        yield "freeze the leader " + millis + " ms";
      }
      case 2 -> {
        servers.kill(number);
        Thread.sleep(millis / 4);
        servers.start(number);
        yield "kill server " + number;
      }
      case 3 -> {
        servers.signal(number, "STOP");
        Thread.sleep(millis);
        servers.signal(number, "CONT");
        yield "freeze server " + number + " " + millis + " ms";
      }
      case 4 -> {
        servers.killAll();
        servers.startAll();
        yield "kill all servers";
      }
      case 5 -> {
        group.get(number).kill();
        group.get(number).start();
        yield "kill " + group.get(number).name;
      }
      default -> {
        group.get(number).signal("STOP");
        Thread.sleep(millis);
        group.get(number).signal("CONT");
        yield "freeze " + group.get(number).name + " " + millis + " ms";
      }
    };
  }

  /** It also starts without it, with what it last knew. */
  private static void servesWithoutTheEnsemble(
      ThreeProcesses group, ZooKeeperProcesses servers, int ports) throws Exception {
    servers.killAll();
    group.get(0).kill();
    group.get(0).start();
    long deadline = System.nanoTime() + ThreeProcesses.PATIENCE.toNanos();
    for (int i = 0; i < 3; i++) {
      while (!serves(group, ports + i)) {
        assertThat(System.nanoTime()).as("%s serves", group.get(i).name).isLessThan(deadline);
        Thread.sleep(50);
      }
    }
    while (!group.get(0).view().contains("the ensemble is not reached")) {
      assertThat(System.nanoTime()).as("it says so: %s", group.get(0).view()).isLessThan(deadline);
      Thread.sleep(50);
    }
    servers.startAll();
    group.await();
  }

  private static boolean serves(ThreeProcesses group, int port) throws InterruptedException {
    try {
      return group
              .http
              .send(
                  HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                      .timeout(Duration.ofSeconds(2))
                      .build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 204;
    } catch (java.io.IOException _) {
      return false;
    }
  }
}
