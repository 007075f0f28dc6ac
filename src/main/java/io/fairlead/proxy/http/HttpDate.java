package io.fairlead.proxy.http;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * Dates of HTTP in the three forms that recipients have to know (RFC 9110, 5.6.7), as seconds since
 * 1970. Letters of either case are taken; anything else that is not exactly so is no date.
 */
final class HttpDate {
  /** It is no date. */
  static final long NONE = Long.MIN_VALUE;

  private static final byte[] MONTHS = Ascii.bytes("janfebmaraprmayjunjulaugsepoctnovdec");
  private static final byte[] DAYS = Ascii.bytes("montuewedthufrisatsun");
  private static final byte[] GMT = Ascii.bytes(" gmt");
  private static final int FIXED_LENGTH = 29;
  private static final int ASCTIME_LENGTH = 24;
  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
          .withZone(ZoneOffset.UTC);

  private HttpDate() {}

  /** As others write it. */
  static byte[] format(long seconds) {
    return Ascii.bytes(FORMAT.format(Instant.ofEpochSecond(seconds)));
  }

  /** In seconds; {@link #NONE} if it is none. */
  static long parse(byte[] bytes, int start, int end) {
    int length = end - start;
    if (length < ASCTIME_LENGTH || threeOf(DAYS, bytes, start) < 0) {
      return NONE;
    }
    if (length == FIXED_LENGTH && bytes[start + 3] == ',') {
      return fixed(bytes, start, end);
    }
    return length == ASCTIME_LENGTH ? asctime(bytes, start) : rfc850(bytes, start, end);
  }

  /** {@code Sun, 06 Nov 1994 08:49:37 GMT}. */
  private static long fixed(byte[] bytes, int start, int end) {
    if (bytes[start + 4] != ' '
        || bytes[start + 7] != ' '
        || bytes[start + 11] != ' '
        || bytes[start + 16] != ' '
        || !Ascii.rangeEqualsIgnoreCase(bytes, start + 25, end, GMT)) {
      return NONE;
    }
    return seconds(
        number(bytes, start + 12, 4),
        threeOf(MONTHS, bytes, start + 8),
        number(bytes, start + 5, 2),
        bytes,
        start + 17);
  }

  /** {@code Sunday, 06-Nov-94 08:49:37 GMT}; a year more than 50 ahead was in the last century. */
  private static long rfc850(byte[] bytes, int start, int end) {
    int at = start;
    while (at < end && bytes[at] != ',') {
      at++;
    }
    if (at - start < 6
        || end - at != 24
        || bytes[at + 1] != ' '
        || bytes[at + 4] != '-'
        || bytes[at + 8] != '-'
        || bytes[at + 11] != ' '
        || !Ascii.rangeEqualsIgnoreCase(bytes, at + 20, end, GMT)) {
      return NONE;
    }
    int year = number(bytes, at + 9, 2);
    if (year < 0) {
      return NONE;
    }
    int now = LocalDate.now(ZoneOffset.UTC).getYear();
    year += now - now % 100;
    return seconds(
        year > now + 50 ? year - 100 : year,
        threeOf(MONTHS, bytes, at + 5),
        number(bytes, at + 2, 2),
        bytes,
        at + 12);
  }

  /** {@code Sun Nov 6 08:49:37 1994}. */
  private static long asctime(byte[] bytes, int start) {
    if (bytes[start + 3] != ' '
        || bytes[start + 7] != ' '
        || bytes[start + 10] != ' '
        || bytes[start + 19] != ' ') {
      return NONE;
    }
    boolean padded = bytes[start + 8] == ' ';
    return seconds(
        number(bytes, start + 20, 4),
        threeOf(MONTHS, bytes, start + 4),
        padded ? number(bytes, start + 9, 1) : number(bytes, start + 8, 2),
        bytes,
        start + 11);
  }

  /**
   * @param month counts from 0
   * @param time where {@code 08:49:37} begins
   */
  private static long seconds(int year, int month, int day, byte[] bytes, int time) {
    int hour = number(bytes, time, 2);
    int minute = number(bytes, time + 3, 2);
    int second = number(bytes, time + 6, 2);
    if (year < 0
        || month < 0
        || day < 1
        || hour < 0
        || hour > 23
        || minute < 0
        || minute > 59
        || second < 0
        || second > 60
        || bytes[time + 2] != ':'
        || bytes[time + 5] != ':') {
      return NONE;
    }
    LocalDate first = LocalDate.of(year, month + 1, 1);
    if (day > first.lengthOfMonth()) {
      return NONE;
    }
    return (first.toEpochDay() + day - 1) * 86_400L + hour * 3600L + minute * 60L + second;
  }

  /** Digits only; -1 if there is something else. */
  private static int number(byte[] bytes, int at, int digits) {
    int value = 0;
    for (int i = at; i < at + digits; i++) {
      if (!Ascii.isDigit(bytes[i])) {
        return -1;
      }
      value = 10 * value + bytes[i] - '0';
    }
    return value;
  }

  /** The number of the word of three letters that stands there; -1: it is none of them. */
  private static int threeOf(byte[] words, byte[] bytes, int at) {
    for (int word = 0; word < words.length; word += 3) {
      if (Ascii.toLower(bytes[at]) == words[word]
          && Ascii.toLower(bytes[at + 1]) == words[word + 1]
          && Ascii.toLower(bytes[at + 2]) == words[word + 2]) {
        return word / 3;
      }
    }
    return -1;
  }
}
