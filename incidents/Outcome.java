import java.util.List;
import java.util.Locale;

/**
 * What was told of a fault.
 *
 * @param seconds from its beginning until the first incident was told; negative: none was
 * @param right the first incident names the right cause in the first place
 * @param kind its text says in which way requests are hurt
 * @param first what was told first, as it stood at the end of the fault
 * @param others what was told besides
 * @param problem empty, or why it could not be played
 */
record Outcome(
    Fault fault,
    double seconds,
    boolean right,
    boolean kind,
    String first,
    List<String> others,
    String problem) {

  static Outcome notPlayed(Fault fault, String why) {
    return new Outcome(fault, -1, false, false, "", List.of(), why);
  }

  boolean isFound() {
    return seconds >= 0;
  }

  String seconds(String none) {
    return isFound() ? String.format(Locale.ROOT, "%.1f", seconds) : none;
  }

  String verdict() {
    if (!problem.isEmpty()) {
      return "not played: " + problem;
    }
    if (fault.isControl()) {
      return isFound() ? "**false**" : "silent";
    }
    if (!isFound()) {
      return "**missed**";
    }
    return (right ? "right" : "**wrong cause**")
        + (kind ? "" : ", other words")
        + (others.isEmpty() ? "" : ", " + others.size() + " more");
  }

  String row() {
    return "| %s | %s | %s | %s | %s | %s | %s |"
        .formatted(
            fault.number(),
            fault.injected(),
            fault.expected(),
            fault.isControl() ? "–" : fault.loud() ? "loud" : "faint",
            seconds("–"),
            verdict(),
            told());
  }

  private String told() {
    StringBuilder all = new StringBuilder(first);
    others.forEach(each -> all.append(" / ").append(each));
    return all.toString().replace("|", "\\|");
  }
}
