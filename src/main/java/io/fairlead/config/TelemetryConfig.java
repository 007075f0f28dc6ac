package io.fairlead.config;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/**
 * Who else gets what Fairlead knows of itself.
 *
 * @param otlp a receiver that understands OTLP
 */
public record TelemetryConfig(Optional<OtlpConfig> otlp) {
  public static final TelemetryConfig NONE = new TelemetryConfig(Optional.empty());

  /** What nobody may see who sees the file. */
  public Collection<Secret> secrets() {
    return otlp.map(OtlpConfig::headers).orElse(Map.of()).values();
  }

  /** What is exported of traces; empty: nothing. */
  public Optional<OtlpConfig.Traces> traces() {
    return otlp.flatMap(OtlpConfig::traces);
  }
}
