package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.insight.rollup.Answer.Figures;
import io.fairlead.insight.rollup.Answer.Held;
import io.fairlead.insight.rollup.Dimension;
import io.fairlead.insight.rollup.Heatmap;
import io.fairlead.insight.rollup.Question;
import io.fairlead.insight.rollup.TopAnswer;
import io.fairlead.insight.rollup.TopKind;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Questions to the rollups: figures step by step, a heat map of times, what occurs most. */
final class RollupsApi {
  private static final Duration FROM = Duration.ofHours(1);
  private static final int VALUES = 20;
  private static final int MOST_VALUES = 200;
  private static final String NONE = "none";

  private static final List<Parameter> SPAN =
      List.of(
          new Parameter(
              "from",
              "A time, milliseconds since 1970, or how long ago: 5m, 2h, 3d; default 1h.",
              false,
              false),
          new Parameter("to", "The same; default now.", false, false));

  private static final List<Parameter> STEPS =
      List.of(
          new Parameter(
              "step",
              "A multiple of 10s, such as 1m or 1h; default: as fits. The answer's may be longer,"
                  + " where nothing so fine is kept.",
              false,
              false),
          new Parameter("listener", "Only requests of this one.", false, false),
          new Parameter("route", "Likewise.", false, false),
          new Parameter("service", "Likewise.", false, false),
          new Parameter("node", "Likewise, by name.", false, false),
          new Parameter("status", "1xx to 5xx, or none: sessions.", false, false));

  private static final Parameter BY =
      new Parameter(
          "by",
          "What is told apart: listener, route, service, node, status or none (the default);"
              + " several with commas.",
          false,
          false);

  private static final Parameter OF =
      new Parameter("of", "client, path, host or user-agent.", true, false);

  private static final Parameter LIMIT =
      new Parameter(
          "limit", "Values, at most " + MOST_VALUES + "; default " + VALUES + ".", false, false);

  private final Instance instance;

  RollupsApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        get(
            "/api/v1/series",
            "Requests, errors, bytes and times, step by step.",
            with(List.of(SPAN, STEPS, List.of(BY))),
            Series.class,
            this::series),
        get(
            "/api/v1/heatmap",
            "How many requests took how long, step by step.",
            with(List.of(SPAN, STEPS)),
            HeatmapView.class,
            this::heatmap),
        get(
            "/api/v1/top",
            "The values that occurred most within the last hour.",
            with(List.of(List.of(OF), SPAN, List.of(LIMIT))),
            Top.class,
            this::top));
  }

  private static Endpoint get(
      String path,
      String summary,
      List<Parameter> parameters,
      Class<?> shape,
      Endpoint.Handler handler) {
    return Api.get(
        path,
        summary,
        parameters,
        shape,
        call -> {
          onlyKnown(call, parameters);
          return handler.handle(call);
        });
  }

  private static List<Parameter> with(List<List<Parameter>> parts) {
    return parts.stream().flatMap(List::stream).toList();
  }

  /** A filter with a slip in its name would be none at all, and nobody would notice. */
  private static void onlyKnown(Call call, List<Parameter> parameters) {
    Set<String> known = parameters.stream().map(Parameter::name).collect(Collectors.toSet());
    for (String name : call.query().keySet()) {
      if (!known.contains(name)) {
        String nearest = Nearest.to(name, known);
        throw Refusal.of(
            400,
            name
                + ": unknown; there are "
                + parameters.stream().map(Parameter::name).collect(Collectors.joining(", "))
                + (nearest == null ? "." : ". Did you mean " + nearest + "?"));
      }
    }
  }

  // What the answers look like.

  @Doc("Since when and until when there is something, milliseconds since 1970.")
  record Span(long from, long to) {}

  @Doc("Figures step by step, for each of what is told apart.")
  record Series(
      @Doc("When the first step begins, milliseconds since 1970.") long from,
      @Doc("How long each is, in milliseconds.") long step,
      Span span,
      @Doc("Records of that time that were dropped before they were counted.") long lost,
      @Doc("Those with most requests first, at most 100.") List<One> series,
      @Doc("Requests of those that are left out.") long others,
      @Doc("How many are left out.") int left) {}

  @Doc("A series.")
  record One(
      @Doc("What it is of; null: of requests that had none.") Map<String, Object> key,
      @Doc("In each step.") List<Long> requests,
      @Doc("Status 500 and above, and what broke off.") List<Long> errors,
      List<Long> bytesIn,
      List<Long> bytesOut,
      @Doc("Tries beyond the first of each request.") List<Long> moreTries,
      @Doc("Median of the total time, in microseconds; null: there was no request.")
          List<@Nullable Long> p50,
      @Doc("Exceeded by one in a hundred.") List<@Nullable Long> p99,
      Total total) {}

  @Doc("All steps together.")
  record Total(
      long requests,
      long errors,
      long bytesIn,
      long bytesOut,
      long moreTries,
      @Nullable Long p50,
      @Nullable Long p99,
      @Doc("Why Fairlead answered itself or gave up, and how often.") Map<String, Long> reasons) {}

  @Doc("A heat map: a column for each step, a row for each span of times.")
  record HeatmapView(
      @Doc("When the first step begins, milliseconds since 1970.") long from,
      @Doc("How long each is, in milliseconds.") long step,
      Span span,
      @Doc("Records of that time that were dropped before they were counted.") long lost,
      @Doc("Microseconds up to which each row goes; behind them is one more row, with the rest.")
          List<Long> bounds,
      @Doc("For each step the requests in each row.") List<List<Long>> counts,
      @Doc("For each step.") List<Long> errors) {}

  @Doc("The values that occur most.")
  record Top(
      List<TopValue> values,
      @Doc("Nothing is missing in the counts.") boolean exact,
      @Doc("So many requests of a value may be missing.") long missing,
      @Doc("That had any value.") long requests,
      Span span) {}

  @Doc("A value and its requests.")
  record TopValue(
      String value,
      @Doc("At least; see missing.") long requests,
      long errors,
      @Doc("Exceeded by one in a hundred, in microseconds.") @Nullable Long p99) {}

  // What is asked.

  private Answer series(Call call) {
    try {
      io.fairlead.insight.rollup.Answer found = instance.rollups().series(question(call, by(call)));
      List<One> all = new ArrayList<>();
      for (io.fairlead.insight.rollup.Answer.Series each : found.series()) {
        all.add(one(each));
      }
      return Answer.json(
          new Series(
              found.from(),
              found.step(),
              span(found.held()),
              found.held().lost(),
              all,
              found.others(),
              found.left()));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static One one(io.fairlead.insight.rollup.Answer.Series series) {
    Map<String, Object> key = new LinkedHashMap<>();
    series
        .key()
        .forEach((dimension, value) -> key.put(dimension.word(), value.isEmpty() ? null : value));
    List<Figures> steps = series.steps();
    Figures total = series.total();
    return new One(
        key,
        each(steps, Figures::requests),
        each(steps, Figures::errors),
        each(steps, Figures::bytesIn),
        each(steps, Figures::bytesOut),
        each(steps, Figures::moreTries),
        times(steps, Figures::p50),
        times(steps, Figures::p99),
        new Total(
            total.requests(),
            total.errors(),
            total.bytesIn(),
            total.bytesOut(),
            total.moreTries(),
            time(total.p50()),
            time(total.p99()),
            total.reasons()));
  }

  private static List<Long> each(List<Figures> steps, ToLongFunction<Figures> figure) {
    List<Long> all = new ArrayList<>(steps.size());
    steps.forEach(step -> all.add(figure.applyAsLong(step)));
    return all;
  }

  private static List<@Nullable Long> times(List<Figures> steps, ToLongFunction<Figures> figure) {
    List<@Nullable Long> all = new ArrayList<>(steps.size());
    steps.forEach(step -> all.add(time(figure.applyAsLong(step))));
    return all;
  }

  private static @Nullable Long time(long micros) {
    return micros < 0 ? null : micros;
  }

  private static Span span(Held held) {
    return new Span(held.from(), held.to());
  }

  private Answer heatmap(Call call) {
    try {
      Heatmap found = instance.rollups().heatmap(question(call, List.of()));
      return Answer.json(
          new HeatmapView(
              found.from(),
              found.step(),
              span(found.held()),
              found.held().lost(),
              found.bounds(),
              found.counts(),
              found.errors()));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private Answer top(Call call) {
    String of = call.query("of");
    TopKind kind =
        Stream.of(TopKind.values()).filter(each -> each.word().equals(of)).findFirst().orElse(null);
    if (kind == null) {
      throw Refusal.of(
          400, "of: must be client, path, host or user-agent" + (of == null ? "." : was(of)));
    }
    int limit = RecordsApi.count(call, "limit", VALUES, MOST_VALUES);
    long now = now();
    long from = time(call, "from", now - FROM.toMillis(), now);
    long to = time(call, "to", now, now);
    check(from, to, 0);
    TopAnswer found = instance.rollups().top(kind, from, to, limit);
    List<TopValue> values =
        found.values().stream()
            .map(each ->
                new TopValue(each.value(), each.requests(), each.errors(), time(each.p99())))
            .toList();
    return Answer.json(
        new Top(
            values,
            found.missed() == 0,
            found.missed(),
            found.requests(),
            new Span(found.from(), found.to())));
  }

  private Question question(Call call, List<Dimension> by) {
    long now = now();
    long from = time(call, "from", now - FROM.toMillis(), now);
    long to = time(call, "to", now, now);
    long step = step(call);
    check(from, to, step);
    Map<Dimension, String> where = new EnumMap<>(Dimension.class);
    for (Dimension dimension : Dimension.values()) {
      String value = call.query(dimension.word());
      if (value != null) {
        where.put(dimension, dimension == Dimension.STATUS ? status(value) : value);
      }
    }
    return new Question(from, to, step, by, where);
  }

  private static String status(String value) {
    if (!value.matches("[1-5]xx|" + NONE)) {
      throw Refusal.of(400, "status: must be 1xx, 2xx, 3xx, 4xx, 5xx or none" + was(value));
    }
    return value.equals(NONE) ? "" : value;
  }

  private static List<Dimension> by(Call call) {
    String text = call.query("by");
    List<Dimension> by = new ArrayList<>();
    if (text == null || text.equals(NONE)) {
      return by;
    }
    for (String word : text.split(",", -1)) {
      Dimension dimension =
          Stream.of(Dimension.values())
              .filter(each -> each.word().equals(word))
              .findFirst()
              .orElse(null);
      if (dimension == null) {
        throw Refusal.of(
            400, "by: must be listener, route, service, node, status or none" + was(text));
      }
      if (dimension == Dimension.NODE && !by.contains(Dimension.SERVICE)) {
        by.add(Dimension.SERVICE); // two services may have nodes of one name
      }
      if (!by.contains(dimension)) {
        by.add(dimension);
      }
    }
    return by;
  }

  private static void check(long from, long to, long step) {
    String wrong = Question.wrong(from, to, step);
    if (wrong != null) {
      throw Refusal.of(400, wrong + ".");
    }
  }

  private static long step(Call call) {
    String text = call.query("step");
    if (text == null) {
      return 0;
    }
    Duration step = RecordsApi.span(text);
    if (step == null && text.matches("[0-9]{1,12}")) {
      step = Duration.ofMillis(Long.parseLong(text));
    }
    if (step == null || step.isZero()) {
      throw Refusal.of(400, "step: must be a length of time such as 10s, 1m or 1h" + was(text));
    }
    return step.toMillis();
  }

  private static long time(Call call, String name, long otherwise, long now) {
    String text = call.query(name);
    if (text == null || text.equals("now")) {
      return text == null ? otherwise : now;
    }
    if (text.matches("[0-9]{1,15}")) {
      return Long.parseLong(text);
    }
    Duration ago = RecordsApi.span(text);
    try {
      return ago != null ? now - ago.toMillis() : Instant.parse(text).toEpochMilli();
    } catch (DateTimeException | ArithmeticException _) {
      throw Refusal.of(
          400,
          name
              + ": must be a time such as 2026-11-26T10:00:00Z, milliseconds since 1970, or 5m"
              + was(text));
    }
  }

  private static String was(String text) {
    return " (was " + text + ").";
  }

  private long now() {
    return instance.rollups().now();
  }

  private static Refusal unreadable(IOException e) {
    return Refusal.later("The rollups cannot be read: " + e.getMessage());
  }
}
