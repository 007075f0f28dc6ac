package io.fairlead.config;

import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads conditions of rules: {@code p99 > 500ms}, {@code requests < 1/s}, {@code incident}. */
final class ConditionText {
  private static final Pattern THRESHOLD =
      Pattern.compile("([a-z0-9-]{1,20})\\s*(>=|<=|>|<)\\s*([^\\s<>=]{1,30})");
  private static final Pattern RATE = Pattern.compile("([^/]{1,24})/(s|m|h)");
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,12}(\\.[0-9]{1,6})?");

  private ConditionText() {}

  /** Reads {@code p99 > 500ms}, {@code no requests} and the like. */
  static AlertCondition parse(String text) {
    return switch (text) {
      case "no requests" -> new AlertCondition.NoRequests();
      case "incident" -> new AlertCondition.Incident();
      case "config refused" -> new AlertCondition.ConfigRefused();
      default -> threshold(text);
    };
  }

  /** Reads {@code p99 > 500ms}. */
  static AlertCondition.Threshold threshold(String text) {
    Matcher parts = THRESHOLD.matcher(text);
    if (!parts.matches()) {
      throw Require.refusal(
          "must be a comparison such as p99 > 500ms, no requests, incident, or config refused");
    }
    AlertMeasure measure =
        Arrays.stream(AlertMeasure.values())
            .filter(one -> Units.word(one).equals(parts.group(1)))
            .findFirst()
            .orElseThrow(() ->
                Require.refusal(
                    "must begin with one of "
                        + String.join(
                            ", ", Arrays.stream(AlertMeasure.values()).map(Units::word).toList())));
    AlertCondition.Comparison comparison =
        Arrays.stream(AlertCondition.Comparison.values())
            .filter(one -> one.sign().equals(parts.group(2)))
            .findFirst()
            .orElseThrow();
    String value = parts.group(3);
    Matcher rate = RATE.matcher(value);
    boolean perSecond = measure.isSum() && rate.matches();
    double per = perSecond ? seconds(rate.group(2)) : 1;
    return new AlertCondition.Threshold(
        measure,
        comparison,
        value(measure, perSecond ? rate.group(1) : value) / per,
        perSecond,
        value);
  }

  private static double seconds(String unit) {
    return unit.equals("s") ? 1 : unit.equals("m") ? 60 : 3600;
  }

  private static double value(AlertMeasure measure, String text) {
    return switch (measure.unit()) {
      case COUNT -> {
        if (!NUMBER.matcher(text).matches()) {
          throw Require.refusal(
              "must compare with a number"
                  + (measure.isSum() ? ", such as 10, or a rate, such as 100/s" : ", such as 2"));
        }
        yield Double.parseDouble(text);
      }
      case SHARE -> Portion.share(text);
      case BYTES -> Units.parseSize(text);
      case MICROS -> Units.parseDuration(text).toNanos() / 1e3;
    };
  }
}
