import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Turns results into a Markdown text whose tables are also readable as they stand. */
final class Report {
  private static final double KIB = 1024;
  private static final double MIB = 1024 * 1024;
  private static final double IDLE_CONNECTION_TARGET = 4 * KIB;
  private static final double IDLE_TARGET = 128 * MIB;
  private static final double LOAD_TARGET = 192 * MIB;

  /** What records may cost: 3 % of the requests per second, 2 % of p99. */
  private static final double RECORDING_RATE_TARGET = 1 / 0.97;

  private static final double RECORDING_P99_TARGET = 1.02;

  /** CPU per request by HTTP/3, as a ratio to Caddy's. */
  private static final double AGAINST_CADDY = 1;

  /** CPU per request by HTTP/3, as a ratio to what the same costs by HTTP/2 with TLS. */
  private static final double AGAINST_HTTP2 = 1.5;

  private final Results results;
  private final Options options;
  private final StringBuilder text = new StringBuilder();

  private Report(Results results, Options options) {
    this.results = results;
    this.options = options;
  }

  static String of(Results results, Options options, Duration took, boolean instructions) {
    Report report = new Report(results, options);
    report.opening(took);
    report.verdicts();
    report.cpu(instructions);
    report.relay();
    report.ratios();
    report.latency();
    report.memory();
    report.systemCalls(instructions);
    return report.text.toString();
  }

  private void opening(Duration took) {
    line("# Fairlead beside " + others());
    line("");
    line(
        "Run of %s, commit %s, %d rounds of %d s per row and proxy, %d min %d s in all."
            .formatted(
                ZonedDateTime.now(ZoneOffset.UTC)
                    .format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'")),
                Machine.commit(),
                options.rounds(),
                options.seconds(),
                took.toMinutes(),
                took.toSecondsPart()));
    line("");
    for (String fact : Machine.facts()) {
      line("- " + fact);
    }
    line(
        Machine.canPin()
            ? "- Each proxy has one worker on core 0; load generator and nodes are on core 1."
            : "- Nothing could be pinned to a core here: read the ratios with care.");
    for (String note : results.notes) {
      line("- **" + note + "**");
    }
    line("");
    line(
        "Figures are medians with (smallest–largest); ratios are taken within a round, where the"
            + " proxies ran one after the other. Ratios of latencies are those of the medians, with"
            + " the smallest and largest within a round.");
    line("");
  }

  private void verdicts() {
    if (!results.peers.contains("fairlead")) {
      return;
    }
    line("## Against the targets");
    line("");
    Table table = new Table("row", "figure", "measured", "target", "verdict");
    for (Results.RowResult row : results.rows.values()) {
      for (String base : List.of("haproxy", "nginx", "caddy", "fairlead" + ByHttp2.SUFFIX)) {
        if (row.of(base, Results.Sample::cpuMicros).known()) {
          verdicts(table, row, base);
        }
      }
      recording(table, row);
    }
    memoryVerdicts(table);
    table.print();
  }

  private static void verdicts(Table table, Results.RowResult row, String base) {
    double target = target(row.row, base);
    String problem = row.problem("fairlead") + row.problem(base);
    Spread cpu = row.ratio("fairlead", base, Results.Sample::cpuMicros);
    table.add(
        row.row.name(),
        "CPU per " + row.row.front().unit + " / " + base,
        cpu.text(2),
        "≤ %.2f".formatted(target),
        verdict(cpu, target, problem));
    if (row.latencies.isEmpty()) {
      return;
    }
    Spread p99 = row.latencyOfMedians("fairlead", base, Results.Latency::p99);
    String slow = row.latencyProblem("fairlead") + row.latencyProblem(base);
    table.add(
        row.row.name(),
        "p99 at %.0f %% load / %s".formatted(row.load * 100, base),
        p99.text(2),
        "≤ 1.00",
        verdict(p99, 1.0, slow) + (floorDominates(row, base) ? ", but see \"direct\"" : ""));
  }

  private static double target(Row row, String base) {
    return switch (base) {
      case "haproxy" -> row.againstHaproxy();
      case "nginx" -> row.againstNginx();
      case "caddy" -> AGAINST_CADDY;
      default -> AGAINST_HTTP2;
    };
  }

  private String others() {
    List<String> names = new ArrayList<>();
    results.peers.forEach(peer -> {
      switch (peer) {
        case "haproxy" -> names.add("HAProxy");
        case "nginx" -> names.add("NGINX");
        case "caddy" -> names.add("Caddy");
        default -> {}
      }
    });
    return names.isEmpty() ? "nobody" : String.join(", ", names);
  }

