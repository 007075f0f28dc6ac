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
    report.ratios();
    report.latency();
    report.memory();
    report.systemCalls(instructions);
    return report.text.toString();
  }

  private void opening(Duration took) {
    line("# Fairlead beside HAProxy and NGINX");
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
            + " proxies ran one after the other.");
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
      for (String base : List.of("haproxy", "nginx")) {
        if (!results.peers.contains(base)) {
          continue;
        }
        double target = base.equals("haproxy") ? row.row.againstHaproxy() : row.row.againstNginx();
        String problem = row.problem("fairlead") + row.problem(base);
        Spread cpu = row.ratio("fairlead", base, Results.Sample::cpuMicros);
        table.add(
            row.row.name(),
            "CPU per request / " + base,
            cpu.text(2),
            "≤ %.2f".formatted(target),
            verdict(cpu, target, problem));
        Spread p99 = row.latencyRatio("fairlead", base, Results.Latency::p99);
        String slow = row.latencyProblem("fairlead") + row.latencyProblem(base);
        table.add(
            row.row.name(),
            "p99 at 60 % load / " + base,
            p99.text(2),
            "≤ 1.00",
            verdict(p99, 1.0, slow) + (floorDominates(row, base) ? ", but see \"direct\"" : ""));
      }
    }
    memoryVerdicts(table);
    table.print();
  }

  /** Whether generator and node alone take so long that the ratio says little about the proxies. */
  private static boolean floorDominates(Results.RowResult row, String base) {
    double floor = row.latency("direct", Results.Latency::p99).median();
    return floor > row.latency(base, Results.Latency::p99).median() / 2;
  }

  private void memoryVerdicts(Table table) {
    Results.Memory memory = results.memory.get("fairlead");
    if (memory != null) {
      addBytes(
          table,
          "idle",
          "memory per idle connection",
          memory.bytesPerConnection(),
          KIB,
          "KiB",
          IDLE_CONNECTION_TARGET,
          memory.problem());
    }
    if (results.startedBytes.containsKey("fairlead")) {
      double bytes = results.startedBytes.get("fairlead");
      addBytes(table, "idle", "resident after start", bytes, MIB, "MiB", IDLE_TARGET, "");
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
        "≤ %.0f %s".formatted(target / unit, unitName),
        verdict(new Spread(bytes, bytes, bytes), target, problem));
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
        "CPU is the proxy's own time in µs per request. \"Core\" is the part of its core that the"
            + " proxy used while the load ran as fast as it could: well below 100 %, something"
            + " else (nodes, generator) set the pace. \"Others\" is what else ran on that core.");
    line("");
    Table table =
        new Table(
            "row",
            "proxy",
            "CPU µs",
            "user",
            "system",
            "instructions",
            "requests/s",
            "core",
            "others");
    for (Results.RowResult row : results.rows.values()) {
      for (String peer : results.peers) {
        if (!row.of(peer, Results.Sample::cpuMicros).known()) {
          table.add(row.row.name(), peer, "not measured", "", "", "", "", "", "");
          continue;
        }
        if (!row.problem(peer).isEmpty()) {
          table.add(row.row.name(), peer, "invalid: " + row.problem(peer), "", "", "", "", "", "");
          continue;
        }
        table.add(
            row.row.name(),
            peer,
            row.of(peer, Results.Sample::cpuMicros).text(1),
            row.of(peer, Results.Sample::userMicros).middle(1),
            row.of(peer, Results.Sample::systemMicros).middle(1),
            row.instructions.containsKey(peer) ? "%.0f".formatted(row.instructions.get(peer)) : "–",
            row.of(peer, Results.Sample::requestsPerSecond).text(0),
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
    if (pairs.isEmpty() || results.rows.isEmpty()) {
      return;
    }
    line("## Ratios");
    line("");
    Table table = new Table("row", "of", "CPU", "user", "system", "requests/s", "p50", "p99");
    for (Results.RowResult row : results.rows.values()) {
      for (String[] pair : pairs) {
        ToDoubleFunction<Results.Sample> user = Results.Sample::userMicros;
        table.add(
            row.row.name(),
            pair[0] + " / " + pair[1],
            row.ratio(pair[0], pair[1], Results.Sample::cpuMicros).text(2),
            row.ratio(pair[0], pair[1], user).middle(2),
            row.ratio(pair[0], pair[1], Results.Sample::systemMicros).middle(2),
            row.ratio(pair[0], pair[1], Results.Sample::requestsPerSecond).text(2),
            row.latencyRatio(pair[0], pair[1], Results.Latency::p50).text(2),
            row.latencyRatio(pair[0], pair[1], Results.Latency::p99).text(2));
      }
    }
    table.print();
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
    return pairs;
  }

  private void latency() {
    if (results.rows.values().stream().allMatch(row -> row.latencies.isEmpty())) {
      return;
    }
    line("## Latency at 60 % load");
    line("");
    line(
        "All proxies get the same arrivals, at 60 % of the lowest throughput above. Latency in ms"
            + " from the time a request was due. \"direct\" is the node without a proxy at"
            + " the same rate: the floor that generator and node set. \"Generator\" is its part of"
            + " the load core.");
    line("");
    Table table = new Table("row", "rate/s", "proxy", "p50", "p99", "p99.9", "generator");
    for (Results.RowResult row : results.rows.values()) {
      List<String> names = new ArrayList<>(results.peers);
      names.add("direct");
      for (String peer : names) {
        Spread p50 = row.latency(peer, Results.Latency::p50);
        if (!p50.known()) {
          continue;
        }
        String rate = "%.0f".formatted(row.rate);
        if (!row.latencyProblem(peer).isEmpty()) {
          String why = "invalid: " + row.latencyProblem(peer);
          table.add(row.row.name(), rate, peer, why, "", "", "");
          continue;
        }
        table.add(
            row.row.name(),
            rate,
            peer,
            millis(p50),
            millis(row.latency(peer, Results.Latency::p99)),
            millis(row.latency(peer, Results.Latency::p999)),
            percent(row.latency(peer, Results.Latency::generatorShare)));
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
            + " is not in it. Idle connections have each been served once.");
    line("");
    Table table =
        new Table(
            "proxy",
            "after start",
            "under get-512",
            "before idle",
            "with idle",
            "connections",
            "KiB each");
    for (String peer : results.peers) {
      Results.Memory memory = results.memory.get(peer);
      double loaded = loadedBytes(peer);
      if (memory != null && !memory.problem().isEmpty()) {
        results.notes.add(peer + ", idle connections: " + memory.problem());
      }
      table.add(
          peer,
          "%.1f".formatted(results.startedBytes.getOrDefault(peer, 0L) / MIB),
          Double.isNaN(loaded) ? "–" : "%.1f".formatted(loaded / MIB),
          memory == null ? "–" : "%.1f".formatted(memory.warmBytes() / MIB),
          memory == null ? "–" : "%.1f".formatted(memory.idleBytes() / MIB),
          memory == null ? "–" : Integer.toString(memory.connections()),
          memory == null
              ? "–"
              : memory.problem().isEmpty()
                  ? "%.2f".formatted(memory.bytesPerConnection() / KIB)
                  : "invalid: " + memory.problem());
    }
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
