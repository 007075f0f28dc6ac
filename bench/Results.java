import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;

/** Everything that was measured, in the order in which it was. */
final class Results {
  /**
   * One throughput run of one proxy.
   *
   * @param perSecond units per second, see {@link Row.Front#unit}
   * @param cpuMicros processor time of the proxy per unit, in µs
   * @param systemMicros part of it spent in the kernel, in µs
   * @param coreShare part of its core the proxy used, 0 to 1
   * @param othersShare part of that core used by anything else, 0 to 1
   * @param residentBytes resident memory under the load
   * @param problem empty when the run counts
   */
  record Sample(
      double perSecond,
      double cpuMicros,
      double systemMicros,
      double coreShare,
      double othersShare,
      long residentBytes,
      String problem) {
    double userMicros() {
      return cpuMicros - systemMicros;
    }
  }

  /**
   * One fixed-rate run of one proxy.
   *
   * @param p50 median latency in µs
   * @param p99 in µs
   * @param p999 in µs
   * @param generatorShare part of its core the generator used
   * @param waitedShare part of the run in which a thread of the proxy could run and had no core
   * @param problem empty when the run counts
   */
  record Latency(
      double p50,
      double p99,
      double p999,
      double generatorShare,
      double waitedShare,
      String problem) {
    static Latency of(RateLoad.Result result, double waitedShare) {
      return new Latency(
          Spread.quantile(result.nanos(), 0.5) / 1e3,
          Spread.quantile(result.nanos(), 0.99) / 1e3,
          Spread.quantile(result.nanos(), 0.999) / 1e3,
          result.coreShare(),
          waitedShare,
          result.problem());
    }
  }

  /**
   * Memory of one proxy.
   *
   * @param startedBytes resident 15 s after start, before any load
   * @param warmBytes resident before the idle connections were opened
   * @param idleBytes resident with the idle connections open
   * @param connections how many were open
   * @param problem empty when the figures count
   */
  record Memory(
      long startedBytes, long warmBytes, long idleBytes, int connections, String problem) {
    double bytesPerConnection() {
      return connections == 0 ? Double.NaN : (double) (idleBytes - warmBytes) / connections;
    }

    String text() {
      return problem.isEmpty()
          ? "%.2f KiB each".formatted(bytesPerConnection() / 1024)
          : "INVALID: " + problem;
    }
  }

  /** One row: rounds of samples by the proxy's name. */
  static final class RowResult {
    final Row row;
    final List<Map<String, Sample>> rounds = new ArrayList<>();
    final List<Map<String, Latency>> latencies = new ArrayList<>();
    final Map<String, Double> instructions = new TreeMap<>();

    /** Proxies that do not have what the row is about. */
    final Set<String> lacking = new TreeSet<>();

    double rate = Double.NaN;

    /** The same as a part of the lowest throughput. */
    double load = Double.NaN;

    RowResult(Row row) {
      this.row = row;
    }

    /** The first problem of a proxy in this row; empty when its figures count. */
    String problem(String peer) {
      for (Map<String, Sample> round : rounds) {
        if (round.containsKey(peer) && !round.get(peer).problem().isEmpty()) {
          return round.get(peer).problem();
        }
      }
      return "";
    }

    String latencyProblem(String peer) {
      for (Map<String, Latency> round : latencies) {
        if (round.containsKey(peer) && !round.get(peer).problem().isEmpty()) {
          return round.get(peer).problem();
        }
      }
      return "";
    }

    Spread of(String peer, ToDoubleFunction<Sample> figure) {
      return Spread.of(values(rounds, peer, figure));
    }

    Spread latency(String peer, ToDoubleFunction<Latency> figure) {
      return Spread.of(values(latencies, peer, figure));
    }

    /** The ratio within each round; none when either proxy's figures do not count. */
    Spread ratio(String peer, String base, ToDoubleFunction<Sample> figure) {
      return problem(peer).isEmpty() && problem(base).isEmpty()
          ? Results.ratio(rounds, peer, base, figure)
          : Spread.NONE;
    }

    /**
     * The median of one against the median of the other, with the smallest and the largest ratio
     * within a round. Single rounds of a high quantile differ by more than the proxies do.
     */
    Spread latencyOfMedians(String peer, String base, ToDoubleFunction<Latency> figure) {
      Spread within = latencyRatio(peer, base, figure);
      return within.known()
          ? new Spread(
              latency(peer, figure).median() / latency(base, figure).median(),
              within.min(),
              within.max())
          : Spread.NONE;
    }

    Spread latencyRatio(String peer, String base, ToDoubleFunction<Latency> figure) {
      return latencyProblem(peer).isEmpty() && latencyProblem(base).isEmpty()
          ? Results.ratio(latencies, peer, base, figure)
          : Spread.NONE;
    }
  }

  final Map<Row, RowResult> rows = new LinkedHashMap<>();

  /** By kind of idle connection, then by proxy. */
  final Map<Idle, Map<String, Memory>> memory = new EnumMap<>(Idle.class);

  final Map<String, Long> startedBytes = new LinkedHashMap<>();
  final Map<String, Double> systemCalls = new LinkedHashMap<>();
  final List<String> peers = new ArrayList<>();
  final List<String> notes = new ArrayList<>();

  private static <T> List<Double> values(
      List<Map<String, T>> rounds, String peer, ToDoubleFunction<T> figure) {
    List<Double> values = new ArrayList<>();
    for (Map<String, T> round : rounds) {
      if (round.containsKey(peer)) {
        values.add(figure.applyAsDouble(round.get(peer)));
      }
    }
    return values;
  }

  private static <T> Spread ratio(
      List<Map<String, T>> rounds, String peer, String base, ToDoubleFunction<T> figure) {
    List<Double> ratios = new ArrayList<>();
    for (Map<String, T> round : rounds) {
      if (round.containsKey(peer) && round.containsKey(base)) {
        ratios.add(figure.applyAsDouble(round.get(peer)) / figure.applyAsDouble(round.get(base)));
      }
    }
    return Spread.of(ratios);
  }
}
