package io.fairlead.record.sql;

import io.fairlead.insight.incident.Comparison.Counted;
import io.fairlead.telemetry.ErrorReason;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Counts of two selections as SQL, for spans that are not in memory: every field in one pass by
 * grouping sets, pairs of the telling values in another. What counts as slow comes from buckets; no
 * exact quantile is asked for.
 */
public final class WhySql {
  /** Values of a field that are fetched. */
  private static final int VALUES = 60;

  private static final List<String> FIELDS =
      List.of(
          "listener",
          "route",
          "service",
          "node",
          "instance",
          "method",
          "host",
          "protocol",
          "status",
          "error",
          "tries");

  /** Those with many values cost more than others, and are left out where there is very much. */
  private static final List<String> FINE = List.of("client", "user_agent", "path");

  private static final String FAILED = failed();

  private WhySql() {}

  private static String failed() {
    String reasons =
        Arrays.stream(ErrorReason.values())
            .filter(reason -> reason.status() >= 500)
            .map(reason -> QueryEngine.literal(reason.wireName()))
            .collect(Collectors.joining(", "));
    return "((status >= 500 OR error IN ("
        + reasons
        + ")) AND (error IS NULL OR error NOT IN ("
        + QueryEngine.literal(ErrorReason.FAULT_INJECTED.wireName())
        + ", "
        + QueryEngine.literal(ErrorReason.NOT_CACHED.wireName())
        + ")))"; // what is meant is no failure
  }

  /** How many records there are in the span: one row, one column. */
  public static String count(WhyQuestion question) throws WrongCondition {
    return "SELECT count(*) FROM requests WHERE " + span(question.first(), question.to());
  }

  /**
   * {@code field, value, selection, rest, values}: of each field its most frequent values, and
   * without a field the sums.
   */
  public static String fields(WhyQuestion question, boolean fine) throws WrongCondition {
    List<String> fields = new ArrayList<>(FIELDS);
    if (fine) {
      fields.addAll(FINE);
    }
    StringBuilder field = new StringBuilder();
    StringBuilder value = new StringBuilder();
    StringBuilder sets = new StringBuilder("()");
    for (String each : fields) {
      String when = " WHEN grouping(" + each + ") = 0 THEN ";
      field.append(when).append(QueryEngine.literal(each));
      value.append(when).append(each).append("::VARCHAR");
      sets.append(", (").append(each).append(')');
    }
    return "WITH "
        + rows(question, fields)
        + ", counted AS (SELECT CASE"
        + field
        + " END AS field, CASE"
        + value
        + " END AS value, coalesce(sum(weight) FILTER (selected), 0) AS selection,"
        + " coalesce(sum(weight) FILTER (NOT selected), 0) AS rest FROM compared"
        + " GROUP BY GROUPING SETS ("
        + sets
        + ")) SELECT field, value, selection, rest,"
        + " count(*) OVER (PARTITION BY field) AS values FROM counted"
        + " QUALIFY row_number() OVER (PARTITION BY field ORDER BY selection DESC, rest DESC) <= "
        + VALUES;
  }

  /** {@code has, selection, rest}: by the bits of the values that requests have. */
  public static String pairs(WhyQuestion question, List<Counted> values) throws WrongCondition {
    StringBuilder has = new StringBuilder();
    for (int i = 0; i < values.size(); i++) {
      Counted each = values.get(i);
      has.append(i == 0 ? "" : " + ")
          .append("CASE WHEN ")
          .append(each.field())
          .append("::VARCHAR = ")
          .append(QueryEngine.literal(each.value()))
          .append(" THEN ")
          .append(1 << i)
          .append(" ELSE 0 END");
    }
    return "WITH "
        + rows(question, values.stream().map(Counted::field).distinct().toList())
        + " SELECT "
        + has
        + " AS has, coalesce(sum(weight) FILTER (selected), 0) AS selection,"
        + " coalesce(sum(weight) FILTER (NOT selected), 0) AS rest FROM compared GROUP BY has";
  }

  private static String rows(WhyQuestion question, List<String> fields) throws WrongCondition {
    String inSpan = span(question.from(), question.to());
    String selected =
        "coalesce("
            + inSpan
            + " AND total_us >= "
            + question.minMicros()
            + " AND total_us < "
            + question.maxMicros()
            + " AND "
            + selected(question)
            + ", false)";
    StringBuilder sql = new StringBuilder();
    if (question.isSlow()) {
      sql.append(
              "usual AS (SELECT route AS usual_route, p99(total_us) AS most FROM requests WHERE ")
          .append(span(question.first(), question.before() ? question.from() : question.to()))
          .append(" GROUP BY route), ");
    }
    sql.append("compared AS (SELECT ")
        .append(String.join(", ", fields))
        .append(", weight, ")
        .append(selected)
        .append(" AS selected FROM requests ");
    if (question.isSlow()) {
      sql.append("LEFT JOIN usual ON route = usual_route ");
    }
    sql.append("WHERE ").append(span(question.first(), question.to()));
    if (!question.both().isBlank()) {
      sql.append(" AND ").append(condition(question.both()));
    }
    if (question.before()) {
      sql.append(" AND (time < ")
          .append(ConditionReader.literal(question.from()))
          .append(" OR ")
          .append(selected)
          .append(')');
    }
    return sql.append(')').toString();
  }

  private static String selected(WhyQuestion question) throws WrongCondition {
    String bad = question.bad();
    if (bad == null) {
      return question.where().isBlank() ? "true" : condition(question.where());
    }
    return switch (bad) {
      case WhyQuestion.ERRORS -> FAILED;
      case WhyQuestion.SLOW -> "total_us > most";
      default -> condition(bad);
    };
  }

  private static String condition(String text) throws WrongCondition {
    return "(" + ConditionReader.read(RecordTable.REQUESTS, text).sql() + ")";
  }

  private static String span(Instant from, Instant to) {
    return "time >= "
        + ConditionReader.literal(from)
        + " AND time < "
        + ConditionReader.literal(to);
  }
}
