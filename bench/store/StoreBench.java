import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * Three instances of Fairlead beside three etcd on the same disk: single writes of 200 bytes one after
 * the other by one client over HTTP/1.1, to the leader of each. They take turns, so that both see the
 * same machine. A second group of three writes down what becomes of the store, too, on the same disk.
 */
public final class StoreBench {
  private static final int ROUNDS = 5;
  private static final int WARM_UP = 1000;

  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final List<Process> STARTED = new ArrayList<>();

  private StoreBench() {}

  public static void main(String[] args) throws Exception {
    int writes = args.length > 0 ? Integer.parseInt(args[0]) : 3000;
    Path work = Files.createTempDirectory(Files.createDirectories(Path.of("bench/work")), "store");
    try {
      IntFunction<HttpRequest> fairlead = fairlead(Files.createDirectory(work.resolve("plain")), "");
      IntFunction<HttpRequest> logging =
          fairlead(Files.createDirectory(work.resolve("logging")), ", store-log: { folder: ../log }");
      IntFunction<HttpRequest> etcd = etcd(work);
      time(fairlead, WARM_UP);
      time(logging, WARM_UP);
      time(etcd, WARM_UP);
      List<long[]> ours = new ArrayList<>();
      List<long[]> logged = new ArrayList<>();
      List<long[]> theirs = new ArrayList<>();
      for (int i = 0; i < ROUNDS; i++) {
        ours.add(time(fairlead, writes));
        logged.add(time(logging, writes));
        theirs.add(time(etcd, writes));
      }
      report(writes, ours, logged, theirs);
    } finally {
      STARTED.forEach(each -> each.descendants().forEach(ProcessHandle::destroyForcibly));
      STARTED.forEach(Process::destroyForcibly);
      for (Process each : STARTED) {
        each.waitFor();
      }
      delete(work);
    }
  }

  private static void report(
      int writes, List<long[]> ours, List<long[]> logged, List<long[]> theirs) {
    System.out.println("# Writes to the store, beside etcd\n");
    System.out.println(
        "`make bench-store`, " + LocalDate.now() + ", " + Runtime.getRuntime().availableProcessors()
            + " processors; " + ROUNDS + " rounds of " + writes
            + " writes of 200 bytes, one after the other, to the leader of three.\n");
    System.out.println("| | p50 ms | p99 ms | p50 of single rounds |");
    System.out.println("|---|---|---|---|");
    row("Fairlead", ours);
    row("Fairlead with `store-log`", logged);
    row("etcd " + version(), theirs);
    System.out.printf(
        Locale.ROOT,
        "%nratio of p50: %.2f, of p99: %.2f; with `store-log` %.2f and %.2f%n",
        at(all(ours), 0.5) / at(all(theirs), 0.5),
        at(all(ours), 0.99) / at(all(theirs), 0.99),
        at(all(logged), 0.5) / at(all(theirs), 0.5),
        at(all(logged), 0.99) / at(all(theirs), 0.99));
  }

  private static void row(String name, List<long[]> rounds) {
    StringBuilder each = new StringBuilder();
    for (long[] round : rounds) {
      each.append(String.format(Locale.ROOT, "%.2f ", at(round, 0.5)));
    }
    System.out.printf(
        Locale.ROOT,
        "| %s | %.2f | %.2f | %s |%n",
        name,
        at(all(rounds), 0.5),
        at(all(rounds), 0.99),
        each.toString().strip());
  }

  private static long[] all(List<long[]> rounds) {
    long[] all = rounds.stream().flatMapToLong(Arrays::stream).toArray();
    Arrays.sort(all);
    return all;
  }

  private static double at(long[] sorted, double share) {
    return sorted[(int) Math.min(sorted.length - 1, sorted.length * share)] / 1e6;
  }

  private static long[] time(IntFunction<HttpRequest> requests, int writes) throws Exception {
    long[] times = new long[writes];
    for (int i = 0; i < writes; i++) {
      HttpRequest request = requests.apply(i % 100);
      long begin = System.nanoTime();
      HttpResponse<String> said = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
      times[i] = System.nanoTime() - begin;
      if (said.statusCode() != 200) {
        throw new IOException(said.statusCode() + " " + said.body());
      }
    }
    Arrays.sort(times);
    return times;
  }

  // --- who is measured ---------------------------------------------------------------------

