package io.fairlead.proxy.http;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Heads of answers as they are kept, and as they are given again. */
final class CacheHead {
  private static final byte[] AGE = Ascii.bytes("age");
  private static final byte[] DATE = Ascii.bytes("date");
  private static final byte[] SET_COOKIE = Ascii.bytes("set-cookie");
  private static final byte[] CONTENT = Ascii.bytes("content-");
  private static final byte[] CONTENT_LENGTH = Ascii.bytes("content-length");
  private static final byte[] CONTENT_ENCODING = Ascii.bytes("content-encoding");
  private static final byte[] CONTENT_RANGE = Ascii.bytes("content-range");
  private static final byte[] CONTENT_LOCATION = Ascii.bytes("content-location");
  private static final byte[] CONTENT_SECURITY = Ascii.bytes("content-security-policy");
  private static final byte[] STATUS_LINE = Ascii.bytes("HTTP/1.1 ");
  private static final byte[] COLON_SPACE = Ascii.bytes(": ");
  private static final byte[] CRLF = Ascii.bytes("\r\n");
  private static final byte[] NOT_MODIFIED = Ascii.bytes("Not Modified");

  private CacheHead() {}

  /** In seconds since 1970; {@code wall} where it does not say. */
  static long date(Head answer, long wall) {
    int field = answer.findField(DATE, 0);
    long said =
        field < 0
            ? HttpDate.NONE
            : HttpDate.parse(answer.bytes, answer.valueStart(field), answer.valueEnd(field));
    return said == HttpDate.NONE ? wall : said;
  }

  /**
   * The head of an answer to be kept; its body is not complete yet.
   *
   * @param wall the time, for one without a date
   */
  static Head toKeep(Head answer, long wall) {
    Head made = begin(answer);
    for (int field = 0; field < answer.fieldCount; field++) {
      if (isKept(answer, field)) {
        add(made, answer, field);
      }
    }
    if (answer.findField(DATE, 0) < 0) { // RFC 9110, 6.6.1
      add(made, DATE, HttpDate.format(wall));
    }
    return made;
  }

  /** The head of an answer that a node has just said to be still good (RFC 9111, 3.2 and 4.3.4). */
  static Head refreshed(Head kept, Head notModified, long wall) {
    Head made = begin(kept);
    for (int field = 0; field < kept.fieldCount; field++) {
      if (isKept(kept, field) && !isReplaced(kept, field, notModified)) {
        add(made, kept, field);
      }
    }
    for (int field = 0; field < notModified.fieldCount; field++) {
      if (isKept(notModified, field) && isUpdating(notModified, field)) {
        add(made, notModified, field);
      }
    }
    if (notModified.findField(DATE, 0) < 0) {
      add(made, DATE, HttpDate.format(wall));
    }
    return made;
  }

  private static boolean isReplaced(Head kept, int field, Head notModified) {
    byte[] name = lowerName(kept, field);
    if (Arrays.equals(name, DATE)) {
      return true;
    }
    int other = notModified.findField(name, 0);
    return other >= 0 && !notModified.isDropped(other) && isUpdating(notModified, other);
  }

  private static byte[] lowerName(Head head, int field) {
    byte[] name = Arrays.copyOfRange(head.bytes, head.nameStart(field), head.nameEnd(field));
    for (int i = 0; i < name.length; i++) {
      name[i] = Ascii.toLower(name[i]);
    }
    return name;
  }

  /** The body stays, and so does what says how it is to be read; cookies are not for all. */
  private static boolean isUpdating(Head notModified, int field) {
    return !notModified.isNamed(field, CONTENT_ENCODING)
        && !notModified.isNamed(field, CONTENT_RANGE)
        && !notModified.isNamed(field, SET_COOKIE);
  }

  /** Completes it, for a body of that length; null: it cannot be written as HTTP/1.1. */
  static @Nullable Head end(Head made, int length) {
    if (made.status != 204) {
      add(made, CONTENT_LENGTH, Ascii.bytes(Integer.toString(length)));
    }
    made.put(CRLF);
    Head kept = new Head();
    kept.put(made.bytes, 0, made.length);
    if (HeadParser.parseResponse(kept, Integer.MAX_VALUE, Integer.MAX_VALUE)
        != HeadParser.Result.DONE) {
      return null;
    }
    kept.trim();
    kept.body = length;
    kept.keepAlive = true;
    return kept;
  }

  private static Head begin(Head answer) {
    Head made = new Head();
    made.status = answer.status;
    made.put(STATUS_LINE);
    made.put(Ascii.bytes(Integer.toString(answer.status)));
    made.put((byte) ' ');
    made.put(answer.bytes, answer.reasonStart, answer.reasonEnd - answer.reasonStart);
    made.put(CRLF);
    return made;
  }

  private static boolean isKept(Head answer, int field) {
    return !answer.isDropped(field)
        && answer.id(field) != FieldName.CONTENT_LENGTH
        && answer.id(field) != FieldName.TRAILER
        && !answer.isNamed(field, AGE);
  }

  private static void add(Head made, Head from, int field) {
    int name = from.nameStart(field);
    made.put(from.bytes, name, from.nameEnd(field) - name);
    made.put(COLON_SPACE);
    int value = from.valueStart(field);
    made.put(from.bytes, value, from.valueEnd(field) - value);
    made.put(CRLF);
  }

  private static void add(Head made, byte[] name, byte[] value) {
    made.put(name);
    made.put(COLON_SPACE);
    made.put(value);
    made.put(CRLF);
  }

  /** Makes it a 304: without a body, and without what says how one is to be read. */
  static void notModified(Head answer) {
    answer.status = 304;
    answer.reasonStart = answer.length;
    answer.put(NOT_MODIFIED);
    answer.reasonEnd = answer.length;
    answer.body = 0;
    for (int field = 0; field < answer.fieldCount; field++) {
      int start = answer.nameStart(field);
      if (answer.nameEnd(field) - start > CONTENT.length
          && Ascii.equalsIgnoreCase(answer.bytes, start, CONTENT)
          && !answer.isNamed(field, CONTENT_LOCATION)
          && !answer.isNamed(field, CONTENT_SECURITY)) {
        answer.drop(field);
      }
    }
  }

  /** Says how old it is. */
  static void addAge(Head answer, long seconds) {
    answer.openField(AGE);
    putNumber(answer, Math.min(seconds, CacheDirectives.FOREVER));
    answer.closeField(FieldName.OTHER);
  }

  /** As digits. */
  static void putNumber(Head head, long number) {
    if (number < 0) {
      head.put((byte) '-');
      number = -number;
    }
    if (number >= 10) {
      putNumber(head, number / 10);
    }
    head.put((byte) ('0' + number % 10));
  }
}
