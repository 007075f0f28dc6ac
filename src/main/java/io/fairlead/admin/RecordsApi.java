package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.record.sql.QueryOutcome;
import io.fairlead.record.sql.RecordQuestions;
import io.fairlead.record.sql.RecordSql;
import io.fairlead.record.sql.WrongCondition;
import io.fairlead.record.tail.LiveTail;
import io.fairlead.telemetry.Event;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Questions to the request records. All answers have one shape, a table; its rows come as JSON from
 * the process that answers and are passed on as they are.
 */
final class RecordsApi {
  private static final String TABLE = "requests";
  private static final Duration SINCE = Duration.ofMinutes(5);

  /**
   * Where there are enough in such a span before now, the older ones, which may be many files, need
   * not be read.
   */
  private static final List<Duration> YOUNGEST =
      List.of(Duration.ofMinutes(1), Duration.ofHours(1));

  private static final int ROWS = 100;
  private static final int VALUES = 10;
  private static final int MAX_AUDITED = 200;

  private static final List<Parameter> SELECTION =
      List.of(
          new Parameter("since", "A time, or how long ago: 30s, 5m, 2h; default 5m.", false, false),
          new Parameter("where", "Condition, such as status>=500 and node=\"b\".", false, false),
          new Parameter(
              "table",
              "requests (the default), sessions, dns, probes, events or node_logs.",
              false,
              false));

  private final Instance instance;
  private final RecordDetails detail;

  RecordsApi(Instance instance) {
    this.instance = instance;
    detail = new RecordDetails(instance);
  }

  List<Endpoint> endpoints() {
    return List.of(
        new Endpoint(
            "GET",
            "/api/v1/records",
            Role.VIEWER,
            "Request records, newest first.",
            with(
                new Parameter(
                    "limit",
                    "Rows, at most " + RecordQuestions.MAX_ROWS + "; default " + ROWS + ".",
                    false,
                    false)),
            Body.NONE,
            Map.of(Api.JSON, Views.Table.class),
            this::records),
        new Endpoint(
            "GET",
            "/api/v1/records/facets",
            Role.VIEWER,
            "The most frequent values of fields with their shares: field, value, count, share.",
            with(
                new Parameter("field", "Which; default: the usual ones.", false, true),
                new Parameter(
                    "limit",
                    "Values per field, at most "
                        + RecordSql.MAX_VALUES
                        + "; default "
                        + VALUES
                        + ".",
                    false,
                    false)),
            Body.NONE,
            Map.of(Api.JSON, Views.Table.class),
            this::facets),
        new Endpoint(
            "GET",
            "/api/v1/records/tail",
            Role.VIEWER,
            "Records as they come, as server-sent events: row, and skipped with how many more there"
                + " were than "
                + LiveTail.RATE
                + " a second.",
            List.of(SELECTION.get(1), SELECTION.get(2)),
            Body.NONE,
            Map.of("text/event-stream", Views.TailRow.class),
            this::tail),
        new Endpoint(
            "GET",
            "/api/v1/records/{id}",
            Role.VIEWER,
            "One request or session with its phases, and the lines that nodes wrote about it.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, Views.RecordDetail.class),
            call -> detail.answer(call)),
        new Endpoint(
            "POST",
            "/api/v1/query",
            Role.ANALYST,
            "Asks the request records in SQL: one statement that reads.",
            List.of(
                new Parameter(
                    "limit",
                    "Rows, at most and by default " + RecordQuestions.MAX_ROWS + ".",
                    false,
                    false)),
            Body.SQL,
            Map.of(Api.JSON, Views.Table.class),
            this::query));
  }

  private static List<Parameter> with(Parameter... more) {
    List<Parameter> all = new ArrayList<>(SELECTION);
    all.addAll(List.of(more));
    return all;
  }

  private Answer records(Call call) {
    int limit = count(call, "limit", ROWS, RecordQuestions.MAX_ROWS);
    String table = text(call, "table", TABLE);
    String where = text(call, "where", "");
    Instant since = since(call);
    Instant now = Instant.now();
    try {
      for (Duration span : YOUNGEST) {
        Instant later = now.minus(span);
        if (since.isBefore(later.minus(span))) {
          QueryOutcome outcome =
              instance.records().ask(RecordSql.records(table, later, where, limit), limit);
          if (!(outcome instanceof QueryOutcome.Answered found) || found.truncated()) {
            return answer(outcome);
          }
        }
      }
      return answer(instance.records().ask(RecordSql.records(table, since, where, limit), limit));
    } catch (WrongCondition e) {
      throw wrong(e);
    }
  }

  private Answer facets(Call call) {
    int limit = count(call, "limit", VALUES, RecordSql.MAX_VALUES);
    List<String> fields = call.query().getOrDefault("field", List.of());
    try {
      String sql =
          RecordSql.facets(
              text(call, "table", TABLE), since(call), text(call, "where", ""), fields, limit);
      return answer(instance.records().ask(sql, RecordQuestions.MAX_ROWS));
    } catch (WrongCondition e) {
      throw wrong(e);
    }
  }