  private static IntFunction<HttpRequest> fairlead(Path work, String more) throws Exception {
    int base = ports();
    String[] names = {"a", "b", "c"};
    StringBuilder peers = new StringBuilder();
    for (int i = 0; i < 3; i++) {
      peers.append(i == 0 ? "" : ", ").append(names[i]).append(": \"127.0.0.1:")
          .append(base + 4 * i).append('"');
    }
    for (int i = 0; i < 3; i++) {
      Path file = work.resolve(names[i] + ".yaml");
      Files.writeString(
          file,
          "admin: { bind: \"127.0.0.1:" + (base + 12 + i) + "\" }\n"
              + "data: " + names[i] + "\n"
              + "logs: { enabled: false }\n"
              + "group: { name: bench, instance: " + names[i] + ", bind: \"127.0.0.1:"
              + (base + 4 * i) + "\", peers: { " + peers + " }" + more + " }\n");
      start(work.resolve(names[i] + ".log"), "./fairlead", "run", "-c", file.toString());
    }
    int leader = -1;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (leader < 0) {
      if (System.nanoTime() > deadline) {
        throw new IOException("no group within a minute");
      }
      Thread.sleep(200);
      for (int i = 0; i < 3; i++) {
        String said = ask(base + 12 + i, "/api/v1/instances", null);
        int self = said.indexOf("\"self\":true");
        int next = said.indexOf("\"leader\":true", self);
        int end = said.indexOf('}', self);
        if (self > 0 && next > 0 && next < end && said.split("\"up\"", -1).length == 4) {
          leader = base + 12 + i;
        }
      }
    }
    int port = leader;
    return key ->
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/kv/key-" + key))
            .PUT(HttpRequest.BodyPublishers.ofString("x".repeat(200)))
            .build();
  }

  private static IntFunction<HttpRequest> etcd(Path work) throws Exception {
    int base = ports();
    StringBuilder cluster = new StringBuilder();
    for (int i = 0; i < 3; i++) {
      cluster.append(i == 0 ? "" : ",").append("m").append(i).append("=http://127.0.0.1:")
          .append(base + 2 * i);
    }
    for (int i = 0; i < 3; i++) {
      String peer = "http://127.0.0.1:" + (base + 2 * i);
      String client = "http://127.0.0.1:" + (base + 2 * i + 1);
      start(
          work.resolve("m" + i + ".log"),
          "etcd",
          "--name", "m" + i,
          "--data-dir", work.resolve("m" + i).toString(),
          "--listen-peer-urls", peer,
          "--initial-advertise-peer-urls", peer,
          "--listen-client-urls", client,
          "--advertise-client-urls", client,
          "--initial-cluster", cluster.toString(),
          "--log-level", "error");
    }
    int leader = -1;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (leader < 0) {
      if (System.nanoTime() > deadline) {
        throw new IOException("no etcd within a minute");
      }
      Thread.sleep(200);
      for (int i = 0; i < 3; i++) {
        String said = ask(base + 2 * i + 1, "/v3/maintenance/status", "{}");
        String id = between(said, "\"member_id\":\"");
        if (!id.isEmpty() && id.equals(between(said, "\"leader\":\""))) {
          leader = base + 2 * i + 1;
        }
      }
    }
    int port = leader;
    String value = base64("x".repeat(200));
    return key ->
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v3/kv/put"))
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"key\":\"" + base64("key-" + key) + "\",\"value\":\"" + value + "\"}"))
            .build();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String between(String text, String start) {
    int from = text.indexOf(start);
    return from < 0
        ? ""
        : text.substring(from + start.length(), text.indexOf('"', from + start.length()));
  }

  private static String ask(int port, String path, String body) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    if (body != null) {
      request.POST(HttpRequest.BodyPublishers.ofString(body));
    }
    try {
      return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
    } catch (IOException e) {
      return "";
    }
  }

  private static String version() {
    try {
      Process process = new ProcessBuilder("etcd", "--version").start();
      String first = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return first.lines().findFirst().orElse("").replaceAll("[^0-9.]", "");
    } catch (IOException e) {
      return "";
    }
  }

  private static void start(Path log, String... command) throws IOException {
    STARTED.add(
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start());
  }

  private static int ports() throws IOException {
    for (int base = 21000; base < 32000; base += 20) {
      boolean free = true;
      for (int port = base; free && port < base + 16; port++) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
          free = socket.isBound();
        } catch (IOException e) {
          free = false;
        }
      }
      if (free) {
        return base;
      }
    }
    throw new IOException("no free ports");
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
