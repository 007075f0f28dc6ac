package io.fairlead.route;

import io.fairlead.config.RouteConfig;
import io.fairlead.config.RouteMatch;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
 * Time and, with {@code -prof gc}, allocation of one match, and of compiling the table. Ten paths
 * to a host, every third host a wildcard; 1,024 different requests in turn where that makes sense.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class MatchBenchmark {
  private static final int PATHS = 10;
  private static final int REQUESTS = 1024;

  @Param({"10", "10000"})
  int routes;

  /** Which route is hit: the first, the last, all in turn, none. */
  @Param({"first", "last", "any", "none"})
  String hit = "any";

  private final List<RouteTable.Entry<String>> entries = new ArrayList<>();
  private final Request[] requests = new Request[REQUESTS];
  private RouteTable<String> table = RouteTable.of(List.of());
  private int next;

  @Setup
  public void fill() {
    for (int i = 0; i < routes; i++) {
      String host = (i / PATHS % 3 == 0 ? "*." : "") + "shop-" + i / PATHS + ".example";
      RouteMatch match =
          new RouteMatch(List.of(host), List.of(pattern(i % PATHS)), List.of(), Map.of());
      String name = "r" + i;
      entries.add(
          new RouteTable.Entry<>(new RouteConfig(name, match, "s", Duration.ofMinutes(1)), name));
    }
    table = RouteTable.of(entries);
    for (int i = 0; i < REQUESTS; i++) {
      int route =
          switch (hit) {
            case "first" -> 0;
            case "last" -> routes - 1;
            default -> (int) ((long) i * routes / REQUESTS);
          };
      String host = (route / PATHS % 3 == 0 ? "www." : "") + "shop-" + route / PATHS + ".example";
      requests[i] = new Request(host, hit.equals("none") ? "/other/path" : path(route % PATHS));
      boolean found = table.match(requests[i]) != null;
      if (found == hit.equals("none")) {
        throw new IllegalStateException(host + path(route % PATHS) + " matched: " + found);
      }
    }
  }

  private static String pattern(int i) {
    return switch (i % 3) {
      case 0 -> "/api/v" + i + "/**";
      case 1 -> "/users/*/items" + i;
      default -> "/static/pages/page-" + i + ".html";
    };
  }

  private static String path(int i) {
    return switch (i % 3) {
      case 0 -> "/api/v" + i + "/orders/4711/lines";
      case 1 -> "/users/4711/items" + i;
      default -> "/static/pages/page-" + i + ".html";
    };
  }

  @Benchmark
  public RouteTable.@Nullable Entry<String> match() {
    next = (next + 1) & (REQUESTS - 1);
    return table.match(requests[next]);
  }

  /** What a reload costs. */
  @Benchmark
  public RouteTable<String> compile() {
    return RouteTable.of(entries);
  }

  private static final class Request implements RequestView {
    private final byte[] bytes;
    private final int hostEnd;

    Request(String host, String path) {
      bytes = ("GET" + host + path).getBytes(StandardCharsets.UTF_8);
      hostEnd = 3 + host.length();
    }

    @Override
    public byte[] bytes() {
      return bytes;
    }

    @Override
    public int methodStart() {
      return 0;
    }

    @Override
    public int methodEnd() {
      return 3;
    }

    @Override
    public int hostStart() {
      return 3;
    }

    @Override
    public int hostEnd() {
      return hostEnd;
    }

    @Override
    public int pathStart() {
      return hostEnd;
    }

    @Override
    public int pathEnd() {
      return bytes.length;
    }

    @Override
    public int queryStart() {
      return bytes.length;
    }

    @Override
    public int queryEnd() {
      return bytes.length;
    }

    @Override
    public int findField(byte[] lowerCaseName, int from) {
      return -1;
    }

    @Override
    public int valueStart(int field) {
      return -1;
    }

    @Override
    public int valueEnd(int field) {
      return -1;
    }

    @Override
    public long clientHigh() {
      return 0;
    }

    @Override
    public long clientLow() {
      return 0;
    }
  }
}
