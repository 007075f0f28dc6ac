package io.fairlead.proxy.http;

import io.fairlead.config.AffinityConfig;
import io.fairlead.config.AffinityConfig.SameSite;
import io.fairlead.config.AffinityConfig.Secure;
import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.AffinityCounter;
import io.fairlead.telemetry.EventLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Time and, with {@code -prof gc}, allocation of what affinity adds to a request: finding its
 * cookie among three, looking it up, taking it out; of a forged one; and of setting one. Parsing
 * the head is measured alone, too, since the others begin with it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class AffinityBenchmark {
  private static final int REQUESTS = 1024;

  @Param({"10", "10000"})
  int nodes;

  private final byte[][] requests = new byte[REQUESTS][];
  private final Head head = new Head();
  private final Head answer = new Head();
  private final AffinityTable.Found found = new AffinityTable.Found();
  private Node[] all = {};
  private AffinityTable table = table(new Service("none", 1, new EventLog(() -> 0), () -> 0));
  private AffinityTable other = table;
  private int next;

  private static AffinityTable table(Service service) {
    AffinityConfig config =
        new AffinityConfig(
            "FAIRLEAD_NODE",
            List.of(),
            Duration.ZERO,
            Duration.ofMinutes(5),
            Duration.ofHours(1),
            Secure.AUTO,
            SameSite.LAX,
            "/");
    return new AffinityTokens(service.name(), config, List.of(Ascii.bytes("a key of a benchmark")))
        .table(service.nodes().all(), 0);
  }

  @Setup
  public void fill() {
    Service service = new Service("shop", 1, new EventLog(() -> 0), () -> 0);
    List<NodeSpec> specs = new ArrayList<>();
    for (int i = 0; i < nodes; i++) {
      HostPort address = new HostPort("10.0." + i / 250 + "." + (i % 250 + 1), 8080);
      specs.add(new NodeSpec(address, "n" + i, 1, "", "file"));
    }
    service.setMembers(specs);
    all = service.nodes().all();
    table = table(service);
    for (int i = 0; i < REQUESTS; i++) {
      answer.reset();
      boolean _ = table.add(answer, all[(int) ((long) i * nodes / REQUESTS)], false);
      String field = Ascii.text(answer.bytes, answer.valueStart(0), answer.valueEnd(0));
      requests[i] =
          Ascii.bytes(
              "GET /cart/items HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\n"
                  + "Cookie: theme=dark; "
                  + field.substring(0, field.indexOf(';'))
                  + "; id=0123456789abcdef\r\nAccept: */*\r\n\r\n");
    }
  }

  private void parse() {
    next = next + 1 & REQUESTS - 1;
    head.reset();
    head.put(requests[next]);
    if (HeadParser.parseRequest(head, 4096, 1024, 100) != HeadParser.Result.DONE) {
      throw new IllegalStateException("no request");
    }
  }

  @Benchmark
  public int parsing() {
    parse();
    return head.fieldCount;
  }

  @Benchmark
  public Object hit() {
    parse();
    table.read(head, found);
    CookieField.strip(head, table.cookie());
    if (found.outcome != AffinityCounter.HIT) {
      throw new IllegalStateException("no hit");
    }
    return found;
  }

  @Benchmark
  public Object forged() {
    parse();
    other.read(head, found);
    CookieField.strip(head, other.cookie());
    return found;
  }

  @Benchmark
  public boolean setting() {
    next = next + 1 & REQUESTS - 1;
    answer.reset();
    return table.add(answer, all[next % all.length], true);
  }
}