  /** What records cost Fairlead. */
  private static void recording(Table table, Results.RowResult row) {
    String base = Unrecorded.NAME;
    Spread rate = row.ratio(base, "fairlead", Results.Sample::perSecond);
    if (!rate.known()) {
      return;
    }
    table.add(
        row.row.name(),
        "requests/s without records / with them",
        rate.text(3),
        "≤ %.2f".formatted(RECORDING_RATE_TARGET),
        verdict(rate, RECORDING_RATE_TARGET, ""));
    Spread p99 = row.latencyOfMedians("fairlead", base, Results.Latency::p99);
    table.add(
        row.row.name(),
        "p99 at %.0f %% load with records / without".formatted(row.load * 100),
        p99.text(3),
        "≤ %.2f".formatted(RECORDING_P99_TARGET),
        verdict(p99, RECORDING_P99_TARGET, row.latencyProblem("fairlead")));
  }

  /** Whether generator and node alone take so long that the ratio says little about the proxies. */
  private static boolean floorDominates(Results.RowResult row, String base) {
    double floor = row.latency("direct", Results.Latency::p99).median();
    return floor > row.latency(base, Results.Latency::p99).median() / 2;
  }

  private void memoryVerdicts(Table table) {
    results.memory.forEach((kind, byPeer) -> {
      Results.Memory memory = byPeer.get("fairlead");
      if (memory != null) {
        String figure = "memory per idle connection";
        double bytes = memory.bytesPerConnection();
        double target = kind == Idle.TLS ? Double.NaN : IDLE_CONNECTION_TARGET;
        addBytes(table, kind.row, figure, bytes, KIB, "KiB", target, memory.problem());
      }
    });
    if (results.startedBytes.containsKey("fairlead")) {
      double bytes = results.startedBytes.get("fairlead");
      addBytes(table, "idle", "resident when idle", bytes, MIB, "MiB", IDLE_TARGET, "");
    }
    double loaded = loadedBytes("fairlead");
    if (!Double.isNaN(loaded)) {
      addBytes(table, "get-512", "resident under load", loaded, MIB, "MiB", LOAD_TARGET, "");
    }
  }

  private static void addBytes(
      Table table,
      String row,
      String figure,
      double bytes,
      double unit,
      String unitName,
      double target,
      String problem) {
    table.add(
        row,
        figure,
        "%.1f %s".formatted(bytes / unit, unitName),
        Double.isNaN(target) ? "–" : "≤ %.0f %s".formatted(target / unit, unitName),
        Double.isNaN(target)
            ? "see the others' below"
            : verdict(new Spread(bytes, bytes, bytes), target, problem));
  }

  /** Met or missed by the median, with a remark when the spread leaves it open. */
  static String verdict(Spread measured, double target, String problem) {
    if (!problem.isEmpty()) {
      return "invalid: " + problem;
    }
    if (!measured.known()) {
      return "not measured";
    }
    boolean open = measured.min() <= target && measured.max() > target;
    if (measured.median() <= target) {
      return open ? "met (within the spread)" : "met";
    }
    return "missed by %.0f %%%s"
        .formatted((measured.median() / target - 1) * 100, open ? " (within the spread)" : "");
  }

  private void cpu(boolean instructions) {
    if (results.rows.isEmpty()) {
      return;
    }
    line("## CPU per request and throughput");
    line("");
    line(
        "CPU is the proxy's own time in µs per unit: request, call, message or datagram (there and"
            + " back), MiB. \"Core\" is the part of its core that the"
            + " proxy used while the load ran as fast as it could: well below 100 %, something"
            + " else (nodes, generator) set the pace. \"Others\" is what else ran on that core.");
    line("");
    Table table =
        new Table(
            "row",
            "proxy",
            "unit",
            "CPU µs",
            "user",
            "system",
            "instructions",
            "units/s",
            "core",
            "others");
    for (Results.RowResult row : results.rows.values()) {
      for (String peer : names(row)) {
        if (!row.of(peer, Results.Sample::cpuMicros).known()) {
          if (peer.equals("caddy")) {
            continue; // of the rows of HTTP/3 only
          }
          String why = row.lacking.contains(peer) ? "has no such thing" : "not measured";
          table.add(row.row.name(), peer, why, "", "", "", "", "", "", "");
          continue;
        }
        if (!row.problem(peer).isEmpty()) {
          String why = "invalid: " + row.problem(peer);
          table.add(row.row.name(), peer, why, "", "", "", "", "", "", "");
          continue;
        }
        table.add(
            row.row.name(),
            peer,
            row.row.front().unit,
            row.of(peer, Results.Sample::cpuMicros).text(1),
            row.of(peer, Results.Sample::userMicros).middle(1),
            row.of(peer, Results.Sample::systemMicros).middle(1),
            row.instructions.containsKey(peer) ? "%.0f".formatted(row.instructions.get(peer)) : "–",
            row.of(peer, Results.Sample::perSecond).text(0),
            percent(row.of(peer, Results.Sample::coreShare)),
            percent(row.of(peer, Results.Sample::othersShare)));
      }
    }
    table.print();
    if (!instructions) {
      line("Instructions per request: not offered by this kernel.");
      line("");
    }
    for (Results.RowResult row : results.rows.values()) {
      line("- `" + row.row.name() + "`: " + row.row.says());
    }
    line("");
  }

