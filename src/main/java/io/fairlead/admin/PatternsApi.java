package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.insight.pattern.PatternAnswer;
import io.fairlead.insight.pattern.PatternAnswer.Found;
import io.fairlead.insight.pattern.PatternQuestion;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What lines of the nodes' own logs have in common. */
final class PatternsApi {
  private static final long SPAN_MILLIS = 3_600_000;
  private static final int LISTED = 50;
  private static final int MOST = 500;

  private final Instance instance;

  PatternsApi(Instance instance) {
    this.instance = instance;
  }

  Endpoint endpoint() {
    return Api.get(
        "/api/v1/patterns",
        "Patterns of the nodes' own log lines: how many, since when, which are new or come more"
            + " often than usual. Of the last hour; for older lines ask the table node_logs.",
        List.of(
            new Parameter("from", Times.MEANING + " Default 1h.", false, false),
            new Parameter("to", Times.MEANING + " Default now.", false, false),
            new Parameter("service", "Only lines of this one.", false, false),
            new Parameter("node", "Likewise.", false, false),
            new Parameter(
                "limit", "Patterns, at most " + MOST + "; default " + LISTED + ".", false, false)),
        Patterns.class,
        this::patterns);
  }

  // What the answer looks like.

  @Doc("Patterns of lines.")
  record Patterns(
      @Doc("Milliseconds since 1970; to whole ten seconds.") long from,
      long to,
      @Doc("Since when lines are counted.") RollupsApi.Span span,
      @Doc("In all patterns.") long lines,
      @Doc("Those that deserve a look first, then those with most lines.")
          List<PatternView> patterns,
      @Doc("Patterns that are left out.") int left,
      @Doc("Patterns that had to make room for others since the start.") long forgotten) {}

  @Doc("A pattern.")
  record PatternView(
      @Doc("What the column pattern of its lines says.") String id,
      @Doc("With <*> where its lines differ.") String text,
      @Doc("One of its lines.") String example,
      long lines,
      @Doc("Of all lines, 0 to 1.") double share,
      @Doc("When the first was written, milliseconds since 1970.") long first,
      long last,
      @Doc("Lines by level since it is known; empty: it says none.") Map<String, Long> levels,
      @Doc("Whether it sounds as if something had gone wrong.") boolean error,
      @Doc("True: some service wrote it first within the hour, and had been known before.")
          boolean fresh,
      @Doc("Services where it comes more often than usual.") List<BurstView> bursts,
      @Doc("Who writes it, those with most lines first, at most 50.") List<PatternPlace> nodes) {
    static PatternView of(Found found) {
      return new PatternView(
          found.id(),
          found.text(),
          found.example(),
          found.lines(),
          found.share(),
          found.first(),
          found.last(),
          found.levels(),
          found.error(),
          !found.fresh().isEmpty(),
          found.bursts().stream()
              .map(each ->
                  new BurstView(each.service(), each.since(), each.lastMinute(), each.usual()))
              .toList(),
          found.places().stream()
              .map(each -> new PatternPlace(each.service(), each.node(), each.lines()))
              .toList());
    }
  }

  @Doc("More than usual.")
  record BurstView(
      String service,
      @Doc("Milliseconds since 1970.") long since,
      @Doc("Lines in the last minute.") long lastMinute,
      @Doc("Lines in a minute before.") double usual) {}

  @Doc("Lines of a node.")
  record PatternPlace(
      @Doc("Empty: not known.") String service,
      @Doc("null: not known.") @Nullable String node,
      long lines) {}

  private Answer patterns(Call call) {
    long now = System.currentTimeMillis();
    long from = Times.of(call, "from", now, now - SPAN_MILLIS);
    long to = Times.of(call, "to", now, now);
    if (from > to) {
      throw Refusal.of(400, "from: must not be later than to.");
    }
    int limit = RecordsApi.count(call, "limit", LISTED, MOST);
    PatternAnswer answer =
        instance
            .patterns()
            .ask(
                new PatternQuestion(from, to, call.query("service"), call.query("node"), limit),
                now);
    return Answer.json(
        new Patterns(
            answer.from(),
            answer.to(),
            new RollupsApi.Span(answer.heldFrom(), now),
            answer.lines(),
            answer.patterns().stream().map(PatternView::of).toList(),
            answer.left(),
            answer.forgotten()));
  }
}
