package io.fairlead.group;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.FreePort;
import io.fairlead.TestCertificates;
import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.group.Group.Member;
import io.fairlead.group.Store.Condition;
import io.fairlead.group.storelog.PastStore;
import io.fairlead.group.storelog.PastStore.Past;
import io.fairlead.runtime.ControlThread;
import io.fairlead.runtime.Leadership;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Instances of a group with real engines, all in this process. */
final class GroupTest {
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final Condition ALWAYS = new Condition.Always();

  @TempDir Path folder;

  private final ControlThread control = new ControlThread();
  private final Map<String, HostPort> addresses = new HashMap<>();
  private final Map<String, Group> running = new LinkedHashMap<>();
  private final ConcurrentLinkedQueue<String> events = new ConcurrentLinkedQueue<>();
  private Optional<Secret> token = Optional.empty();
  private Optional<GroupConfig.Tls> tls = Optional.empty();
  private Optional<Path> storeLog = Optional.empty();
  private String name = "prod";

  @AfterEach
  void close() {
    running.values().forEach(Group::close);
    control.close();
  }

  @Test
  void oneAloneWorksAndComesBackWithWhatItKnew() throws Exception {
    start("a", "a");
    reached("a");
    put("a", "k", "1");
    stop("a");
    start("a", "a");
    reached("a");
    assertThat(get("a", "k")).isEqualTo("1");
    assertThat(group("a").view().members())
        .extracting(Member::name, Member::votes, Member::standing)
        .containsExactly(org.assertj.core.groups.Tuple.tuple("a", true, "leading"));
  }

  @Test
  void threeFormAGroupAndAnyOfThemMayGoAndComeBack() throws Exception {
    for (String each : List.of("a", "b", "c")) {
      start(each, "a", "b", "c");
    }
    reached("a", "b", "c");
    put("a", "k", "1");
    assertThat(get("c", "k")).isEqualTo("1");
    // Whoever came last gets its vote when it has the state.
    await("all vote", () -> voters("a") == 3 && voters("b") == 3 && voters("c") == 3);
    String leader = whoLeads("b");
    stop(leader);
    String other = leader.equals("a") ? "b" : "a";
    await("another leads", () -> !leader(other).isEmpty() && !leader(other).equals(leader));
    await("writes go on", () -> tryPut(other, "k", "2"));
    await("it is missed", () -> !member(other, leader).present());
    start(leader, "a", "b", "c");
    reached(leader);
    assertThat(get(leader, "k")).isEqualTo("2");
    await("it is seen", () -> member(other, leader).present());
    await("it votes", () -> member(other, leader).votes());
  }

