package io.fairlead.admin;

import io.fairlead.telemetry.MetricsWriter;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The formats of {@code /metrics}, and which of them a scraper prefers. */
enum ScrapeFormat {
  TEXT("text/plain; version=0.0.4; charset=utf-8"),
  OPEN_METRICS("application/openmetrics-text; version=1.0.0; charset=utf-8"),
  PROTOBUF(
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited");

  private final String contentType;

  ScrapeFormat(String contentType) {
    this.contentType = contentType;
  }

  String contentType() {
    return contentType;
  }

  MetricsWriter writer(OutputStream out) {
    return switch (this) {
      case TEXT -> new TextExposition(out, false);
      case OPEN_METRICS -> new TextExposition(out, true);
      case PROTOBUF -> new ProtobufExposition(out);
    };
  }

  /**
   * The format that is liked best, of equals the first; text if there is none.
   *
   * @param accept the field of that name, in lower case; may be empty
   */
  static ScrapeFormat wanted(String accept) {
    ScrapeFormat best = TEXT;
    double most = 0;
    for (String range : accept.split(",", -1)) {
      List<String> parts = List.of(range.split(";", -1));
      Map<String, String> parameters = new TreeMap<>();
      for (String part : parts.subList(1, parts.size())) {
        int equals = part.indexOf('=');
        if (equals > 0) {
          parameters.put(part.substring(0, equals).strip(), part.substring(equals + 1).strip());
        }
      }
      double quality = quality(parameters.getOrDefault("q", "1"));
      if (quality > most) {
        switch (parts.getFirst().strip()) {
          case "application/vnd.google.protobuf" -> {
            if (parameters.getOrDefault("proto", "").equals("io.prometheus.client.metricfamily")
                && parameters.getOrDefault("encoding", "").equals("delimited")) {
              best = PROTOBUF;
              most = quality;
            }
          }
          case "application/openmetrics-text" -> {
            if (parameters.getOrDefault("version", "1.0.0").matches("[01]\\.0\\.[01]")) {
              best = OPEN_METRICS;
              most = quality;
            }
          }
          case "text/plain", "text/*", "*/*" -> {
            best = TEXT;
            most = quality;
          }
          default -> {} // not ours
        }
      }
    }
    return best;
  }

  private static double quality(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException _) {
      return 0;
    }
  }
}
