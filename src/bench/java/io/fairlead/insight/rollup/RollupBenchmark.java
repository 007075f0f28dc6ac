package io.fairlead.insight.rollup;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.management.ThreadMXBean;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordKinds;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What rollups cost: nanoseconds of processor and bytes of memory for counting a record, bytes on
 * disk for a cell, and milliseconds until panels are answered from weeks of them.
 *
 * <p>Ten routes on ten nodes, a hundredth of the requests fail, times spread over three octaves and
 * more; 60,000 paths and 50,000 clients of which a few make most. Reading the records is measured
 * alone and taken off. First argument: where files go, {@code /dev/shm} if there is none.
 */
public final class RollupBenchmark {
  private static final int BATCH = 4096;
  private static final int BATCHES = 250;
  private static final int DAYS = 28;
  private static final long DAY = 86_400_000;
  private static final long START = 1_795_000_000_000L;

  private final SplittableRandom random = new SplittableRandom(42);
  private final RecordNames names = new RecordNames();
  private final int[] routes = new int[10];
  private final int[] nodes = new int[10];
  private final int listener = names.number(RecordNames.Kind.LISTENER, "web");
  private final int service = names.number(RecordNames.Kind.SERVICE, "shop");
  private final byte[][] paths = new byte[60_000][];
  private final byte[] host = "shop.example.com".getBytes(US_ASCII);
  private final byte[] agent =
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
          .getBytes(US_ASCII);
  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final Path folder;
  private final RecordRings rings;
  private final RecordReader reader;
  private final RecordKinds kinds = new RecordKinds(7);
  private long now = START;

  private RollupBenchmark(Path folder) throws IOException {
    this.folder = folder;
    for (int i = 0; i < 10; i++) {
      routes[i] = names.number(RecordNames.Kind.ROUTE, "web/" + i);
      nodes[i] = names.number(RecordNames.Kind.NODE, "10.0.0." + (10 + i) + ":8080");
    }
    for (int i = 0; i < paths.length; i++) {
      paths[i] = ("/shop/product/" + Integer.toString(i * 7919, 36)).getBytes(US_ASCII);
    }
    rings = RecordRings.open(folder, 1, 16 << 20, names);
    reader = rings.reader(0);
  }

  private int few(int count) {
    return (int) (Math.pow(random.nextDouble(), 4) * count);
  }

  private void request(int route, int node) {
    RecordDraft draft = rings.ring(0).draft();
    draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
    double spread = random.nextDouble() + random.nextDouble() + random.nextDouble() - 1.5;
    draft.times(now * 1000, (long) (2_000_000 * Math.exp(route % 4 * 0.5 + spread)));
    draft.id(1, 1);
    draft.result(random.nextInt(100) == 0 ? 500 : 200, null, 1);
    draft.bytes(100, 3000);
    draft.names(listener, routes[route], service, nodes[node]);
    draft.client(0, 0xFFFF_0A00_0000L + few(50_000), 40_000, RecordMask.NONE);
    draft.method(1);
    draft.text(Text.HOST, host, 0, host.length);
    byte[] path = paths[few(paths.length)];
    draft.text(Text.PATH, path, 0, path.length);
    draft.text(Text.USER_AGENT, agent, 0, agent.length);
    rings.ring(0).write();
  }

  private RollupWriter writer(Rollups rollups, boolean tops) throws IOException {
    Function<byte[], String> addresses = bytes -> bytes[15] + "";
    return rollups.writer("1", names::text, names::error, tops ? addresses : null);
  }

  /** Nanoseconds and bytes for each record; null: it is only read. */
  private double[] count(@Nullable RollupWriter writer) {
    long nanos = 0;
    long bytes = 0;
    for (int i = 0; i < BATCHES; i++) {
      now += 40;
      for (int n = 0; n < BATCH; n++) {
        request(random.nextInt(10), random.nextInt(10));
      }
      long allocated = threads.getCurrentThreadAllocatedBytes();
      long begun = System.nanoTime();
      while (reader.next()) {
        kinds.sort(reader.record());
        if (writer != null) {
          writer.accept(reader.record());
        }
      }
      nanos += System.nanoTime() - begun;
      bytes += threads.getCurrentThreadAllocatedBytes() - allocated;
      reader.saved(reader.place());
    }
    double records = (double) BATCHES * BATCH;
    return new double[] {nanos / records, bytes / records};
  }

