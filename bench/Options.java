import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What the command line asks for.
 *
 * @param rounds how often each row is repeated for each peer; ratios are taken within a round
 * @param seconds length of one throughput sample
 * @param latencyRounds how often the fixed-rate run is repeated for each peer
 * @param latencySeconds length of one fixed-rate run
 * @param maxWarmUps bound on the one-second warm-ups before a row is measured; three times as many
 *     before the first row
 * @param idleConnections connections held open in the memory row
 * @param budget time after which no further round of throughput or latency starts
 * @param rows names of the rows to run; empty: all
 * @param only names of the proxies to run; empty: all
 * @param basePort first of the 200 loopback ports used
 * @param report file that receives the Markdown report
 * @param earlier folder of an earlier commit's sources, whose build is measured beside; empty: none
 */
record Options(
    int rounds,
    int seconds,
    int latencyRounds,
    int latencySeconds,
    int maxWarmUps,
    int idleConnections,
    Duration budget,
    List<String> rows,
    List<String> only,
    int basePort,
    String report,
    String earlier) {

  static final String USAGE =
      """
      usage: bench/run [--quick] [--rows NAME,NAME] [--only NAME,NAME] [--rounds N] [--seconds N]
                       [--report FILE] [--earlier COMMIT]
        --quick     under 5 minutes: fewer and shorter samples; good for a first look only
        --rows      only these rows (a row matches when its name starts with the given text)
        --only      only these proxies: fairlead, haproxy, nginx, caddy
        --rounds    repetitions of each row (default 5)
        --seconds   length of a throughput sample (default 3)
        --report    where to write the report (default bench/report.md; partial and quick runs:
                    bench/work/report.md)
        --earlier   also the build of that commit, which shows what has become dearer since
      environment: FAIRLEAD_CMD  command that runs the proxy called fairlead; it must listen on
                                 127.0.0.1:21080 and read bench/work/fairlead.yaml if it wants
                   BENCH_PORT    first port used (default 21000)
                   BENCH_NICE    niceness of proxies, nodes and load (default -10, where allowed)
      """;

  static Options parse(String[] args) {
    boolean quick = List.of(args).contains("--quick");
    int rounds = quick ? 2 : 5;
    int seconds = quick ? 1 : 3;
    List<String> rows = List.of();
    List<String> only = List.of();
    String report = "";
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--quick" -> {}
        case "--rounds" -> rounds = positive(args, ++i);
        case "--seconds" -> seconds = positive(args, ++i);
        case "--rows" -> rows = List.of(value(args, ++i).split(","));
        case "--only" -> only = List.of(value(args, ++i).split(","));
        case "--report" -> report = value(args, ++i);
        default -> throw new IllegalArgumentException("unknown option " + args[i]);
      }
    }
    List<String> known = List.of("fairlead", "haproxy", "nginx", "caddy", FairleadProxy.EARLIER);
    List<String> strangers = new ArrayList<>(only);
    strangers.removeAll(known);
    if (!strangers.isEmpty()) {
      throw new IllegalArgumentException("--only knows " + known + ", not " + strangers);
    }
    String earlier = System.getenv().getOrDefault("BENCH_EARLIER", "");
    if (report.isEmpty()) {
      boolean complete = !quick && rows.isEmpty() && only.isEmpty() && earlier.isEmpty();
      report = complete ? "bench/report.md" : "bench/work/report.md";
    }
    int port = Integer.parseInt(System.getenv().getOrDefault("BENCH_PORT", "21000"));
    return new Options(
        rounds,
        seconds,
        quick ? 1 : 2 * rounds + 1,
        1,
        quick ? 1 : 5,
        10_000,
        quick ? Duration.ofSeconds(210) : Duration.ofSeconds(1920),
        rows,
        only,
        port,
        report,
        earlier);
  }

  private static String value(String[] args, int i) {
    if (i >= args.length) {
      throw new IllegalArgumentException(args[i - 1] + " needs a value");
    }
    return args[i];
  }

  private static int positive(String[] args, int i) {
    String value = value(args, i);
    if (!value.matches("[1-9][0-9]{0,3}")) {
      throw new IllegalArgumentException(
          args[i - 1] + " needs a number from 1 (was " + value + ")");
    }
    return Integer.parseInt(value);
  }

  boolean wantsRow(String name) {
    return rows.isEmpty() || rows.stream().anyMatch(name::startsWith);
  }

  boolean wantsPeer(String name) {
    return only.isEmpty() || only.contains(name);
  }
}
