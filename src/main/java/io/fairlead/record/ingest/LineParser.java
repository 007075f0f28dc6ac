package io.fairlead.record.ingest;

import io.fairlead.config.LogSource.Format;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a line says of itself: when, how bad, about which request. What it does not say, or says in
 * a way that is not known here, is taken from when it came, or left open; the line stays as it is.
 */
final class LineParser {
  /** What was found. */
  record Found(long micros, String level, @Nullable String requestId, @Nullable String traceId) {}

  private static final JsonMapper MAPPER = new JsonMapper();

  /** Time and level stand at the beginning. */
  private static final int HEAD = 160;

  private static final int MOST_ID = 128;
  private static final long DAY = TimeUnit.DAYS.toMicros(1);
  private static final long PAST = 3650 * DAY;

  private static final Pattern ISO =
      Pattern.compile(
          "(\\d{4})[-/](\\d\\d)[-/](\\d\\d)[T ](\\d\\d:\\d\\d:\\d\\d)(?:[.,](\\d{1,9}))?"
              + "\\s?(Z|[+-]\\d\\d:?\\d\\d)?");
  private static final Pattern ACCESS =
      Pattern.compile("(\\d\\d/[A-Z][a-z]{2}/\\d{4}:\\d\\d:\\d\\d:\\d\\d [+-]\\d{4})");
  private static final DateTimeFormatter ACCESS_TIME =
      DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ENGLISH);
  private static final Pattern LEVEL =
      Pattern.compile(
          "(?<![\\w/.-])(?:(?i:level|lvl|severity)\"?\\s?[=:]\\s?\"?([A-Za-z]+)|\\[([a-z]+)\\]"
              + "|(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|FATAL|CRIT(?:ICAL)?|SEVERE|ALERT"
              + "|EMERG|PANIC))(?![\\w-])");
  private static final Pattern NAMED_ID =
      Pattern.compile(
          "(?i)(?:request|req)[-_ ]?id\"?\\s?[=:]\\s?\"?([^\\s\"',;\\]})]{1," + MOST_ID + "})");
  private static final Pattern OWN_ID =
      Pattern.compile("(?<![0-9A-Za-z])0[0-9a-f]{23}(?![0-9A-Za-z])");
  private static final Pattern TRACE =
      Pattern.compile(
          "(?i)(?:trace[-_ .]?id\"?\\s?[=:]\\s?\"?|traceparent\"?\\s?[=:]\\s?\"?00-|[^0-9a-f]00-)"
              + "([0-9a-f]{32})(?![0-9a-f])");

  private static final List<String> TIMES = List.of("time", "timestamp", "@timestamp", "ts");
  private static final List<String> LEVELS =
      List.of("level", "severity", "severity_text", "lvl", "log.level", "levelname");
  private static final List<String> IDS =
      List.of("request_id", "requestId", "x-request-id", "x_request_id", "req_id", "reqId");
  private static final List<String> TRACES = List.of("trace_id", "traceId", "trace.id");

  private LineParser() {}

  /**
   * Looks at a line.
   *
   * @param arrived when it was read, in microseconds since 1970
   */
  static Found parse(String line, Format format, long arrived) {
    if (format == Format.JSON && line.startsWith("{")) {
      try {
        JsonNode node = MAPPER.readTree(line);
        if (node != null && node.isObject()) {
          return json(node, line, arrived);
        }
      } catch (JacksonException _) {
        // Somebody else's line among them, or one that was cut.
      }
    }
    return plain(line, arrived);
  }

  private static Found plain(String line, long arrived) {
    String head = line.length() > HEAD ? line.substring(0, HEAD) : line;
    return new Found(time(head, arrived), level(head), requestId(line), traceId(line));
  }

  private static Found json(JsonNode node, String line, long arrived) {
    JsonNode time = first(node, TIMES);
    JsonNode level = first(node, LEVELS);
    JsonNode id = first(node, IDS);
    JsonNode trace = first(node, TRACES);
    return new Found(
        time == null
            ? arrived
            : time.isNumber()
                ? sane(micros(time.doubleValue()), arrived)
                : time(time.asString(""), arrived),
        level == null
            ? ""
            : level.isNumber() ? numbered(level.intValue()) : word(level.asString("")),
        id == null ? requestId(line) : cut(id.asString("")),
        trace == null ? traceId(line) : cut(trace.asString("")));
  }

  private static @Nullable JsonNode first(JsonNode node, List<String> names) {
    for (String name : names) {
      JsonNode value = node.get(name);
      if (value != null && value.isValueNode() && !value.isNull()) {
        return value;
      }
    }
    return null;
  }

  private static @Nullable String cut(String id) {
    return id.isEmpty() ? null : id.length() > MOST_ID ? id.substring(0, MOST_ID) : id;
  }

  /** Seconds, or a thousandth, a millionth, a billionth of them: by how many there are. */
  private static long micros(double time) {
    double micros = time * 1e6;
    while (micros > 1e16) {
      micros /= 1000;
    }
    return (long) micros;
  }

  static long time(String head, long arrived) {
    Matcher iso = ISO.matcher(head);
    try {
      if (iso.find()) {
        String fraction = iso.group(5) == null ? "" : "." + iso.group(5);
        LocalDateTime time =
            LocalDateTime.parse(
                iso.group(1)
                    + "-"
                    + iso.group(2)
                    + "-"
                    + iso.group(3)
                    + "T"
                    + iso.group(4)
                    + fraction);
        String zone = iso.group(6);
        return sane(
            micros(time.atZone(zone == null ? ZoneId.systemDefault() : zone(zone)).toInstant()),
            arrived);
      }
      Matcher access = ACCESS.matcher(head);
      if (access.find()) {
        return sane(
            micros(OffsetDateTime.parse(access.group(1), ACCESS_TIME).toInstant()), arrived);
      }
    } catch (DateTimeException _) {
      // It only looked like a time.
    }
    return arrived;
  }

  private static ZoneId zone(String text) {
    return ZoneId.of(text.length() == 5 ? text.substring(0, 3) + ":" + text.substring(3) : text);
  }

  static long micros(Instant time) {
    return Math.addExact(
        Math.multiplyExact(time.getEpochSecond(), 1_000_000L), time.getNano() / 1000);
  }

  /** A time that no line can have is none. */
  static long sane(long micros, long arrived) {
    return micros > arrived + DAY || micros < arrived - PAST ? arrived : micros;
  }

  private static String level(String head) {
    Matcher level = LEVEL.matcher(head);
    while (level.find()) {
      for (int group = 1; group <= 3; group++) {
        String word = level.group(group);
        String known = word == null ? "" : word(word);
        if (!known.isEmpty()) {
          return known;
        }
      }
    }
    return "";
  }

  /** One of six words; empty: it is none of those that are known. */
  static String word(String level) {
    return switch (level.toLowerCase(Locale.ROOT)) {
      case "trace", "finest", "finer" -> "trace";
      case "debug", "fine", "dbug" -> "debug";
      case "info", "information", "notice", "informational" -> "info";
      case "warn", "warning" -> "warn";
      case "err", "error", "severe" -> "error";
      case "fatal", "crit", "critical", "alert", "emerg", "emergency", "panic" -> "fatal";
      default -> "";
    };
  }

  /** As some libraries of Node.js number them. */
  private static String numbered(int level) {
    return switch (level) {
      case 10 -> "trace";
      case 20 -> "debug";
      case 30 -> "info";
      case 40 -> "warn";
      case 50 -> "error";
      case 60 -> "fatal";
      default -> "";
    };
  }

  /** What is called so, else what looks like one that Fairlead has made. */
  static @Nullable String requestId(String line) {
    Matcher named = NAMED_ID.matcher(line);
    if (named.find()) {
      return named.group(1);
    }
    Matcher own = OWN_ID.matcher(line);
    return own.find() ? own.group() : null;
  }

  static @Nullable String traceId(String line) {
    Matcher trace = TRACE.matcher(line);
    return trace.find() ? trace.group(1) : null;
  }
}
