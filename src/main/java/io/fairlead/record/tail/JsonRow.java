package io.fairlead.record.tail;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.record.Bytes;
import io.fairlead.record.Names;
import io.fairlead.record.sql.RecordTable;
import io.fairlead.record.sql.RecordTable.Column;
import io.fairlead.record.sql.RecordTable.ColumnType;
import io.fairlead.telemetry.RecordView;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A record as a JSON object that has what a row of its table would have. */
final class JsonRow {
  private record Named(String begin, boolean isTime, RowField field) {}

  private final List<Named> fields = new ArrayList<>();
  private final Bytes made = new Bytes();

  JsonRow(RecordTable table, String instance) {
    for (Column column : table.columns()) {
      fields.add(
          new Named(
              (fields.isEmpty() ? "{" : ",") + '"' + column.name() + "\":",
              column.type() == ColumnType.TIMESTAMP,
              RowField.of(table, column.name(), instance)));
    }
  }

  byte[] of(RecordView record, Names names) {
    StringBuilder json = new StringBuilder(512);
    for (Named named : fields) {
      json.append(named.begin());
      switch (named.field()) {
        case RowField.Whole whole -> number(json, whole.value().applyAsLong(record), named);
        case RowField.Numbered numbered -> {
          int number = numbered.number().applyAsInt(record);
          String text = number == 0 ? null : numbered.meaning().of(number, names);
          text(json, number != 0 && text == null ? "#" + number : text);
        }
        case RowField.Words words -> {
          String text = record.text(words.which());
          text(json, text.isEmpty() ? null : text);
        }
        case RowField.Made making -> {
          made.clear();
          making.making().write(record, made);
          text(json, made.size() == 0 ? null : new String(made.array(), 0, made.size(), UTF_8));
        }
        case RowField.Same(String text) -> text(json, text);
      }
    }
    return json.append('}').toString().getBytes(UTF_8);
  }

  private static void number(StringBuilder json, long value, Named named) {
    if (value == RowField.NONE) {
      json.append("null");
    } else if (named.isTime()) {
      json.append('"').append(Instant.EPOCH.plus(value, ChronoUnit.MICROS)).append('"');
    } else {
      json.append(value);
    }
  }

  private static void text(StringBuilder json, @Nullable String text) {
    if (text == null) {
      json.append("null");
      return;
    }
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ' || Character.isSurrogate(c) || c == '\u2028' || c == '\u2029') {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }
}
