import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Time in which nothing was done, before the first fault. Kept in a file like faults that were
 * played.
 *
 * @param seconds of it
 * @param falseOnes what was told then
 */
record Quiet(double seconds, List<String> falseOnes) {
  static final Quiet NONE = new Quiet(0, List.of());

  private static final String FILE = "quiet";

  /** Both. */
  Quiet and(Quiet other) {
    List<String> all = new ArrayList<>(falseOnes);
    all.addAll(other.falseOnes);
    return new Quiet(seconds + other.seconds, all);
  }

  void keep(Path rows, String key) throws IOException {
    Files.createDirectories(rows);
    List<String> lines = new ArrayList<>(List.of(key, Double.toString(seconds)));
    lines.addAll(falseOnes);
    Files.write(rows.resolve(FILE), lines);
  }

  /** The last one of the same Fairlead, rate and seed. */
  static Quiet kept(Path rows, String key) throws IOException {
    Path file = rows.resolve(FILE);
    List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
    return lines.size() < 2 || !lines.getFirst().equals(key)
        ? NONE
        : new Quiet(Double.parseDouble(lines.get(1)), List.copyOf(lines.subList(2, lines.size())));
  }
}
