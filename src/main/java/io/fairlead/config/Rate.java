package io.fairlead.config;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * So many in a span of time: {@code 100/s}, {@code 30/m}, {@code 5/h}.
 *
 * @param count 1 to 1,000,000
 * @param per a second, a minute or an hour
 */
public record Rate(int count, Duration per) {
  static final String PATTERN = "[1-9][0-9]{0,6}/(s|m|h)";
  private static final Pattern FORM = Pattern.compile("([1-9][0-9]{0,6})/(s|m|h)");
  private static final int MAX_COUNT = 1_000_000;

  public Rate {
    if (count < 1 || count > MAX_COUNT) {
      throw Require.refusal("must be a rate from 1 to 1000000 in a second, minute or hour");
    }
  }

  static Rate parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw Require.refusal("must be a rate: a number and /s, /m or /h, such as 100/s");
    }
    Duration per =
        switch (form.group(2)) {
          case "s" -> Duration.ofSeconds(1);
          case "m" -> Duration.ofMinutes(1);
          default -> Duration.ofHours(1);
        };
    return new Rate(Integer.parseInt(form.group(1)), per);
  }

  /** Nanoseconds between two of them if they are spread evenly; rounded up: never more. */
  public long intervalNanos() {
    return (per.toNanos() + count - 1) / count;
  }

  @Override
  public String toString() {
    return count + (per.toSeconds() == 1 ? "/s" : per.toSeconds() == 60 ? "/m" : "/h");
  }
}