  private static String percent(Spread share) {
    return share.known() ? "%.0f %%".formatted(share.median() * 100) : "–";
  }

  private void ratios() {
    List<String[]> pairs = pairs();
    if (results.rows.isEmpty()) {
      return;
    }
    line("## Ratios");
    line("");
    Table table = new Table("row", "of", "CPU", "user", "system", "units/s", "p50", "p99");
    for (Results.RowResult row : results.rows.values()) {
      for (String[] pair : pairs) {
        ToDoubleFunction<Results.Sample> user = Results.Sample::userMicros;
        if (!row.ratio(pair[0], pair[1], user).known()) {
          continue;
        }
        table.add(
            row.row.name(),
            pair[0] + " / " + pair[1],
            row.ratio(pair[0], pair[1], Results.Sample::cpuMicros).text(2),
            row.ratio(pair[0], pair[1], user).middle(2),
            row.ratio(pair[0], pair[1], Results.Sample::systemMicros).middle(2),
            row.ratio(pair[0], pair[1], Results.Sample::perSecond).text(2),
            row.latencyOfMedians(pair[0], pair[1], Results.Latency::p50).text(2),
            row.latencyOfMedians(pair[0], pair[1], Results.Latency::p99).text(2));
      }
    }
    table.print();
  }

  /** What the row of the relay comes to in the usual units. */
  private void relay() {
    Table table = new Table("proxy", "Gbit/s", "CPU ms per GiB");
    boolean any = false;
    for (Results.RowResult row : results.rows.values()) {
      for (String peer : results.peers) {
        Spread rate = row.of(peer, sample -> sample.perSecond() * 8 * MIB / 1e9);
        boolean counts = row.row.front() == Row.Front.TCP && row.problem(peer).isEmpty();
        if (counts && rate.known()) {
          Spread cpu = row.of(peer, sample -> sample.cpuMicros() * KIB / 1e3);
          table.add(peer, rate.text(2), cpu.text(0));
          any = true;
        }
      }
    }
    if (any) {
      line("## TCP relay");
      line("");
      table.print();
    }
  }

  private List<String[]> pairs() {
    List<String[]> pairs = new ArrayList<>();
    for (int i = 0; i < results.peers.size(); i++) {
      for (int j = i + 1; j < results.peers.size(); j++) {
        boolean withFairlead = results.peers.get(i).equals("fairlead");
        if (withFairlead || !results.peers.contains("fairlead")) {
          pairs.add(new String[] {results.peers.get(i), results.peers.get(j)});
        }
      }
    }
    // In the rows that have both.
    pairs.add(new String[] {"fairlead", Unrecorded.NAME});
    pairs.add(new String[] {"fairlead", "fairlead" + ByHttp2.SUFFIX});
    pairs.add(new String[] {"fairlead" + ByHttp2.SUFFIX, "caddy" + ByHttp2.SUFFIX});
    pairs.add(new String[] {"caddy", "caddy" + ByHttp2.SUFFIX});
    return pairs;
  }

  /** Whom the row has figures of, or should have. */
  private List<String> names(Results.RowResult row) {
    List<String> names = new ArrayList<>(results.peers);
    if (row.of(Unrecorded.NAME, Results.Sample::cpuMicros).known()) {
      names.add(1, Unrecorded.NAME); // beside Fairlead, which comes first
    }
    for (String peer : results.peers) {
      String same = peer + ByHttp2.SUFFIX;
      if (row.of(same, Results.Sample::cpuMicros).known()) {
        names.add(names.indexOf(peer) + 1, same);
      }
    }
    return names;
  }

