import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What came of each fault, kept in a file per fault until there is one of all, so that the table may
 * be played in parts. A row counts as long as Fairlead itself is the same.
 */
final class ChaosReport {
  static final String HEAD =
      """
      | fault | failed | at most | felt | share felt | last felt after | within | back after | what Fairlead says of the node |
      |---|---|---|---|---|---|---|---|---|""";

  /**
   * What came of a fault.
   *
   * @param before what the node got of its share before the fault: a fault of a node that nobody
   *     asks would cost nothing
   * @param failed requests not answered with 200
   * @param felt requests failed or slow, of those that met the fault
   * @param requests while it lasted
   * @param lastFelt seconds
   * @param back seconds until the node had half of its share again; negative: not seen
   * @param said what the node table said of the node at the end of the fault
   */
  record Row(
      double before,
      int failed,
      int felt,
      int requests,
      double lastFelt,
      double back,
      String said) {
    String line(Hurt hurt) {
      return String.format(
          Locale.ROOT,
          "| %s | %d | %d | %d | %.2f %% | %.1f s | %.1f s | %s | %s |",
          hurt.name(),
          failed,
          hurt.mostFailed(),
          felt,
          100.0 * felt / requests,
          lastFelt,
          hurt.reaction(),
          back < 0 ? "not yet" : String.format(Locale.ROOT, "%.1f s", back),
          said);
    }

    /** The bounds that it missed, in words. */
    List<String> missed(Hurt hurt) {
      List<String> missed = new ArrayList<>();
      if (before < 0.25) {
        missed.add(
            String.format(
                Locale.ROOT, "%s: got %.2f of its share before, nothing is shown", hurt.name(), before));
      }
      if (failed > hurt.mostFailed()) {
        missed.add(hurt.name() + ": " + failed + " failed");
      }
      if (lastFelt > hurt.reaction()) {
        missed.add(
            String.format(Locale.ROOT, "%s: felt for %.1f s", hurt.name(), lastFelt));
      }
      return missed;
    }
  }

  private final Path rows;
  private final double rate;
  private final double feltMillis;
  private final Duration during;
  private final String commit = commit();

  ChaosReport(Path rows, double rate, double feltMillis, Duration during) {
    this.rows = rows;
    this.rate = rate;
    this.feltMillis = feltMillis;
    this.during = during;
  }

  /** The last one that changed what runs, with a mark when its files differ from it. */
  private static String commit() {
    String commit =
        Machine.output("git", "log", "-1", "--format=%h", "--", "src/main", "pom.xml").firstLine();
    boolean same =
        Machine.output("git", "diff", "--quiet", "HEAD", "--", "src/main", "pom.xml").ok();
    return same ? commit : commit + " with local changes";
  }

  /** Remembers a row for the report, with those missed. */
  void keep(Hurt hurt, Row row) throws IOException {
    Files.createDirectories(rows);
    List<String> lines = new ArrayList<>(List.of(commit, row.line(hurt)));
    lines.addAll(row.missed(hurt));
    Files.write(file(hurt), lines);
  }

  private Path file(Hurt hurt) {
    return rows.resolve(hurt.fileName());
  }

  /** Writes the table, if every fault has been played with this Fairlead. */
  void write(Path report) throws IOException {
    List<String> table = new ArrayList<>();
    List<String> missed = new ArrayList<>();
    for (Hurt hurt : Hurt.ALL) {
      List<String> lines = Files.exists(file(hurt)) ? Files.readAllLines(file(hurt)) : List.of();
      if (lines.isEmpty() || !lines.get(0).equals(commit)) {
        System.out.println(report + " stays: not played with this Fairlead: " + hurt.name());
        return;
      }
      table.add(lines.get(1));
      missed.addAll(lines.subList(2, lines.size()));
    }
    Files.writeString(
        report,
        String.format(
            Locale.ROOT,
            """
            # What clients felt when a node was hurt

            Written by `make chaos` on %s; Fairlead as of commit %s; how to read it: [README.md](README.md).
            %s.

            %.0f requests a second to six nodes; felt: failed, or more than %.0f ms. Shares are of the
            requests in the %d s that a fault lasted; a sixth, 16.67 %%, would have been the node's.

            %s
            %s

            %s
            """,
            LocalDate.now(ZoneOffset.UTC),
            commit,
            String.join("; ", Machine.facts().subList(0, 2)),
            rate,
            feltMillis,
            during.toSeconds(),
            HEAD,
            String.join("\n", table),
            missed.isEmpty()
                ? "All within their bounds."
                : "Missed: " + String.join("; ", missed) + "."));
    System.out.println("written: " + report);
  }
}
