package io.fairlead.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said about where lines of the nodes' own logs come from. */
final class IngestLanguage {
  private static final Key<Path> FILE =
      Key.computed(
          "file",
          new Scalar<>(
              "file",
              "",
              Map.of("type", "string"),
              false,
              (text, folder) ->
                  LogSource.pattern(Scalar.path("file").parser().parse(text, folder))),
          "none",
          "Lines that are written to this file, also after it was moved away and begun anew, or"
              + " emptied. `*` and `?` in the last part of the path stand for many files.",
          "\"/var/log/shop/*.log\"");
  private static final Key<LogSource.Format> FORMAT =
      Key.of(
          "format",
          Scalar.words(
              "word",
              List.of(LogSource.Format.values()),
              format -> format.name().toLowerCase(Locale.ROOT)),
          LogSource.Format.PLAIN,
          "plain",
          "How lines of a file say when they were written, and how bad it is: as text, or in fields"
              + " of a JSON object.",
          "json");
  private static final Key<LogSource.Syslog> SYSLOG =
      Key.computed(
          "syslog",
          Scalar.parsed("address", LogSource.Syslog::parse),
          "none",
          "Messages that are sent here as RFC 3164 or RFC 5424 say, `udp://` or `tcp://`.",
          "\"udp://127.0.0.1:5514\"");
  private static final Key<HostPort> OTLP =
      Key.computed(
          "otlp",
          Scalar.parsed("address", HostPort::parse),
          "none",
          "Logs that OpenTelemetry sends here over HTTP, to `/v1/logs`, as protobuf or JSON.",
          "\"127.0.0.1:4318\"");
  private static final Key<String> SERVICE =
      Key.computed(
          "service",
          RouteLanguage.SERVICE_NAME,
          "`service.name` of OpenTelemetry, else none",
          "Whose lines these are, so that they are found beside requests.",
          "shop");
  private static final Key<String> NODE =
      Key.computed(
          "node",
          Scalar.text("name", null, IngestLanguage::nodeName),
          "the host of syslog, `service.instance.id` or `host.name` of OpenTelemetry, else none",
          "Which node of the service writes them.",
          "a");

  static final Obj<LogSource> SOURCE =
      new Obj<>(
          "log source",
          "Where lines of the nodes' own logs come from: one of `file`, `syslog` and `otlp`.",
          List.of(FILE, FORMAT, SYSLOG, OTLP, SERVICE, NODE),
          List.of(),
          null,
          (values, _) -> source(values));

  static final Key<List<LogSource>> INGEST =
      Key.of(
          "ingest",
          new ListOf<>("log sources", SOURCE),
          List.of(),
          "none",
          "Where lines of the nodes' own logs come from; they are kept and asked as records are.",
          "[{ file: /var/log/shop.log, service: shop, node: a }]");

  private IngestLanguage() {}

  private static LogSource source(Values values) {
    String service = orEmpty(values.find(SERVICE));
    String node = orEmpty(values.find(NODE));
    List<LogSource> set = new ArrayList<>();
    Path file = values.find(FILE);
    if (file != null) {
      set.add(new LogSource.File(file, values.get(FORMAT), service, node));
    }
    LogSource.Syslog syslog = values.find(SYSLOG);
    if (syslog != null) {
      set.add(new LogSource.Syslog(syslog.datagrams(), syslog.bind(), service, node));
    }
    HostPort otlp = values.find(OTLP);
    if (otlp != null) {
      set.add(new LogSource.Otlp(otlp, service, node));
    }
    return LogSource.one(set);
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static @Nullable String nodeName(String text) {
    return text.isEmpty() || text.length() > LogsConfig.Mask.MAX_NAME
        ? "must be the name of a node, 1 to " + LogsConfig.Mask.MAX_NAME + " characters"
        : null;
  }
}
