package io.fairlead.proxy.http;

/**
 * Reads an address that another proxy wrote down, from bytes and without making anything: {@code
 * 192.0.2.7}, {@code 2001:db8::7}, either with a port as some proxies write it ({@code
 * 192.0.2.7:80}, {@code [2001:db8::7]:80}).
 */
final class IpAddress {
  private static final long MAPPED = 0xFFFF_0000_0000L;
  private static final int GROUPS = 8;

  /** As in {@link io.fairlead.config.Networks}; valid after {@link #read} has answered true. */
  long high;

  long low;

  private final int[] groups = new int[GROUPS];

  /** Whether all of the range is an address. */
  boolean read(byte[] bytes, int start, int end) {
    if (start < end && bytes[start] == '[') {
      int close = start + 1;
      while (close < end && bytes[close] != ']') {
        close++;
      }
      return close < end && isPort(bytes, close + 1, end) && read6(bytes, start + 1, close);
    }
    int colons = 0;
    int last = end;
    for (int i = start; i < end; i++) {
      if (bytes[i] == ':') {
        colons++;
        last = i;
      }
    }
    if (colons <= 1) {
      return isPort(bytes, last, end) && read4(bytes, start, last);
    }
    return read6(bytes, start, end);
  }

  private static boolean isPort(byte[] bytes, int start, int end) {
    if (start == end) {
      return true;
    }
    for (int i = start + 1; i < end; i++) {
      if (!Ascii.isDigit(bytes[i])) {
        return false;
      }
    }
    return bytes[start] == ':' && end - start >= 2 && end - start <= 6;
  }

  private boolean read4(byte[] bytes, int start, int end) {
    long address = dotted(bytes, start, end);
    if (address < 0) {
      return false;
    }
    high = 0;
    low = MAPPED | address;
    return true;
  }

  /** Four numbers without leading zeros, or -1. */
  private static long dotted(byte[] bytes, int start, int end) {
    long address = 0;
    int at = start;
    for (int part = 0; part < 4; part++) {
      int value = 0;
      int digits = 0;
      while (at < end && Ascii.isDigit(bytes[at]) && digits < 4) {
        value = value * 10 + bytes[at++] - '0';
        digits++;
      }
      if (digits == 0 || value > 255 || (digits > 1 && bytes[at - digits] == '0')) {
        return -1;
      }
      address = address << 8 | value;
      if (part < 3) {
        if (at == end || bytes[at++] != '.') {
          return -1;
        }
      }
    }
    return at == end ? address : -1;
  }

  /** RFC 4291, 2.2. */
  private boolean read6(byte[] bytes, int start, int end) {
    int count = 0;
    int gap = -1;
    int at = start;
    if (end - start >= 2 && bytes[at] == ':' && bytes[at + 1] == ':') {
      gap = 0;
      at += 2;
    }
    while (at < end) {
      int next = at;
      int value = 0;
      while (next < end && Ascii.hexValue(bytes[next]) >= 0 && next - at < 5) {
        value = value * 16 + Ascii.hexValue(bytes[next++]);
      }
      if (next < end && bytes[next] == '.') {
        long address = dotted(bytes, at, end);
        if (address < 0 || count > GROUPS - 2) {
          return false;
        }
        groups[count++] = (int) (address >>> 16);
        groups[count++] = (int) (address & 0xFFFF);
        at = end;
        break;
      }
      if (next == at || next - at > 4 || count == GROUPS) {
        return false;
      }
      groups[count++] = value;
      at = next;
      if (at < end) {
        if (bytes[at++] != ':' || at == end) {
          return false;
        }
        if (bytes[at] == ':') {
          if (gap >= 0) {
            return false;
          }
          gap = count;
          at++;
        }
      }
    }
    if (gap < 0 ? count != GROUPS : count >= GROUPS) {
      return false;
    }
    high = 0;
    low = 0;
    for (int i = 0; i < GROUPS; i++) {
      int behind = i - (GROUPS - count);
      int group = gap < 0 || i < gap ? groups[i] : behind >= gap ? groups[behind] : 0;
      high = high << 16 | low >>> 48;
      low = low << 16 | group;
    }
    return true;
  }
}
