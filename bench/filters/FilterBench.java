import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** Processor time of a request with and without filters; see README.md beside it. */
public final class FilterBench {
  private static final int ROUNDS = number("ROUNDS", 10);
  private static final int SECONDS = number("SECONDS_EACH", 3);
  private static final int CONNECTIONS = number("CONNECTIONS", 16);
  private static final Path WORK = Path.of("bench/work/filters");

  /** Path of the route → what it is called. */
  private static final Map<String, String> ROWS = new LinkedHashMap<>();

  static {
    ROWS.put("/none", "none");
    ROWS.put("/pass", "quick, goes on");
    ROWS.put("/quick", "quick, sets a field");
    ROWS.put("/eight", "quick, eight fields");
    ROWS.put("/wait", "waits, sets a field");
    ROWS.put("/off", "none, no filters");
  }

  private static final String FACTORY =
      """
      package bench;

      import io.fairlead.filter.*;

      public final class NAME implements FilterFactory {
        public int apiVersion() {
          return FilterApi.VERSION;
        }

        public RequestFilter create(FilterSettings settings) {
          return (KIND) request -> {
            BODY
            return Decision.goOn();
          };
        }
      }
      """;

  private FilterBench() {}

  private static int number(String name, int otherwise) {
    String said = System.getenv(name);
    return said == null ? otherwise : Integer.parseInt(said);
  }

  public static void main(String[] args) throws Exception {
    List<String> command =
        System.getenv("FAIRLEAD_CMD") == null
            ? List.of("./fairlead")
            : List.of(System.getenv("FAIRLEAD_CMD").split(" "));
    Files.createDirectories(WORK);
    writeJar();
    int node = 9761;
    int web = 9762;
    int admin = 9763;
    Files.writeString(WORK.resolve("fairlead.yaml"), yaml(web, admin, node, true));
    Process nodes = start(command, "node", "--port", "" + node);
    Process fairlead = start(command, "run", "-c", WORK.resolve("fairlead.yaml").toString());
    try {
      await(web, "/none");
      await(web, "/wait");
      measure(fairlead.pid(), web, admin, node);
    } finally {
      for (Process each : List.of(fairlead, nodes)) {
        each.destroy();
        if (!each.waitFor(20, TimeUnit.SECONDS)) {
          each.destroyForcibly();
        }
      }
    }
  }

