package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

/** Clients' addresses as people write them. */
public final class Addresses {
  private static final int GROUPS = 8;

  private Addresses() {}

  /**
   * Writes the address in those 16 bytes; an IPv4 address is mapped (::ffff:a.b.c.d) there and
   * written as such, an IPv6 address in the one form of RFC 5952, section 4.
   */
  public static void write(byte[] from, int offset, Bytes to) {
    if (isMapped(from, offset)) {
      for (int i = 12; i < 16; i++) {
        if (i > 12) {
          to.put('.');
        }
        decimal(from[offset + i] & 0xFF, to);
      }
    } else {
      to.put(groups(from, offset).getBytes(US_ASCII));
    }
  }

  private static void decimal(int number, Bytes to) {
    if (number >= 100) {
      to.put('0' + number / 100);
    }
    if (number >= 10) {
      to.put('0' + number / 10 % 10);
    }
    to.put('0' + number % 10);
  }

  private static boolean isMapped(byte[] from, int offset) {
    for (int i = 0; i < 10; i++) {
      if (from[offset + i] != 0) {
        return false;
      }
    }
    return from[offset + 10] == -1 && from[offset + 11] == -1;
  }

  private static String groups(byte[] from, int offset) {
    int[] group = new int[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
      group[i] = (from[offset + 2 * i] & 0xFF) << 8 | (from[offset + 2 * i + 1] & 0xFF);
    }
    int longest = 0;
    int longestAt = -1;
    for (int at = 0; at < GROUPS; at++) {
      int zeros = zeros(group, at);
      if (zeros > 1 && zeros > longest) { // the first of equals; a single one stays
        longest = zeros;
        longestAt = at;
      }
    }
    StringBuilder text = new StringBuilder();
    for (int at = 0; at < GROUPS; at++) {
      if (at == longestAt) {
        text.append("::");
        at += longest - 1;
      } else {
        if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
          text.append(':');
        }
        text.append(Integer.toHexString(group[at]));
      }
    }
    return text.toString();
  }

  private static int zeros(int[] group, int from) {
    int end = from;
    while (end < GROUPS && group[end] == 0) {
      end++;
    }
    return end - from;
  }
}