  private void latency() {
    if (results.rows.values().stream().allMatch(row -> row.latencies.isEmpty())) {
      return;
    }
    line("## Latency at a fixed rate");
    line("");
    line(
        "All proxies get the same arrivals, at 60 % of the lowest throughput above, or less where"
            + " generator and node alone cannot keep up with that. Latency in ms from the time a"
            + " request was due. \"direct\" is the node without a proxy at the same rate: the floor"
            + " that generator and node set. \"Generator\" is its part of the load core. \"Waited\" is"
            + " how long threads of the proxy could have run and had no core, as a part of the run:"
            + " somebody else ran there. Each round has its own seed, the same for all.");
    line("");
    Table table =
        new Table("row", "rate/s", "load", "proxy", "p50", "p99", "p99.9", "generator", "waited");
    for (Results.RowResult row : results.rows.values()) {
      List<String> names = names(row);
      names.add("direct");
      for (String peer : names) {
        Spread p50 = row.latency(peer, Results.Latency::p50);
        if (!p50.known()) {
          continue;
        }
        String rate = "%.0f".formatted(row.rate);
        String load = "%.0f %%".formatted(row.load * 100);
        if (!row.latencyProblem(peer).isEmpty()) {
          String why = "invalid: " + row.latencyProblem(peer);
          table.add(row.row.name(), rate, load, peer, why, "", "", "", "");
          continue;
        }
        table.add(
            row.row.name(),
            rate,
            load,
            peer,
            millis(p50),
            millis(row.latency(peer, Results.Latency::p99)),
            millis(row.latency(peer, Results.Latency::p999)),
            percent(row.latency(peer, Results.Latency::generatorShare)),
            percent(row.latency(peer, Results.Latency::waitedShare)));
      }
    }
    table.print();
  }

  private static String millis(Spread micros) {
    return new Spread(micros.median() / 1e3, micros.min() / 1e3, micros.max() / 1e3).text(2);
  }

  private void memory() {
    if (results.startedBytes.isEmpty()) {
      return;
    }
    line("## Memory");
    line("");
    line(
        "Resident memory of the process and its children in MiB; what the kernel holds for sockets"
            + " is not in it. Idle connections have each been served once; each kind is given to a"
            + " process started for it. \"Before\" is after some load and a first 200 such"
            + " connections.");
    line("");
    Table table = new Table("proxy", "idle, 15 s after start", "under get-512");
    for (String peer : results.peers) {
      double loaded = loadedBytes(peer);
      table.add(
          peer,
          "%.1f".formatted(results.startedBytes.getOrDefault(peer, 0L) / MIB),
          Double.isNaN(loaded) ? "–" : "%.1f".formatted(loaded / MIB));
    }
    table.print();
    idleMemory();
  }

  private void idleMemory() {
    if (results.memory.isEmpty()) {
      return;
    }
    Table table =
        new Table("idle connections", "proxy", "before", "with them", "connections", "KiB each");
    results.memory.forEach((kind, byPeer) ->
        byPeer.forEach((peer, memory) ->
            table.add(
                kind.row + ": " + kind.says,
                peer,
                "%.1f".formatted(memory.warmBytes() / MIB),
                "%.1f".formatted(memory.idleBytes() / MIB),
                Integer.toString(memory.connections()),
                memory.problem().isEmpty()
                    ? "%.2f".formatted(memory.bytesPerConnection() / KIB)
                    : "invalid: " + memory.problem())));
    table.print();
  }

  private double loadedBytes(String peer) {
    for (Results.RowResult row : results.rows.values()) {
      if (row.row.name().equals("get-512")) {
        return row.of(peer, sample -> sample.residentBytes()).max();
      }
    }
    return Double.NaN;
  }

  private void systemCalls(boolean instructions) {
    if (results.systemCalls.isEmpty()) {
      return;
    }
    line("## System calls per request");
    line("");
    line(
        "At 64 connections, counted with strace, which slows the proxy: more events are then"
            + " waiting at each poll, so polls are a lower bound.");
    line("");
    Table table = new Table("proxy", "calls");
    results.systemCalls.forEach((peer, calls) -> table.add(peer, "%.2f".formatted(calls)));
    table.print();
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  /** A Markdown table with its columns aligned. */
  private final class Table {
    private final List<String[]> lines = new ArrayList<>();

    Table(String... heads) {
      lines.add(heads);
    }

    void add(String... cells) {
      lines.add(cells);
    }

    void print() {
      int columns = lines.getFirst().length;
      int[] widths = new int[columns];
      for (String[] cells : lines) {
        for (int i = 0; i < columns; i++) {
          widths[i] = Math.max(widths[i], cells[i].length());
        }
      }
      for (int n = 0; n < lines.size(); n++) {
        StringBuilder row = new StringBuilder("|");
        for (int i = 0; i < columns; i++) {
          String cell = lines.get(n)[i];
          row.append(' ').append(cell).append(" ".repeat(widths[i] - cell.length())).append(" |");
        }
        line(row.toString());
        if (n == 0) {
          StringBuilder rule = new StringBuilder("|");
          for (int width : widths) {
            rule.append("-".repeat(width + 2)).append('|');
          }
          line(rule.toString());
        }
      }
      line("");
    }
  }
}
