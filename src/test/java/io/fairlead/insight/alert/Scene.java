package io.fairlead.insight.alert;

import io.fairlead.config.AlertScope;
import io.fairlead.config.AlertScope.Part;
import io.fairlead.config.AlertsConfig;
import io.fairlead.config.ConfigReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** An engine with a clock that a test turns by hand; what happens becomes a story. */
final class Scene {
  static final AlertScope SHOP = AlertScope.ALL.with(Part.SERVICE, "shop");
  static final AlertScope SITE = AlertScope.ALL.with(Part.SERVICE, "site");

  final FakeTraffic traffic = new FakeTraffic();
  final FakePresent present = new FakePresent();
  final List<String> story = new ArrayList<>();
  AlertEngine engine = new AlertEngine();
  long now;

  /** The part of a configuration below {@code alerts}. */
  Scene(String yaml) {
    List<Alert> _ = engine.configure(config(yaml), 0);
  }

  static AlertsConfig config(String yaml) {
    String text =
        "alerts:\n"
            + yaml.indent(2)
            + "services: { shop: {}, site: {} }\n"
            + "listeners: { web: { bind: \"127.0.0.1:0\", service: shop } }\n";
    return switch (ConfigReader.read("f", text, Path.of(""), _ -> null)) {
      case ConfigReader.Result.Accepted(var config, _) -> config.alerts();
      case ConfigReader.Result.Refused(var problems) ->
          throw new IllegalArgumentException(problems.toString());
    };
  }

  void configure(String yaml) {
    engine.configure(config(yaml), now).forEach(this::tell);
  }

  /** Another process goes on. */
  void restart(String yaml) {
    SavedAlerts saved = engine.save();
    engine = new AlertEngine();
    List<Alert> _ = engine.configure(config(yaml), now);
    engine.restore(saved, now);
  }

  /** Looks once a second up to that second. */
  void until(long second) {
    while (now < second * 1000) {
      now += 1000;
      AlertEngine.Step step = engine.step(now, traffic, present);
      step.changed().forEach(this::tell);
      step.messages().forEach(this::tell);
    }
  }

  private void tell(Alert alert) {
    story.add(time() + " " + alert.state().name().toLowerCase(Locale.ROOT) + ": " + alert.text());
  }

  private void tell(Message message) {
    story.add(
        time()
            + " to "
            + message.receiver()
            + ": "
            + message.title()
            + (message.also().isEmpty() ? "" : "; also " + message.also()));
  }

  private String time() {
    return now / 60_000 + ":" + String.format(Locale.ROOT, "%02d", now / 1000 % 60);
  }
}
