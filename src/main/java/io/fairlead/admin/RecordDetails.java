package io.fairlead.admin;

import io.fairlead.record.sql.QueryOutcome;
import io.fairlead.record.sql.RecordSql;
import io.fairlead.telemetry.ErrorReason;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One record with all there is about it. An id that Fairlead made begins with the time, so that few
 * files have to be looked at; only one that somebody else made is looked for in all.
 */
final class RecordDetails {
  /** Records of the same id that are told apart. */
  private static final int MOST = 10;

  private static final int MOST_LINES = 200;
  private static final int MAX_ID = 128;

  /** A head may take some time to come, and its first byte is the record's time. */
  private static final Duration BEFORE = Duration.ofMinutes(2);

  private static final Duration AFTER = Duration.ofSeconds(2);

  private static final List<String> TABLES = List.of("requests", "sessions");

  private final Instance instance;

  RecordDetails(Instance instance) {
    this.instance = instance;
  }

  /** A row, and how many others have the same id. */
  private record Found(String table, Map<String, Object> row, int others) {}

  Answer answer(Call call) {
    String id = call.path("id");
    if (id.isEmpty() || id.length() > MAX_ID) {
      throw Refusal.of(400, "An id has 1 to " + MAX_ID + " characters.");
    }
    boolean written = instance.writeRecords();
    Found found = find(id);
    if (found == null) {
      throw Refusal.of(
          404,
          "There is no record of "
              + id
              + (written ? "." : "; what has come in the last ten seconds cannot be found yet."));
    }
    return Answer.json(detail(found));
  }

  private @Nullable Found find(String id) {
    Instant made = RecordSql.madeAt(id);
    if (made != null) {
      Found near = find(id, "requests", made.minus(BEFORE), made.plus(AFTER));
      if (near != null) {
        return near;
      }
    }
    for (String table : TABLES) {
      Found found = find(id, table, null, null);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private @Nullable Found find(
      String id, String table, @Nullable Instant from, @Nullable Instant to) {
    List<Map<String, Object>> rows = rows(RecordSql.one(table, id, from, to, MOST), MOST);
    return rows.isEmpty() ? null : new Found(table, rows.getFirst(), rows.size() - 1);
  }

  private Views.RecordDetail detail(Found found) {
    Map<String, Object> row = found.row();
    Instant start = Instant.parse(text(row, "time"));
    Instant end = start.plusNanos(micros(row, "total_us") * 1000);
    List<Map<String, Object>> lines =
        rows(
            RecordSql.lines(
                text(row, "id"),
                text(row, "trace_id"),
                text(row, "service"),
                text(row, "node"),
                start,
                end,
                MOST_LINES + 1),
            MOST_LINES + 1);
    boolean truncated = lines.size() > MOST_LINES;
    return new Views.RecordDetail(
        found.table(),
        row,
        phases(row),
        meaning(text(row, "error")),
        truncated ? lines.subList(0, MOST_LINES) : lines,
        truncated,
        found.others());
  }

  private static List<Views.Phase> phases(Map<String, Object> row) {
    long total = micros(row, "total_us");
    long rest = total;
    List<Views.Phase> phases = new ArrayList<>();
    for (String name : List.of("queue", "connect", "tls", "first_byte")) {
      if (row.get(name + "_us") != null) {
        long micros = micros(row, name + "_us");
        rest -= micros;
        phases.add(phase(name.replace('_', '-'), micros, total));
      }
    }
    phases.add(phase("rest", Math.max(0, rest), total));
    return phases;
  }

  private static Views.Phase phase(String name, long micros, long total) {
    return new Views.Phase(
        name, micros, total == 0 ? 0 : Math.round(1000.0 * micros / total) / 1e3);
  }

  private static @Nullable String meaning(String error) {
    for (ErrorReason reason : ErrorReason.values()) {
      if (reason.wireName().equals(error)) {
        return reason.meaning();
      }
    }
    return null;
  }

  private static long micros(Map<String, Object> row, String name) {
    return row.get(name) instanceof Number number ? number.longValue() : 0;
  }

  private static String text(Map<String, Object> row, String name) {
    return row.get(name) instanceof String text ? text : "";
  }

  private List<Map<String, Object>> rows(String sql, int limit) {
    return switch (instance.records().ask(sql, limit)) {
      case QueryOutcome.Answered answered -> rows(answered);
      case QueryOutcome.Wrong(String why, _) -> throw new IllegalStateException(why + " in " + sql);
      case QueryOutcome.TooMuch(String why) -> throw Refusal.of(422, why);
      case QueryOutcome.Unavailable(String why) -> throw Refusal.later(why);
    };
  }

  private static List<Map<String, Object>> rows(QueryOutcome.Answered answered) {
    List<Map<String, Object>> rows = new ArrayList<>();
    for (JsonNode row : Json.tree(answered.rows())) {
      Map<String, Object> named = new LinkedHashMap<>();
      for (int i = 0; i < answered.columns().size(); i++) {
        named.put(answered.columns().get(i).name(), value(row.get(i)));
      }
      rows.add(named);
    }
    return rows;
  }

  private static @Nullable Object value(JsonNode node) {
    if (node.isNull()) {
      return null;
    }
    if (node.isIntegralNumber()) {
      return node.longValue();
    }
    if (node.isNumber()) {
      return node.doubleValue();
    }
    return node.isBoolean() ? (Object) node.booleanValue() : node.asString();
  }
}
