package io.fairlead.group;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.FreePort;
import io.fairlead.TestCertificates;
import io.fairlead.ZooKeeperProcesses;
import io.fairlead.config.EnsembleConfig;
import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.group.Group.Member;
import io.fairlead.group.Store.Condition;
import io.fairlead.runtime.ControlThread;
import io.fairlead.runtime.Leadership;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Instances of a group in this process, whose state is at ZooKeeper servers in others. */
final class EnsembleTest {
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final Condition ALWAYS = new Condition.Always();

  @TempDir Path folder;

  private final ControlThread control = new ControlThread();
  private final Map<String, Group> running = new LinkedHashMap<>();
  private final Map<String, HostPort> addresses = new LinkedHashMap<>();
  private final ConcurrentLinkedQueue<String> events = new ConcurrentLinkedQueue<>();
  private @Nullable ZooKeeperProcesses servers;
  private Optional<Secret> credentials = Optional.empty();
  private final AtomicBoolean over = new AtomicBoolean();
  private Optional<EnsembleConfig.Tls> tls = Optional.empty();
  private String name = "prod";
  private String path = "/apps/fairlead";

  @AfterEach
  void close() throws Exception {
    over.set(true);
    running.values().forEach(Group::close);
    control.close();
    if (servers != null) {
      servers.close();
    }
  }

  /** One server, with the settings that most have; first it is not there. */
  @Test
  void instancesAreAGroupWithoutServersOfTheirOwn() throws Exception {
    ZooKeeperProcesses one = servers(1, Map.of());
    start("a");
    awaitEvent("a: group prod: the ensemble is not reached");
    assertThatThrownBy(() -> group("a").store().get("k"))
        .isInstanceOf(GroupException.class)
        .hasMessage("the ensemble is not reached");
    one.startAll();
    reached("a");
    awaitEvent("a: group prod reached: its state is at the ensemble 127.0.0.1:");
    start("b");
    reached("b");
    await("each sees the other", () -> member("a", "b").present() && member("b", "a").present());
    put("a", "k", "1");
    assertThat(get("b", "k")).isEqualTo("1");

    List<String> told = new ArrayList<>();
    CountDownLatch heard = new CountDownLatch(1);
    group("b")
        .onTold(line -> {
          told.add(line);
          heard.countDown();
        });
    await(
        "b hears a",
        () -> {
          group("a").tell("a line");
          return heard.await(50, TimeUnit.MILLISECONDS);
        });
    assertThat(told).contains("a line");

    await("one leads", () -> !leader("a").isEmpty() && leader("a").equals(leader("b")));
    assertThat(group("a").versions().propose("a text", "test"))
        .isInstanceOf(Versions.Result.Agreed.class);
    assertThat(group("b").versions().history()).hasSize(2);
    assertThat(group("a").view().members()).noneMatch(Member::votes);
    assertThat(group("a").hosts()).containsExactly("127.0.0.1");

    // One that is stopped is known to be down, until it is taken out.
    assertThatThrownBy(() -> group("a").remove("b")).hasMessageContaining("stop it");
    stop("b");
    await("b is missed", () -> !member("a", "b").present());
    addresses.put("c", Objects.requireNonNull(addresses.get("b")));
    start("c");
    awaitEvent("c: group prod: b is at " + addresses.get("b") + ", too, as the group knows");
    stop("c");
    assertThat(group("a").remove("b")).isTrue();
    await("b is out", () -> group("a").view().members().size() == 1);

    // The ensemble is killed with nothing said, and comes back.
    events.clear();
    one.kill(0);
    awaitEvent("a: group prod does not reach its ensemble");
    one.start(0);
    awaitEvent("a: group prod reached");
    assertThat(get("a", "k")).isEqualTo("1");
    assertThat(member("a", "a").present()).isTrue();

    // It comes back without anything: what is there begins anew.
    one.kill(0);
    one.empty(0);
    one.start(0);
    await("a begins anew", () -> tryPut("a", "k", "2") && member("a", "a").present());
    await("and has a configuration", () -> group("a").view().configVersion() == 1);
    await("and leads", () -> leader("a").equals("a"));
  }

