package io.fairlead.insight.alert;

import io.fairlead.config.AlertMeasure;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;

/** Figures as people read them. */
final class Words {
  private static final MathContext THREE = new MathContext(3);

  private Words() {}

  /** In the unit of the measure. */
  static String value(AlertMeasure.Unit unit, double value, boolean perSecond) {
    return switch (unit) {
      case COUNT -> number(value) + (perSecond ? "/s" : "");
      case SHARE -> number(value * 100) + " %";
      case BYTES -> bytes(value) + (perSecond ? "/s" : "");
      case MICROS -> millis(value / 1e3);
    };
  }

  /** Whole where it is large, three digits where it is not. */
  static String number(double value) {
    return Math.abs(value) >= 100
        ? String.valueOf(Math.round(value))
        : new BigDecimal(value).round(THREE).stripTrailingZeros().toPlainString();
  }

  private static String bytes(double value) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    double rest = value;
    while (rest >= 1024 && unit < units.length - 1) {
      rest /= 1024;
      unit++;
    }
    return number(rest) + " " + units[unit];
  }

  private static String millis(double millis) {
    return millis >= 10_000 ? number(millis / 1e3) + " s" : number(millis) + " ms";
  }

  /** {@code 5 min}. */
  static String span(Duration span) {
    long seconds = span.toSeconds();
    if (seconds % 3600 == 0 && seconds > 0) {
      return seconds / 3600 + " h";
    }
    return seconds % 60 == 0 && seconds > 0 ? seconds / 60 + " min" : seconds + " s";
  }
}
