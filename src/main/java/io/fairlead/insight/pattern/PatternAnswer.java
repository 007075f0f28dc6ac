package io.fairlead.insight.pattern;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Patterns of some span; times are milliseconds since 1970.
 *
 * @param from of the span, at a whole ten seconds, as far as it is held
 * @param to where it ends
 * @param heldFrom since when lines are counted; never longer than an hour
 * @param lines of all patterns in it, as far as they are asked for
 * @param patterns those that deserve a look first, then those with most lines
 * @param left patterns that are not in the list for want of room
 * @param forgotten patterns that had to make room for others so far
 */
public record PatternAnswer(
    long from, long to, long heldFrom, long lines, List<Found> patterns, int left, long forgotten) {
  public PatternAnswer {
    patterns = List.copyOf(patterns);
  }

  /**
   * A pattern.
   *
   * @param id what the column {@code pattern} of its lines says
   * @param text the words, with {@code <*>} where lines differ
   * @param example one of its lines, the first
   * @param lines in the span
   * @param share of all lines in the span
   * @param first when it was seen first, by the time in the line
   * @param last when it was seen last, likewise
   * @param levels lines by level, since it is known
   * @param error whether it sounds as if something had gone wrong
   * @param fresh services that had been known for a while when they first wrote it, within the hour
   * @param bursts services where it comes more often than usual
   * @param places who writes it
   */
  public record Found(
      String id,
      String text,
      String example,
      long lines,
      double share,
      long first,
      long last,
      Map<String, Long> levels,
      boolean error,
      List<String> fresh,
      List<Burst> bursts,
      List<Place> places) {
    public Found {
      levels = Map.copyOf(levels);
      fresh = List.copyOf(fresh);
      bursts = List.copyOf(bursts);
      places = List.copyOf(places);
    }
  }

  /**
   * More than usual.
   *
   * @param since when it began
   * @param lastMinute lines in the last minute
   * @param usual lines in a minute before
   */
  public record Burst(String service, long since, long lastMinute, double usual) {}

  /**
   * Lines of one node.
   *
   * @param node null: all that are not told apart
   */
  public record Place(String service, @Nullable String node, long lines) {}
}
