package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.group.Linearizability;
import io.fairlead.group.Linearizability.Call;
import io.fairlead.group.Linearizability.Kind;
import io.fairlead.group.storelog.Line;
import io.fairlead.group.storelog.PastStore;
import io.fairlead.vip.Namespaces;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three instances on machines of their own (network namespaces) are killed, frozen, cut from each
 * other, and find their disks full or damaged, while clients use the store by all of them: what the
 * clients saw, and what each instance has at last, must be what one store would have shown. For
 * {@code make chaos-group}.
 */
@EnabledIfSystemProperty(named = "fairlead.group.runs", matches = "\\d+")
final class GroupHistoryTest {
  private static final int RUNS = Integer.getInteger("fairlead.group.runs", 1);
  private static final int SECONDS = Integer.getInteger("fairlead.group.seconds", 6);

  /** Which faults, by their numbers in {@link Harm#one}; empty: all. */
  private static final String ONLY = System.getProperty("fairlead.group.only", "");

  /** A run goes on until there were so many, but no longer than so many times as long. */
  private static final int CALLS = 10_000;

  private static final int LONGEST = 5;
  private static final int CLIENTS = 30;
  private static final int MOMENTS = 50;
  private static final Duration REFUSED = Duration.ofMillis(10);
  private static final Duration TIMEOUT = Duration.ofSeconds(12);

  @TempDir Path folder;

  private final List<String> faults = new ArrayList<>();

  @Test
  void whatClientsSeeIsWhatOneStoreWouldShow() throws Exception {
    try (Namespaces machines = Namespaces.make("a", "b", "c")) {
      machines.joinHere();
      Path small = Files.createDirectories(folder.resolve("c"));
      Tool.Said mounted =
          Tool.run("", "mount", "-t", "tmpfs", "-o", "size=200m", "small", small.toString());
      assertThat(mounted.status()).as(mounted.output()).isZero();
      try (ThreeProcesses group = new ThreeProcesses(folder, machines, logs())) {
        Harm harm = new Harm(group, machines);
        for (int run = 0; run < RUNS; run++) {
          group.await();
          long seed = Long.getLong("fairlead.group.seed", new SplittableRandom().nextLong());
          play(group, harm, run, seed);
        }
      } finally {
        Tool.Said _ = Tool.run("", "umount", "-l", small.toString());
      }
    }
  }

