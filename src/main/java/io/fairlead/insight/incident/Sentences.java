package io.fairlead.insight.incident;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/** Figures and times as they stand in sentences. */
final class Sentences {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private Sentences() {}

  static String clock(long epochMillis) {
    return CLOCK.format(Instant.ofEpochMilli(epochMillis));
  }

  /** A share as per cent, with two digits that say something. */
  static String percent(double share) {
    double percent = 100 * share;
    if (percent == 0) {
      return "0 %";
    }
    if (percent < 0.01) {
      return "less than 0.01 %";
    }
    String format = percent < 1 ? "%.2f %%" : percent < 10 ? "%.1f %%" : "%.0f %%";
    return String.format(Locale.ROOT, format, percent);
  }

  static String millis(long micros) {
    return micros < 10_000
        ? String.format(Locale.ROOT, "%.1f ms", micros / 1000.0)
        : micros < 10_000_000
            ? Math.round(micros / 1000.0) + " ms"
            : Math.round(micros / 1_000_000.0) + " s";
  }

  static String span(long millis) {
    long seconds = Math.max(0, Math.round(millis / 1000.0));
    return seconds < 120
        ? seconds + " s"
        : seconds < 7200 ? seconds / 60 + " min" : seconds / 3600 + " h";
  }

  static String rate(double perSecond) {
    return (perSecond < 10
            ? String.format(Locale.ROOT, "%.1f", perSecond)
            : Long.toString(Math.round(perSecond)))
        + " a second";
  }

  static String list(List<String> texts) {
    return texts.size() < 2
        ? String.join("", texts)
        : String.join(", ", texts.subList(0, texts.size() - 1)) + " and " + texts.getLast();
  }
}