  private Answer tail(Call call) {
    LiveTail tail = instance.tail();
    LiveTail.Selection selection;
    try {
      selection = tail.select(text(call, "table", TABLE), text(call, "where", ""));
    } catch (WrongCondition e) {
      throw wrong(e);
    }
    if (tail.isFull()) {
      throw Refusal.later(
          "Records are being followed by " + LiveTail.MOST + " already; ask again later.");
    }
    return new Answer.Events(
        new EventStream(EventStream.QUEUED, stream -> follow(tail, selection, stream)));
  }

  private static Runnable follow(LiveTail tail, LiveTail.Selection selection, EventStream stream) {
    stream.offer(EventStream.message(null, "begin", Json.bytes(Map.of())));
    Runnable end =
        tail.follow(
            selection,
            new LiveTail.Sink() {
              @Override
              public void row(byte[] json) {
                stream.offer(EventStream.message(null, "row", json));
              }

              @Override
              public void skipped(long rows) {
                stream.offer(
                    EventStream.message(null, "skipped", Json.bytes(Map.of("rows", rows))));
              }
            });
    if (end == null) { // others were faster
      stream.drop();
      return () -> {};
    }
    return end;
  }

  private static Refusal wrong(WrongCondition e) {
    String message = String.valueOf(e.getMessage());
    return Refusal.at(
        e.position(), Character.toUpperCase(message.charAt(0)) + message.substring(1) + ".");
  }

  private Answer query(Call call) {
    String sql = sql(call.body());
    int limit = count(call, "limit", RecordQuestions.MAX_ROWS, RecordQuestions.MAX_ROWS);
    String line = sql.strip().replaceAll("\\s+", " ");
    instance
        .events()
        .add(
            new Event.Audit(
                call.who(),
                "asked the records: "
                    + (line.length() > MAX_AUDITED ? line.substring(0, MAX_AUDITED) + "…" : line)));
    return answer(instance.records().ask(sql, limit));
  }

  /** No SQL begins with a brace. */
  private static String sql(String body) {
    if (!body.stripLeading().startsWith("{")) {
      return body;
    }
    JsonNode object = Json.object(body);
    for (String key : object.propertyNames()) {
      if (!key.equals("sql")) {
        throw Refusal.of(400, key + ": unknown; there is sql.");
      }
    }
    JsonNode sql = object.get("sql");
    if (sql == null || !sql.isString()) {
      throw Refusal.of(400, "sql: must be a text, such as SELECT count(*) FROM requests.");
    }
    return sql.stringValue();
  }

  private static Answer answer(QueryOutcome outcome) {
    return switch (outcome) {
      case QueryOutcome.Answered answered -> table(answered);
      case QueryOutcome.Wrong(String why, int position) -> throw Refusal.at(position, why);
      case QueryOutcome.TooMuch(String why) -> throw Refusal.of(422, why);
      case QueryOutcome.Unavailable(String why) -> throw Refusal.later(why);
    };
  }

  /** As {@link Views.Table} would be written, without reading the rows for that. */
  private static Answer table(QueryOutcome.Answered answered) {
    ByteArrayOutputStream json = new ByteArrayOutputStream(answered.rows().length + 1024);
    write(json, "{\"columns\":");
    json.writeBytes(Json.bytes(answered.columns()));
    write(json, ",\"rows\":");
    json.writeBytes(answered.rows());
    write(
        json,
        ",\"truncated\":"
            + answered.truncated()
            + ",\"tookMillis\":"
            + answered.nanos() / 1_000_000
            + "}");
    return new Answer.Whole(200, Api.JSON, json.toByteArray(), Map.of());
  }

  private static void write(ByteArrayOutputStream out, String text) {
    out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Instant since(Call call) {
    String text = call.query("since");
    Instant now = Instant.now();
    if (text == null) {
      return now.minus(SINCE);
    }
    Duration ago = span(text);
    try {
      return ago != null ? now.minus(ago) : Instant.parse(text);
    } catch (DateTimeException _) {
      throw Refusal.of(
          400, "since: must be a time such as 2026-11-26T10:00:00Z, or 5m (was " + text + ").");
    }
  }

  static @Nullable Duration span(String text) {
    Duration span = Spans.parse(text);
    if (span == null && text.matches("[0-9]{1,4}d")) {
      return Duration.ofDays(Long.parseLong(text.substring(0, text.length() - 1)));
    }
    return span;
  }

  static int count(Call call, String name, int otherwise, int most) {
    String text = call.query(name);
    if (text == null) {
      return otherwise;
    }
    int count = text.matches("[0-9]{1,6}") ? Integer.parseInt(text) : 0;
    if (count < 1 || count > most) {
      throw Refusal.of(
          400, name + ": must be a whole number from 1 to " + most + " (was " + text + ").");
    }
    return count;
  }

  private static String text(Call call, String name, String otherwise) {
    String text = call.query(name);
    return text == null ? otherwise : text;
  }
}
