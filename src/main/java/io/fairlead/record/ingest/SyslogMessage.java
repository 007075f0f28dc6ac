package io.fairlead.record.ingest;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A message of syslog: RFC 5424, or what RFC 3164 found in use, of which anything may be missing.
 *
 * @param host who says so; empty: it does not say
 * @param app what of it wrote the message; empty: it does not say
 * @param text what is said
 */
record SyslogMessage(long micros, String level, String host, String app, String text) {
  private static final Pattern PRIORITY = Pattern.compile("<(\\d{1,3})>(1 )?");
  private static final Pattern NEW = Pattern.compile("(\\S+) (\\S+) (\\S+) (\\S+) (\\S+) ");
  private static final Pattern OLD =
      Pattern.compile(
          "([A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d|\\d{4}-\\d\\d-\\d\\dT\\S+) (?:(\\S+) )?"
              + "(?=[^\\s:\\[]{1,48}[\\[:])");
  private static final Pattern TAG = Pattern.compile("([^\\s:\\[]{1,48})(?:\\[[^\\]]*\\])?: ?");

  /** Without a year, which is the one that makes it nearest to now. */
  private static final DateTimeFormatter MONTH_FIRST =
      new DateTimeFormatterBuilder()
          .appendPattern("MMM ppd HH:mm:ss")
          .parseDefaulting(ChronoField.YEAR, 2000) // has a 29th of February
          .toFormatter(Locale.ENGLISH);

  private static final String[] LEVELS = {
    "fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug"
  };

  /**
   * Reads one.
   *
   * @param arrived when it came, in microseconds since 1970
   * @return null: it is none
   */
  static @Nullable SyslogMessage parse(String message, long arrived) {
    Matcher priority = PRIORITY.matcher(message);
    if (!priority.lookingAt()) {
      return null;
    }
    String level = LEVELS[Integer.parseInt(priority.group(1)) & 7];
    String rest = message.substring(priority.end());
    return priority.group(2) != null ? newer(rest, level, arrived) : older(rest, level, arrived);
  }

  private static @Nullable SyslogMessage newer(String rest, String level, long arrived) {
    Matcher fields = NEW.matcher(rest);
    if (!fields.lookingAt()) {
      return null;
    }
    int data = endOfData(rest, fields.end());
    if (data < 0) {
      return null;
    }
    String text = rest.substring(data).stripLeading();
    return new SyslogMessage(
        time(fields.group(1), arrived),
        level,
        orEmpty(fields.group(2)),
        orEmpty(fields.group(3)),
        text.startsWith("\uFEFF") ? text.substring(1) : text);
  }

  private static String orEmpty(String field) {
    return field.equals("-") ? "" : field;
  }

  /** Behind the structured data; negative: it has no end. */
  private static int endOfData(String text, int from) {
    if (text.startsWith("-", from)) {
      return from + 1;
    }
    boolean quoted = false;
    int at = from;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (quoted && c == '\\') {
        at++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && c == ']' && !text.startsWith("[", at + 1)) {
        return at + 1;
      }
      at++;
    }
    return -1;
  }

  private static SyslogMessage older(String rest, String level, long arrived) {
    Matcher head = OLD.matcher(rest);
    String host = "";
    String text = rest;
    long micros = arrived;
    if (head.lookingAt()) {
      micros = time(head.group(1), arrived);
      host = head.group(2) == null ? "" : head.group(2);
      text = rest.substring(head.end());
    }
    Matcher tag = TAG.matcher(text);
    return tag.lookingAt()
        ? new SyslogMessage(micros, level, host, tag.group(1), text.substring(tag.end()))
        : new SyslogMessage(micros, level, host, "", text);
  }

  private static long time(String text, long arrived) {
    try {
      if (Character.isDigit(text.charAt(0))) {
        return LineParser.sane(LineParser.micros(OffsetDateTime.parse(text).toInstant()), arrived);
      }
      if (text.equals("-")) {
        return arrived;
      }
      LocalDateTime local = LocalDateTime.parse(text, MONTH_FIRST);
      long nearest = arrived;
      long distance = Long.MAX_VALUE;
      int year =
          java.time.Instant.EPOCH
              .plus(arrived, java.time.temporal.ChronoUnit.MICROS)
              .atZone(ZoneId.systemDefault())
              .getYear();
      for (int each = year - 1; each <= year + 1; each++) {
        ZonedDateTime time = local.withYear(each).atZone(ZoneId.systemDefault());
        long micros = LineParser.micros(time.toInstant());
        if (Math.abs(micros - arrived) < distance) {
          distance = Math.abs(micros - arrived);
          nearest = micros;
        }
      }
      return nearest;
    } catch (DateTimeException e) {
      return arrived;
    }
  }
}
