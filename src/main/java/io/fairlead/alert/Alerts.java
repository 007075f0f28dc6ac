package io.fairlead.alert;

import io.fairlead.config.AlertRuleConfig;
import io.fairlead.insight.alert.Alert;
import io.fairlead.insight.alert.BackTest;
import io.fairlead.insight.alert.Silence;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What an operator may ask about alerts, and have done. Any thread may. */
public interface Alerts {
  /** As of the last look; those that were over not long ago among them. */
  List<Shown> alerts();

  /** Rules in force, built-in ones first. */
  List<AlertRuleConfig> rules();

  List<Silence> silences();

  /** In the order of the configuration. */
  List<ReceiverState> receivers();

  /** Keeps alerts with those labels from being told. */
  Silence silence(Map<String, String> labels, Duration howLong, String by, String why);

  /** Returns whether there was one. */
  boolean endSilence(String id);

  /**
   * What a rule would have said.
   *
   * @return nothing if nothing is kept of what it looks at
   */
  Optional<BackTest.Outcome> test(AlertRuleConfig rule, long fromMillis, long toMillis);

  /**
   * An alert with what is done about it.
   *
   * @param silenced nobody is told
   */
  record Shown(Alert alert, boolean silenced) {
    /** {@code pending}, {@code firing}, {@code resolved} or {@code silenced}. */
    public String word() {
      return switch (alert.state()) {
        case PENDING -> "pending";
        case FIRING -> silenced ? "silenced" : "firing";
        case RESOLVED -> "resolved";
      };
    }
  }

  /** Nobody is told of anything. */
  Alerts NONE =
      new Alerts() {
        @Override
        public List<Shown> alerts() {
          return List.of();
        }

        @Override
        public List<AlertRuleConfig> rules() {
          return List.of();
        }

        @Override
        public List<Silence> silences() {
          return List.of();
        }

        @Override
        public List<ReceiverState> receivers() {
          return List.of();
        }

        @Override
        public Silence silence(
            Map<String, String> labels, Duration howLong, String by, String why) {
          throw new IllegalStateException("there are no alerts");
        }

        @Override
        public boolean endSilence(String id) {
          return false;
        }

        @Override
        public Optional<BackTest.Outcome> test(
            AlertRuleConfig rule, long fromMillis, long toMillis) {
          return Optional.empty();
        }
      };
}
