package io.fairlead.insight.pattern;

import java.util.List;
import java.util.Map;

/**
 * What is known of patterns, as it outlives the process: words and what was told, not how many
 * there were when.
 *
 * @param services since when lines of each have been seen
 */
public record SavedPatterns(List<One> patterns, Map<String, Long> services) {
  /** Nothing. */
  public static final SavedPatterns NONE = new SavedPatterns(List.of(), Map.of());

  public SavedPatterns {
    patterns = List.copyOf(patterns);
    services = Map.copyOf(services);
  }

  /** A pattern. */
  public record One(
      String id,
      long path,
      List<Long> hashes,
      List<String> words,
      List<String> between,
      String example,
      long lines,
      long last,
      List<Place> places) {
    public One {
      hashes = List.copyOf(hashes);
      words = List.copyOf(words);
      between = List.copyOf(between);
      places = List.copyOf(places);
      if (hashes.size() > LineWords.MOST
          || words.size() != hashes.size()
          || between.size() != hashes.size() + 1) {
        throw new IllegalArgumentException("a pattern has as many words as hashes");
      }
    }
  }

  /** A service whose nodes write it. */
  public record Place(
      String service,
      long first,
      long last,
      long lines,
      boolean fresh,
      boolean told,
      Map<String, Long> levels) {
    public Place {
      levels = Map.copyOf(levels);
    }
  }
}
