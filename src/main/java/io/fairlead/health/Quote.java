package io.fairlead.health;

import io.fairlead.config.Secret;
import java.util.List;

/**
 * What a node said, as it may be shown: short, printable, and without what was said to it in
 * confidence, should it have said that back.
 */
record Quote(List<Secret> secrets) {
  /** Nothing was said in confidence. */
  static final Quote OPEN = new Quote(List.of());

  private static final int LENGTH = 40;
  private static final int LONG = 120;

  /** A beginning of at most {@value #LENGTH} characters. */
  String of(String text) {
    return of(text, LENGTH);
  }

  /** A sentence of at most {@value #LONG} characters. */
  String sentence(String text) {
    return of(text, LONG);
  }

  private String of(String text, int length) {
    String said = text;
    for (Secret secret : secrets) {
      String value = secret.value();
      if (!value.isEmpty()) {
        said = said.replace(value, secret.toString());
        said = cutInside(said, value);
      }
    }
    String start = said.substring(0, Math.min(length, said.length()));
    String shown = start.replaceAll("[^\\x20-\\x7E]", ".");
    return start.length() < said.length() ? shown + "…" : shown;
  }

  /** What was read may end in the middle of it. */
  private static String cutInside(String text, String secret) {
    for (int length = Math.min(secret.length() - 1, text.length()); length > 2; length--) {
      if (text.regionMatches(text.length() - length, secret, 0, length)) {
        return text.substring(0, text.length() - length) + "(secret)";
      }
    }
    return text;
  }
}
