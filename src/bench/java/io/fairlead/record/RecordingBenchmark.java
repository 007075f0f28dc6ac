package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * What a request costs from the ring to the file: microseconds of processor for reading the record
 * into columns, encoding and writing it, and bytes on disk. A program and not a JMH benchmark since
 * its unit is a part.
 *
 * <p>Requests as in a shop: 60,000 paths and 50,000 clients of which a few make most, 300 user
 * agents, 40 routes, 12 nodes, times spread like those of real services, one connection in a
 * hundred new. First argument: rows, 2,000,000 if there is none. Second: nanoseconds between two
 * requests, 30,000. Third: a folder in which the files of a single round stay, to be asked.
 */
public final class RecordingBenchmark {
  private static final long RING = 16 << 20;
  private static final int TURN = 4096;

  private final SplittableRandom random = new SplittableRandom(42);
  private final byte[][] paths = new byte[60_000][];
  private final byte[][] agents = new byte[300][];
  private final byte[][] hosts = {
    bytes("shop.example.com"), bytes("api.example.com"), bytes("www.example.com")
  };
  private final long[] clients = new long[50_000];
  private final int[] manyPaths = skewed(paths.length, 1.0);
  private final int[] manyAgents = skewed(agents.length, 1.0);
  private final int[] manyClients = skewed(clients.length, 0.8);
  private final int[] routes = new int[40];
  private final int[] nodes = new int[12];
  private final RecordNames names = new RecordNames();
  private final int listener = names.number(RecordNames.Kind.LISTENER, "web");
  private final int service = names.number(RecordNames.Kind.SERVICE, "shop");
  private final long gap;
  private long nanos = 1_764_170_000_000_000_000L;
  private int sequence;

  private RecordingBenchmark(long gap) {
    this.gap = gap;
    String[] places = {"api/v1/orders", "api/v1/items", "shop/product", "static/img", "search"};
    for (int i = 0; i < paths.length; i++) {
      String tail = Integer.toString(i < 2000 ? i : random.nextInt(1 << 30), 36);
      String query = random.nextInt(4) == 0 ? "?page=" + random.nextInt(40) + "&sort=asc" : "";
      paths[i] = bytes("/" + places[random.nextInt(places.length)] + "/" + tail + query);
    }
    for (int i = 0; i < agents.length; i++) {
      agents[i] =
          bytes(
              "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.%d (KHTML, like Gecko) Chrome/%d.0.%d.0 Safari/537.36"
                  .formatted(random.nextInt(40), 90 + random.nextInt(60), random.nextInt(9000)));
    }
    for (int i = 0; i < clients.length; i++) {
      clients[i] = 0xFFFF_0000_0000L | (random.nextInt() & 0xFFFF_FFFFL);
    }
    for (int i = 0; i < routes.length; i++) {
      routes[i] = names.number(RecordNames.Kind.ROUTE, "route-" + i);
    }
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = names.number(RecordNames.Kind.NODE, "10.0.0." + (10 + i) + ":8080");
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(US_ASCII);
  }

  /** Zipf: which of so many, by a number from 0 to 2^18. */
  private static int[] skewed(int count, double exponent) {
    double[] sums = new double[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += 1 / Math.pow(i + 1, exponent);
      sums[i] = sum;
    }
    int[] which = new int[1 << 18];
    int at = 0;
    for (int i = 0; i < which.length; i++) {
      while (at < count - 1 && sums[at] < sum * (i + .5) / which.length) {
        at++;
      }
      which[i] = at;
    }
    return which;
  }

  private int any(int[] skewed) {
    return skewed[random.nextInt(skewed.length)];
  }

  private double spread() {
    return Math.exp(random.nextDouble() + random.nextDouble() + random.nextDouble() - 1.5);
  }

  private void request(RecordDraft draft) {
    nanos += (long) (-gap * Math.log(1 - random.nextDouble()));
    int path = any(manyPaths);
    int route = path % routes.length;
    draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
    long first = (long) (800_000 * Math.exp(route % 7 * 0.5) * spread());
    long connect = random.nextInt(100) == 0 ? 200_000 + random.nextInt(300_000) : -1;
    long total = first + Math.max(0, connect) + (long) (60_000 * spread());
    draft.times((nanos - total) / 1000, total);
    draft.id(0x0193_6f2a_1b00_0001L, sequence++);
    draft.phases(-1, connect, -1, first);
    int luck = random.nextInt(1000);
    draft.result(luck < 15 ? 404 : luck < 20 ? 500 : luck < 60 ? 304 : 200, null, 1);
    draft.bytes(
        luck % 10 < 8 ? 0 : 400 + random.nextInt(4000),
        path % 5 == 0 ? 1000 + path * 7 % 50_000 : 200 + (long) (3000 * spread()));
    draft.names(listener, routes[route], service, nodes[random.nextInt(nodes.length)]);
    draft.client(0, clients[any(manyClients)], 40_000 + random.nextInt(20_000), RecordMask.NONE);
    draft.method(luck % 10 < 8 ? 1 : 3);
    text(draft, Text.HOST, hosts[route % hosts.length]);
    text(draft, Text.PATH, paths[path]);
    text(draft, Text.USER_AGENT, agents[any(manyAgents)]);
  }

  private static void text(RecordDraft draft, Text which, byte[] value) {
    draft.text(which, value, 0, value.length);
  }

  public static void main(String[] args) throws IOException {
    int rows = args.length > 0 ? Integer.parseInt(args[0]) : 2_000_000;
    RecordingBenchmark benchmark =
        new RecordingBenchmark(args.length > 1 ? Long.parseLong(args[1]) : 30_000);
    if (args.length > 2) {
      benchmark.run(rows, 1, Files.createDirectories(Path.of(args[2])));
      return;
    }
    for (int round = 1; round <= 4; round++) {
      Path data = Files.createTempDirectory("recording");
      benchmark.run(rows, round, data);
      remove(data);
    }
  }

  private void run(int rows, int round, Path data) throws IOException {
    RecordRings rings = RecordRings.open(data, 1, RING, names);
    List<RecordReader> readers = List.of(rings.reader(0));
    RecordStats stats = new RecordStats(() -> 0);
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long spent = 0;
    try (Recording recording =
        new Recording(
            new PartFolder(data),
            "lb1",
            rings.boot(),
            readers,
            Names.of(rings),
            RING,
            List.of(),
            stats,
            _ -> {},
            Pace.restless(),
            nanos / 1_000_000)) {
      for (int sent = 0; sent < rows; sent += TURN) {
        for (int i = Math.min(TURN, rows - sent); i > 0; i--) {
          request(rings.ring(0).draft());
          rings.ring(0).write();
        }
        long before = threads.getCurrentThreadCpuTime();
        recording.round(nanos / 1_000_000);
        spent += threads.getCurrentThreadCpuTime() - before;
      }
      long before = threads.getCurrentThreadCpuTime();
      recording.write(nanos / 1_000_000, true);
      spent += threads.getCurrentThreadCpuTime() - before;
    } finally {
      rings.close();
    }
    long bytes = 0;
    long parts = 0;
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
        parts++;
      }
    }
    System.out.printf(
        "round %d: %d rows, %.3f us of processor and %.2f bytes each, in %d parts%n",
        round, stats.written(), spent / 1000.0 / rows, (double) bytes / rows, parts);
  }

  private static void remove(Path data) throws IOException {
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
