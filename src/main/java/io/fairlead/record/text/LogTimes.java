package io.fairlead.record.text;

import io.fairlead.record.Bytes;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Times in UTC; what stands before the fraction of a second is made once for each second. */
final class LogTimes {
  /** As in {@code 2026-11-26T15:30:00}. */
  static final String ISO = "uuuu-MM-dd'T'HH:mm:ss";

  /** As in {@code 26/Nov/2026:15:30:00 +0000}. */
  static final String COMMON = "dd/MMM/uuuu:HH:mm:ss Z";

  private final DateTimeFormatter format;
  private long second = Long.MIN_VALUE;
  private String text = "";

  LogTimes(String pattern) {
    format = DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).withZone(ZoneOffset.UTC);
  }

  void seconds(long micros, Bytes to) {
    long of = Math.floorDiv(micros, 1_000_000L);
    if (of != second) {
      second = of;
      text = format.format(Instant.ofEpochSecond(of));
    }
    LogTexts.ascii(text, to);
  }

  /** With six digits behind the point, and Z. */
  void micros(long micros, Bytes to) {
    seconds(micros, to);
    to.put('.');
    int left = (int) Math.floorMod(micros, 1_000_000L);
    for (int digit = 100_000; digit > 0; digit /= 10) {
      to.put('0' + left / digit % 10);
    }
    to.put('Z');
  }
}
