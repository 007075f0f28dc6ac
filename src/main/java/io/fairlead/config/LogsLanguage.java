package io.fairlead.config;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said about records of requests. */
final class LogsLanguage {
  private static final Key<Integer> CLIENT =
      Key.of(
          "client",
          Scalar.parsed("prefix", LogsLanguage::prefix),
          LogsConfig.Mask.DEFAULT.client(),
          "\"/32\"",
          "How much of a client's address is recorded, `/0` to `/32`: so many bits of IPv4, twice as"
              + " many of IPv6; the port is left out then. `/32`: all of it.",
          "\"/24\"");
  private static final Key<List<String>> QUERY =
      Key.of(
          "query",
          new ListOf<>("names", Scalar.text("name", null, LogsLanguage::name)),
          LogsConfig.Mask.DEFAULT.query(),
          String.join(", ", LogsConfig.Mask.DEFAULT.query()),
          "Names of query parameters whose values are recorded as `***`; upper and lower case are the"
              + " same. Your list takes the place of the default.",
          "[token, session]");

  private static final Obj<LogsConfig.Mask> MASK =
      new Obj<>(
          "log mask",
          "What records must not say; applied before anything is written.",
          List.of(CLIENT, QUERY),
          List.of(),
          null,
          (values, _) -> new LogsConfig.Mask(values.get(CLIENT), values.get(QUERY)));

  private static final Key<Integer> DAYS =
      Key.of(
          "days",
          Scalar.count(LogsConfig.Keep.DAYS),
          LogsConfig.Keep.DEFAULT.days(),
          "Days of which records are kept, today among them, in UTC.",
          "30");
  private static final Key<Long> SIZE =
      Key.of(
          "size",
          Scalar.size(LogsConfig.Keep.SIZE),
          LogsConfig.Keep.DEFAULT.size(),
          "Room on disk for records, in `data`/records; a request takes some 20 bytes. What came first"
              + " goes first.",
          "100GiB");

  private static final Obj<LogsConfig.Keep> KEEP =
      new Obj<>(
          "log keep",
          "What is kept of what was recorded.",
          List.of(DAYS, SIZE),
          List.of(),
          null,
          (values, _) -> new LogsConfig.Keep(values.get(DAYS), values.get(SIZE)));

  private static final Key<Boolean> ENABLED =
      Key.of(
          "enabled",
          Scalar.flag(),
          LogsConfig.DEFAULT.enabled(),
          "Whether requests and sessions are recorded.",
          "false");
  private static final Key<Long> RING =
      Key.of(
          "ring",
          Scalar.size(LogsConfig.RING),
          LogsConfig.DEFAULT.ring(),
          "Memory per event loop for records on their way to disk, in whole MiB; outlives the process"
              + " in /dev/shm where there is room, else in the data folder. Takes effect at the next"
              + " start.",
          "32MiB");
  private static final Key<LogsConfig.Keep> KEPT =
      Key.of(
          "keep",
          KEEP,
          LogsConfig.Keep.DEFAULT,
          "see below",
          "What is kept of what was recorded.",
          "{ days: 30, size: 100GiB }");
  private static final Key<LogsConfig.Mask> MASKED =
      Key.of(
          "mask",
          MASK,
          LogsConfig.Mask.DEFAULT,
          "see below",
          "What records must not say.",
          "{ client: \"/24\" }");

  private static final Key<TextLogConfig.Format> FORMAT =
      Key.required(
          "format",
          Scalar.word(TextLogConfig.Format.class),
          "What a line looks like: `json`, an object whose fields are those of the records' tables,"
              + " or `combined`, as Apache and NGINX write it, requests only.",
          "json");
  private static final Key<TextLogConfig.Target> TO =
      Key.required(
          "to",
          new Scalar<>("target", "", Map.of("type", "string"), false, TextLogConfig.Target::parse),
          "Where lines go: `stdout`, `file:PATH`, `syslog://HOST:PORT` (UDP) or"
              + " `syslog+tcp://HOST:PORT`; syslog is RFC 5424. Whoever is too slow loses lines, which"
              + " are counted.",
          "\"file:/var/log/fairlead/access.log\"");

  private static final Obj<TextLogConfig> TEXT_LOG =
      new Obj<>(
          "text log",
          "A log of text, written from records; `logs.mask` holds for it, too.",
          List.of(FORMAT, TO),
          List.of(),
          null,
          (values, _) -> new TextLogConfig(values.get(FORMAT), values.get(TO)));

  private static final Key<List<TextLogConfig>> TEXT =
      Key.of(
          "text",
          new ListOf<>("text logs", TEXT_LOG),
          List.of(),
          "",
          "Logs of text for programs that read such, up to " + LogsConfig.MAX_TEXT + ".",
          "[ { format: json, to: stdout } ]");

  static final Obj<LogsConfig> LOGS =
      new Obj<>(
          "logs",
          "What is recorded of requests and sessions.",
          List.of(ENABLED, KEPT, RING, MASKED, TEXT, IngestLanguage.INGEST, ExportLanguage.EXPORTS),
          List.of(),
          null,
          (values, _) ->
              new LogsConfig(
                  values.get(ENABLED),
                  values.get(KEPT),
                  values.get(RING),
                  values.get(MASKED),
                  values.get(TEXT),
                  values.get(IngestLanguage.INGEST),
                  values.get(ExportLanguage.EXPORTS)));

  private LogsLanguage() {}

  private static @Nullable String name(String text) {
    return text.isEmpty() || text.length() > LogsConfig.Mask.MAX_NAME
        ? "must be the name of a query parameter, 1 to " + LogsConfig.Mask.MAX_NAME + " characters"
        : null;
  }

  private static int prefix(String text) {
    if (text.matches("/\\d{1,3}")) {
      return Integer.parseInt(text.substring(1));
    }
    throw Require.refusal("must be a slash and a number of bits, such as \"/24\"");
  }
}
