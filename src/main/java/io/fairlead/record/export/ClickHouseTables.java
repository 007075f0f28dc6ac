package io.fairlead.record.export;

import io.fairlead.record.sql.RecordTable;
import java.util.Set;

/** What tables ClickHouse needs: of the columns that SQL sees here. */
final class ClickHouseTables {
  /** Texts of which there are few. */
  private static final Set<String> FEW =
      Set.of(
          "instance",
          "listener",
          "route",
          "service",
          "node",
          "method",
          "protocol",
          "error",
          "kind",
          "outcome",
          "source",
          "level",
          "pattern",
          "type",
          "code");

  private ClickHouseTables() {}

  /**
   * The statement that makes a table. Rows that are sent twice, which happens when it is not known
   * whether they have arrived, have the same time and id: this engine keeps one of them.
   */
  static String create(RecordTable table) {
    StringBuilder sql = new StringBuilder("CREATE TABLE " + table.sqlName() + " (\n");
    for (RecordTable.Column column : table.columns()) {
      sql.append("  ")
          .append(column.name())
          .append(' ')
          .append(
              switch (column.type()) {
                case VARCHAR -> FEW.contains(column.name()) ? "LowCardinality(String)" : "String";
                case TIMESTAMP -> "DateTime64(6, 'UTC')";
                case INTEGER -> "Nullable(Int64)";
                case BIGINT -> "Int64";
                case DOUBLE -> "Float64";
                case BOOLEAN -> "Bool";
              })
          .append(",\n");
    }
    sql.setLength(sql.length() - 2);
    return sql.append(
            "\n) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(time) ORDER BY (time, id)")
        .toString();
  }
}
