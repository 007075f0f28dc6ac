package io.fairlead.record.sql;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Blob;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes rows as JSON, up to a number of bytes. Numbers and truth values stay what they are, lists
 * become arrays, maps objects, times ISO 8601 in UTC; the rest is text as the engine writes it.
 */
final class JsonRows {
  private static final int MAX_BLOB = 1024;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream(8192);
  private final int most;
  private int count;

  /**
   * @param most bytes in all
   */
  JsonRows(int most) {
    this.most = most;
    out.write('[');
  }

  /** One row of a result. */
  interface Row {
    @Nullable Object value(int column) throws SQLException;
  }

  /** Adds a row, unless it would be too much. */
  boolean add(int columns, Row row) throws SQLException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    bytes.write('[');
    for (int i = 1; i <= columns; i++) {
      if (i > 1) {
        bytes.write(',');
      }
      write(bytes, row.value(i));
      if (out.size() + bytes.size() > most - 3) {
        return false;
      }
    }
    bytes.write(']');
    if (count++ > 0) {
      out.write(',');
    }
    out.writeBytes(bytes.toByteArray());
    return true;
  }

  int count() {
    return count;
  }

  /** All of it; nothing can be added any more. */
  byte[] end() {
    out.write(']');
    return out.toByteArray();
  }

  private static void write(ByteArrayOutputStream out, @Nullable Object value) throws SQLException {
    switch (value) {
      case null -> ascii(out, "null");
      case Boolean truth -> ascii(out, truth.toString());
      case Byte _, Short _, Integer _, Long _, BigInteger _ -> ascii(out, value.toString());
      case Float real -> real(out, real.isNaN() || real.isInfinite(), real.toString());
      case Double real -> real(out, real.isNaN() || real.isInfinite(), real.toString());
      case BigDecimal decimal -> ascii(out, decimal.toPlainString());
      case LocalDateTime time -> text(out, time.toInstant(ZoneOffset.UTC).toString());
      case Timestamp time -> text(out, time.toLocalDateTime().toInstant(ZoneOffset.UTC).toString());
      case OffsetDateTime time -> text(out, time.toInstant().toString());
      case Blob blob ->
          text(
              out,
              HexFormat.of().formatHex(blob.getBytes(1, (int) Math.min(MAX_BLOB, blob.length()))));
      case Array array -> array(out, (Object[]) array.getArray());
      case Map<?, ?> map -> map(out, map);
      default -> text(out, value.toString());
    }
  }

  private static void array(ByteArrayOutputStream out, @Nullable Object[] values)
      throws SQLException {
    out.write('[');
    for (int i = 0; i < values.length; i++) {
      if (i > 0) {
        out.write(',');
      }
      write(out, values[i]);
    }
    out.write(']');
  }

  private static void map(ByteArrayOutputStream out, Map<?, ?> map) throws SQLException {
    out.write('{');
    boolean first = true;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (!first) {
        out.write(',');
      }
      first = false;
      text(out, String.valueOf(entry.getKey()));
      out.write(':');
      write(out, entry.getValue());
    }
    out.write('}');
  }

  /** JSON has no word for what is not a number. */
  private static void real(ByteArrayOutputStream out, boolean odd, String digits) {
    if (odd) {
      text(out, digits);
    } else {
      ascii(out, digits);
    }
  }

  private static void ascii(ByteArrayOutputStream out, String text) {
    for (int i = 0; i < text.length(); i++) {
      out.write(text.charAt(i));
    }
  }

  static void text(ByteArrayOutputStream out, String text) {
    out.write('"');
    int done = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c == '"' || c == '\\') {
        plain(out, text.substring(done, i));
        ascii(
            out,
            switch (c) {
              case '"' -> "\\\"";
              case '\\' -> "\\\\";
              case '\n' -> "\\n";
              case '\t' -> "\\t";
              default -> "\\u00" + HexFormat.of().toHexDigits((byte) c);
            });
        done = i + 1;
      }
    }
    plain(out, text.substring(done));
    out.write('"');
  }

  private static void plain(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.write(bytes, 0, bytes.length);
  }
}