  @Test
  @SuppressWarnings("try") // the engine's client may be interrupted when it is closed
  void strangersAreToldApartAndGarbageIsNamed() throws Exception {
    ZooKeeperProcesses one = servers(1, Map.of("minSessionTimeout", "6000"));
    one.startAll();
    credentials = Optional.of(new Secret("lead:a-secret"));
    start("a");
    reached("a");
    awaitEvent("for which an instance is gone after 6000 ms");
    put("a", "k", "1");

    // Nobody else reads it.
    try (ZooKeeper other = client(one)) {
      assertThatThrownBy(() -> other.getData(path + "/kv/kk", false, null))
          .isInstanceOf(KeeperException.NoAuthException.class);
    }
    credentials = Optional.of(new Secret("lead:another-secret"));
    start("b");
    awaitEvent("b: group prod: the user of group.ensemble.credentials may not use");
    stop("b");
    credentials = Optional.empty();
    start("b");
    awaitEvent("b: group prod: 127.0.0.1:" + one.port(0) + path + " is not for everybody");
    stop("b");
    credentials = Optional.of(new Secret("lead:a-secret"));
    name = "shop";
    start("b");
    awaitEvent(path + " is where group prod has its state; give each group a path of its own");
    stop("b");
    name = "prod";

    try (ZooKeeper client = client(one)) {
      client.addAuthInfo("digest", "lead:a-secret".getBytes(UTF_8));
      client.create(
          "/other", "x".getBytes(UTF_8), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      client.create("/other/y", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      path = "/other";
      start("b");
      awaitEvent("there is something else below 127.0.0.1:" + one.port(0) + "/other");
      stop("b");
      path = "/apps/fairlead";

      // Whoever writes where only Fairlead should is told of, and nothing ends by it.
      Leadership.Candidacy role = group("a").leadership().stand("vip/x", new Watcher(null));
      for (String at :
          List.of(
              "/kv/%zz", "/kv/kx", "/kv-leases/kx", "/roles/vip%2Fy", "/present/x", "/upgrade")) {
        client.create(
            path + at,
            "\u0000\u0007?".getBytes(UTF_8),
            ZooDefs.Ids.CREATOR_ALL_ACL,
            CreateMode.PERSISTENT);
      }
      awaitEvent(
          "something in the group's state is not what Fairlead writes: what stands at /upgrade");
      assertThat(group("a").view().connected()).isTrue();
      assertThat(group("a").view().trouble()).contains("/upgrade");
      client.delete(path + "/upgrade", -1);
      Leadership.Candidacy other = group("a").leadership().stand("vip/y", new Watcher(null));
      awaitEvent("what stands at /roles/vip%2Fy is no lease");
      client.delete(path + "/roles/vip%2Fy", -1);
      assertThat(group("a").store().list("", "", 10, 1000))
          .extracting(Store.Item::key)
          .containsExactly("k");
      put("a", "x", "2");
      assertThat(get("a", "x")).isEqualTo("2");
      client.setData(path + "/config/current", null, -1);
      awaitEvent("what stands at /config/current is not what Fairlead writes");
      client.setData(path + "/config/current", "1".getBytes(UTF_8), -1);
      await("trouble is over", () -> group("a").view().trouble().isEmpty());
      assertThat(member("a", "a").present()).isTrue();
      role.close();
      other.close();
    }
  }

  /** Servers that want a certificate, and show one that is for another host, or the right one. */
  @Test
  void anEnsembleProvesWhoItIsAndIsShownACertificate() throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    certificates.make("other", "zk9.internal");
    certificates.make("right", "127.0.0.1", "localhost");
    certificates.make("own", "edge-1.internal");
    Path shown = folder.resolve("shown.pem");
    ZooKeeperProcesses one =
        servers(
            1,
            Map.of(
                "serverCnxnFactory",
                "org.apache.zookeeper.server.NettyServerCnxnFactory",
                "secureClientPort",
                "{secure}",
                "ssl.keyStore.location",
                shown.toString(),
                "ssl.trustStore.location",
                certificates.ca().toString()));
    show(shown, "other");
    one.startAll();
    one.await();
    tls =
        Optional.of(
            new EnsembleConfig.Tls(
                List.of(certificates.ca()),
                Optional.of(folder.resolve("own.pem")),
                Optional.of(folder.resolve("own.key"))));
    start("a");
    awaitEvent("a: group prod: the ensemble is not reached");
    one.kill(0);
    show(shown, "right");
    one.start(0);
    reached("a");
    put("a", "k", "1");
    assertThat(get("a", "k")).isEqualTo("1");
    stop("a");
    tls =
        Optional.of(
            new EnsembleConfig.Tls(List.of(certificates.ca()), Optional.empty(), Optional.empty()));
    events.clear();
    start("a"); // without a certificate
    awaitEvent("a: group prod: the ensemble is not reached");
  }

  private void show(Path file, String certificate) throws IOException {
    Files.writeString(
        file,
        Files.readString(folder.resolve(certificate + ".pem"))
            + Files.readString(folder.resolve(certificate + ".key")));
  }

  /**
   * Three servers; the one that leads is killed, and another frozen, while clients write and two
   * stand for one role.
   */
  @Test
  void nothingAcknowledgedIsLostAndNoRoleIsHeldTwice() throws Exception {
    ZooKeeperProcesses three =
        servers(3, Map.of("tickTime", "500", "syncLimit", "3", "minSessionTimeout", "4000"));
    three.startAll();
    three.await();
    start("a");
    start("b");
    reached("a", "b");
    Holders holders = new Holders();
    Leadership.Candidacy ofA = group("a").leadership().stand("vip/x", new Watcher(holders));
    Leadership.Candidacy ofB = group("b").leadership().stand("vip/x", new Watcher(holders));
    Map<String, Integer> acknowledged = new ConcurrentHashMap<>();
    List<Thread> clients = new ArrayList<>();
    for (String at : List.of("a", "b")) {
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                for (int i = 1; !over.get(); i++) {
                  if (tryPut(at, "of-" + at, Integer.toString(i))) {
                    acknowledged.put(at, i);
                  } else {
                    LockSupport.parkNanos(10_000_000);
                  }
                }
              }));
    }
    await("a role is held", () -> holders.terms.get() > 0);
    int leader = three.leader();
    three.kill(leader);
    await("writes go on", () -> tryPut("a", "k", "1") && tryPut("b", "k", "2"));
    three.start(leader);
    three.await();
    assertThat(events).noneMatch(line -> line.endsWith("of group prod is gone"));
    leader = three.leader();
    three.signal(leader, "STOP");
    await("writes go on", () -> tryPut("a", "k", "3") && tryPut("b", "k", "4"));
    three.signal(leader, "CONT");
    await("writes go on", () -> tryPut("a", "k", "5") && tryPut("b", "k", "6"));
    over.set(true);
    for (Thread client : clients) {
      client.join();
    }
    for (String at : List.of("a", "b")) {
      int last = Integer.parseInt(Objects.requireNonNull(get("b", "of-" + at)));
      int acked = Objects.requireNonNull(acknowledged.get(at));
      assertThat(last)
          .as("of " + at)
          .isGreaterThanOrEqualTo(acked)
          .isLessThanOrEqualTo(acked + 10_000);
    }
    three.killAll();
    await("nobody has the role", () -> holders.held.get() == 0);
    assertThat(holders.twice.get()).isFalse();
    assertThat(holders.back.get()).isFalse();
    ofA.close();
    ofB.close();
  }

  /** Who has the role; all on the control thread. */
  private static final class Holders {
    final AtomicInteger held = new AtomicInteger();
    final AtomicInteger terms = new AtomicInteger();
    final AtomicBoolean twice = new AtomicBoolean();
    final AtomicBoolean back = new AtomicBoolean();
  }

  private record Watcher(@Nullable Holders holders) implements Leadership.Candidate {
    @Override
    public void elected(long term) {
      if (holders != null) {
        if (holders.held.incrementAndGet() > 1) {
          holders.twice.set(true);
        }
        if (term <= holders.terms.getAndSet((int) term)) {
          holders.back.set(true);
        }
      }
    }

    @Override
    public void renewed(long sentNanos, Duration ttl) {}

    @Override
    public void deposed() {
      if (holders != null) {
        holders.held.decrementAndGet();
      }
    }
  }

  // --- help --------------------------------------------------------------------------------

  private ZooKeeperProcesses servers(int count, Map<String, String> settings) throws IOException {
    ZooKeeperProcesses made = new ZooKeeperProcesses(folder, count, settings);
    servers = made;
    return made;
  }

  private ZooKeeperProcesses known() {
    return Objects.requireNonNull(servers);
  }

  private static ZooKeeper client(ZooKeeperProcesses to) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper made =
        new ZooKeeper(
            to.connect(),
            10_000,
            event -> {
              if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
              }
            });
    assertThat(connected.await(20, TimeUnit.SECONDS)).isTrue();
    return made;
  }

  private void start(String instance) throws IOException {
    HostPort address = addresses.get(instance);
    if (address == null) {
      address = new HostPort("127.0.0.1", FreePort.any());
      addresses.put(instance, address);
    }
    GroupConfig config =
        new GroupConfig(
            name,
            instance,
            address,
            Map.of(),
            GroupConfig.Role.MEMBER,
            Optional.empty(),
            Optional.empty(),
            false,
            List.of(),
            1,
            Optional.of(
                new EnsembleConfig(
                    EnsembleConfig.ConnectString.parse(
                        (tls.isEmpty() ? known().connect() : known().secureConnect()) + path),
                    credentials,
                    tls,
                    false)),
            Optional.empty());
    running.put(
        instance,
        Group.start(
            folder.resolve(instance),
            config,
            "",
            "test",
            control,
            (Event event) -> events.add(instance + ": " + event.text()),
            new SecureRandom(),
            new NoConfiguration()));
  }

  /** Everything is as it should be, always. */
  private static final class NoConfiguration implements Applier {
    @Override
    public String own() {
      return "";
    }

    @Override
    public List<String> check(String text) {
      return List.of();
    }

    @Override
    public List<String> apply(long version, String text, String who) {
      return List.of();
    }
  }

  private Group group(String instance) {
    return Objects.requireNonNull(running.get(instance), instance);
  }

  private void stop(String instance) {
    Group group = running.remove(instance);
    if (group != null) {
      group.close();
    }
  }

  private void reached(String... instances) throws Exception {
    for (String each : instances) {
      await(each + " reaches the group", () -> member(each, each).present());
    }
  }

  private Member member(String seenBy, String instance) {
    return group(seenBy).view().members().stream()
        .filter(each -> each.name().equals(instance))
        .findFirst()
        .orElse(new Member(instance, "", false, false, false, false, "", "", "", 0, 0, 0));
  }

  private String leader(String seenBy) {
    return group(seenBy).view().members().stream()
        .filter(each -> each.standing().equals("leading"))
        .map(Member::name)
        .findFirst()
        .orElse("");
  }

  private void put(String at, String key, String value) throws Exception {
    await(at + " writes " + key, () -> tryPut(at, key, value));
  }

  private boolean tryPut(String at, String key, String value) {
    try {
      return group(at).store().put(key, value.getBytes(UTF_8), null, ALWAYS)
          instanceof Store.Outcome.Done;
    } catch (IOException _) {
      return false;
    }
  }

  private @Nullable String get(String at, String key) throws Exception {
    AtomicReference<Store.@Nullable Item> item = new AtomicReference<>();
    await(
        at + " reads " + key,
        () -> {
          try {
            item.set(group(at).store().get(key));
            return true;
          } catch (IOException _) {
            return false;
          }
        });
    Store.Item found = item.get();
    return found == null ? null : new String(found.value(), UTF_8);
  }

  private void awaitEvent(String part) throws Exception {
    await("an event: " + part, () -> events.stream().anyMatch(line -> line.contains(part)));
  }

  private void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("waited in vain: " + what + "\n" + String.join("\n", events));
      }
      Thread.sleep(20);
    }
  }
}
