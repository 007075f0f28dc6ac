package io.fairlead.record.tail;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.record.Duck;
import io.fairlead.record.Names;
import io.fairlead.record.RecordConsumer;
import io.fairlead.record.Recorder;
import io.fairlead.record.Retention;
import io.fairlead.record.sql.Condition;
import io.fairlead.record.sql.ConditionReader;
import io.fairlead.record.sql.RecordTable;
import io.fairlead.record.sql.RecordTable.Column;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.NodeLine;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordNames.Kind;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A condition means of a record what its SQL means of the row that the record becomes. */
final class RowTestTest {
  private static final int RECORDS = 600;
  private static final int CONDITIONS = 600;
  private static final String[] WORDS = {"a", "b", "B", "ab", "aB", "ä", "Ä", "", "x/Ab?c=1"};
  private static final String[] SIGNS = {"=", "!=", "<", "<=", ">", ">=", "~", "!~"};

  private static final List<ErrorReason> REASONS =
      List.of(ErrorReason.BAD_REQUEST, ErrorReason.DENIED, ErrorReason.NO_ROUTE);

  @TempDir private Path data;
  private final long seed = new Random().nextLong();
  private final SplittableRandom random = new SplittableRandom(seed);
  private final RecordNames names = new RecordNames();

  /** A condition, and how many records it has meant. */
  private static final class Counted {
    final RecordTable table;
    final String text;
    final Condition condition;
    final RowTest test;
    int meant;

    Counted(RecordTable table, String text) throws Exception {
      this.table = table;
      this.text = text;
      condition = ConditionReader.read(table, text);
      test = RowTest.of(condition, column -> RowField.of(table, column, "lb1"));
    }
  }

  private static final Map<Integer, RecordTable> TABLES =
      Map.of(
          RecordLayout.HTTP, RecordTable.REQUESTS,
          RecordLayout.STREAM, RecordTable.SESSIONS,
          RecordLayout.DATAGRAMS, RecordTable.SESSIONS,
          RecordLayout.EVENT, RecordTable.EVENTS,
          RecordLayout.PROBE, RecordTable.PROBES,
          RecordLayout.LINE, RecordTable.NODE_LOGS,
          RecordLayout.DNS, RecordTable.DNS);

  @Test
  void itMeansTheSameAsInSql() throws Exception {
    List<Counted> all = new ArrayList<>();
    for (int i = 0; i < CONDITIONS; i++) {
      RecordTable table = List.copyOf(TABLES.values()).get(random.nextInt(TABLES.size()));
      all.add(new Counted(table, condition(table, 2)));
    }
    RecordConsumer counting =
        new RecordConsumer() {
          @Override
          public void accept(RecordView record, Names meaning) {
            for (Counted each : all) {
              if (TABLES.get(record.type()) == each.table && each.test.test(record, meaning)) {
                each.meant++;
              }
            }
          }

          @Override
          public void caughtUp(long epochMillis, Runnable rest) {}
        };
    try (RecordRings rings = RecordRings.open(data, 1, 8 << 20, names)) {
      Recorder recorder =
          Recorder.start(
              data,
              "lb1",
              new Retention(100_000, 1L << 40),
              rings,
              8 << 20,
              List.of(counting),
              null,
              System::currentTimeMillis,
              _ -> {});
      for (int i = 0; i < RECORDS; i++) {
        write(rings);
      }
      recorder.close();
    }
    try (Duck duck = new Duck()) {
      for (Counted each : all) {
        String sql =
            "select count(*) from "
                + Duck.all(data, each.table.sqlName())
                + " where "
                + each.condition.sql();
        assertThat(each.meant)
            .as("seed %d: %s", seed, each.text)
            .isEqualTo(Integer.parseInt(duck.value(sql)));
      }
    }
    assertThat(all.stream().filter(each -> each.meant > 0).count())
        .as("conditions that mean something, seed %d", seed)
        .isGreaterThan(CONDITIONS / 4);
  }

  // --- conditions --------------------------------------------------------------------------

  private String condition(RecordTable table, int depth) {
    return switch (depth == 0 ? 0 : random.nextInt(4)) {
      case 1 -> "not (" + condition(table, depth - 1) + ")";
      case 2 -> "(" + condition(table, depth - 1) + " and " + condition(table, depth - 1) + ")";
      case 3 -> "(" + condition(table, depth - 1) + " or " + condition(table, depth - 1) + ")";
      default -> comparison(table);
    };
  }

  private String comparison(RecordTable table) {
    List<Column> columns = columns(table);
    Column column = columns.get(random.nextInt(columns.size()));
    boolean text = column.type() == RecordTable.ColumnType.VARCHAR;
    if (random.nextInt(8) == 0) {
      return column.name() + (random.nextBoolean() ? "=" : "!=") + "null";
    }
    String sign = SIGNS[random.nextInt(text ? 8 : 6)];
    return column.name() + sign + value(column);
  }

