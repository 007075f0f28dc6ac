package io.fairlead.insight.pattern;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * A line as words, with those that vary by their nature masked: numbers, what begins with one
 * (times, sizes, addresses), hexadecimal words, UUIDs, IPv6 addresses, what stands in quotes. Used
 * again for the next line; takes nothing from the heap.
 *
 * <p>Of a line of JSON, or of {@code key=value} pairs, that has a message only the message counts:
 * the other fields are the same in all lines and would make all lines alike.
 */
final class LineWords {
  /** Words that count; what is behind them is as good as one more that varies. */
  static final int MOST = 48;

  /** Bytes of a line that are looked at. */
  static final int LOOK = 1024;

  /** The hash of a word that is masked, and of no other. */
  static final long WILD = 1;

  private static final int QUOTED = 256;
  private static final int HEX = 8;
  private static final int LONG = 40;

  /** Dates as syslog and others write them stand at the beginning. */
  private static final int DATED = 5;

  private static final long PRIME = 0x9E37_79B1_85EB_CA87L;

  private static final int SEPARATOR = 1;
  private static final int DIGIT = 2;
  private static final int HEXADECIMAL = 4;
  private static final int TRAILER = 8;
  private static final byte[] KINDS = kinds();

  private static final byte[][] MESSAGES = {
    bytes("message"), bytes("msg"), bytes("event"), bytes("log"), bytes("error")
  };
  private static final byte[] DATES =
      bytes("JanFebMarAprMayJunJulAugSepOctNovDecMonTueWedThuFriSatSun");

  private final int[] starts = new int[MOST + 1];
  private final int[] ends = new int[MOST + 1];
  private final long[] hashes = new long[MOST];
  private final boolean[] digits = new boolean[MOST];
  private byte[] text = {};
  private int from;
  private int to;
  private int count;
  private long hash;

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static byte[] kinds() {
    byte[] kinds = new byte[256];
    for (int c = 0; c <= ' '; c++) {
      kinds[c] = SEPARATOR;
    }
    for (byte c : bytes("=,;()[]{}\"'|<>/?&\177")) {
      kinds[c] = SEPARATOR;
    }
    for (byte c : bytes(":.!")) {
      kinds[c] = TRAILER;
    }
    for (char c = '0'; c <= 'f'; c++) {
      if (Character.digit(c, 16) >= 0) {
        kinds[c] = (byte) (HEXADECIMAL + (c <= '9' ? DIGIT : 0));
      }
    }
    kinds['-'] = HEXADECIMAL; // as in UUIDs
    return kinds;
  }

  /** Looks at a line. */
  void split(byte[] line, int length) {
    text = line;
    from = 0;
    to = Math.min(length, LOOK);
    takeMessage();
    count = 0;
    hash = PRIME;
    int at = from;
    while (true) {
      at = skip(at);
      if (at >= to) {
        break;
      }
      if (count == MOST) {
        hash = (hash ^ WILD) * PRIME;
        break;
      }
      at = take(at);
    }
    hash ^= hash >>> 29;
  }

  /** To the next word, or to what is quoted as a whole. */
  private int skip(int begin) {
    int at = begin;
    while (at < to && is(at, SEPARATOR + TRAILER) && closing(at) < 0) {
      at++;
    }
    return at;
  }

  /** Where what is quoted from here on ends; negative: nothing is. */
  private int closing(int at) {
    byte quote = text[at];
    if (quote != '"' && (quote != '\'' || (at > from && !is(at - 1, SEPARATOR)))) {
      return -1; // an apostrophe
    }
    int last = Math.min(to, at + QUOTED);
    for (int i = at + 1; i < last; i++) {
      if (text[i] == quote && text[i - 1] != '\\') {
        boolean over = quote == '"' || i + 1 == to || is(i + 1, SEPARATOR + TRAILER);
        return over && i > at + 1 ? i : -1;
      }
    }
    return -1;
  }

