package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.group.Linearizability;
import io.fairlead.group.Linearizability.Call;
import io.fairlead.group.Linearizability.Kind;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three instances in processes of their own are killed and frozen while clients use the store by
 * all of them: what the clients saw must be what one store would have shown. For {@code make
 * chaos-group}.
 */
@EnabledIfSystemProperty(named = "fairlead.group.runs", matches = "\\d+")
final class GroupHistoryTest {
  private static final int RUNS = Integer.getInteger("fairlead.group.runs", 1);
  private static final int SECONDS = Integer.getInteger("fairlead.group.seconds", 6);
  private static final int CLIENTS = 18;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration TIMEOUT = Duration.ofSeconds(12);

  @TempDir Path folder;

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
  private final List<Instance> instances = new ArrayList<>();

  private final class Instance {
    final String name;
    final int admin;
    final Path config;
    @Nullable Process process;

    Instance(String name, int admin) {
      this.name = name;
      this.admin = admin;
      this.config = folder.resolve(name + ".yaml");
    }

    void start() throws IOException {
      process =
          FairleadProcess.run(
              folder.resolve(name + "-" + System.nanoTime() + ".log"), "-c", config.toString());
    }

    void kill() throws InterruptedException {
      Process running = process;
      if (running != null) {
        running.destroyForcibly();
        running.waitFor();
      }
    }

    void signal(String signal) throws Exception {
      Process running = process;
      if (running != null) {
        Tool.Said _ = Tool.run("", "kill", "-" + signal, Long.toString(running.pid()));
      }
    }

    boolean sees(int up) {
      try {
        HttpResponse<String> said =
            http.send(
                request("/api/v1/instances").GET().build(), HttpResponse.BodyHandlers.ofString());
        return said.body().split("\"state\":\"up\"", -1).length - 1 >= up;
      } catch (IOException _) {
        return false;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    HttpRequest.Builder request(String path) {
      return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin + path))
          .timeout(TIMEOUT);
    }
  }

  @Test
  void whatClientsSeeIsWhatOneStoreWouldShow() throws Exception {
    try {
      int base = FreePort.row(15);
      String peers =
          "{ a: \"127.0.0.1:%d\", b: \"127.0.0.1:%d\", c: \"127.0.0.1:%d\" }"
              .formatted(base, base + 4, base + 8);
      for (int i = 0; i < 3; i++) {
        Instance instance = new Instance(List.of("a", "b", "c").get(i), base + 12 + i);
        Files.writeString(
            instance.config,
            """
            admin: { bind: "127.0.0.1:%d" }
            data: %s
            logs: { enabled: false }
            group: { name: test, instance: %s, bind: "127.0.0.1:%d", peers: %s }
            """
                .formatted(
                    instance.admin,
                    folder.resolve(instance.name),
                    instance.name,
                    base + 4 * i,
                    peers));
        instances.add(instance);
        instance.start();
      }
      for (int run = 0; run < RUNS; run++) {
        await(3);
        play(run, Long.getLong("fairlead.group.seed", new SplittableRandom().nextLong()));
      }
    } finally {
      for (Instance instance : instances) {
        instance.signal("CONT");
        instance.kill();
      }
      http.close();
    }
  }