  /** Those that files have: {@code tls_us} of sessions and a weight of notes are for later. */
  private static List<Column> columns(RecordTable table) {
    return table.columns().stream()
        .filter(column -> table != RecordTable.SESSIONS || !column.name().equals("tls_us"))
        .toList();
  }

  private String value(Column column) {
    return switch (column.type()) {
      case VARCHAR -> '"' + text(column.name()) + '"';
      case TIMESTAMP -> "1970-01-01T00:00:00.000" + random.nextInt(100, 999) + "Z";
      case BOOLEAN -> "true";
      case INTEGER, BIGINT, DOUBLE ->
          random.nextInt(3) == 0
              ? random.nextInt(-1, 6) + ".5"
              : Integer.toString(random.nextInt(-1, 6));
    };
  }

  private String text(String column) {
    return switch (column) {
      case "client" -> random.nextBoolean() ? "10.0.0." + random.nextInt(3) : "0.0";
      case "instance" -> random.nextBoolean() ? "lb1" : "lb2";
      case "method" -> random.nextBoolean() ? "GET" : "P";
      case "type" -> random.nextBoolean() ? "A" : "TYPE";
      case "code" -> random.nextBoolean() ? "NXDOMAIN" : "#";
      case "error" -> REASONS.get(random.nextInt(3)).wireName();
      case "outcome" -> random.nextBoolean() ? "passed" : "a";
      case "kind" -> random.nextBoolean() ? "NodeDown" : "node";
      default -> WORDS[random.nextInt(WORDS.length)];
    };
  }

  // --- records -----------------------------------------------------------------------------

  private String word() {
    return WORDS[random.nextInt(WORDS.length)];
  }

  private void write(RecordRings rings) {
    switch (random.nextInt(8)) {
      case 0 -> rings.notes().event(random.nextInt(2), new Event.NodeDown(word(), word(), word()));
      case 1 ->
          rings
              .notes()
              .probe(
                  random.nextInt(2),
                  word(),
                  word(),
                  word(),
                  random.nextBoolean() ? null : word(),
                  random.nextInt(6) * 1000L);
      case 2 -> {
        byte[] text = word().getBytes(UTF_8);
        boolean _ =
            rings
                .notes()
                .line(
                    new NodeLine(
                        random.nextInt(1000),
                        word(),
                        word(),
                        word(),
                        word(),
                        word(),
                        null,
                        word(),
                        text,
                        text.length,
                        0,
                        0));
      }
      case 3, 4 -> answer(rings);
      default -> exchange(rings);
    }
  }

  private void answer(RecordRings rings) {
    RecordDraft draft = rings.ring(0).draft();
    draft.begin(RecordLayout.DNS, random.nextBoolean() ? RecordLayout.UDP : RecordLayout.TCP);
    draft.times(random.nextInt(1000), random.nextInt(6) * 1000L);
    draft.id(random.nextInt(3), random.nextInt(3));
    draft.names(number(Kind.LISTENER), 0, 0, 0);
    draft.client(0, 0xFFFF_0A00_0000L | random.nextInt(3), 0, RecordMask.NONE);
    draft.answer(random.nextInt(4), random.nextInt(8) - 1, 1 + random.nextInt(4));
    for (Text text : List.of(Text.PATH, Text.METHOD, Text.TEXT)) {
      byte[] bytes = word().getBytes(UTF_8);
      draft.text(text, bytes, 0, bytes.length);
    }
    rings.ring(0).write();
  }

  private void exchange(RecordRings rings) {
    RecordDraft draft = rings.ring(0).draft();
    draft.begin(1 + random.nextInt(3), 1 + random.nextInt(8));
    draft.times(random.nextInt(1000), random.nextInt(6) * 1000L);
    draft.id(random.nextInt(3), random.nextInt(3));
    draft.phases(phase(), phase(), phase(), phase());
    draft.result(
        random.nextInt(6),
        random.nextBoolean() ? null : REASONS.get(random.nextInt(3)),
        random.nextInt(4));
    draft.bytes(random.nextInt(6), random.nextInt(6));
    draft.names(number(Kind.LISTENER), number(Kind.ROUTE), number(Kind.SERVICE), number(Kind.NODE));
    draft.client(0, 0xFFFF_0A00_0000L | random.nextInt(3), 1, RecordMask.NONE);
    draft.method(random.nextInt(4));
    for (Text text : Text.values()) {
      byte[] bytes = text == Text.TEXT ? new byte[0] : word().getBytes(UTF_8);
      if (random.nextInt(20) == 0 && bytes.length > 0) {
        bytes[0] = (byte) 0xFE; // no UTF-8
      }
      draft.text(text, bytes, 0, bytes.length);
    }
    rings.ring(0).write();
  }

  private long phase() {
    return random.nextInt(4) == 0 ? -1 : random.nextInt(6) * 1000L;
  }

  private int number(Kind kind) {
    String word = word();
    return word.isEmpty() ? 0 : names.number(kind, word);
  }
}
