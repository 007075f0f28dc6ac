package io.fairlead.insight.pattern;

import java.util.Locale;
import java.util.regex.Pattern;

/** Whether a line sounds as if something had gone wrong, where it has no level that says so. */
final class ErrorWords {
  private static final Pattern WORDS =
      Pattern.compile(
          "(?<![a-z])(?:err(?:or)?s?|fail(?:s|ed|ure|ures|ing)?|fatal|panic(?:ked)?|crash(?:ed)?"
              + "|refused|reset by|time(?:d ?|-)?out|denied|unavailable|unreachable|unable|cannot"
              + "|can't|could not|couldn't|corrupt(?:ed)?|broken|abort(?:ed|ing)?|out of memory|oom"
              + "|killed|segfault|deadlock|traceback|rejected|exhausted|too many|no space|lost"
              + "|disconnected|invalid|not found)(?![a-z])"
              + "|exception|[a-z]error\\b");

  private ErrorWords() {}

  static boolean isIn(String text) {
    return WORDS.matcher(text.toLowerCase(Locale.ROOT)).find();
  }
}
