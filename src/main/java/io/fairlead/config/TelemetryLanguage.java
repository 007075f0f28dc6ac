package io.fairlead.config;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is said about the export of traces, metrics and logs. */
final class TelemetryLanguage {
  private static final Key<Double> SAMPLE =
      Key.of(
          "sample",
          Scalar.parsed("share", Portion::share),
          OtlpConfig.Traces.DEFAULT_SAMPLE,
          "1%",
          "Share of requests that spans are sent of. It is asked for requests without a sound"
              + " `traceparent`; else whoever began the trace has decided.",
          "10%");
  private static final Key<Boolean> ERRORS =
      Key.of(
          "errors",
          Scalar.flag(),
          false,
          "Whether spans are sent of every request that fails, too: those of nodes are missing"
              + " then.",
          "true");

  private static final Obj<OtlpConfig.Traces> TRACES =
      new Obj<>(
          "otlp traces",
          "Which requests spans are sent of.",
          List.of(SAMPLE, ERRORS),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.parsed("share", Portion::share),
              (share, _) -> new OtlpConfig.Traces(share, false)),
          (values, _) -> new OtlpConfig.Traces(values.get(SAMPLE), values.get(ERRORS)));

  private static final Scalar<String> URL = Scalar.text("URL", null, OtlpConfig::url);
  private static final Key<String> ENDPOINT =
      Key.required(
          "endpoint",
          URL,
          "The receiver, by HTTP; `/v1/traces`, `/v1/metrics` and `/v1/logs` are added.",
          "\"http://127.0.0.1:4318\"");
  private static final Key<Map<String, Secret>> HEADERS =
      OutboundKeys.headers("each request", "secrets/otlp");
  private static final Key<OtlpConfig.Traces> SPANS =
      Key.computed(
          "traces",
          TRACES,
          "no spans, and `traceparent` is passed on as it came",
          "Spans of requests and of their tries; nodes get a `traceparent` that continues them."
              + " A share alone stands for `sample`.",
          "{ sample: 1% }");
  private static final Key<Boolean> METRICS =
      Key.of("metrics", Scalar.flag(), true, "Whether all metrics are sent.", "false");
  private static final Key<Boolean> LOGS =
      Key.of("logs", Scalar.flag(), true, "Whether events are sent, as log records.", "false");
  private static final Key<Duration> INTERVAL =
      Key.of(
          "interval",
          Scalar.duration(OtlpConfig.INTERVAL),
          OtlpConfig.DEFAULT_INTERVAL,
          "Time between two sendings of metrics.",
          "1m");

  private static final Obj<OtlpConfig> OTLP =
      new Obj<>(
          "otlp",
          "A receiver of OTLP, such as an OpenTelemetry Collector. A URL alone stands for it.",
          List.of(ENDPOINT, HEADERS, OutboundKeys.CA, SPANS, METRICS, LOGS, INTERVAL),
          List.of(),
          new Obj.ShortForm<>(
              URL,
              (url, _) ->
                  new OtlpConfig(
                      url,
                      Map.of(),
                      List.of(),
                      Optional.empty(),
                      true,
                      true,
                      OtlpConfig.DEFAULT_INTERVAL)),
          (values, _) -> {
            OtlpConfig otlp =
                new OtlpConfig(
                    values.get(ENDPOINT),
                    orElse(values.find(HEADERS), Map.of()),
                    values.get(OutboundKeys.CA),
                    Optional.ofNullable(values.find(SPANS)),
                    values.get(METRICS),
                    values.get(LOGS),
                    values.get(INTERVAL));
            TlsLanguage.readAuthorities("ca", otlp.ca());
            return otlp;
          });

  private static final Key<OtlpConfig> TO =
      Key.computed(
          "otlp",
          OTLP,
          "nobody",
          "Who gets traces, metrics and logs by OTLP; see [opentelemetry.md](opentelemetry.md).",
          "\"http://127.0.0.1:4318\"");

  static final Obj<TelemetryConfig> TELEMETRY =
      new Obj<>(
          "telemetry",
          "Who else gets what Fairlead knows of itself.",
          List.of(TO),
          List.of(),
          null,
          (values, _) -> new TelemetryConfig(Optional.ofNullable(values.find(TO))));

  private TelemetryLanguage() {}

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
