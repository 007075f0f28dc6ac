package io.fairlead.alert;

import io.fairlead.insight.alert.Alert;
import io.fairlead.insight.alert.Message;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.json.JsonMapper;

/** Messages as receivers read them. */
final class MessageJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY).build();

  /**
   * How long Alertmanager believes that an alert fires that it does not hear of again; it hears
   * once a minute.
   */
  private static final Duration BELIEVED = Duration.ofMinutes(5);

  private MessageJson() {}

  private record Webhook(
      int version,
      String id,
      String instance,
      String receiver,
      String state,
      boolean repeat,
      String time,
      String title,
      String text,
      Map<String, String> group,
      List<One> alerts,
      List<String> also) {}

  private record One(
      String id,
      String rule,
      String state,
      String level,
      String text,
      @Nullable String cause,
      String since,
      @Nullable String until,
      Map<String, String> labels,
      double value) {
    static One of(Alert alert) {
      return new One(
          alert.id(),
          alert.rule(),
          word(alert),
          alert.level().word(),
          alert.text(),
          alert.cause().isEmpty() ? null : alert.cause(),
          time(alert.since()),
          alert.until() == 0 ? null : time(alert.until()),
          alert.labels(),
          alert.value());
    }
  }

  private record Posted(
      Map<String, String> labels,
      Map<String, String> annotations,
      String startsAt,
      String endsAt) {}

  /** {@code text} is what most chat systems show. */
  static byte[] webhook(Message message, String instance) {
    return MAPPER.writeValueAsBytes(
        new Webhook(
            1,
            message.id(),
            instance,
            message.receiver(),
            message.isFiring() ? "firing" : "resolved",
            message.repeat(),
            time(message.time()),
            message.title(),
            message.title() + "\n" + message.text(),
            message.group(),
            message.alerts().stream().map(One::of).toList(),
            message.also()));
  }

  /** The body of {@code POST /api/v2/alerts}. */
  static byte[] alertmanager(Message message, String instance, long now) {
    List<Posted> posted = new ArrayList<>();
    for (Alert alert : message.alerts()) {
      Map<String, String> labels = new LinkedHashMap<>();
      labels.put("alertname", alert.rule());
      labels.put("instance", instance);
      labels.put("severity", alert.level().word().equals("bad") ? "critical" : "warning");
      labels.putAll(alert.labels());
      Map<String, String> annotations = new LinkedHashMap<>();
      annotations.put("summary", alert.text());
      if (!alert.cause().isEmpty()) {
        annotations.put("description", "Most likely cause: " + alert.cause());
      }
      posted.add(
          new Posted(
              labels,
              annotations,
              time(alert.since()),
              time(alert.until() == 0 ? now + BELIEVED.toMillis() : alert.until())));
    }
    return MAPPER.writeValueAsBytes(posted);
  }

  private static String word(Alert alert) {
    return switch (alert.state()) {
      case PENDING -> "pending";
      case FIRING -> "firing";
      case RESOLVED -> "resolved";
    };
  }

  private static String time(long millis) {
    return Instant.ofEpochMilli(millis).toString();
  }
}
