package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.insight.incident.Comparison;
import io.fairlead.insight.incident.Comparison.Counted;
import io.fairlead.insight.incident.Comparison.Explanation;
import io.fairlead.insight.incident.RecentView;
import io.fairlead.record.sql.LiveWhy;
import io.fairlead.record.sql.QueryOutcome;
import io.fairlead.record.sql.RecordQuestions;
import io.fairlead.record.sql.WhyQuestion;
import io.fairlead.record.sql.WhySql;
import io.fairlead.record.sql.WrongCondition;
import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import io.fairlead.service.Service;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What distinguishes some requests from others: from memory where they all are there, else from the
 * files of records.
 */
final class WhyApi {
  private static final Duration FROM = Duration.ofMinutes(5);
  private static final Duration LONGEST = Duration.ofDays(400);

  /** A copy of what is in memory is made at the next look of the recorder. */
  private static final long PATIENCE_MILLIS = 500;

  /** Beyond, fields with very many values and pairs are left out, so that it is answered soon. */
  private static final long MUCH = 30_000_000;

  @Doc("What distinguishes the selected requests from the others.")
  record Why(
      WhyCounts selection,
      WhyCounts rest,
      @Doc("rest or before: what they were compared with.") String against,
      @Doc("memory, or files: those are complete up to some ten seconds ago.") String source,
      @Doc("The most telling first; status, error and tries, which say what came of it, last.")
          List<WhyField> fields,
      List<WhyPair> pairs,
      @Doc("The most telling of it in one sentence.") String text) {}

  @Doc("A number of requests.")
  record WhyCounts(long requests) {}

  @Doc("The values of a field.")
  record WhyField(
      String name,
      @Doc("How much of what tells the selection from the rest its best value explains, 0 to 1.")
          double score,
      List<WhyValue> values,
      @Doc("Values that are not told.") int more) {}

  @Doc("How frequent a value is.")
  record WhyValue(
      String value,
      @Doc("Share of the selected requests that have it.") double selection,
      @Doc("Share of the others.") double rest,
      @Doc("Selected requests that have it.") long count) {}

  @Doc("Two values together.")
  record WhyPair(
      Map<String, String> fields, double selection, double rest, long count, double score) {}

  private final Instance instance;

  WhyApi(Instance instance) {
    this.instance = instance;
  }

  Endpoint endpoint() {
    return new Endpoint(
        "GET",
        "/api/v1/why",
        Role.VIEWER,
        "What distinguishes some requests from others.",
        List.of(
            new Parameter("from", Times.MEANING + " Default 5m.", false, false),
            new Parameter("to", Times.MEANING + " Default now.", false, false),
            new Parameter(
                "where",
                "Condition, such as route=\"web-1\": which requests; with bad, which are looked at.",
                false,
                false),
            new Parameter(
                "bad",
                "errors, slow, or a condition: which of them. Without bad, where and durations:"
                    + " errors.",
                false,
                false),
            new Parameter("minMicros", "They took at least so long.", false, false),
            new Parameter("maxMicros", "They took less than that.", false, false),
            new Parameter(
                "against",
                "rest (the default): the other requests of the span; before: all of the time just"
                    + " before, as long.",
                false,
                false)),
        Body.NONE,
        Map.of(Api.JSON, Why.class),
        this::why);
  }

  private Answer why(Call call) {
    WhyQuestion question = question(call);
    try {
      Answered found = answer(question);
      if (found.explanation().rest() == 0 && found.explanation().selection() > 0) {
        WhyQuestion before = question.againstBefore(); // all of the span was selected
        return Answer.json(view(answer(before), before));
      }
      return Answer.json(view(found, question));
    } catch (WrongCondition e) {
      String message = String.valueOf(e.getMessage());
      throw Refusal.at(
          e.position(), Character.toUpperCase(message.charAt(0)) + message.substring(1) + ".");
    }
  }

  private static WhyQuestion question(Call call) {
    long now = System.currentTimeMillis();
    long from = Times.of(call, "from", now, now - FROM.toMillis());
    long to = Times.of(call, "to", now, now);
    if (from >= to) {
      throw Refusal.of(400, "from: must be earlier than to.");
    }
    if (to - from > LONGEST.toMillis()) {
      throw Refusal.of(400, "from: must be at most 400 days before to.");
    }
    String where = call.query("where");
    String bad = call.query("bad");
    long least = micros(call, "minMicros", 0);
    long most = micros(call, "maxMicros", Long.MAX_VALUE);
    if (least >= most) {
      throw Refusal.of(400, "minMicros: must be less than maxMicros.");
    }
    boolean nothing = (where == null || where.isBlank()) && least == 0 && most == Long.MAX_VALUE;
    String against = call.query("against");
    if (against != null && !against.equals("rest") && !against.equals("before")) {
      throw Refusal.of(400, "against: must be rest or before (was " + against + ").");
    }
    boolean before = "before".equals(against);
    return new WhyQuestion(
        Instant.ofEpochMilli(from),
        Instant.ofEpochMilli(to),
        where == null ? "" : where,
        bad != null && !bad.isBlank() ? bad : nothing && !before ? "errors" : null,
        least,
        most,
        before);
  }

