import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The table as measured, what it adds up to, and whether that is within the bounds. */
final class IncidentReport {
  private static final double LOUD_SECONDS = 5;
  private static final double FAINT_SECONDS = 30;
  private static final double RIGHT = 0.9;

  private final double rate;
  private final long seed;
  private final List<Outcome> outcomes;
  private final List<String> falseOnes;
  private final double quietSeconds;

  IncidentReport(double rate, long seed, List<Played> played, Quiet quiet) {
    this.rate = rate;
    this.seed = seed;
    outcomes = played.stream().map(Played::outcome).toList();
    this.falseOnes = new ArrayList<>(quiet.falseOnes());
    played.forEach(each -> this.falseOnes.addAll(each.falseOnes()));
    this.quietSeconds =
        quiet.seconds() + played.stream().mapToDouble(Played::quietSeconds).sum();
  }

  private List<Outcome> faults() {
    return outcomes.stream()
        .filter(each -> !each.fault().isControl() && each.problem().isEmpty())
        .toList();
  }

  private long count(java.util.function.Predicate<Outcome> which) {
    return faults().stream().filter(which).count();
  }

  /** Of those that were found late or not, the median is what it is. */
  private double median(boolean loud) {
    double[] seconds =
        faults().stream()
            .filter(each -> each.fault().loud() == loud)
            .mapToDouble(each -> each.isFound() ? each.seconds() : Double.POSITIVE_INFINITY)
            .sorted()
            .toArray();
    return seconds.length == 0 ? 0 : seconds[seconds.length / 2];
  }

  private List<String> missed() {
    List<String> missed = new ArrayList<>();
    int all = faults().size();
    if (count(Outcome::right) < RIGHT * all) {
      missed.add("cause right in " + count(Outcome::right) + " of " + all);
    }
    if (median(true) > LOUD_SECONDS) {
      missed.add(String.format(Locale.ROOT, "loud faults after %.1f s", median(true)));
    }
    if (median(false) > FAINT_SECONDS) {
      missed.add(String.format(Locale.ROOT, "faint faults after %.1f s", median(false)));
    }
    if (!falseOnes.isEmpty()) {
      missed.add(falseOnes.size() + " false");
    }
    return missed;
  }

  boolean isGood() {
    return missed().isEmpty();
  }

  private String totals() {
    int all = faults().size();
    return String.format(
        Locale.ROOT,
        """
        - found: %d of %d
        - right cause named first: %d of %d (bound: nine in ten)
        - told in right words, too: %d of %d; one incident and not more: %d of %d
        - time to find, median: loud %.1f s (bound: %.0f s), faint %.1f s (bound: %.0f s)
        - false incidents: %d in %.1f minutes in which nothing was wrong (bound: none)
        """,
        count(Outcome::isFound),
        all,
        count(Outcome::right),
        all,
        count(each -> each.right() && each.kind()),
        all,
        count(each -> each.isFound() && each.others().isEmpty()),
        all,
        median(true),
        LOUD_SECONDS,
        median(false),
        FAINT_SECONDS,
        falseOnes.size(),
        quietSeconds / 60);
  }

  void print() {
    System.out.println();
    System.out.print(totals());
    falseOnes.forEach(each -> System.out.println("false: " + each));
    System.out.println(isGood() ? "Within the bounds." : "Missed: " + missed());
  }

  void write(Path report) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("# Incidents injected into a running system, and what was told of them\n\n");
    text.append(
        String.format(
            Locale.ROOT,
            "Written by `make incidents` on %s; Fairlead as of commit %s; how to read it:"
                + " [README.md](README.md).\n%s. %.0f requests a second, seed %d.\n\n",
            LocalDate.now(ZoneOffset.UTC),
            commit(),
            String.join("; ", Machine.facts().subList(0, 2)),
            rate,
            seed));
    text.append(totals()).append('\n');
    text.append(isGood() ? "Within the bounds.\n\n" : "Missed: " + String.join("; ", missed()) + ".\n\n");
    text.append("| # | injected | cause | | found after s | verdict | told |\n|---|---|---|---|---|---|---|\n");
    outcomes.forEach(each -> text.append(each.row()).append('\n'));
    if (!falseOnes.isEmpty()) {
      text.append("\nFalse:\n\n");
      falseOnes.forEach(each -> text.append("- ").append(each).append('\n'));
    }
    text.append("\nNot played:\n\n");
    Faults.NOT_RUN.forEach(
        (number, why) -> text.append("- ").append(number).append(": ").append(why).append('\n'));
    Files.writeString(
        report, text.toString().replace(Path.of("").toAbsolutePath() + "/", ""));
    System.out.println("written: " + report);
  }

  /** The last one that changed what runs, with a mark when its files differ from it. */
  static String commit() {
    String commit =
        Machine.output("git", "log", "-1", "--format=%h", "--", "src/main", "pom.xml").firstLine();
    boolean same =
        Machine.output("git", "diff", "--quiet", "HEAD", "--", "src/main", "pom.xml").ok();
    return same ? commit : commit + " with local changes";
  }
}
