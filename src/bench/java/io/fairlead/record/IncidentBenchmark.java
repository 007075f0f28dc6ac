package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fairlead.insight.incident.IncidentWatch;
import io.fairlead.insight.incident.NodeLabels;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordKinds;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the watch for incidents costs: a record that it gets, and the look at the end of a second,
 * in which 5,000 requests ended. A node fails now and then if {@code bad} says so, so that causes
 * are looked for at each look.
 */
@SuppressWarnings("NullAway.Init") // JMH calls open() before anything else
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@Fork(value = 1, jvmArgsAppend = "-XX:+UseSerialGC")
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class IncidentBenchmark {
  private static final int RECORDS = 5_000;

  @Param({"false", "true"})
  public boolean bad;

  private final SplittableRandom random = new SplittableRandom(42);
  private final byte[][] agents = new byte[100][];
  private final byte[][] paths = new byte[2_000][];
  private final byte[] host = "shop.example.com".getBytes(US_ASCII);
  private Path data;
  private RecordRings rings;
  private RecordReader reader;
  private IncidentWatch watch;
  private IncidentRecords consumer;
  private Names names;
  private final RecordKinds kinds = new RecordKinds(7);
  private int listener;
  private int service;
  private final int[] routes = new int[40];
  private final int[] nodes = new int[12];
  private long second = 1_800_000_000L;

  @Setup
  public void open() throws IOException {
    data = Files.createTempDirectory("incident");
    RecordNames numbers = new RecordNames();
    rings = RecordRings.open(data, 1, 16 << 20, numbers);
    reader = rings.reader(0);
    names = Names.of(rings);
    listener = numbers.number(RecordNames.Kind.LISTENER, "web");
    service = numbers.number(RecordNames.Kind.SERVICE, "shop");
    for (int i = 0; i < routes.length; i++) {
      routes[i] = numbers.number(RecordNames.Kind.ROUTE, "route-" + i);
    }
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = numbers.number(RecordNames.Kind.NODE, "n" + i);
    }
    for (int i = 0; i < agents.length; i++) {
      agents[i] =
          ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/"
                  + (90 + i)
                  + ".0.0.0 Safari/537.36")
              .getBytes(US_ASCII);
    }
    for (int i = 0; i < paths.length; i++) {
      paths[i] = ("/api/v1/orders/" + i * 7919 + "/items?page=" + i).getBytes(US_ASCII);
    }
    watch =
        new IncidentWatch(
            (_, node) -> new NodeLabels.Labels(node.endsWith("1") ? "2" : "1", "z"), _ -> {});
    consumer = new IncidentRecords(watch);
    for (int i = 0; i < 90; i++) {
      write(false);
      read();
      look();
    }
    write(bad);
  }

  private void write(boolean failing) {
    for (int i = 0; i < RECORDS; i++) {
      RecordDraft draft = rings.ring(0).draft();
      int route = random.nextInt(routes.length);
      int node = random.nextInt(nodes.length);
      draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
      long nanos = (long) (3_000_000 * Math.exp(random.nextDouble() * 2));
      draft.times(second * 1_000_000 + i * 190L, nanos);
      draft.id(1, i);
      draft.phases(-1, -1, -1, nanos - 50_000);
      boolean failed = failing && node == 3 && random.nextInt(3) == 0;
      draft.result(failed ? 500 : 200, null, 1);
      draft.bytes(0, 3000);
      draft.names(listener, routes[route], service, nodes[node]);
      draft.client(0, 0xFFFF_0A00_0000L | random.nextInt(1500), 40_000, RecordMask.NONE);
      draft.method(1);
      draft.text(Text.HOST, host, 0, host.length);
      byte[] path = paths[random.nextInt(paths.length)];
      draft.text(Text.PATH, path, 0, path.length);
      byte[] agent = agents[random.nextInt(agents.length)];
      draft.text(Text.USER_AGENT, agent, 0, agent.length);
      rings.ring(0).write();
    }
  }

  private void read() {
    while (reader.next()) {
      kinds.sort(reader.record());
      consumer.accept(reader.record(), names);
    }
    reader.saved(reader.place());
  }

  private void look() {
    second++;
    consumer.caughtUp(second * 1000 + 200, () -> {});
  }

  /** Writing and reading a record without the watch: to be subtracted. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  @OutputTimeUnit(java.util.concurrent.TimeUnit.NANOSECONDS)
  public void nothing() {
    write(bad);
    while (reader.next()) {
      kinds.sort(reader.record());
    }
    reader.saved(reader.place());
  }

  @Benchmark
  @OperationsPerInvocation(RECORDS)
  @OutputTimeUnit(java.util.concurrent.TimeUnit.NANOSECONDS)
  public void record() {
    write(bad);
    read();
  }

  /** A whole second: the records, and the look behind them. */
  @Benchmark
  @OutputTimeUnit(java.util.concurrent.TimeUnit.MICROSECONDS)
  public int second() {
    write(bad);
    read();
    look();
    return watch.incidents().size();
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    rings.close();
    Files.deleteIfExists(data);
  }
}
