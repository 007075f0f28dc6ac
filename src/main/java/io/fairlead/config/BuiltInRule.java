package io.fairlead.config;

import io.fairlead.config.AlertRuleConfig.Level;
import io.fairlead.config.AlertScope.Part;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Rules that are there without being written down, as soon as there is somebody to be told. */
public enum BuiltInRule {
  /** Something is unusual, and it is known since when and most likely why. */
  INCIDENT("incident", null, Duration.ZERO, Level.BAD),
  /** Requests to a service can only fail. */
  NO_NODES("healthy-nodes < 1", Part.SERVICE, Duration.ofSeconds(10), Level.BAD),
  /** Many requests fail, whatever is usual. */
  ERROR_SHARE("error-share > 5%", Part.SERVICE, Duration.ofMinutes(1), Level.BAD),
  /** Somebody has to renew a certificate. */
  CERTIFICATE("certificate-days < 14", null, Duration.ZERO, Level.WARN),
  /** What is shown is not all that was. */
  RECORDS_DROPPED("records-dropped > 0", null, Duration.ZERO, Level.WARN),
  /** What is in force is not what somebody wanted. */
  CONFIG_REFUSED("config refused", null, Duration.ZERO, Level.WARN);

  private final String when;
  private final @Nullable Part each;
  private final Duration pending;
  private final Level level;

  BuiltInRule(String when, @Nullable Part each, Duration pending, Level level) {
    this.when = when;
    this.each = each;
    this.pending = pending;
    this.level = level;
  }

  /** As if it had been written, for all receivers. */
  public AlertRuleConfig rule() {
    return new AlertRuleConfig(
        Units.word(this),
        ConditionText.parse(when),
        Optional.empty(),
        AlertScope.ALL,
        Optional.ofNullable(each),
        AlertRuleConfig.DEFAULT_OVER,
        pending,
        this == RECORDS_DROPPED || this == ERROR_SHARE
            ? AlertRuleConfig.DEFAULT_CLEAR
            : Duration.ZERO,
        AlertRuleConfig.DEFAULT_MIN_REQUESTS,
        level,
        List.of());
  }
}