  private int take(int begin) {
    int closing = is(begin, SEPARATOR) ? closing(begin) : -1;
    if (closing > 0) {
      add(begin + 1, closing, WILD, true);
      return closing + 1;
    }
    int end = begin;
    int seen = 0;
    int all = HEXADECIMAL;
    int colons = 0;
    long word = PRIME;
    while (end < to && !is(end, SEPARATOR)) {
      int kind = KINDS[text[end] & 0xFF];
      seen |= kind;
      if (text[end] == ':') {
        colons++;
      } else if (text[end] != '.') {
        all &= kind;
      }
      end++;
    }
    int whole = end;
    while (end > begin + 1 && is(end - 1, TRAILER)) {
      end--;
    }
    for (int i = begin; i < end; i++) {
      word = (word ^ text[i]) * PRIME;
    }
    word ^= word >>> 31;
    boolean digit = (seen & DIGIT) != 0;
    int length = end - begin;
    boolean hex = all != 0 && digit && (length >= HEX || colons > 1);
    boolean wild =
        hex || beginsWithNumber(begin, end) || (digit && length > LONG) || isDate(begin, end);
    add(begin, end, wild ? WILD : word == WILD ? 2 : word, digit);
    return whole;
  }

  private boolean beginsWithNumber(int begin, int end) {
    int at = begin;
    if (at + 1 < end
        && (text[at] == '-' || text[at] == '+' || text[at] == '#' || text[at] == '$')) {
      at++;
    }
    return is(at, DIGIT);
  }

  private boolean isDate(int begin, int end) {
    if (end - begin != 3 || count >= DATED) {
      return false;
    }
    for (int i = 0; i < DATES.length; i += 3) {
      if (DATES[i] == text[begin]
          && DATES[i + 1] == text[begin + 1]
          && DATES[i + 2] == text[begin + 2]) {
        return true;
      }
    }
    return false;
  }

  private void add(int begin, int end, long word, boolean digit) {
    starts[count] = begin;
    ends[count] = end;
    hashes[count] = word;
    digits[count] = digit;
    hash = (hash ^ word) * PRIME;
    count++;
  }

  private boolean is(int at, int kind) {
    return (KINDS[text[at] & 0xFF] & kind) != 0;
  }

  // --- messages -------------------------------------------------------------------------------

  private void takeMessage() {
    int best = MESSAGES.length;
    boolean json = to > 0 && text[0] == '{';
    int end = to;
    for (int at = 0; at < end; at++) {
      if (text[at] == (json ? '"' : '=')) {
        int value = json ? afterKey(at, end) : at + 1;
        int key = value < 0 || value >= end || text[value] != '"' ? best : key(at, json, end);
        if (key < best) {
          int closing = closingOfMessage(value, end);
          best = key;
          from = value + 1;
          to = closing;
        }
      }
    }
  }

  /** Where the value of the key begins that begins here; negative: it is none. */
  private int afterKey(int quote, int end) {
    int at = quote + 1;
    int last = Math.min(at + 16, end);
    while (at < last && text[at] != '"') {
      at++;
    }
    at++;
    while (at < last && text[at] == ' ') {
      at++;
    }
    if (at >= last || text[at] != ':') {
      return -1;
    }
    at++;
    while (at < last && text[at] == ' ') {
      at++;
    }
    return at;
  }

  /** Which of the names of messages that is. */
  private int key(int at, boolean json, int end) {
    for (int i = 0; i < MESSAGES.length; i++) {
      byte[] name = MESSAGES[i];
      int begin = json ? at + 1 : at - name.length;
      if (begin < 0
          || begin + name.length >= end
          || (!json && begin > 0 && text[begin - 1] != ' ')) {
        continue;
      }
      int same = 0;
      while (same < name.length && text[begin + same] == name[same]) {
        same++;
      }
      if (same == name.length && (!json || text[begin + same] == '"')) {
        return i;
      }
    }
    return MESSAGES.length;
  }

  private int closingOfMessage(int quote, int end) {
    for (int i = quote + 1; i < end; i++) {
      if (text[i] == '"' && text[i - 1] != '\\') {
        return i;
      }
    }
    return end;
  }

  // --- what was found -------------------------------------------------------------------------

  /** Words that there are. */
  int count() {
    return count;
  }

  /** Of a word; {@link #WILD}: it is masked. */
  long hash(int word) {
    return hashes[word];
  }

  /** Whether a digit is in it: it may well be another in the next such line. */
  boolean hasDigit(int word) {
    return digits[word];
  }

  /** The same for lines whose words are the same, masks applied. */
  long hash() {
    return hash;
  }

  String word(int word) {
    return new String(text, starts[word], ends[word] - starts[word], UTF_8);
  }

  /** What stands in front of that word; of one more than there are: behind the last. */
  String before(int word) {
    int begin = word == 0 ? from : ends[word - 1];
    int end = word == count ? to : starts[word];
    return new String(text, begin, Math.max(0, end - begin), UTF_8);
  }
}
