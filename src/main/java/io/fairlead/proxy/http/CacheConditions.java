package io.fairlead.proxy.http;

import java.util.Arrays;

/** Whether a client has what is kept already, by what it says (RFC 9111, 4.3.2; RFC 9110, 13). */
final class CacheConditions {
  static final byte[] IF_NONE_MATCH = Ascii.bytes("if-none-match");
  static final byte[] IF_MODIFIED_SINCE = Ascii.bytes("if-modified-since");

  private CacheConditions() {}

  /** Whether it asks under such a condition. */
  static boolean areIn(Head request) {
    return request.findField(IF_NONE_MATCH, 0) >= 0 || request.findField(IF_MODIFIED_SINCE, 0) >= 0;
  }

  /** Takes them out. */
  static void drop(Head request) {
    for (int field = 0; field < request.fieldCount; field++) {
      if (request.isNamed(field, IF_NONE_MATCH) || request.isNamed(field, IF_MODIFIED_SINCE)) {
        request.drop(field);
      }
    }
  }

  /**
   * Whether the answer to be given is a 304.
   *
   * @param most fields of the request that are the client's
   * @param dropped conditions have been taken out, and count all the same
   */
  static boolean areMet(Head request, int most, boolean dropped, CacheEntry.Answer answer) {
    if (answer.head.status != 200) {
      return false;
    }
    boolean tagged = false;
    int since = -1;
    for (int field = 0; field < most; field++) {
      if (request.isDropped(field) && !dropped) {
        continue;
      }
      if (request.isNamed(field, IF_NONE_MATCH)) {
        tagged = true;
        if (hasTag(request, field, answer)) {
          return true;
        }
      } else if (since < 0 && request.isNamed(field, IF_MODIFIED_SINCE)) {
        since = field;
      }
    }
    return !tagged && since >= 0 && isSince(request, since, answer);
  }

  private static boolean isSince(Head request, int field, CacheEntry.Answer answer) {
    long since = HttpDate.parse(request.bytes, request.valueStart(field), request.valueEnd(field));
    if (since == HttpDate.NONE) {
      return false;
    }
    Head kept = answer.head;
    int changed = answer.lastModified;
    return (changed >= 0
            ? HttpDate.parse(kept.bytes, kept.valueStart(changed), kept.valueEnd(changed))
            : CacheHead.date(kept, Long.MAX_VALUE))
        <= since;
  }

  /** Whether one of the tags in that field is the answer's, weak or strong. */
  private static boolean hasTag(Head request, int field, CacheEntry.Answer answer) {
    byte[] bytes = request.bytes;
    int at = request.valueStart(field);
    int end = request.valueEnd(field);
    if (end - at == 1 && bytes[at] == '*') {
      return true;
    }
    if (answer.etag < 0) {
      return false;
    }
    Head kept = answer.head;
    int mine = opaque(kept, answer.etag);
    int mineEnd = kept.valueEnd(answer.etag);
    while (at < end) {
      if (bytes[at] == ',' || bytes[at] == ' ' || bytes[at] == '\t') {
        at++;
        continue;
      }
      int tag = opaque(bytes, at, end);
      int next = tag;
      if (bytes[next] == '"') { // a tag may have commas in it
        next++;
        while (next < end && bytes[next] != '"') {
          next++;
        }
        next = Math.min(end, next + 1);
      } else {
        while (next < end && bytes[next] != ',') {
          next++;
        }
      }
      if (Arrays.equals(bytes, tag, next, kept.bytes, mine, mineEnd)) {
        return true;
      }
      at = next;
    }
    return false;
  }

  /** Whether two answers have the same tag, weak or strong. */
  static boolean haveSameTag(Head one, int field, Head other, int itsField) {
    return Arrays.equals(
        one.bytes,
        opaque(one, field),
        one.valueEnd(field),
        other.bytes,
        opaque(other, itsField),
        other.valueEnd(itsField));
  }

  private static int opaque(Head head, int field) {
    return opaque(head.bytes, head.valueStart(field), head.valueEnd(field));
  }

  /** Behind the mark of a weak one. */
  private static int opaque(byte[] bytes, int start, int end) {
    return end - start > 2 && bytes[start] == 'W' && bytes[start + 1] == '/' ? start + 2 : start;
  }
}
