package io.fairlead.record.sql;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tables that can be asked, each a folder of Parquet files. A table has these columns whether
 * it has files or not and whatever they hold: what an older file lacks is null. Columns that only
 * files have come after them.
 */
public enum RecordTable {
  /** One row per HTTP exchange. */
  REQUESTS(
      "id VARCHAR, time TIMESTAMP, instance VARCHAR, listener VARCHAR, route VARCHAR,"
          + " service VARCHAR, node VARCHAR, client VARCHAR, method VARCHAR, host VARCHAR,"
          + " path VARCHAR, protocol VARCHAR, status INTEGER, error VARCHAR, bytes_in BIGINT,"
          + " bytes_out BIGINT, total_us INTEGER, queue_us INTEGER, connect_us INTEGER,"
          + " tls_us INTEGER, first_byte_us INTEGER, tries INTEGER, user_agent VARCHAR,"
          + " trace_id VARCHAR, weight DOUBLE"),
  /** One row per TCP connection or UDP session. */
  SESSIONS(
      "id VARCHAR, time TIMESTAMP, instance VARCHAR, listener VARCHAR, route VARCHAR,"
          + " service VARCHAR, node VARCHAR, client VARCHAR, host VARCHAR, protocol VARCHAR,"
          + " error VARCHAR, bytes_in BIGINT, bytes_out BIGINT, total_us INTEGER,"
          + " queue_us INTEGER, connect_us INTEGER, tls_us INTEGER, tries INTEGER, weight DOUBLE"),
  /** One row per DNS answer. */
  DNS(
      "id VARCHAR, time TIMESTAMP, instance VARCHAR, listener VARCHAR, client VARCHAR,"
          + " protocol VARCHAR, name VARCHAR, type VARCHAR, code VARCHAR, answer VARCHAR,"
          + " error VARCHAR, total_us INTEGER, weight DOUBLE"),
  /** One row per probe of a node. */
  PROBES(
      "id VARCHAR, time TIMESTAMP, instance VARCHAR, service VARCHAR, node VARCHAR,"
          + " kind VARCHAR, outcome VARCHAR, reason VARCHAR, total_us INTEGER"),
  /** One row per event. */
  EVENTS(
      "id VARCHAR, time TIMESTAMP, instance VARCHAR, kind VARCHAR, listener VARCHAR,"
          + " service VARCHAR, node VARCHAR, text VARCHAR"),
  /** One row per line of the nodes' own logs. */
  NODE_LOGS(
      "id VARCHAR, time TIMESTAMP, instance VARCHAR, service VARCHAR, node VARCHAR,"
          + " source VARCHAR, level VARCHAR, request_id VARCHAR, trace_id VARCHAR,"
          + " pattern VARCHAR, text VARCHAR");

  /** A column. */
  public record Column(String name, ColumnType type) {}

  /** What a column holds. */
  public enum ColumnType {
    VARCHAR,
    TIMESTAMP,
    INTEGER,
    BIGINT,
    DOUBLE,
    BOOLEAN;
  }

  private final String columns;

  RecordTable(String columns) {
    this.columns = columns;
  }

  /** As SQL names it; also the name of its folder. */
  public String sqlName() {
    return name().toLowerCase(Locale.ROOT);
  }

  public List<Column> columns() {
    return Pattern.compile(", ")
        .splitAsStream(columns)
        .map(column -> column.split(" ", -1))
        .map(parts -> new Column(parts[0], ColumnType.valueOf(parts[1])))
        .toList();
  }

  @Nullable Column column(String name) {
    for (Column column : columns()) {
      if (column.name().equals(name)) {
        return column;
      }
    }
    return null;
  }

  /** Null: there is no such table. */
  public static @Nullable RecordTable of(String name) {
    for (RecordTable table : values()) {
      if (table.sqlName().equals(name)) {
        return table;
      }
    }
    return null;
  }

  /** No row, all columns: what a view of the table begins with. */
  String emptySql() {
    StringBuilder sql = new StringBuilder("SELECT ");
    for (Column column : columns()) {
      sql.append(sql.length() > 7 ? ", " : "")
          .append("NULL::")
          .append(column.type())
          .append(" AS ")
          .append(column.name());
    }
    return sql.append(" WHERE false").toString();
  }
}
