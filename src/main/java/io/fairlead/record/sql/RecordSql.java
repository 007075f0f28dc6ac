package io.fairlead.record.sql;

import io.fairlead.config.Suggest;
import io.fairlead.record.sql.RecordTable.Column;
import io.fairlead.record.sql.RecordTable.ColumnType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Questions that need no SQL from whoever asks. */
public final class RecordSql {
  /** Values of a field that facets tell at most. */
  public static final int MAX_VALUES = 100;

  private static final int MAX_FACETS = 12;

  /** Numbers whose values are worth counting one by one. */
  private static final Set<String> COUNTED_NUMBERS = Set.of("status", "tries");

  /** Different in every record, or nearly. */
  private static final Set<String> UNIQUE = Set.of("id", "trace_id", "request_id", "text");

  private static final List<String> USUAL =
      List.of(
          "listener",
          "route",
          "service",
          "node",
          "status",
          "error",
          "method",
          "client",
          "name",
          "type",
          "code",
          "answer",
          "kind",
          "outcome",
          "level",
          "source",
          "pattern");

  /** Lines of a node that are shown with a request though they do not name it. */
  private static final Duration BESIDE = Duration.ofSeconds(2);

  /** Nodes may write about a request later, and their clocks may be wrong. */
  private static final Duration ABOUT = Duration.ofMinutes(10);

  private RecordSql() {}

  /**
   * The records of a table, newest first.
   *
   * @param since from when
   * @param where condition; blank: all
   * @param limit one more is asked for, so that it shows whether there are more
   */
  public static String records(String table, Instant since, String where, int limit)
      throws WrongCondition {
    RecordTable from = table(table);
    return "SELECT * FROM "
        + from.sqlName()
        + filter(from, since, where)
        + " ORDER BY time DESC LIMIT "
        + (limit + 1);
  }

  /**
   * The values of fields with their shares, most frequent first: {@code field, value, count,
   * share}. One pass over the records whatever the number of fields. What sampling left out is
   * counted by the weight of what it kept.
   *
   * @param fields empty: the usual ones that the table has
   * @param limit values per field
   */
  public static String facets(
      String table, Instant since, String where, List<String> fields, int limit)
      throws WrongCondition {
    RecordTable from = table(table);
    List<String> wanted = fields.isEmpty() ? usual(from) : checked(from, fields);
    StringBuilder field = new StringBuilder();
    StringBuilder value = new StringBuilder();
    StringBuilder sets = new StringBuilder();
    for (String each : wanted) {
      String column = '"' + each + '"';
      String when = " WHEN grouping(" + column + ") = 0 THEN ";
      field.append(when).append(QueryEngine.literal(each));
      value.append(when).append(column).append("::VARCHAR");
      sets.append(sets.isEmpty() ? "" : ", ").append('(').append(column).append(')');
    }
    String count = from.column("weight") == null ? "count(*)::DOUBLE" : "sum(weight)";
    return "WITH counted AS (SELECT CASE"
        + field
        + " END AS field, CASE"
        + value
        + " END AS value, "
        + count
        + " AS count FROM "
        + from.sqlName()
        + filter(from, since, where)
        + " GROUP BY GROUPING SETS ("
        + sets
        + ")) SELECT field, value, round(count)::BIGINT AS count,"
        + " round(counted.count / sum(counted.count) OVER (PARTITION BY field), 4) AS share FROM counted"
        + " QUALIFY row_number() OVER (PARTITION BY field ORDER BY counted.count DESC, value) <= "
        + limit
        + " ORDER BY list_position("
        + list(wanted)
        + ", field), counted.count DESC, value";
  }

  /** When Fairlead made that id; null: it did not, or not in a time that there are records of. */
  public static @Nullable Instant madeAt(String id) {
    return id.matches("0[0-9a-f]{23}")
        ? Instant.ofEpochMilli(Long.parseLong(id.substring(0, 12), 16))
        : null;
  }

  /**
   * The records of that id, newest first.
   *
   * @param from null: at any time
   * @param to null: at any time
   */
  public static String one(
      String table, String id, @Nullable Instant from, @Nullable Instant to, int limit) {
    return "SELECT * FROM "
        + table
        + " WHERE id = "
        + QueryEngine.literal(id)
        + (from == null ? "" : " AND time >= " + ConditionReader.literal(from))
        + (to == null ? "" : " AND time <= " + ConditionReader.literal(to))
        + " ORDER BY time DESC LIMIT "
        + limit;
  }

  /**
   * Lines of nodes' logs about a request: those with its id or its trace, and what its node wrote
   * at about that time. {@code about} says which of both.
   *
   * @param trace empty: it has none
   * @param node empty: none was tried
   */
  public static String lines(
      String id, String trace, String service, String node, Instant start, Instant end, int limit) {
    String about =
        "(request_id = "
            + QueryEngine.literal(id)
            + (trace.isEmpty() ? "" : " OR trace_id = " + QueryEngine.literal(trace))
            + ")";
    String beside =
        node.isEmpty()
            ? ""
            : " OR (service = "
                + QueryEngine.literal(service)
                + " AND node = "
                + QueryEngine.literal(node)
                + " AND "
                + between(start.minus(BESIDE), end.plus(BESIDE))
                + ")";
    return "SELECT coalesce("
        + about
        + ", false) AS about, * FROM node_logs WHERE "
        + between(start.minus(ABOUT), end.plus(ABOUT))
        + " AND ("
        + about
        + beside
        + ") ORDER BY about DESC, time LIMIT "
        + limit;
  }

  private static String between(Instant from, Instant to) {
    return "time BETWEEN " + ConditionReader.literal(from) + " AND " + ConditionReader.literal(to);
  }

  private static String filter(RecordTable table, Instant since, String where)
      throws WrongCondition {
    return " WHERE time >= "
        + ConditionReader.literal(since)
        + (where.isBlank() ? "" : " AND " + ConditionReader.read(table, where).sql());
  }

  /** The table of that name. */
  public static RecordTable table(String name) throws WrongCondition {
    RecordTable table = RecordTable.of(name);
    if (table == null) {
      throw new WrongCondition(
          0,
          "there is no table "
              + name
              + Suggest.among(
                  name, Arrays.stream(RecordTable.values()).map(RecordTable::sqlName).toList()));
    }
    return table;
  }

  private static List<String> usual(RecordTable table) {
    return USUAL.stream().filter(name -> table.column(name) != null).toList();
  }

  private static List<String> checked(RecordTable table, List<String> fields)
      throws WrongCondition {
    if (fields.size() > MAX_FACETS) {
      throw new WrongCondition(0, "at most " + MAX_FACETS + " fields can be counted at once");
    }
    List<String> checked = new ArrayList<>();
    for (String field : fields) {
      if (!isCounted(table.column(field))) {
        List<String> known =
            table.columns().stream().filter(RecordSql::isCounted).map(Column::name).toList();
        throw new WrongCondition(
            0,
            "the values of "
                + field
                + " in "
                + table.sqlName()
                + " cannot be counted"
                + Suggest.among(field, known));
      }
      if (!checked.contains(field)) {
        checked.add(field);
      }
    }
    return checked;
  }

  private static boolean isCounted(@Nullable Column column) {
    return column != null
        && !UNIQUE.contains(column.name())
        && (column.type() == ColumnType.VARCHAR
            || column.type() == ColumnType.BOOLEAN
            || COUNTED_NUMBERS.contains(column.name()));
  }

  private static String list(List<String> texts) {
    return "[" + String.join(", ", texts.stream().map(QueryEngine::literal).toList()) + "]";
  }
}