  private static void writeJar() throws IOException {
    Path sources = Files.createDirectories(WORK.resolve("sources/bench"));
    Path classes = Files.createDirectories(WORK.resolve("classes"));
    source(sources, "Pass", "QuickFilter", "");
    String one = "request.setHeader(\"x-tenant\", \"acme\");";
    source(sources, "Quick", "QuickFilter", one);
    source(
        sources,
        "Eight",
        "QuickFilter",
        "String said = request.path() + request.clientAddress();"
            + " for (int i = 0; i < 8; i++) { request.setHeader(\"x-field-\" + i, said); }");
    source(sources, "Wait", "WaitingFilter", one);
    List<String> arguments =
        new ArrayList<>(
            List.of("-cp", apiPath(), "-d", classes.toString(), "-proc:none", "-nowarn"));
    try (Stream<Path> files = Files.list(sources)) {
      files.filter(f -> f.toString().endsWith(".java")).forEach(f -> arguments.add(f.toString()));
    }
    if (ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new))
        != 0) {
      throw new IOException("the filters do not compile");
    }
    try (JarOutputStream jar =
            new JarOutputStream(Files.newOutputStream(WORK.resolve("bench.jar")));
        Stream<Path> files = Files.list(classes.resolve("bench"))) {
      for (Path file : files.toList()) {
        jar.putNextEntry(new JarEntry("bench/" + file.getFileName()));
        Files.copy(file, jar);
        jar.closeEntry();
      }
    }
  }

  private static String apiPath() {
    String said = System.getenv("FAIRLEAD_API");
    return said == null ? "target/fairlead.jar" : said;
  }

  private static void source(Path folder, String name, String kind, String body)
      throws IOException {
    Files.writeString(
        folder.resolve(name + ".java"),
        FACTORY.replace("NAME", name).replace("KIND", kind).replace("BODY", body));
  }

  private static String yaml(int web, int admin, int node, boolean filters) {
    StringBuilder text = new StringBuilder();
    text.append("admin: { bind: \"127.0.0.1:").append(admin);
    text.append("\", allow-commands: true }\ndata: data\nlogs: { enabled: false }\n");
    text.append("runtime: { event-loops: 1 }\n");
    if (filters) {
      text.append("filters:\n");
      for (String name : List.of("Pass", "Quick", "Eight", "Wait")) {
        text.append("  ").append(name.toLowerCase(Locale.ROOT));
        text.append(": { jar: bench.jar, class: bench.").append(name).append(" }\n");
      }
    }
    text.append("listeners:\n  web:\n    bind: \"127.0.0.1:").append(web).append("\"\n    routes:\n");
    for (String path : ROWS.keySet()) {
      boolean plain = path.equals("/none") || path.equals("/off") || !filters;
      text.append("      - { match: { path: ").append(path).append(" }, service: shop");
      text.append(plain ? "" : ", filters: " + path.substring(1)).append(" }\n");
    }
    text.append("services:\n  shop: { nodes: \"127.0.0.1:").append(node).append("\" }\n");
    return text.toString();
  }

  private static Process start(List<String> command, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(arguments));
    return new ProcessBuilder(all)
        .redirectErrorStream(true)
        .redirectOutput(WORK.resolve(arguments[0] + ".log").toFile())
        .start();
  }

  private static void await(int port, String path) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (true) {
      try {
        load(port, path, 1, 50_000_000L);
        return;
      } catch (IOException e) {
        if (System.nanoTime() > until) {
          throw e;
        }
        Thread.sleep(100);
      }
    }
  }

  private static void measure(long pid, int web, int admin, int node) throws Exception {
    for (int i = 0; i < 3; i++) { // until the compiler is done
      for (String path : ROWS.keySet()) {
        load(web, path, CONNECTIONS, TimeUnit.SECONDS.toNanos(SECONDS));
      }
    }
    List<String> paths = new ArrayList<>(ROWS.keySet());
    Map<String, double[]> micros = new HashMap<>();
    paths.forEach(path -> micros.put(path, new double[ROUNDS]));
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < paths.size(); i++) {
        String path = paths.get((i + round) % paths.size());
        boolean off = path.equals("/off");
        if (off) {
          apply(admin, yaml(web, admin, node, false));
        }
        Map<Long, Long> before = nanos(pid);
        long count = load(web, path, CONNECTIONS, TimeUnit.SECONDS.toNanos(SECONDS));
        micros.get(path)[round] = used(before, nanos(pid)) / 1000.0 / count;
        if (off) {
          apply(admin, yaml(web, admin, node, true));
        }
      }
    }
    double[] none = micros.get("/none");
    System.out.println("| row | µs of processor per request | more than none: median (min to max) |");
    System.out.println("|---|---|---|");
    for (String path : paths) {
      double[] own = micros.get(path);
      double[] more = new double[ROUNDS];
      Arrays.setAll(more, i -> own[i] - none[i]);
      System.out.printf(
          Locale.ROOT,
          "| %s | %.2f | %+.2f (%+.2f to %+.2f) |%n",
          ROWS.get(path),
          median(own),
          median(more),
          Arrays.stream(more).min().orElse(0),
          Arrays.stream(more).max().orElse(0));
    }
  }

  private static void apply(int admin, String yaml) throws Exception {
    Files.writeString(WORK.resolve("fairlead.yaml"), yaml);
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + admin + "/api/v1/config"))
                  .PUT(HttpRequest.BodyPublishers.ofString(yaml))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IOException("the configuration is refused: " + answer.body());
      }
    }
    Thread.sleep(500); // what the change itself costs is over
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  private static Map<Long, Long> nanos(long pid) throws IOException {
    Map<Long, Long> byThread = new HashMap<>();
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
      for (Path thread : threads) {
        try {
          String line = Files.readString(thread.resolve("schedstat"));
          byThread.put(
              Long.parseLong(thread.getFileName().toString()), Long.parseLong(line.split(" ")[0]));
        } catch (NoSuchFileException e) {
          // It has just ended.
        }
      }
    }
    return byThread;
  }

  private static double used(Map<Long, Long> before, Map<Long, Long> after) {
    long sum = 0;
    for (Map.Entry<Long, Long> thread : after.entrySet()) {
      sum += thread.getValue() - before.getOrDefault(thread.getKey(), 0L);
    }
    return sum;
  }

  /** Asks for so long; how many were answered with 200. */
  private static long load(int port, String path, int connections, long nanos) throws IOException {
    AtomicBoolean ends = new AtomicBoolean();
    AtomicLong count = new AtomicLong();
    List<Thread> threads = new ArrayList<>();
    List<String> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
    for (int i = 0; i < connections; i++) {
      Thread thread = new Thread(() -> ask(port, path, ends, count, wrong));
      thread.start();
      threads.add(thread);
    }
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
      ends.set(true);
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    if (!wrong.isEmpty()) {
      throw new IOException(wrong.getFirst());
    }
    return count.get();
  }

  private static void ask(
      int port, String path, AtomicBoolean ends, AtomicLong count, List<String> wrong) {
    byte[] request =
        ("GET " + path + " HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    byte[] buffer = new byte[8192];
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(20_000);
      InputStream in = socket.getInputStream();
      OutputStream out = socket.getOutputStream();
      while (!ends.get()) {
        out.write(request);
        int length = in.read(buffer);
        int whole = -1;
        while (whole < 0 || length < whole) {
          if (whole < 0) {
            whole = whole(buffer, length);
            if (whole >= 0 && length >= whole) {
              break;
            }
          }
          int more = in.read(buffer, length, buffer.length - length);
          if (more < 0) {
            throw new IOException("the connection was closed");
          }
          length += more;
        }
        if (buffer[9] != '2' || buffer[10] != '0' || buffer[11] != '0') {
          throw new IOException(new String(buffer, 0, length, StandardCharsets.ISO_8859_1));
        }
        count.incrementAndGet();
      }
    } catch (IOException e) {
      wrong.add(path + ": " + e);
    }
  }

  /** Length of the answer with its body; -1: not all of its head is there. */
  private static int whole(byte[] bytes, int length) {
    String text = new String(bytes, 0, Math.max(0, length), StandardCharsets.ISO_8859_1);
    int end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      return -1;
    }
    String lower = text.substring(0, end).toLowerCase(Locale.ROOT);
    int at = lower.indexOf("content-length: ");
    int to = lower.indexOf('\r', at);
    int body =
        at < 0
            ? 0
            : Integer.parseInt(lower.substring(at + 16, to < 0 ? lower.length() : to).trim());
    return end + 4 + body;
  }
}
