package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.alert.Alerts;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.AlertRuleConfig;
import io.fairlead.config.AlertRuleReader;
import io.fairlead.config.BuiltInRule;
import io.fairlead.insight.alert.BackTest;
import io.fairlead.insight.alert.Silence;
import io.fairlead.telemetry.Event;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Alerts: what fires, what nobody wants to hear of, what a rule would have said. */
final class AlertsApi {
  private static final Duration LONGEST_SILENCE = Duration.ofDays(365);
  private static final Duration TESTED = Duration.ofHours(24);
  private static final int MAX_LABELS = 20;
  private static final int MAX_SILENCES = 1000;
  private static final int MAX_TEXT = 256;

  private final Instance instance;

  AlertsApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        new Endpoint(
            "GET",
            "/api/v1/alerts",
            Role.VIEWER,
            "Alerts, rules, silences and receivers.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, AlertViews.AlertsView.class),
            this::alerts),
        new Endpoint(
            "POST",
            "/api/v1/alerts/silences",
            Role.OPERATOR,
            "Keeps alerts with some labels from being told for a while.",
            List.of(),
            Body.SILENCE,
            Map.of(Api.JSON, AlertViews.SilenceView.class),
            this::silence),
        new Endpoint(
            "DELETE",
            "/api/v1/alerts/silences/{id}",
            Role.OPERATOR,
            "Ends a silence.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, AlertViews.AlertsView.class),
            this::endSilence),
        new Endpoint(
            "POST",
            "/api/v1/alerts/test",
            Role.ANALYST,
            "What a rule, written as in the configuration, would have said of what is kept.",
            List.of(
                new Parameter(
                    "from", "A time, or how long ago: 30m, 24h, 7d; default 24h.", false, false),
                new Parameter("to", "The same; default: now.", false, false)),
            Body.RULE,
            Map.of(Api.JSON, AlertViews.TestView.class),
            this::test));
  }

  private Answer alerts(Call call) {
    return Answer.json(view());
  }

  private AlertViews.AlertsView view() {
    Alerts alerts = instance.alerts();
    List<Alerts.Shown> shown = alerts.alerts();
    return new AlertViews.AlertsView(
        now(),
        shown.stream().map(AlertViews.AlertView::of).toList(),
        alerts.rules().stream()
            .map(rule -> AlertViews.RuleView.of(rule, kind(rule), shown))
            .toList(),
        alerts.silences().stream().map(AlertViews.SilenceView::of).toList(),
        alerts.receivers().stream().map(AlertViews.ReceiverView::of).toList());
  }

  private static String kind(AlertRuleConfig rule) {
    return Arrays.stream(BuiltInRule.values()).anyMatch(one -> one.rule().equals(rule))
        ? "built-in"
        : "own";
  }

  private static long now() {
    return Instant.now().toEpochMilli();
  }

  private Answer silence(Call call) {
    JsonNode body = Json.object(call.body());
    for (String key : body.propertyNames()) {
      if (!List.of("labels", "duration", "why").contains(key)) {
        throw Refusal.of(400, key + ": unknown; there are labels, duration and why.");
      }
    }
    Map<String, String> labels = labels(body.get("labels"));
    String given = text(body, "duration");
    Duration howLong = Spans.parse(given);
    if (howLong == null || howLong.isZero() || howLong.compareTo(LONGEST_SILENCE) > 0) {
      throw Refusal.of(400, "duration: must be a length of time, such as 30m or 2h.");
    }
    String why = text(body, "why");
    Alerts alerts = instance.alerts();
    if (alerts.rules().isEmpty()) {
      throw Refusal.of(
          409, "There are no alerts: the configuration has neither receivers nor rules.");
    }
    if (alerts.silences().size() >= MAX_SILENCES) {
      throw Refusal.of(409, "There are " + MAX_SILENCES + " silences already.");
    }
    Silence made = alerts.silence(labels, howLong, call.who(), why);
    audit(call, "silenced alerts with " + new TreeMap<>(labels) + " for " + given + ": " + why);
    return Answer.json(AlertViews.SilenceView.of(made));
  }

  private static Map<String, String> labels(@Nullable JsonNode given) {
    if (given == null || !given.isObject() || given.isEmpty() || given.size() > MAX_LABELS) {
      throw Refusal.of(
          400, "labels: must be an object with 1 to " + MAX_LABELS + " labels, such as a rule.");
    }
    Map<String, String> labels = new TreeMap<>();
    for (String name : given.propertyNames()) {
      labels.put(name, text(given, name));
    }
    return labels;
  }

  private static String text(JsonNode of, String key) {
    JsonNode value = of.get(key);
    if (value == null
        || !value.isString()
        || value.stringValue().isBlank()
        || value.stringValue().length() > MAX_TEXT) {
      throw Refusal.of(400, key + ": must be a text of 1 to " + MAX_TEXT + " characters.");
    }
    return value.stringValue();
  }

  private Answer endSilence(Call call) {
    String id = call.path("id");
    if (!instance.alerts().endSilence(id)) {
      throw Refusal.notFound(
          "There is no silence " + id + ".",
          instance.alerts().silences().stream().map(Silence::id).toList(),
          id);
    }
    audit(call, "ended silence " + id);
    return Answer.json(view());
  }

  private Answer test(Call call) {
    AlertRuleConfig rule =
        switch (AlertRuleReader.read(call.body())) {
          case AlertRuleReader.Result.Accepted accepted -> accepted.rule();
          case AlertRuleReader.Result.Refused(List<String> problems) ->
              throw Refusal.of(422, String.join("; ", problems));
        };
    long now = now();
    long from = time(call, "from", now, now - TESTED.toMillis());
    long to = Math.min(now, time(call, "to", now, now));
    if (from >= to) {
      throw Refusal.of(400, "from: must be before to.");
    }
    BackTest.Outcome outcome =
        instance
            .alerts()
            .test(rule, from, to)
            .orElseThrow(() ->
                Refusal.of(
                    422, "Nothing is kept of what the rule looks at; it can be tried live only."));
    return Answer.json(AlertViews.TestView.of(outcome));
  }

  /** Milliseconds since 1970, an ISO time, or how long ago. */
  private static long time(Call call, String name, long now, long otherwise) {
    String text = call.query(name);
    if (text == null) {
      return otherwise;
    }
    if (text.matches("[0-9]{10,15}")) {
      return Long.parseLong(text);
    }
    if (text.matches("[0-9]{1,4}d")) {
      return now - Duration.ofDays(Long.parseLong(text.substring(0, text.length() - 1))).toMillis();
    }
    Duration ago = Spans.parse(text);
    try {
      return ago != null ? now - ago.toMillis() : Instant.parse(text).toEpochMilli();
    } catch (DateTimeException _) {
      throw Refusal.of(
          400, name + ": must be a time such as 2026-11-26T10:00:00Z, or 5m (was " + text + ").");
    }
  }

  private void audit(Call call, String what) {
    instance.events().add(new Event.Audit(call.who(), what));
  }
}
