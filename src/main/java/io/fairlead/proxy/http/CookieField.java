package io.fairlead.proxy.http;

import java.util.Arrays;

/**
 * Finds a cookie in the fields of a request, and takes it out without touching the others: in
 * place, since what is left is never longer than what was there.
 *
 * <p>A name counts if it is spelled just so and an equals sign follows at once, as all user agents
 * write it (RFC 6265, 4.2.1). Whatever else stands in the field is copied as it came.
 */
final class CookieField {
  /** There is none of that name. */
  static final long NONE = -1;

  /** There are several of that name. */
  static final long SEVERAL = -2;

  private CookieField() {}

  /** Where its value is: start in the upper half, end in the lower; or one of the above. */
  static long find(Head head, byte[] name) {
    long found = NONE;
    if (!head.has(FieldName.COOKIE)) {
      return found;
    }
    byte[] bytes = head.bytes;
    for (int field = head.first(FieldName.COOKIE); field < head.fieldCount; field++) {
      if (head.id(field) != FieldName.COOKIE || head.isDropped(field)) {
        continue;
      }
      int end = head.valueEnd(field);
      for (int at = head.valueStart(field); at < end; ) {
        int next = endOfPair(bytes, at, end);
        int start = skipSpace(bytes, at, next);
        if (isNamed(bytes, start, next, name)) {
          if (found != NONE) {
            return SEVERAL;
          }
          int value = start + name.length + 1;
          found = (long) value << 32 | trimmedEnd(bytes, value, next);
        }
        at = next + 1;
      }
    }
    return found;
  }

  /** Takes out all of that name; a field of which nothing is left is dropped. */
  static void strip(Head head, byte[] name) {
    strip(head, name, false);
  }

  /** Takes out all whose names begin like that; a field of which nothing is left is dropped. */
  static void stripAll(Head head, byte[] prefix) {
    strip(head, prefix, true);
  }

  private static void strip(Head head, byte[] name, boolean more) {
    for (int field = head.first(FieldName.COOKIE); field < head.fieldCount; field++) {
      if (head.id(field) == FieldName.COOKIE && !head.isDropped(field)) {
        strip(head, field, name, more);
      }
    }
  }

  private static void strip(Head head, int field, byte[] name, boolean more) {
    byte[] bytes = head.bytes;
    int start = head.valueStart(field);
    int end = head.valueEnd(field);
    int left = start;
    boolean any = false;
    for (int at = start; at <= end; ) {
      int next = endOfPair(bytes, at, end);
      int from = skipSpace(bytes, at, next);
      if (!(more ? begins(bytes, from, next, name) : isNamed(bytes, from, next, name))) {
        if (any) {
          bytes[left++] = ';';
          from = at; // with the space before it, as it came
        }
        System.arraycopy(bytes, from, bytes, left, next - from);
        left += next - from;
        any = true;
      }
      at = next + 1;
    }
    if (left == end) {
      return;
    }
    left = trimmedEnd(bytes, start, left);
    if (left == start) {
      head.drop(field);
    } else {
      head.shorten(field, left);
    }
  }

  private static boolean isNamed(byte[] bytes, int start, int end, byte[] name) {
    int equals = start + name.length;
    return equals < end
        && bytes[equals] == '='
        && Arrays.equals(name, 0, name.length, bytes, start, equals);
  }

  private static boolean begins(byte[] bytes, int start, int end, byte[] prefix) {
    int after = start + prefix.length;
    return after <= end && Arrays.equals(prefix, 0, prefix.length, bytes, start, after);
  }

  private static int endOfPair(byte[] bytes, int from, int end) {
    int at = from;
    while (at < end && bytes[at] != ';') {
      at++;
    }
    return at;
  }

  private static int skipSpace(byte[] bytes, int from, int end) {
    int at = from;
    while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) {
      at++;
    }
    return at;
  }

  private static int trimmedEnd(byte[] bytes, int start, int end) {
    int at = end;
    while (at > start && (bytes[at - 1] == ' ' || bytes[at - 1] == '\t')) {
      at--;
    }
    return at;
  }
}