  private static long micros(Call call, String name, long otherwise) {
    String text = call.query(name);
    if (text == null) {
      return otherwise;
    }
    if (!text.matches("[0-9]{1,15}")) {
      throw Refusal.of(400, name + ": must be a whole number of microseconds (was " + text + ").");
    }
    return Long.parseLong(text);
  }

  private record Answered(Explanation explanation, String source) {}

  /**
   * From memory if all of it is there, or more than in the files: those come some seconds later.
   */
  private Answered answer(WhyQuestion question) throws WrongCondition {
    RecentView view = recent();
    Explanation live = view == null ? null : LiveWhy.ask(view, question);
    if (view != null && live != null && LiveWhy.covers(view, question)) {
      return new Answered(live, "memory");
    }
    Explanation files = files(question);
    boolean more =
        live != null && live.selection() + live.rest() > files.selection() + files.rest();
    return live != null && more ? new Answered(live, "memory") : new Answered(files, "files");
  }

  private @Nullable RecentView recent() {
    try {
      return instance.incidents().recent().get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return null;
    } catch (ExecutionException | TimeoutException _) {
      return null;
    }
  }

  private Explanation files(WhyQuestion question) throws WrongCondition {
    long records = rows(WhySql.count(question)).get(0).get(0).longValue();
    boolean much = records > MUCH;
    JsonNode rows = rows(WhySql.fields(question, !much));
    double selection = 0;
    double rest = 0;
    for (JsonNode row : rows) {
      if (row.get(0).isNull()) {
        selection = row.get(2).doubleValue();
        rest = row.get(3).doubleValue();
      }
    }
    Comparison comparison = new Comparison(selection, rest);
    for (JsonNode row : rows) {
      if (!row.get(0).isNull() && !row.get(1).isNull()) {
        String field = row.get(0).stringValue();
        comparison.add(
            field, row.get(1).stringValue(), row.get(2).doubleValue(), row.get(3).doubleValue());
        comparison.distinct(field, row.get(4).intValue());
      }
    }
    List<Counted> tried = much ? List.of() : comparison.candidates();
    labels(comparison, rows);
    if (tried.size() > 1) {
      pairs(comparison, tried, rows(WhySql.pairs(question, tried)));
    }
    return comparison.explain();
  }

  private static void pairs(Comparison comparison, List<Counted> tried, JsonNode rows) {
    RecentView.addPairs(
        comparison,
        tried,
        mask -> {
          double[] both = new double[2];
          for (JsonNode row : rows) {
            if ((row.get(0).intValue() & mask) == mask) {
              both[0] += row.get(1).doubleValue();
              both[1] += row.get(2).doubleValue();
            }
          }
          return both;
        });
  }

  /** Records have no version and no zone; nodes do, now. */
  private void labels(Comparison comparison, JsonNode rows) {
    Map<String, NodeFacts> facts = new HashMap<>();
    for (Service service : instance.services()) {
      for (Node node : service.nodes().all()) {
        facts.put(node.name(), node.facts());
      }
    }
    labels(comparison, rows, "version", node -> label(facts.get(node), "version"));
    labels(
        comparison,
        rows,
        "zone",
        node -> {
          NodeFacts its = facts.get(node);
          return its != null && !its.zone().isEmpty() ? its.zone() : label(its, "zone");
        });
  }

  private static String label(@Nullable NodeFacts facts, String name) {
    return facts == null ? "" : facts.labels().getOrDefault(name, "");
  }

  private static void labels(
      Comparison comparison, JsonNode rows, String field, Function<String, String> label) {
    Map<String, double[]> sums = new HashMap<>();
    for (JsonNode row : rows) {
      if (!row.get(0).isNull() && !row.get(1).isNull() && row.get(0).stringValue().equals("node")) {
        String value = label.apply(row.get(1).stringValue());
        if (!value.isEmpty()) {
          double[] sum = sums.computeIfAbsent(value, _ -> new double[2]);
          sum[0] += row.get(2).doubleValue();
          sum[1] += row.get(3).doubleValue();
        }
      }
    }
    sums.forEach((value, sum) -> comparison.add(field, value, sum[0], sum[1]));
  }

  private JsonNode rows(String sql) {
    return switch (instance.records().ask(sql, RecordQuestions.MAX_ROWS)) {
      case QueryOutcome.Answered answered ->
          Json.tree(new String(answered.rows(), StandardCharsets.UTF_8));
      case QueryOutcome.Wrong(String why, int _) -> throw Refusal.of(400, why);
      case QueryOutcome.TooMuch(String why) -> throw Refusal.of(422, why);
      case QueryOutcome.Unavailable(String why) -> throw Refusal.later(why);
    };
  }

  private static Why view(Answered answered, WhyQuestion question) {
    Explanation explanation = answered.explanation();
    return new Why(
        new WhyCounts(explanation.selection()),
        new WhyCounts(explanation.rest()),
        question.before() ? "before" : "rest",
        answered.source(),
        explanation.fields().stream()
            .map(field ->
                new WhyField(
                    field.name(),
                    field.score(),
                    field.values().stream()
                        .map(value ->
                            new WhyValue(
                                value.value(), value.selection(), value.rest(), value.count()))
                        .toList(),
                    field.more()))
            .toList(),
        explanation.pairs().stream()
            .map(pair ->
                new WhyPair(
                    pair.fields(), pair.selection(), pair.rest(), pair.count(), pair.score()))
            .toList(),
        explanation.text());
  }
}
