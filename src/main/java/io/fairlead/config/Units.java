package io.fairlead.config;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations and sizes as people write them: one number, one unit. */
final class Units {
  static final String DURATION_PATTERN = "[0-9]{1,9}(\\.[0-9]{1,9})?(ms|s|m|h)";
  static final String SIZE_PATTERN = "[0-9]{1,19}(\\.[0-9]{1,9})?(B|KiB|MiB|GiB|TiB)?";

  private static final Pattern NUMBER_AND_UNIT =
      Pattern.compile("([0-9]{1,19}(?:\\.[0-9]{1,9})?)([A-Za-z]*)");
  private static final Pattern DURATION = Pattern.compile(DURATION_PATTERN);
  private static final Map<String, Long> NANOS =
      Map.of("ms", 1_000_000L, "s", 1_000_000_000L, "m", 60_000_000_000L, "h", 3_600_000_000_000L);
  private static final List<String> SIZES = List.of("B", "KiB", "MiB", "GiB", "TiB");

  private Units() {}

  static Duration parseDuration(String text) {
    if (!DURATION.matcher(text).matches()) {
      throw Require.refusal("must be a duration: a number and ms, s, m or h, such as 500ms");
    }
    Matcher parts = NUMBER_AND_UNIT.matcher(text);
    parts.matches();
    long unit = Objects.requireNonNull(NANOS.get(parts.group(2)));
    // At most 999,999,999 hours: 3.6e21 ns would not fit a long, so seconds and the rest apart.
    BigDecimal seconds =
        new BigDecimal(parts.group(1)).multiply(BigDecimal.valueOf(unit)).movePointLeft(9);
    long whole = seconds.longValue();
    return Duration.ofSeconds(
        whole, seconds.subtract(BigDecimal.valueOf(whole)).movePointRight(9).longValue());
  }

  static long parseSize(String text) {
    Matcher parts = NUMBER_AND_UNIT.matcher(text);
    int power = parts.matches() ? parts.group(2).isEmpty() ? 0 : SIZES.indexOf(parts.group(2)) : -1;
    if (power < 0) {
      throw Require.refusal("must be a size: a number and B, KiB, MiB, GiB or TiB, such as 64KiB");
    }
    BigDecimal bytes =
        new BigDecimal(parts.group(1)).multiply(BigDecimal.valueOf(1L << (10 * power)));
    if (bytes.stripTrailingZeros().scale() > 0) {
      throw Require.refusal("must be a whole number of bytes");
    }
    if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw Require.refusal("must be less than 8388608TiB");
    }
    return bytes.longValue();
  }

  /** {@code 500ms}, {@code 60s}, {@code 5m}, {@code 1h}: the largest unit without a fraction. */
  static String duration(Duration duration) {
    if (duration.getNano() != 0) {
      return BigDecimal.valueOf(duration.getSeconds())
              .add(BigDecimal.valueOf(duration.getNano(), 9))
              .movePointRight(3)
              .stripTrailingZeros()
              .toPlainString()
          + "ms";
    }
    long seconds = duration.getSeconds();
    if (seconds != 0 && seconds % 3600 == 0) {
      return seconds / 3600 + "h";
    }
    return seconds > 60 && seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
  }

  /** {@code 512B}, {@code 64KiB}: the largest unit without a fraction. */
  static String size(long bytes) {
    if (bytes == Long.MAX_VALUE) {
      return "unlimited";
    }
    int power = bytes <= 0 ? 0 : Math.min(Long.numberOfTrailingZeros(bytes) / 10, 4);
    return (bytes >> (10 * power)) + SIZES.get(power);
  }

  /** {@code 99.9%}: without digits that say nothing. */
  static String percent(double share) {
    return BigDecimal.valueOf(share)
            .movePointRight(2)
            .setScale(6, RoundingMode.HALF_UP)
            .stripTrailingZeros()
            .toPlainString()
        + "%";
  }

  /** Any value of the language as people write it. */
  static String textOf(Object value) {
    return switch (value) {
      case Duration duration -> duration(duration);
      case TlsVersion version -> version.toString();
      case AlertCondition condition -> condition.text();
      case Enum<?> constant -> word(constant);
      default -> value.toString();
    };
  }

  /** {@code ROUND_ROBIN} is written {@code round-robin}. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }
}
