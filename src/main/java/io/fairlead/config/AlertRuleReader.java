package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;

/** One rule alone, read as in a configuration: to be tried on what is kept. */
public final class AlertRuleReader {
  private static final ConfigReader.Root<AlertRuleConfig> RULE =
      new ConfigReader.Root<>(
          "name and when", (reader, root) -> AlertsLanguage.RULE.read(reader, Spot.root(root)));

  private AlertRuleReader() {}

  /** What became of a text. */
  public sealed interface Result {
    /** Right in every respect. */
    record Accepted(AlertRuleConfig rule) implements Result {}

    /**
     * Wrong in at least one.
     *
     * @param problems all of them by position, each as people read it
     */
    record Refused(List<String> problems) implements Result {
      public Refused {
        problems = List.copyOf(problems);
      }
    }
  }

  /** Reads YAML or JSON; knows no environment, since whoever asks need not be who set it. */
  public static Result read(String text) {
    ConfigReader.Parsed<AlertRuleConfig> parsed =
        ConfigReader.parse("rule", text, Path.of(""), _ -> null, RULE);
    AlertRuleConfig rule = parsed.value();
    return rule == null
        ? new Result.Refused(
            parsed.problems().stream().map(ConfigReader.Problem::toString).toList())
        : new Result.Accepted(rule);
  }
}