  private void play(ThreeProcesses group, Harm harm, int run, long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    ConcurrentLinkedQueue<Call> history = new ConcurrentLinkedQueue<>();
    AtomicInteger values = new AtomicInteger();
    long started = System.nanoTime();
    long enough = started + TimeUnit.SECONDS.toNanos(SECONDS);
    long end = started + LONGEST * TimeUnit.SECONDS.toNanos(SECONDS);
    AtomicBoolean over = new AtomicBoolean();
    List<Thread> clients = new ArrayList<>();
    List<Client> all = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      Client client =
          new Client(group, run, random.split(), group.get(i % 3), values, history, started);
      all.add(client);
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                while (!over.get()) {
                  client.call();
                }
              }));
    }
    faults.clear();
    Thread.sleep(500);
    while (System.nanoTime() < end - TimeUnit.SECONDS.toNanos(1)
        && (System.nanoTime() < enough || history.size() < CALLS)) {
      faults.add(harm.one(random, end));
      Thread.sleep(Math.min(random.nextInt(100, 2500), left(end)));
    }
    over.set(true);
    for (Thread client : clients) {
      client.join();
    }
    group.await();
    Set<String> keys = new TreeSet<>();
    history.forEach(call -> keys.add(call.key()));
    int before = history.size();
    for (Instance instance : group.all()) {
      for (String key : keys) {
        all.getFirst().readAtLast(instance, key);
      }
    }
    List<Call> calls = List.copyOf(history);
    assertThat(calls).as("each key read at each at last").hasSize(before + 3 * keys.size());
    long unknown = calls.stream().filter(call -> call.end() == Linearizability.NEVER).count();
    long acknowledged =
        calls.stream()
            .filter(call -> call.kind() != Kind.READ)
            .filter(call -> call.end() != Linearizability.NEVER)
            .filter(call -> call.kind() != Kind.CAS || call.done())
            .count();
    Map<Long, Call> changes = new TreeMap<>();
    all.forEach(client -> changes.putAll(client.byRevision));
    String logs = checkLogs(changes, random);
    String violation = Linearizability.violation(calls);
    System.out.printf(
        Locale.ROOT,
        "| %d | %d | %d | %d | %d | %s | %s | %s |%n",
        run,
        seed,
        calls.size(),
        acknowledged,
        unknown,
        String.join(", ", faults),
        logs,
        violation == null ? "linearizable" : "VIOLATION at " + violation);
    assertThat(violation)
        .as(
            "seed %s after %s: %s",
            seed, faults, calls.stream().filter(call -> call.key().equals(violation)).toList())
        .isNull();
    assertThat(calls.size() - unknown).as("calls that were answered").isGreaterThan(SECONDS * 5L);
  }

  private Path logs() {
    return folder.resolve("store-log");
  }

  /**
   * Each instance's log, and all of them together, must say of a moment what was so, or that they
   * do not know all of it.
   *
   * @return of how many moments they knew all
   */
  private String checkLogs(Map<Long, Call> changes, SplittableRandom random) throws IOException {
    List<Path> places = new ArrayList<>(List.of(logs()));
    ThreeProcesses.NAMES.forEach(name -> places.add(logs().resolve("test/" + name)));
    List<Long> revisions = List.copyOf(changes.keySet());
    List<String> known = new ArrayList<>();
    for (Path place : places) {
      int whole = 0;
      for (int i = 0; i < MOMENTS; i++) {
        long revision = revisions.get(random.nextInt(revisions.size()));
        PastStore.Past past = PastStore.find(place, new PastStore.Moment.Revision(revision));
        if (past.missing().isEmpty()) {
          whole++;
          Call call = Objects.requireNonNull(changes.get(revision));
          Line.Key key = past.keys().get(call.key());
          assertThat(key == null ? null : new String(key.value(), UTF_8))
              .as("%s of %s in %s, read of %s", call.key(), revision, place, past.file())
              .isEqualTo(call.value());
        }
      }
      known.add(whole * 100 / MOMENTS + " %");
    }
    return String.join(", ", known);
  }

  /** One fault after the other; a majority is well most of the time. */
  private record Harm(ThreeProcesses group, Namespaces machines) {
    private static final int DAMAGED = 64;

    /** Hurts, heals, and says what it was. */
    String one(SplittableRandom random, long end) throws Exception {
      int number = random.nextInt(3);
      Instance victim = group.get(number);
      List<Integer> others = List.of((number + 1) % 3 + 1, (number + 2) % 3 + 1);
      int millis = random.nextInt(200, 4000);
      long pause = Math.min(millis, left(end));
      int[] only =
          Stream.of(ONLY.split("\\D+", -1))
              .filter(text -> !text.isEmpty())
              .mapToInt(Integer::parseInt)
              .toArray();
      return switch (only.length == 0 ? random.nextInt(12) : only[random.nextInt(only.length)]) {
        case 0, 1 -> {
          victim.kill();
          Thread.sleep(pause / 4);
          victim.start();
          yield "kill " + victim.name;
        }
        case 2, 3 -> {
          victim.signal("STOP");
          Thread.sleep(pause);
          victim.signal("CONT");
          yield "freeze " + victim.name + " " + pause + " ms";
        }
        case 4 -> {
          Instance other = group.get((number + 1) % 3);
          victim.signal("STOP");
          other.signal("STOP");
          Thread.sleep(pause);
          victim.signal("CONT");
          other.signal("CONT");
          yield "freeze " + victim.name + " and " + other.name + " " + pause + " ms";
        }
        case 5, 6 -> {
          machines.cut(number + 1, others);
          for (int other : others) {
            machines.cut(other, List.of(number + 1));
          }
          Thread.sleep(pause);
          machines.heal();
          yield "cut off " + victim.name + " " + pause + " ms";
        }
        case 7 -> {
          machines.cut(number + 1, others);
          Thread.sleep(pause);
          machines.heal();
          yield "nobody hears " + victim.name + " " + pause + " ms";
        }
        case 8 -> {
          for (int other : others) {
            machines.cut(other, List.of(number + 1));
          }
          Thread.sleep(pause);
          machines.heal();
          yield victim.name + " hears nobody " + pause + " ms";
        }
        case 9 -> {
          Instance other = group.get((number + 1) % 3);
          machines.cut(number + 1, List.of((number + 1) % 3 + 1));
          machines.cut((number + 1) % 3 + 1, List.of(number + 1));
          Thread.sleep(pause);
          machines.heal();
          yield victim.name + " and " + other.name + " cut from each other " + pause + " ms";
        }
        case 10 -> {
          fill(pause);
          yield "disk of c full " + pause + " ms";
        }
        default -> damage(victim);
      };
    }

    private void fill(long millis) throws Exception {
      Path filling = group.get(2).data.resolve("filling");
      try (OutputStream out = Files.newOutputStream(filling)) {
        byte[] block = new byte[64 * 1024];
        while (true) {
          out.write(block);
        }
      } catch (IOException _) {
        // Full.
      }
      Thread.sleep(millis);
      Files.delete(filling);
    }

    /** Bytes change where its last changes are written; what it says then is done. */
    private String damage(Instance victim) throws Exception {
      victim.kill();
      Path state = victim.data.resolve("group/state/version-2");
      Path newest;
      try (Stream<Path> files = Files.list(state)) {
        newest =
            files
                .filter(file -> file.getFileName().toString().startsWith("log."))
                .max(
                    Comparator.comparingLong(
                        file -> Long.parseLong(file.getFileName().toString().substring(4), 16)))
                .orElseThrow();
      }
      byte[] bytes = Files.readAllBytes(newest);
      int last = bytes.length - 1;
      while (last > 0 && bytes[last] == 0) {
        last--;
      }
      for (int i = Math.max(last / 2, 16); i < Math.min(last, last / 2 + DAMAGED); i++) {
        bytes[i] ^= 0x5a;
      }
      Files.write(newest, bytes);
      victim.start();
      long deadline = System.nanoTime() + ThreeProcesses.PATIENCE.toNanos();
      while (!victim.sees(3)) {
        if (victim.printed().contains("move the folder")) {
          victim.kill();
          Files.move(victim.data.resolve("group"), victim.data.resolve("away" + deadline));
          victim.start();
          group.await(); // a second one that lost its state meanwhile would be too many
          return "damage of " + victim.name + ", told and moved away";
        }
        if (System.nanoTime() > deadline) {
          throw new AssertionError(victim.name + " says nothing of it: " + victim.printed());
        }
        Thread.sleep(50);
      }
      return "damage of " + victim.name + " where it did not matter";
    }
  }

  private static long left(long end) {
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()));
  }

  /** One user of the store, who remembers what it read last of each key. */
  static final class Client {
    private final ThreeProcesses group;
    private final int run;
    private final SplittableRandom random;
    private final Instance mostly;
    private final AtomicInteger values;
    private final ConcurrentLinkedQueue<Call> history;
    private final long started;

    /** Changes of which it was told with which revision they were made. */
    final Map<Long, Call> byRevision = new ConcurrentHashMap<>();

    private int number;
    private String key = "";
    private @Nullable String lastValue;
    private String lastTag = "";

    Client(
        ThreeProcesses group,
        int run,
        SplittableRandom random,
        Instance mostly,
        AtomicInteger values,
        ConcurrentLinkedQueue<Call> history,
        long started) {
      this.group = group;
      this.run = run;
      this.random = random;
      this.mostly = mostly;
      this.values = values;
      this.history = history;
      this.started = started;
    }

    void call() {
      // Keys change with time, so that what is looked at together stays small.
      if (random.nextInt(5) == 0) {
        number = random.nextInt(8);
      }
      String next =
          "run-%d/%d-%d".formatted(run, (System.nanoTime() - started) / 1_000_000_000, number);
      int what = random.nextInt(10);
      if (!next.equals(key)) {
        key = next;
        what = 0;
      }
      String value = "v" + values.incrementAndGet();
      if (what < 4) {
        read(request());
      } else if (what < 6) {
        write("PUT", Kind.PUT, null, value, "", "");
      } else if (what < 9) {
        if (lastTag.isEmpty()) {
          write("PUT", Kind.CAS, null, value, "If-None-Match", "*");
        } else {
          write("PUT", Kind.CAS, lastValue, value, "If-Match", lastTag);
        }
      } else {
        write("DELETE", Kind.DELETE, null, null, "", "");
      }
    }

    private HttpRequest.Builder request() {
      // Who has always asked one only waits when that is frozen, and the others go on.
      Instance asked = random.nextInt(20) == 0 ? group.get(random.nextInt(3)) : mostly;
      return asked.request(path(), TIMEOUT);
    }

    private String path() {
      return "/api/v1/kv/" + key.replace("/", "%2F");
    }

    /** Nothing is hurt any more: it has to answer. */
    void readAtLast(Instance instance, String of) {
      key = of;
      int before = history.size();
      long deadline = System.nanoTime() + ThreeProcesses.PATIENCE.toNanos();
      while (history.size() == before && System.nanoTime() < deadline) {
        read(instance.request(path(), TIMEOUT));
      }
    }

    private void read(HttpRequest.Builder request) {
      long begin = System.nanoTime();
      try {
        HttpResponse<String> said =
            group.http.send(request.GET().build(), HttpResponse.BodyHandlers.ofString());
        long end = System.nanoTime();
        switch (said.statusCode()) {
          case 200 -> {
            lastValue = said.body();
            lastTag = said.headers().firstValue("etag").orElseThrow();
          }
          case 404 -> {
            lastValue = null;
            lastTag = "";
          }
          default -> {
            LockSupport.parkNanos(REFUSED.toNanos());
            return; // it said that it cannot
          }
        }
        history.add(new Call(key, begin, end, Kind.READ, null, lastValue, true));
      } catch (IOException _) { // nothing was read
        LockSupport.parkNanos(REFUSED.toNanos());
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    private void write(
        String method,
        Kind kind,
        @Nullable String expected,
        @Nullable String value,
        String field,
        String condition) {
      HttpRequest.Builder request =
          request()
              .method(
                  method,
                  value == null
                      ? HttpRequest.BodyPublishers.noBody()
                      : HttpRequest.BodyPublishers.ofString(value));
      if (!field.isEmpty()) {
        request.header(field, condition);
      }
      long begin = System.nanoTime();
      try {
        HttpResponse<String> said =
            group.http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        long end = System.nanoTime();
        switch (said.statusCode()) {
          case 200 -> {
            Call made = new Call(key, begin, end, kind, expected, value, true);
            history.add(made);
            lastValue = value;
            lastTag = said.headers().firstValue("etag").orElse("");
            if (value != null) {
              byRevision.put(Long.parseLong(lastTag.replace("\"", "")), made);
            }
          }
          case 412 -> history.add(new Call(key, begin, end, kind, expected, value, false));
          default -> {
            if (said.body().matches("(?s).*(is not known|nterrupted).*")) {
              history.add(
                  new Call(key, begin, Linearizability.NEVER, kind, expected, value, false));
            } else { // it said that nothing was changed, and is believed
              LockSupport.parkNanos(REFUSED.toNanos());
            }
          }
        }
      } catch (ConnectException | HttpConnectTimeoutException _) { // nothing was sent
        LockSupport.parkNanos(REFUSED.toNanos());
      } catch (IOException _) {
        history.add(new Call(key, begin, Linearizability.NEVER, kind, expected, value, false));
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
