package io.fairlead.insight.pattern;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the pattern of a line. Lines go by how many words they have, and by the first that is
 * neither masked nor has a digit, to a handful of patterns; the one that shares most words with the
 * line is its pattern if that are {@value #ENOUGH} of them, and else the line begins a new one.
 *
 * <p>A line costs one look at each word and, if the same words have come lately, one into a table;
 * else up to {@value #LEAF} patterns are compared. When there are {@value #MOST} patterns an eighth
 * of them goes: first those that have been seen but once or twice, the longest ago first, so that a
 * flood of lines that are all different drives out nothing but itself.
 */
final class PatternTree {
  /** Patterns that are known at once. */
  static final int MOST = 1024;

  /** Those that are compared with a line. */
  static final int LEAF = 96;

  static final double ENOUGH = 0.6;

  /** First words that are told apart among lines of one length; others go together. */
  private static final int FIRSTS = 64;

  private static final int LATELY = 1 << 12;
  private static final int SELDOM = 3;
  private static final long PRIME = 0x9E37_79B1_85EB_CA87L;

  private static final Comparator<Pattern> LEAST_NEEDED =
      Comparator.<Pattern, Boolean>comparing(pattern -> pattern.lines >= SELDOM)
          .thenComparingLong(pattern -> pattern.lastMillis);

  private final Map<Long, List<Pattern>> leaves = new HashMap<>();
  private final int[] firsts = new int[LineWords.MOST + 1];
  private final Map<String, Pattern> all = new HashMap<>();
  private final long[] latelyHashes = new long[LATELY];
  private final @Nullable Pattern[] lately = new Pattern[LATELY];
  private long forgotten;
  private long changes;

  Collection<Pattern> all() {
    return all.values();
  }

  /** That with this id; null: there is none, or not any more. */
  @Nullable Pattern get(String id) {
    return all.get(id);
  }

  /** How often anything has become otherwise. */
  long changes() {
    return changes;
  }

  /** How many had to make room so far. */
  long forgotten() {
    return forgotten;
  }

  /** The pattern of that line; a new one if there is none. */
  Pattern find(LineWords words, byte[] text, int length, long nowMillis) {
    int place = (int) (words.hash() >>> 40) & (LATELY - 1);
    Pattern known = lately[place];
    if (known != null && latelyHashes[place] == words.hash() && !known.isGone) {
      return known;
    }
    Pattern found = search(words);
    if (found == null) {
      found = begin(words, text, length);
      found.lastMillis = nowMillis;
    } else {
      changes += found.widen(words) ? 1 : 0;
    }
    lately[place] = found;
    latelyHashes[place] = words.hash();
    return found;
  }

  private @Nullable Pattern search(LineWords words) {
    List<Pattern> leaf = leaves.get(path(words.count(), first(words)));
    if (leaf == null) {
      leaf = leaves.get(path(words.count(), LineWords.WILD));
    }
    if (leaf == null) {
      return null;
    }
    Pattern best = null;
    double fit = 0;
    for (Pattern each : leaf) {
      double own = each.fit(words);
      if (own > fit || (best != null && own == fit && each.constants() > best.constants())) {
        fit = own;
        best = each;
      }
    }
    return fit >= ENOUGH ? best : null;
  }

  private static long first(LineWords words) {
    for (int i = 0; i < words.count(); i++) {
      if (words.hash(i) != LineWords.WILD && !words.hasDigit(i)) {
        return words.hash(i);
      }
    }
    return LineWords.WILD;
  }

  private static long path(int count, long first) {
    return (first * PRIME ^ count) * PRIME;
  }

  private Pattern begin(LineWords words, byte[] text, int length) {
    Pattern begun = Pattern.of(words, new String(text, 0, Math.min(length, LineWords.LOOK), UTF_8));
    Pattern same = all.get(begun.id);
    if (same != null) { // it has become wider in words that this line has still
      if (same.hashes.length == words.count()) {
        same.widen(words); // what is not UTF-8 looks alike
      }
      return same;
    }
    if (all.size() >= MOST) {
      makeRoom();
    }
    long own = path(words.count(), first(words));
    begun.path =
        leaves.containsKey(own) || firsts[words.count()] < FIRSTS
            ? own
            : path(words.count(), LineWords.WILD);
    add(begun);
    return begun;
  }

  /** Also what was known before this process. */
  void add(Pattern pattern) {
    List<Pattern> leaf = leaves.get(pattern.path);
    if (leaf == null) {
      leaf = new ArrayList<>(2);
      leaves.put(pattern.path, leaf);
      firsts[pattern.hashes.length]++;
    } else if (leaf.size() >= LEAF) {
      leaf.stream().min(LEAST_NEEDED).ifPresent(this::remove); // others stay
    }
    leaf.add(pattern);
    changes++;
    all.put(pattern.id, pattern);
  }

  private void makeRoom() {
    Pattern[] sorted = all.values().toArray(Pattern[]::new);
    Arrays.sort(sorted, LEAST_NEEDED);
    for (int i = 0; i < MOST / 8; i++) {
      remove(sorted[i]);
    }
  }

  private void remove(Pattern pattern) {
    pattern.isGone = true;
    forgotten++;
    all.remove(pattern.id);
    List<Pattern> leaf = leaves.get(pattern.path);
    if (leaf != null && leaf.remove(pattern) && leaf.isEmpty()) {
      leaves.remove(pattern.path);
      firsts[pattern.hashes.length]--;
    }
  }
}
