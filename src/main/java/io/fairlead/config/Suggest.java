package io.fairlead.config;

import java.util.Collection;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What somebody may have meant. */
public final class Suggest {
  private static final int MAX_LENGTH = 64;
  private static final int MAX_LISTED = 30;

  private Suggest() {}

  /** {@code , did you mean X?}, or else the list of what there is, if that is short. */
  public static String among(String word, Collection<String> known) {
    String nearest = nearest(word, known);
    if (nearest != null) {
      return ", did you mean " + nearest + "?";
    }
    if (known.isEmpty() || known.size() > MAX_LISTED) {
      return "";
    }
    return "; there "
        + (known.size() == 1 ? "is " : "are ")
        + known.stream().collect(Collectors.joining(", "));
  }

  /** The known word with the fewest edits, if they are few enough to be a slip. */
  static @Nullable String nearest(String word, Collection<String> known) {
    String best = null;
    int fewest = Integer.MAX_VALUE;
    for (String candidate : known) {
      int allowed = Math.max(1, Math.min(word.length(), candidate.length()) / 3);
      if (Math.abs(candidate.length() - word.length()) <= allowed
          && word.length() <= MAX_LENGTH
          && candidate.length() <= MAX_LENGTH) {
        int edits = edits(word, candidate);
        if (edits <= allowed && edits < fewest) {
          best = candidate;
          fewest = edits;
        }
      }
    }
    return best;
  }

  /** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
  private static int edits(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(d[i - 1][j - 1] + same, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
