import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A fault that was played, with the calm after it. Each is kept in a file, so that the table may be
 * played in parts; a row counts as long as Fairlead, rate and seed are the same.
 *
 * @param outcome what was told
 * @param quietSeconds in which nothing was wrong
 * @param falseOnes what was told then
 */
record Played(Outcome outcome, double quietSeconds, List<String> falseOnes) {
  private static final String FALSE = "false ";

  void keep(Path rows, String key) throws IOException {
    Files.createDirectories(rows);
    List<String> lines = new ArrayList<>();
    lines.add(key);
    lines.add(Double.toString(quietSeconds));
    lines.add(Double.toString(outcome.seconds()));
    lines.add(Boolean.toString(outcome.right()));
    lines.add(Boolean.toString(outcome.kind()));
    lines.add(outcome.problem());
    lines.add(outcome.first());
    lines.addAll(outcome.others());
    falseOnes.forEach(each -> lines.add(FALSE + each));
    Files.write(rows.resolve(outcome.fault().number()), lines);
  }

  /** All that were played so, in the order of the list. */
  static List<Played> kept(Path rows, String key) throws IOException {
    List<Played> kept = new ArrayList<>();
    for (Fault fault : Faults.ALL) {
      Path file = rows.resolve(fault.number());
      List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
      if (lines.size() < 7 || !lines.get(0).equals(key)) {
        continue;
      }
      List<String> others = new ArrayList<>(lines.subList(7, lines.size()));
      List<String> falseOnes = new ArrayList<>();
      others.removeIf(
          each -> each.startsWith(FALSE) && falseOnes.add(each.substring(FALSE.length())));
      kept.add(
          new Played(
              new Outcome(
                  fault,
                  Double.parseDouble(lines.get(2)),
                  Boolean.parseBoolean(lines.get(3)),
                  Boolean.parseBoolean(lines.get(4)),
                  lines.get(6),
                  others,
                  lines.get(5)),
              Double.parseDouble(lines.get(1)),
              falseOnes));
    }
    return kept;
  }
}
