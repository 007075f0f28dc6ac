package io.fairlead.telemetry;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What must not stand in records: parts of clients' addresses, and the values of some query
 * parameters. Applied while a record is written, so that what is hidden never leaves the request.
 * Asking allocates nothing.
 *
 * <p>Of an IPv4 address the first so many bits stay; of an IPv6 address twice as many, since a
 * network of a customer is a /48 or /56 where it is a /24 or a single address in IPv4. With {@link
 * #WHOLE} bits all of either stays.
 */
public final class RecordMask {
  /** Bits of an IPv4 address. */
  public static final int WHOLE = 32;

  /** Hides nothing. */
  public static final RecordMask NONE = new RecordMask(WHOLE, List.of());

  /** The lower half of an IPv4 address is this and the address. */
  private static final long MAPPED = 0xFFFF_0000_0000L;

  private final boolean clients;
  private final long low4;
  private final long high6;
  private final byte[][] names;

  /** Most parameters are told by the length of their names. */
  private final byte[][][] byLength;

  /** By six bits of a name's last byte: a bit for each six bits of the one before. */
  private final long[] ends = new long[64];

  /**
   * @param clientBits of IPv4 addresses that stay, 0 to 32
   * @param query names of parameters whose values are hidden; case does not matter
   */
  public RecordMask(int clientBits, List<String> query) {
    clients = clientBits < WHOLE;
    low4 = -1L << (32 - clientBits);
    high6 = clientBits == 0 ? 0 : -1L << (64 - 2 * clientBits);
    names =
        query.stream()
            .map(name -> name.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8))
            .toArray(byte[][]::new);
    int longest = Stream.of(names).mapToInt(name -> name.length).max().orElse(0);
    byLength = new byte[longest + 1][][];
    for (int length = 0; length <= longest; length++) {
      int wanted = length;
      byLength[length] =
          Stream.of(names).filter(name -> name.length == wanted).toArray(byte[][]::new);
    }
    for (byte[] name : names) {
      int last = name.length - 1;
      long before = last == 0 ? -1 : 1L << name[last - 1] | 1L << other(name[last - 1]);
      ends[name[last] & 63] |= before;
      ends[other(name[last]) & 63] |= before;
    }
  }

  /** How else a byte of a name may be written. */
  private static byte other(byte one) {
    if (one >= 'a' && one <= 'z') {
      return (byte) (one & ~0x20);
    }
    return one == ' ' ? (byte) '+' : one;
  }

  boolean hidesClients() {
    return clients;
  }

  boolean hidesValues() {
    return names.length > 0;
  }

  private static boolean isMapped(long high, long low) {
    return high == 0 && (low & 0xFFFF_FFFF_0000_0000L) == MAPPED;
  }

  /** What may be known of the upper half of that address. */
  long high(long high, long low) {
    return !clients || isMapped(high, low) ? high : high & high6;
  }

  /** What may be known of the lower half of that address. */
  long low(long high, long low) {
    if (!clients) {
      return low;
    }
    return isMapped(high, low) ? low & low4 : 0;
  }

  /**
   * Whether a value may be hidden whose name ends before that equals sign: not by most names, as
   * their last two bytes say, unless one of these is percent-encoded.
   *
   * @param start of the query
   */
  boolean mayHide(byte[] from, int start, int equals) {
    int length = equals - start;
    if (length < 2) {
      return length == 1;
    }
    return (ends[from[equals - 1] & 63] >>> from[equals - 2] & 1) != 0
        || (length >= 3 && from[equals - 3] == '%')
        || (length >= 4 && from[equals - 4] == '%');
  }

  /**
   * Whether the value behind that equals sign is hidden; not if another one comes before it.
   *
   * @param start of the query
   */
  boolean hides(byte[] from, int start, int equals) {
    boolean encoded = false;
    int name = equals;
    while (name > start && from[name - 1] != '&' && from[name - 1] != ';') {
      name--;
      if (from[name] == '=') {
        return false;
      }
      encoded |= from[name] == '%';
    }
    return encoded ? isEncodedOne(from, name, equals) : isOne(from, name, equals);
  }

  private boolean isOne(byte[] from, int start, int end) {
    int length = end - start;
    if (length < byLength.length) {
      for (byte[] name : byLength[length]) {
        if (isCalled(from, start, name)) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean isEncodedOne(byte[] from, int start, int end) {
    for (byte[] name : names) {
      if (isEncoded(from, start, end, name)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isCalled(byte[] from, int start, byte[] name) {
    for (int i = 0; i < name.length; i++) {
      if (normal(from[start + i]) != name[i]) {
        return false;
      }
    }
    return true;
  }

  private static boolean isEncoded(byte[] from, int start, int end, byte[] name) {
    int at = start;
    for (byte wanted : name) {
      if (at >= end) {
        return false;
      }
      byte found = from[at++];
      if (found == '%' && at + 2 <= end) {
        int high = Character.digit(from[at], 16);
        int low = Character.digit(from[at + 1], 16);
        if (high >= 0 && low >= 0) {
          found = (byte) (high << 4 | low);
          at += 2;
        }
      }
      if (normal(found) != wanted) {
        return false;
      }
    }
    return at == end;
  }

  private static byte normal(byte found) {
    if (found >= 'A' && found <= 'Z') {
      return (byte) (found | 0x20);
    }
    return found == '+' ? (byte) ' ' : found;
  }
}
