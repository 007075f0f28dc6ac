package io.fairlead.insight.pattern;

import java.util.ArrayList;
import java.util.List;

/**
 * What some lines have in common. It may lose words as more such lines come, and keeps its id: that
 * of the words with which it began.
 */
final class Pattern {
  /** Characters of it, and of an example, that are shown. */
  static final int SHOWN = 400;

  private static final String ANY = "<*>";
  private static final long PRIME = 0x100_0000_01B3L;

  final String id;

  /** Per word its hash, or {@link LineWords#WILD}. */
  final long[] hashes;

  final String example;

  /** Where it occurs, by service. */
  final List<Occurrence> occurrences = new ArrayList<>(1);

  private final String[] words;

  /** What stands in front of each word, and behind the last. */
  private final String[] between;

  private String text;
  private boolean hasErrorWord;

  /** Which lines are looked for it; see {@link PatternTree}. */
  long path;

  long lines;
  long lastMillis;

  /** It had to make room. */
  boolean isGone;

  private Pattern(String id, long[] hashes, String[] words, String[] between, String example) {
    this.id = id;
    this.hashes = hashes;
    this.words = words;
    this.between = between;
    this.example = example;
    text = join();
    hasErrorWord = ErrorWords.isIn(text);
  }

  static Pattern of(LineWords line, String example) {
    int count = line.count();
    long[] hashes = new long[count];
    String[] words = new String[count];
    String[] between = new String[count + 1];
    for (int i = 0; i < count; i++) {
      hashes[i] = line.hash(i);
      words[i] = line.word(i);
      between[i] = line.before(i);
    }
    between[count] = line.before(count);
    if (count == LineWords.MOST) {
      between[count] = "…";
    }
    Pattern nameless = new Pattern("", hashes, words, between, "");
    return new Pattern(id(nameless.text), hashes, words, between, shown(example));
  }

  static Pattern of(SavedPatterns.One saved) {
    Pattern pattern =
        new Pattern(
            saved.id(),
            saved.hashes().stream().mapToLong(Long::longValue).toArray(),
            saved.words().toArray(String[]::new),
            saved.between().toArray(String[]::new),
            saved.example());
    pattern.path = saved.path();
    pattern.lines = saved.lines();
    pattern.lastMillis = saved.last();
    return pattern;
  }

  SavedPatterns.One saved() {
    List<Long> numbers = new ArrayList<>();
    for (long hash : hashes) {
      numbers.add(hash);
    }
    return new SavedPatterns.One(
        id,
        path,
        numbers,
        List.of(words),
        List.of(between),
        example,
        lines,
        lastMillis,
        occurrences.stream().map(Occurrence::saved).toList());
  }

  static String shown(String text) {
    return text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
  }

  private static String id(String text) {
    long hash = 0xCBF2_9CE4_8422_2325L; // FNV-1a
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * PRIME;
    }
    hash ^= hash >>> 32;
    return String.format("%016x", hash * 0x9E37_79B1_85EB_CA87L);
  }

  /**
   * How well that line fits: the share of words that are the same, of those that are masked in only
   * one of the two or in none.
   *
   * @return negative: not at all
   */
  double fit(LineWords line) {
    int same = 0;
    int counted = 0;
    for (int i = 0; i < hashes.length; i++) {
      long own = hashes[i];
      long other = line.hash(i);
      if (own != LineWords.WILD || other != LineWords.WILD) {
        counted++;
        same += own == other ? 1 : 0;
      }
    }
    return counted == 0 ? 1 : (double) same / counted;
  }

  /** Words that it has. */
  int constants() {
    int constants = 0;
    for (long hash : hashes) {
      constants += hash == LineWords.WILD ? 0 : 1;
    }
    return constants;
  }

  /** From now on that line is one of its lines, too; says whether it has changed for that. */
  boolean widen(LineWords line) {
    boolean wider = false;
    for (int i = 0; i < hashes.length; i++) {
      if (hashes[i] != line.hash(i) && hashes[i] != LineWords.WILD) {
        hashes[i] = LineWords.WILD;
        wider = true;
      }
    }
    if (wider) {
      text = join();
      hasErrorWord = ErrorWords.isIn(text);
    }
    return wider;
  }

  /** The words, with {@code <*>} for those that differ. */
  String text() {
    return text;
  }

  boolean hasErrorWord() {
    return hasErrorWord;
  }

  private String join() {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < words.length && all.length() <= SHOWN; i++) {
      all.append(between[i]).append(hashes[i] == LineWords.WILD ? ANY : words[i]);
    }
    return shown(all.append(between[words.length]).toString().strip());
  }
}
