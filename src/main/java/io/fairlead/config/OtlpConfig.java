package io.fairlead.config;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A receiver of OTLP over HTTP: an OpenTelemetry Collector, or what understands the same.
 *
 * @param endpoint up to the {@code /v1/traces} and so on, which are added
 * @param headers further fields
 * @param ca files with the authorities that are trusted; empty: those of the system
 * @param traces spans of exchanges; empty: none
 * @param metrics whether all metrics are sent
 * @param logs whether events are sent, as log records
 * @param interval time between two sendings of metrics
 */
public record OtlpConfig(
    String endpoint,
    Map<String, Secret> headers,
    List<Path> ca,
    Optional<Traces> traces,
    boolean metrics,
    boolean logs,
    Duration interval) {
  static final Range<Duration> INTERVAL =
      Range.durations(Duration.ofSeconds(1), Duration.ofHours(1));
  static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(15);

  public OtlpConfig {
    headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    ca = List.copyOf(ca);
    Require require =
        new Require()
            .unless(url(endpoint), List.of("endpoint"), endpoint)
            .within(INTERVAL, "interval", interval)
            .that(
                traces.isPresent() || metrics || logs,
                "logs",
                null,
                "must be true where neither traces nor metrics are sent: else there is nothing to"
                    + " send");
    headers.forEach((name, value) ->
        require.that(
            Syntax.headerValue(value.value()) == null,
            List.of("headers", name),
            null,
            "must be 1 to 4096 characters without line breaks and without spaces at its ends",
            List.of()));
    require.orRefuse();
  }

  static @Nullable String url(String text) {
    return OutboundKeys.base(text, "http://127.0.0.1:4318");
  }

  /** Where one kind of things is sent: {@code traces}, {@code metrics} or {@code logs}. */
  public URI uri(String kind) {
    String base = endpoint.endsWith("/") ? endpoint.substring(0, endpoint.length() - 1) : endpoint;
    return URI.create(base + "/v1/" + kind);
  }

  /**
   * Which exchanges spans are sent of.
   *
   * @param sample share, 0 to 1, of those that are part of no trace yet; for others whoever began
   *     the trace has decided
   * @param errors of all that fail, too
   */
  public record Traces(double sample, boolean errors) {
    static final double DEFAULT_SAMPLE = 0.01;

    @Override
    public String toString() {
      return Units.textOf(sample) + (errors ? " and errors" : "");
    }
  }
}