  /** With the leader stopped in between, and one that gets all anew. */
  @Test
  void whatBecameOfTheStoreIsInTheLogOfEachInstance() throws Exception {
    Path log = folder.resolve("log");
    storeLog = Optional.of(log);
    List<String> all = List.of("a", "b", "c");
    for (String each : all) {
      start(each, "a", "b", "c");
    }
    reached("a", "b", "c");
    await("all vote", () -> voters("a") == 3 && voters("b") == 3 && voters("c") == 3);
    NavigableMap<Long, NavigableMap<String, String>> truth = new TreeMap<>();
    change(truth, all, 40);
    String leader = whoLeads("b");
    stop(leader);
    List<String> others = all.stream().filter(each -> !each.equals(leader)).toList();
    change(truth, others, 40);
    Path state = folder.resolve(leader).resolve("group");
    try (Stream<Path> files = Files.walk(state)) {
      for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
    start(leader, "a", "b", "c");
    reached(leader);
    await("it votes", () -> member(others.getFirst(), leader).votes());
    change(truth, all, 40);
    all.forEach(this::stop);
    for (Map.Entry<Long, NavigableMap<String, String>> each : truth.entrySet()) {
      Past past = PastStore.find(log, new PastStore.Moment.Revision(each.getKey()));
      assertThat(past.missing()).isEmpty();
      TreeMap<String, String> found = new TreeMap<>();
      past.keys().forEach((key, item) -> found.put(key, new String(item.value(), UTF_8)));
      assertThat(found).as("%s", each.getKey()).isEqualTo(each.getValue());
    }
    for (String each : others) {
      Past past = PastStore.find(log.resolve("prod/" + each), new PastStore.Moment.Latest());
      assertThat(past.revision()).isGreaterThanOrEqualTo(truth.lastKey());
      assertThat(past.keys().keySet()).isEqualTo(truth.lastEntry().getValue().keySet());
    }
  }

  /** Changes keys at all of them in turn, and notes what each change left. */
  private void change(
      NavigableMap<Long, NavigableMap<String, String>> truth, List<String> instances, int times)
      throws Exception {
    SplittableRandom random = new SplittableRandom(times + truth.size());
    for (int i = 0; i < times; i++) {
      String at = instances.get(i % instances.size());
      String key = "shop/" + random.nextInt(6);
      String value = "value " + truth.size();
      NavigableMap<String, String> next =
          truth.isEmpty() ? new TreeMap<>() : new TreeMap<>(truth.lastEntry().getValue());
      boolean delete = random.nextInt(3) == 0 && next.containsKey(key);
      await(
          at + " changes " + key,
          () -> {
            try {
              Store store = group(at).store();
              Store.Outcome outcome =
                  delete
                      ? store.delete(key, ALWAYS)
                      : store.put(key, value.getBytes(UTF_8), null, ALWAYS);
              if (delete) {
                next.remove(key);
              } else {
                next.put(key, value);
              }
              truth.put(((Store.Outcome.Done) outcome).revision(), next);
              return true;
            } catch (IOException _) {
              return false;
            }
          });
    }
  }

  @Test
  void oneGrowsToThreeAndShrinksAgain() throws Exception {
    start("a", "a");
    reached("a");
    put("a", "k", "1");
    start("b", "a", "b", "c");
    await(
        "b is turned away",
        () -> events.stream().anyMatch(line -> line.contains("knows no instance called b")));
    group("a").follow(config("a", "a", "b", "c"));
    reached("b");
    await("b keeps the state", () -> member("a", "b").present());
    start("c", "a", "b", "c");
    reached("c");
    await("all vote", () -> voters("a") == 3 && voters("c") == 3);
    assertThat(get("c", "k")).isEqualTo("1");
    await("c is taken out", () -> tryRemove("b", "c"));
    await("c is out", () -> group("a").view().members().size() == 2 && voters("a") == 1);
    await("writes go on", () -> tryPut("b", "k", "2"));
    assertThat(get("a", "k")).isEqualTo("2");
  }

  @Test
  void whoHasTheTokenJoinsWithoutBeingNamedByTheOthers() throws Exception {
    token = Optional.of(new Secret("a-secret-of-the-group"));
    start("a", "a");
    reached("a");
    token = Optional.of(new Secret("another-secret-of-no-use"));
    start("x", "a", "x");
    await(
        "x is turned away",
        () -> events.stream().anyMatch(line -> line.contains("the token is another")));
    stop("x");
    name = "staging";
    token = Optional.of(new Secret("a-secret-of-the-group"));
    start("y", "a", "y");
    await(
        "y is turned away",
        () -> events.stream().anyMatch(line -> line.contains("this is group prod, not staging")));
    stop("y");
    name = "prod";
    start("b", "a", "b");
    reached("b");
    await("b is one of them", () -> group("a").view().members().size() == 2);
  }

  @Test
  void rolesGoFromOneToTheNext() throws Exception {
    start("a", "a");
    reached("a");
    AtomicLong first = new AtomicLong();
    AtomicLong second = new AtomicLong();
    Leadership.Candidacy one = group("a").leadership().stand("vip/front", holder(first));
    await("elected", () -> first.get() == 1);
    Leadership.Candidacy two = group("a").leadership().stand("vip/front", holder(second));
    one.close();
    await("followed", () -> second.get() == 2);
    assertThat(first.get()).isZero();
    two.close();
    await("given up", () -> second.get() == 0);
  }

  @Test
  void strangersAndGarbageChangeNothing() throws Exception {
    start("a", "a");
    reached("a");
    SplittableRandom random = new SplittableRandom(7);
    int port = address("a").port();
    for (int i = 0; i < 60; i++) {
      byte[] garbage = new byte[random.nextInt(1, 3000)];
      random.nextBytes(garbage);
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port + i % 3)) {
        socket.getOutputStream().write(garbage);
      } catch (IOException _) {
        // It has closed already, or has no ear there.
      }
    }
    put("a", "k", "1");
    try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), port + 2)) {
      silent.getOutputStream().write(0);
      put("a", "k", "2");
    }
    assertThat(get("a", "k")).isEqualTo("2");
  }

  @Test
  void withTlsThreeUnderstandEachOtherAndAStrangerIsNotHeard() throws Exception {
    tls = Optional.of(certificates("group"));
    for (String each : List.of("a", "b", "c")) {
      start(each, "a", "b", "c");
    }
    reached("a", "b", "c");
    put("a", "k", "1");
    assertThat(get("b", "k")).isEqualTo("1");
    GroupConfig plain =
        new GroupConfig(
            "prod",
            "x",
            address("x"),
            Map.of("x", address("x")),
            GroupConfig.Role.MEMBER,
            Optional.empty(),
            Optional.empty(),
            false,
            List.of(),
            1,
            Optional.empty(),
            Optional.empty());
    assertThatThrownBy(() ->
            GroupDoor.greet(
                address("a"),
                plain,
                null,
                new SecureRandom(),
                new Greeting.Hello("prod", "x", "127.0.0.1:1", "p", true, Map.of(), false)))
        .isInstanceOf(IOException.class);
  }

  @Test
  void allOthersAreToldAndStrangersAreNotHeard() throws Exception {
    for (String each : List.of("a", "b", "c")) {
      start(each, "a", "b", "c");
    }
    reached("a", "b", "c");
    List<String> atA = Collections.synchronizedList(new ArrayList<>());
    List<String> atB = Collections.synchronizedList(new ArrayList<>());
    List<String> atC = Collections.synchronizedList(new ArrayList<>());
    group("a").onTold(atA::add);
    group("b").onTold(atB::add);
    group("c").onTold(atC::add);
    await(
        "both others hear",
        () -> {
          group("a").tell("rates 1");
          return atB.contains("rates 1") && atC.contains("rates 1");
        });
    assertThat(atA).isEmpty();

    // Nobody else can say anything there, nor say again what was overheard.
    Greeting.Hello stranger =
        new Greeting.Hello("prod", "x", "127.0.0.1:1", "p", false, Map.of(), true);
    assertThatThrownBy(() ->
            GroupDoor.stay(address("b"), config("a", "a"), null, new SecureRandom(), stranger))
        .hasMessage("x is not one of the group");
    stop("c");
    atC.clear();
    start("c", "a", "b", "c");
    reached("c");
    group("c").onTold(atC::add);
    await(
        "it is told again",
        () -> {
          group("a").tell("rates 2");
          return atC.contains("rates 2");
        });
  }

  @Test
  void aDamagedStateIsToldInWords() throws Exception {
    start("a", "a");
    reached("a");
    put("a", "k", "1");
    stop("a");
    Path state = folder.resolve("a/group/state/version-2");
    try (Stream<Path> files = Files.list(state)) {
      for (Path file : files.toList()) {
        if (file.getFileName().toString().equals("currentEpoch")) {
          Files.writeString(file, "nonsense");
        }
      }
    }
    start("a", "a");
    await(
        "it is told",
        () ->
            events.stream()
                .anyMatch(
                    line -> line.contains("cannot be read") && line.contains("move the folder")));
    assertThat(group("a").view().trouble()).contains("cannot be read");
    assertThatThrownBy(() -> group("a").store().put("k", "2".getBytes(UTF_8), null, ALWAYS))
        .hasMessageContaining("no majority");
  }

  @Test
  void aPortThatIsTakenIsTold() throws Exception {
    try (ServerSocket _ =
        new ServerSocket(address("a").port() + 1, 1, InetAddress.getLoopbackAddress())) {
      start("a", "a");
      await(
          "it is told",
          () ->
              events.stream()
                  .anyMatch(line -> line.contains("group.bind: cannot listen on 127.0.0.1:")));
    }
  }

  // --- helpers -----------------------------------------------------------------------------

  private GroupConfig.Tls certificates(String who) throws Exception {
    var authority = TestCertificates.authority("The Group");
    var own = TestCertificates.builder("instance.example").buildIssuedBy(authority);
    Path ca = Files.writeString(folder.resolve("ca.pem"), authority.getCertificatePathPEM());
    Path cert = Files.writeString(folder.resolve(who + ".pem"), own.getCertificatePathPEM());
    Path key = Files.writeString(folder.resolve(who + ".key"), own.getPrivateKeyPEM());
    return new GroupConfig.Tls(cert, key, List.of(ca));
  }

  private static Leadership.Candidate holder(AtomicLong term) {
    return new Leadership.Candidate() {
      @Override
      public void elected(long elected) {
        term.set(elected);
      }

      @Override
      public void renewed(long sentNanos, Duration ttl) {}

      @Override
      public void deposed() {
        term.set(0);
      }
    };
  }

  private HostPort address(String instance) {
    return addresses.computeIfAbsent(
        instance,
        _ -> {
          try {
            return new HostPort("127.0.0.1", FreePort.row(GroupConfig.PORTS));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private GroupConfig config(String instance, String... peers) {
    Map<String, HostPort> all = new LinkedHashMap<>();
    for (String peer : peers) {
      all.put(peer, address(peer));
    }
    return new GroupConfig(
        name,
        instance,
        address(instance),
        all,
        GroupConfig.Role.MEMBER,
        token,
        tls,
        false,
        List.of(),
        1,
        Optional.empty(),
        storeLog.map(to -> new GroupConfig.StoreLog(to, Duration.ofHours(1))));
  }

  private void start(String instance, String... peers) {
    running.put(
        instance,
        Group.start(
            folder.resolve(instance),
            config(instance, peers),
            "",
            "test",
            control,
            (Event event) -> events.add(instance + ": " + event.text()),
            new SecureRandom(),
            new NoConfiguration()));
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

  private void reached(String... instances) throws Exception {
    for (String each : instances) {
      await(each + " reaches the group", () -> member(each, each).present());
    }
  }

  private Member member(String seenBy, String instance) {
    return group(seenBy).view().members().stream()
        .filter(each -> each.name().equals(instance))
        .findFirst()
        .orElseThrow();
  }

  private String leader(String seenBy) {
    return group(seenBy).view().members().stream()
        .filter(each -> each.standing().equals("leading"))
        .map(Member::name)
        .findFirst()
        .orElse("");
  }

  /** A change of votes may just have asked for another election. */
  private String whoLeads(String seenBy) throws Exception {
    AtomicReference<String> leader = new AtomicReference<>("");
    await(
        "somebody leads",
        () -> {
          leader.set(leader(seenBy));
          return running.containsKey(leader.get());
        });
    return leader.get();
  }

  private long voters(String seenBy) {
    return group(seenBy).view().members().stream().filter(Member::votes).count();
  }

  private void put(String at, String key, String value) throws Exception {
    await(at + " writes " + key, () -> tryPut(at, key, value));
  }

  /** One whose vote has just changed is away for a moment. */
  private boolean tryRemove(String at, String instance) {
    try {
      return group(at).remove(instance);
    } catch (IOException _) {
      return false;
    }
  }

  private boolean tryPut(String at, String key, String value) {
    try {
      assertThat(group(at).store().put(key, value.getBytes(UTF_8), null, ALWAYS))
          .isInstanceOf(Store.Outcome.Done.class);
      return true;
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

  private void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      boolean holds;
      try {
        holds = condition.call();
      } catch (java.util.NoSuchElementException _) {
        holds = false;
      }
      if (holds) {
        return;
      }
      if (System.nanoTime() > deadline) {
        List<String> views = new ArrayList<>();
        running.forEach((instance, group) -> views.add(instance + " sees " + group.view()));
        throw new AssertionError(
            what
                + ": not within "
                + PATIENCE
                + "\n"
                + String.join("\n", views)
                + "\n"
                + String.join("\n", events));
      }
      Thread.sleep(20);
    }
  }
}
