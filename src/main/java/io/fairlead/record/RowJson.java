package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Rows as JSON, one a line. Used again for the next rows. */
public final class RowJson {
  private static final DateTimeFormatter SECOND =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss").withZone(ZoneOffset.UTC);
  private static final byte[] HEX = "0123456789abcdef".getBytes(US_ASCII);
  private static final int MILLION = 1_000_000;

  private final Bytes out = new Bytes(1 << 16);
  private final Map<String, byte[]> names = new HashMap<>();
  private long second = Long.MIN_VALUE;
  private byte[] secondText = {};
  private boolean first;

  /** Bytes so far. */
  public int size() {
    return out.size();
  }

  /** A copy of them. */
  public byte[] bytes() {
    return Arrays.copyOf(out.array(), out.size());
  }

  /** Forgets them. */
  public void clear() {
    out.clear();
  }

  void begin() {
    out.put('{');
    first = true;
  }

  void name(String name) {
    if (!first) {
      out.put(',');
    }
    first = false;
    out.put(names.computeIfAbsent(name, each -> ("\"" + each + "\":").getBytes(UTF_8)));
  }

  void number(long value) {
    out.put(Long.toString(value).getBytes(US_ASCII));
  }

  void real(double value) {
    out.put(Double.toString(value).getBytes(US_ASCII));
  }

  /** Microseconds since 1970. */
  void time(long micros) {
    long seconds = Math.floorDiv(micros, MILLION);
    if (seconds != second) {
      second = seconds;
      secondText = SECOND.format(Instant.ofEpochSecond(seconds)).getBytes(US_ASCII);
    }
    int rest = (int) Math.floorMod(micros, (long) MILLION);
    out.put('"');
    out.put(secondText);
    out.put('.');
    for (int ten = MILLION / 10; ten > 0; ten /= 10) {
      out.put('0' + rest / ten % 10);
    }
    out.put('"');
  }

  void text(byte[] text) {
    out.put('"');
    int done = 0;
    for (int i = 0; i < text.length; i++) {
      byte c = text[i];
      if (c == '"' || c == '\\' || (c >= 0 && c < ' ')) {
        out.put(text, done, i - done);
        done = i + 1;
        out.put('\\');
        if (c == '"' || c == '\\') {
          out.put(c);
        } else {
          out.put('u');
          out.put('0');
          out.put('0');
          out.put(HEX[c >> 4]);
          out.put(HEX[c & 0xF]);
        }
      }
    }
    out.put(text, done, text.length - done);
    out.put('"');
  }

  void end() {
    out.put('}');
    out.put('\n');
  }
}
