package io.fairlead.record;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Rows of one kind of record, column by column, until they are written. The names and the order of
 * the columns are what SQL sees.
 */
abstract sealed class Table permits ExchangeTable, EventTable, ProbeTable, LineTable, DnsTable {
  /**
   * Rows after which a row group ends: enough for dictionaries to pay, and some 10 MB of arrays.
   */
  static final int MOST_ROWS = 1 << 17;

  /** A column may become so many texts larger than it should. */
  private static final int LOOK_EVERY = 256;

  private static final VarHandle LITTLE =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** The folder's name, and the table's in SQL. */
  final String name;

  private final Names names;
  private final List<Column> columns = new ArrayList<>();
  private final List<AlikeRows> alike = new ArrayList<>();
  private int rows;
  private long firstMicros;

  // What every row begins with.
  private final IdColumn id;
  private final NumberColumn time;
  private final TextColumn instances;

  Table(String name, String instance, Names names) {
    this.name = name;
    this.names = names;
    id = with(new IdColumn("id"));
    time = with(new NumberColumn("time", Column.Type.INT64, Column.Meaning.TIME, false));
    instances = numbered("instance", number -> instance); // whatever the number
  }

  /** A table for each kind of record. */
  static List<Table> all(String instance, Names names) {
    return List.of(
        new RequestTable(instance, names),
        new SessionTable(instance, names),
        new EventTable(instance, names),
        new ProbeTable(instance, names),
        new LineTable(instance, names),
        new DnsTable(instance, names));
  }

  final List<Column> columns() {
    return columns;
  }

  final int rows() {
    return rows;
  }

  /** When the first row's record began. */
  final long firstMicros() {
    return firstMicros;
  }

  /**
   * Whether the row group had better end here. Asked for each row: columns are only now and then.
   */
  final boolean isFull() {
    return rows >= MOST_ROWS || (rows % LOOK_EVERY == 0 && rows > 0 && isAnyFull());
  }

  private boolean isAnyFull() {
    for (Column column : columns) {
      if (column.isFull()) {
        return true;
      }
    }
    return false;
  }

  /** Whether records of this type are its rows. */
  abstract boolean takes(int type);

  /** Adds a row; if something goes wrong there is none. */
  final void add(RecordView record) {
    try {
      addId(record);
      time.add(record.startMicros());
      instances.add(0L);
      fill(record);
      if (rows == 0) {
        firstMicros = record.startMicros();
      }
      rows++;
    } catch (RuntimeException e) {
      alike.forEach(each -> each.cut(rows));
      columns.forEach(column -> column.cut(column.alike == null ? rows : column.alike.kinds()));
      throw e;
    }
  }

  /** The columns of a row behind those that each table begins with. */
  abstract void fill(RecordView record);

  final void clear() {
    columns.forEach(Column::clear);
    alike.forEach(AlikeRows::clear);
    rows = 0;
  }

  // What columns there can be.

  /** For columns in which many rows are alike. */
  final AlikeRows alike() {
    AlikeRows rowsAlike = new AlikeRows();
    alike.add(rowsAlike);
    return rowsAlike;
  }

  /** The column has one value for all rows of a kind. */
  static <C extends Column> C of(AlikeRows rowsAlike, C column) {
    column.alike = rowsAlike;
    return column;
  }

  final NumberColumn number(String column, Column.Type type) {
    return with(new NumberColumn(column, type, Column.Meaning.NONE, false));
  }

  final NumberColumn maybe(String column) {
    return with(new NumberColumn(column, Column.Type.INT32, Column.Meaning.NONE, true));
  }

  final TextColumn text(String column) {
    return with(new TextColumn(column, true, TextColumn.AS_IS));
  }

  final TextColumn error() {
    return numbered("error", names::error);
  }

  final TextColumn outcome() {
    return numbered("outcome", Names::outcome);
  }

  /** Of a question of the DNS. */
  final TextColumn asked() {
    return numbered("type", DnsWords::type);
  }

  /** Of an answer of the DNS, plus one. */
  final TextColumn answered() {
    return numbered("code", number -> DnsWords.code(number - 1));
  }

  /** Of a listener, a route, a service or a node. */
  final TextColumn named(String column) {
    return numbered(column, names::name);
  }

  /** Texts that are written otherwise than they are kept. */
  final TextColumn written(String column, TextColumn.Writing writing) {
    return with(new TextColumn(column, false, writing));
  }

  private TextColumn numbered(String column, IntFunction<@Nullable String> meaning) {
    TextColumn.Writing writing =
        (from, offset, length, to) -> {
          int number = (int) (long) LITTLE.get(from, offset);
          String known = meaning.apply(number);
          to.put((known == null ? "#" + number : known).getBytes(UTF_8));
        };
    return with(new TextColumn(column, true, writing));
  }

  private <C extends Column> C with(C column) {
    columns.add(column);
    return column;
  }

  // How fields of records get there.

  private void addId(RecordView record) {
    int length = record.textLength(Text.REQUEST_ID);
    if (length == 0 || record.type() == RecordLayout.LINE) { // a line's is that of a request
      id.add(record.idHigh(), record.idLow());
    } else {
      int start = record.textStart(Text.REQUEST_ID);
      byte[] bytes = record.bytes();
      if (Utf8.isPlain(bytes, start, length)) {
        id.add(bytes, start, length);
      } else {
        byte[] clean = Utf8.clean(bytes, start, length);
        id.add(clean, 0, clean.length);
      }
    }
  }

  static void addName(TextColumn column, int number) {
    if (number == 0) {
      column.addNull();
    } else {
      column.add(number);
    }
  }

  static void addPhase(NumberColumn column, int micros) {
    if (micros == RecordLayout.NONE) {
      column.addNull();
    } else {
      column.add(micros);
    }
  }

  /** Null where there is none. */
  static void addText(TextColumn column, RecordView record, Text which) {
    int length = record.textLength(which);
    if (length == 0) {
      column.addNull();
      return;
    }
    int start = record.textStart(which);
    byte[] bytes = record.bytes();
    if (Utf8.isPlain(bytes, start, length)) {
      column.add(bytes, start, length);
    } else {
      byte[] clean = Utf8.clean(bytes, start, length);
      column.add(clean, 0, clean.length);
    }
  }
}