  private void await(int up) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    for (Instance instance : instances) {
      while (!instance.sees(up)) {
        if (System.nanoTime() > deadline) {
          throw new AssertionError(instance.name + " does not see " + up + " instances: " + logs());
        }
        Thread.sleep(50);
      }
    }
  }

  private String logs() throws IOException {
    StringBuilder all = new StringBuilder();
    try (var files = Files.list(folder)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".log")).sorted().toList()) {
        all.append('\n').append(file.getFileName()).append('\n').append(Files.readString(file));
      }
    }
    return all.toString();
  }

  private void play(int run, long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    ConcurrentLinkedQueue<Call> history = new ConcurrentLinkedQueue<>();
    AtomicInteger values = new AtomicInteger();
    long started = System.nanoTime();
    long end = started + TimeUnit.SECONDS.toNanos(SECONDS);
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      SplittableRandom own = random.split();
      Instance mostly = instances.get(i % instances.size());
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                Client client = new Client(run, own, mostly, values, history, started);
                while (System.nanoTime() < end) {
                  client.call();
                }
              }));
    }
    List<String> faults = hurt(random, end);
    for (Thread client : clients) {
      client.join();
    }
    List<Call> calls = List.copyOf(history);
    long unknown = calls.stream().filter(call -> call.end() == Linearizability.NEVER).count();
    String violation = Linearizability.violation(calls);
    System.out.printf(
        Locale.ROOT,
        "run %d, seed %d: %d calls, %d without an answer, %s: %s%n",
        run,
        seed,
        calls.size(),
        unknown,
        String.join(", ", faults),
        violation == null ? "linearizable" : "VIOLATION at " + violation);
    assertThat(violation)
        .as(
            "seed %s after %s: %s",
            seed, faults, calls.stream().filter(call -> call.key().equals(violation)).toList())
        .isNull();
    assertThat(calls.size() - unknown).as("calls that were answered").isGreaterThan(SECONDS * 5L);
  }

  /** One fault after the other; a majority is well most of the time. */
  private List<String> hurt(SplittableRandom random, long end) throws Exception {
    List<String> faults = new ArrayList<>();
    Thread.sleep(500);
    while (System.nanoTime() < end - TimeUnit.SECONDS.toNanos(1)) {
      Instance victim = instances.get(random.nextInt(3));
      int millis = random.nextInt(200, 4000);
      switch (random.nextInt(5)) {
        case 0, 1 -> {
          faults.add("kill " + victim.name);
          victim.kill();
          Thread.sleep(millis / 4);
          victim.start();
        }
        case 2, 3 -> {
          faults.add("freeze " + victim.name + " " + millis + " ms");
          victim.signal("STOP");
          Thread.sleep(Math.min(millis, left(end)));
          victim.signal("CONT");
        }
        default -> {
          Instance other = instances.get((instances.indexOf(victim) + 1) % 3);
          faults.add("freeze " + victim.name + " and " + other.name + " " + millis + " ms");
          victim.signal("STOP");
          other.signal("STOP");
          Thread.sleep(Math.min(millis, left(end)));
          victim.signal("CONT");
          other.signal("CONT");
        }
      }
      Thread.sleep(Math.min(random.nextInt(100, 2500), left(end)));
    }
    return faults;
  }

  private static long left(long end) {
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()));
  }

  /** One user of the store, who remembers what it read last of each key. */
  private final class Client {
    private final int run;
    private final SplittableRandom random;
    private final Instance mostly;
    private final AtomicInteger values;
    private final ConcurrentLinkedQueue<Call> history;
    private final long started;
    private String key = "";
    private @Nullable String lastValue;
    private String lastTag = "";

    Client(
        int run,
        SplittableRandom random,
        Instance mostly,
        AtomicInteger values,
        ConcurrentLinkedQueue<Call> history,
        long started) {
      this.run = run;
      this.random = random;
      this.mostly = mostly;
      this.values = values;
      this.history = history;
      this.started = started;
    }

    void call() {
      // Keys change with time, so that what is looked at together stays small.
      String next =
          "run-%d/%d-%d"
              .formatted(run, (System.nanoTime() - started) / 1_000_000_000, random.nextInt(4));
      int what = random.nextInt(10);
      if (!next.equals(key)) {
        key = next;
        what = 0;
      }
      String value = "v" + values.incrementAndGet();
      if (what < 4) {
        read();
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
      Instance asked = random.nextInt(20) == 0 ? instances.get(random.nextInt(3)) : mostly;
      return asked.request("/api/v1/kv/" + key.replace("/", "%2F"));
    }

    private void read() {
      long begin = System.nanoTime();
      try {
        HttpResponse<String> said =
            http.send(request().GET().build(), HttpResponse.BodyHandlers.ofString());
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
            return; // it said that it cannot
          }
        }
        history.add(new Call(key, begin, end, Kind.READ, null, lastValue, true));
      } catch (IOException _) {
        // Nothing was read.
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
            http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        long end = System.nanoTime();
        switch (said.statusCode()) {
          case 200 -> {
            history.add(new Call(key, begin, end, kind, expected, value, true));
            lastValue = value;
            lastTag = said.headers().firstValue("etag").orElse("");
          }
          case 412 -> history.add(new Call(key, begin, end, kind, expected, value, false));
          default ->
              history.add(
                  new Call(key, begin, Linearizability.NEVER, kind, expected, value, false));
        }
      } catch (IOException _) {
        history.add(new Call(key, begin, Linearizability.NEVER, kind, expected, value, false));
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