  private void counting() throws IOException {
    Rollups rollups = new Rollups(folder, () -> now, 7);
    RollupWriter cells = writer(rollups, false);
    RollupWriter all = writer(rollups, true);
    for (int round = 1; round <= 4; round++) {
      double[] read = count(null);
      double[] counted = count(cells);
      double[] topped = count(all);
      cells.keep(new long[] {1}, 0, now);
      all.keep(new long[] {1}, 0, now);
      System.out.printf(
          "round %d: cells %.0f ns and %.2f bytes a record, with top values %.0f ns and %.2f bytes%n",
          round,
          counted[0] - read[0],
          counted[1] - read[1],
          topped[0] - read[0],
          topped[1] - read[1]);
    }
  }

  /** A write for each minute, so that it ends; two days of ten seconds are all there. */
  private void asking() throws IOException {
    Rollups rollups = new Rollups(folder, () -> now, 7);
    RollupWriter writer = writer(rollups, false);
    long end = START + DAYS * DAY;
    long spent = 0;
    while (now < end) {
      int times = now < end - 2 * DAY ? 1 : 6;
      for (int i = 0; i < times; i++) {
        for (int pair = 0; pair < 100; pair++) {
          for (int n = 0; n < 5; n++) {
            request(pair / 10, pair % 10);
          }
        }
        while (reader.next()) {
          writer.accept(reader.record());
        }
        reader.saved(reader.place());
        now += 60_000 / times;
      }
      writer.keep(new long[] {1}, 0, now);
      if (now / 3_600_000 != (now - 60_000) / 3_600_000) {
        long begun = System.nanoTime();
        rollups.tidy(now);
        spent += System.nanoTime() - begun;
      }
    }
    long bytes = 0;
    try (Stream<Path> files = Files.walk(folder.resolve("rollups"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
    }
    System.out.printf(
        "%d days, 100 keys that are asked for each time: %.1f MB; tidying up %.0f ms an hour%n",
        DAYS, bytes / 1e6, spent / 1e6 / (DAYS * 24));
    ask(rollups, "an hour by 10 s, by route", 3_600_000, 10_000);
    ask(rollups, "a day by 5 min, by route", DAY, 300_000);
    ask(rollups, "two days by 10 min, by route", 2 * DAY, 600_000);
    ask(rollups, "a week by an hour, by route", 7 * DAY, 3_600_000);
    ask(rollups, "four weeks by 3 hours, by route", 28 * DAY, 10_800_000);
  }

  private void ask(Rollups rollups, String what, long span, long step) throws IOException {
    double best = Double.MAX_VALUE;
    double first = 0;
    for (int i = 0; i < 10; i++) {
      long begun = System.nanoTime();
      Answer answer =
          rollups.series(new Question(now - span, now, step, List.of(Dimension.ROUTE), Map.of()));
      double millis = (System.nanoTime() - begun) / 1e6;
      first = i == 0 ? millis : first;
      best = Math.min(best, millis);
      if (answer.series().size() != 10) {
        throw new AssertionError(answer.series().size() + " series");
      }
    }
    System.out.printf("%s: first %.0f ms, best %.0f ms%n", what, first, best);
  }

  public static void main(String[] args) throws IOException {
    Path folder =
        Files.createTempDirectory(Path.of(args.length > 0 ? args[0] : "/dev/shm"), "rollups");
    RollupBenchmark benchmark = new RollupBenchmark(folder);
    try {
      benchmark.counting();
      benchmark.asking();
    } finally {
      benchmark.rings.close();
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
