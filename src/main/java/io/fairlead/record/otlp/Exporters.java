package io.fairlead.record.otlp;

import io.fairlead.config.OtlpConfig;
import io.opentelemetry.api.metrics.MeterProvider;
import io.opentelemetry.common.ComponentLoader;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.HttpResponse;
import io.opentelemetry.sdk.common.export.HttpSender;
import io.opentelemetry.sdk.common.export.HttpSenderProvider;
import io.opentelemetry.sdk.common.export.MessageWriter;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The SDK's exporters, which make messages, upon a {@link Poster}: what they would otherwise bring
 * for sending tells less of what became of a message, and sets no bounds to answers.
 */
final class Exporters {
  /** What it would log is told by events; held, so that it is not forgotten. */
  private static final Logger SILENT = Logger.getLogger("io.opentelemetry");

  private final Poster poster;
  private final OtlpConfig config;

  Exporters(OtlpConfig config, Poster poster) {
    SILENT.setLevel(Level.OFF);
    this.config = config;
    this.poster = poster;
  }

  /** Sends things of one kind. */
  @FunctionalInterface
  interface Export<T> {
    Sending send(Collection<T> things) throws InterruptedException;
  }

  Export<SpanData> spans() {
    Door door = new Door(config.uri("traces"));
    OtlpHttpSpanExporter exporter =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(door.uri.toString())
            .setMeterProvider(MeterProvider.noop())
            .setRetryPolicy(null)
            .setComponentLoader(door)
            .build();
    return spans -> door.outcome(exporter.export(spans));
  }

  Export<MetricData> metrics() {
    Door door = new Door(config.uri("metrics"));
    OtlpHttpMetricExporter exporter =
        OtlpHttpMetricExporter.builder()
            .setEndpoint(door.uri.toString())
            .setMeterProvider(MeterProvider.noop())
            .setRetryPolicy(null)
            .setComponentLoader(door)
            .build();
    return metrics -> door.outcome(exporter.export(metrics));
  }

  Export<LogRecordData> logs() {
    Door door = new Door(config.uri("logs"));
    OtlpHttpLogRecordExporter exporter =
        OtlpHttpLogRecordExporter.builder()
            .setEndpoint(door.uri.toString())
            .setMeterProvider(MeterProvider.noop())
            .setRetryPolicy(null)
            .setComponentLoader(door)
            .build();
    return logs -> door.outcome(exporter.export(logs));
  }

  /** One exporter's way out. Sends at once, in the thread that exports, and keeps the outcome. */
  private final class Door implements ComponentLoader, HttpSender {
    final URI uri;
    private Sending outcome = new Sending.Done(0, "");
    private boolean interrupted;

    Door(URI uri) {
      this.uri = uri;
    }

    @Override
    public <T> Iterable<T> load(Class<T> kind) {
      HttpSenderProvider self = _ -> this;
      return kind.isInstance(self) ? List.of(kind.cast(self)) : List.of();
    }

    @Override
    public void send(
        MessageWriter message, Consumer<HttpResponse> onResponse, Consumer<Throwable> onError) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream(message.getContentLength());
      try {
        message.writeMessage(bytes);
        outcome = poster.post(uri, bytes.toByteArray());
        onResponse.accept(new Settled());
      } catch (IOException e) {
        outcome = new Sending.Refused("the message could not be made: " + e.getMessage());
        onError.accept(e);
      } catch (InterruptedException e) {
        interrupted = true;
        onError.accept(e);
      }
    }

    Sending outcome(CompletableResultCode of) throws InterruptedException {
      if (interrupted) {
        throw new InterruptedException();
      }
      if (!of.isDone()) {
        throw new IllegalStateException("the exporter does not do at once what it is asked for");
      }
      return outcome;
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }

  /** Whatever the answer was: what it means has been decided. */
  private static final class Settled implements HttpResponse {
    @Override
    public int getStatusCode() {
      return 200;
    }

    @Override
    public String getStatusMessage() {
      return "";
    }

    @Override
    public byte[] getResponseBody() {
      return new byte[0];
    }
  }
}
