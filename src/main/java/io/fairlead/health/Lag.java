package io.fairlead.health;

import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How far a replica is behind. */
final class Lag {
  private Lag() {}

  /** What is wrong with it, or null. */
  static @Nullable String judge(double seconds, Duration most) {
    double wanted = most.toMillis() / 1e3;
    return seconds <= wanted
        ? null
        : "is " + text(seconds) + " s behind, wanted at most " + text(wanted) + " s";
  }

  private static String text(double seconds) {
    String text = String.format(Locale.ROOT, seconds < 10 ? "%.1f" : "%.0f", seconds);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }
}
