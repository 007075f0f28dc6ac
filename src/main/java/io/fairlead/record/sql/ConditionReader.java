package io.fairlead.record.sql;

import io.fairlead.config.Suggest;
import io.fairlead.record.sql.Condition.Compare;
import io.fairlead.record.sql.Condition.Operator;
import io.fairlead.record.sql.RecordTable.Column;
import io.fairlead.record.sql.RecordTable.ColumnType;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a condition:
 *
 * <pre>
 * either     = both { "or" both }
 * both       = one { "and" one }
 * one        = "not" one | "(" either ")" | field operator value
 * operator   = "=" | "!=" | "&lt;" | "&lt;=" | "&gt;" | "&gt;=" | "~" | "!~"
 * value      = a word without spaces and parentheses, or a text in "..." or '...'
 * </pre>
 *
 * <p>Every value becomes a literal of its column's type here, so that nothing of the text itself
 * gets into SQL. What is wrong is said with its place.
 */
public final class ConditionReader {
  static final int MAX_LENGTH = 4096;
  private static final int MAX_DEPTH = 32;
  private static final int MAX_COMPARISONS = 100;

  private static final Pattern FIELD = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]*");
  private static final Pattern OPERATOR = Pattern.compile("!=|<=|>=|!~|==|<>|=|<|>|~");
  private static final Pattern WORD = Pattern.compile("[^\\s()\"']+");
  private static final Pattern NUMBER =
      Pattern.compile("(-?[0-9]{1,18}(?:\\.[0-9]{1,9})?)([A-Za-z%]*)");
  private static final DateTimeFormatter SQL_TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS", Locale.ROOT);

  /** Units of columns in microseconds, and of columns in bytes. */
  private static final Map<String, BigDecimal> MICROS =
      Map.of(
          "us", BigDecimal.ONE,
          "ms", BigDecimal.valueOf(1_000),
          "s", BigDecimal.valueOf(1_000_000),
          "m", BigDecimal.valueOf(60_000_000));

  private static final Map<String, BigDecimal> BYTES =
      Map.of(
          "B", BigDecimal.ONE,
          "KiB", BigDecimal.valueOf(1L << 10),
          "MiB", BigDecimal.valueOf(1L << 20),
          "GiB", BigDecimal.valueOf(1L << 30));

  private final RecordTable table;
  private final String text;
  private int at;
  private int comparisons;

  private ConditionReader(RecordTable table, String text) {
    this.table = table;
    this.text = text;
  }

  /** Reads it for the columns of that table. */
  public static Condition read(RecordTable table, String text) throws WrongCondition {
    if (text.length() > MAX_LENGTH) {
      throw new WrongCondition(0, "A condition may have at most " + MAX_LENGTH + " characters.");
    }
    ConditionReader reader = new ConditionReader(table, text);
    Condition condition = reader.either(0);
    reader.skipSpace();
    if (reader.at < text.length()) {
      throw reader.wrong(
          reader.text.charAt(reader.at) == ')'
              ? "there is no ( before this )"
              : "expected and, or, or the end");
    }
    return condition;
  }

  private Condition either(int depth) throws WrongCondition {
    List<Condition> parts = new ArrayList<>(List.of(both(depth)));
    while (word("or") || sign("||")) {
      parts.add(both(depth));
    }
    return parts.size() == 1 ? parts.getFirst() : new Condition.Or(List.copyOf(parts));
  }

  private Condition both(int depth) throws WrongCondition {
    List<Condition> parts = new ArrayList<>(List.of(one(depth)));
    while (word("and") || sign("&&")) {
      parts.add(one(depth));
    }
    return parts.size() == 1 ? parts.getFirst() : new Condition.And(List.copyOf(parts));
  }

  private Condition one(int depth) throws WrongCondition {
    if (depth == MAX_DEPTH) {
      throw wrong("more than " + MAX_DEPTH + " levels");
    }
    if (word("not")) {
      return new Condition.Not(one(depth + 1));
    }
    if (sign("(")) {
      int opened = at;
      Condition inner = either(depth + 1);
      if (!sign(")")) {
        throw at < text.length()
            ? wrong("expected and, or, or )")
            : new WrongCondition(opened, "this ( is not closed (at " + opened + ")");
      }
      return inner;
    }
    return comparison();
  }

  private Condition comparison() throws WrongCondition {
    if (++comparisons > MAX_COMPARISONS) {
      throw wrong("more than " + MAX_COMPARISONS + " comparisons");
    }
    skipSpace();
    int place = at;
    String name = next(FIELD);
    if (name.isEmpty()) {
      throw wrong(text.isBlank() ? "there is no condition" : "expected a field, such as status");
    }
    Column column = column(name, place);
    skipSpace();
    int operatorPlace = at;
    String sign = next(OPERATOR);
    if (sign.isEmpty()) {
      throw wrong("expected =, !=, <, <=, >, >=, ~ (contains) or !~ after " + name);
    }
    Operator operator = operator(sign);
    skipSpace();
    int valuePlace = at;
    boolean quoted = at < text.length() && (text.charAt(at) == '"' || text.charAt(at) == '\'');
    String value = quoted ? quotedText() : next(WORD);
    if (value.isEmpty() && !quoted) {
      throw wrong("expected a value after " + sign);
    }
    check(column, operator, operatorPlace);
    if (value.equals("null") && !quoted) {
      if (operator != Operator.EQUAL && operator != Operator.DIFFERENT) {
        throw new WrongCondition(
            operatorPlace + 1, "null can be compared by = and != only" + at(operatorPlace));
      }
      return new Compare(name, operator, "NULL", null);
    }
    return compare(column, operator, value, valuePlace);
  }

  private Column column(String name, int place) throws WrongCondition {
    Column column = table.column(name);
    if (column == null) {
      List<String> known = table.columns().stream().map(Column::name).toList();
      throw new WrongCondition(
          place + 1,
          table.sqlName() + " have no field " + name + Suggest.among(name, known) + at(place));
    }
    return column;
  }

  private static Operator operator(String sign) {
    return switch (sign) {
      case "==" -> Operator.EQUAL;
      case "<>" -> Operator.DIFFERENT;
      default -> {
        for (Operator operator : Operator.values()) {
          if (operator.sign().equals(sign)) {
            yield operator;
          }
        }
        throw new IllegalStateException(sign);
      }
    };
  }

  private static void check(Column column, Operator operator, int place) throws WrongCondition {
    boolean contains = operator == Operator.CONTAINS || operator == Operator.LACKS;
    if (contains && column.type() != ColumnType.VARCHAR) {
      throw new WrongCondition(
          place + 1,
          operator.sign()
              + " is for fields that are texts, and "
              + column.name()
              + " is not"
              + at(place));
    }
  }

  private static Compare compare(Column column, Operator operator, String value, int place)
      throws WrongCondition {
    String name = column.name();
    return switch (column.type()) {
      case VARCHAR -> new Compare(name, operator, QueryEngine.literal(value), value);
      case INTEGER, BIGINT, DOUBLE -> {
        BigDecimal number = number(column, value, place);
        yield new Compare(name, operator, number.toPlainString(), number);
      }
      case TIMESTAMP -> {
        Instant time = time(column, value, place);
        yield new Compare(name, operator, literal(time), time);
      }
      case BOOLEAN -> {
        if (!value.equals("true") && !value.equals("false")) {
          throw new WrongCondition(
              place + 1, column.name() + " is true or false, not " + value + at(place));
        }
        yield new Compare(name, operator, value, value.equals("true"));
      }
    };
  }

  private static BigDecimal number(Column column, String value, int place) throws WrongCondition {
    Matcher number = NUMBER.matcher(value);
    boolean time = column.name().endsWith("_us");
    boolean size = column.name().startsWith("bytes_");
    Map<String, BigDecimal> units = time ? MICROS : size ? BYTES : Map.of();
    String such =
        time
            ? " in microseconds, or with a unit such as 500ms"
            : size ? " of bytes, or a size such as 64KiB" : "";
    BigDecimal unit =
        !number.matches()
            ? null
            : number.group(2).isEmpty() ? BigDecimal.ONE : units.get(number.group(2));
    if (unit == null) {
      throw new WrongCondition(
          place + 1, column.name() + " is a number" + such + ", not " + value + at(place));
    }
    // A decimal keeps comparisons with whole numbers exact.
    return new BigDecimal(number.group(1)).multiply(unit).stripTrailingZeros();
  }

  private static Instant time(Column column, String value, int place) throws WrongCondition {
    try {
      return Instant.parse(value);
    } catch (DateTimeParseException _) {
      throw new WrongCondition(
          place + 1,
          column.name() + " is a time such as 2026-11-26T10:00:00Z, not " + value + at(place));
    }
  }

  /** As SQL. */
  static String literal(Instant time) {
    return "TIMESTAMP '" + SQL_TIME.format(LocalDateTime.ofInstant(time, ZoneOffset.UTC)) + "'";
  }

  /** A text in quotes; a backslash before a quote or a backslash takes that as it is. */
  private String quotedText() throws WrongCondition {
    int opened = at;
    char quote = text.charAt(at++);
    StringBuilder value = new StringBuilder();
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c == quote) {
        return value.toString();
      }
      boolean escapes =
          c == '\\' && at < text.length() && (text.charAt(at) == quote || text.charAt(at) == '\\');
      value.append(escapes ? text.charAt(at++) : c);
    }
    throw new WrongCondition(opened + 1, "this text has no closing " + quote + at(opened));
  }

  private boolean word(String wanted) {
    skipSpace();
    int end = at + wanted.length();
    boolean found =
        text.regionMatches(/* ignoreCase= */ true, at, wanted, 0, wanted.length())
            && (end == text.length() || !Character.isLetterOrDigit(text.charAt(end)))
            && (end == text.length() || text.charAt(end) != '_');
    at = found ? end : at;
    return found;
  }

  private boolean sign(String wanted) {
    skipSpace();
    boolean found = text.startsWith(wanted, at);
    at += found ? wanted.length() : 0;
    return found;
  }

  private String next(Pattern pattern) {
    Matcher matcher = pattern.matcher(text).region(at, text.length());
    if (!matcher.lookingAt()) {
      return "";
    }
    at = matcher.end();
    return matcher.group();
  }

  private void skipSpace() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  private WrongCondition wrong(String what) {
    skipSpace();
    return new WrongCondition(at + 1, what + (at < text.length() ? at(at) : ", at its end"));
  }

  private static String at(int place) {
    return " (at " + (place + 1) + ")";
  }
}
