package io.fairlead.record.sql;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What records have to be, as said in a condition such as {@code status>=500 and node="b"}; checked
 * against the columns of a table.
 */
public sealed interface Condition {
  /** Every one of them. */
  record And(List<Condition> all) implements Condition {}

  /** One of them at least. */
  record Or(List<Condition> any) implements Condition {}

  record Not(Condition what) implements Condition {}

  /**
   * One comparison.
   *
   * @param column of the table
   * @param literal of SQL, of the column's type; {@code NULL} only with = and !=
   * @param value the same as a text, a {@link java.math.BigDecimal}, an {@link java.time.Instant}
   *     or a truth value; null: {@code NULL}
   */
  record Compare(String column, Operator operator, String literal, @Nullable Object value)
      implements Condition {}

  /** How a column is compared. */
  enum Operator {
    EQUAL("="),
    DIFFERENT("!="),
    LESS("<"),
    AT_MOST("<="),
    MORE(">"),
    AT_LEAST(">="),
    CONTAINS("~"),
    LACKS("!~");

    private final String sign;

    Operator(String sign) {
      this.sign = sign;
    }

    String sign() {
      return sign;
    }

    /** True where this is false. */
    public Operator opposite() {
      return switch (this) {
        case EQUAL -> DIFFERENT;
        case DIFFERENT -> EQUAL;
        case LESS -> AT_LEAST;
        case AT_MOST -> MORE;
        case MORE -> AT_MOST;
        case AT_LEAST -> LESS;
        case CONTAINS -> LACKS;
        case LACKS -> CONTAINS;
      };
    }

    public boolean isNegative() {
      return this == DIFFERENT || this == LACKS;
    }
  }

  /** As SQL. */
  default String sql() {
    return sql(this, false);
  }

  /**
   * {@code not} goes down to the comparisons, where it is known what becomes of a value that is not
   * there: it is not equal to anything, contains nothing, and is neither more nor less. So a record
   * is on one side or the other, which SQL alone does not say. (Two of {@code IS DISTINCT FROM}
   * joined by {@code OR} find nothing in files that have no value at all, with DuckDB 1.4.4.)
   */
  private static String sql(Condition condition, boolean negated) {
    return switch (condition) {
      case And(List<Condition> all) -> joined(all, negated ? " OR " : " AND ", negated);
      case Or(List<Condition> any) -> joined(any, negated ? " AND " : " OR ", negated);
      case Not(Condition what) -> sql(what, !negated);
      case Compare compare -> compared(compare, negated);
    };
  }

  private static String joined(List<Condition> parts, String by, boolean negated) {
    return "(" + String.join(by, parts.stream().map(part -> sql(part, negated)).toList()) + ")";
  }

  private static String compared(Compare compare, boolean negated) {
    Operator operator = negated ? compare.operator().opposite() : compare.operator();
    String column = '"' + compare.column() + '"';
    String literal = compare.literal();
    String plain =
        switch (operator) {
          case EQUAL -> literal.equals("NULL") ? column + " IS NULL" : column + " = " + literal;
          case DIFFERENT ->
              literal.equals("NULL")
                  ? column + " IS NOT NULL"
                  : "(" + column + " IS NULL OR " + column + " <> " + literal + ")";
          case LESS, AT_MOST, MORE, AT_LEAST -> column + " " + operator.sign() + " " + literal;
          case CONTAINS -> "contains(lower(" + column + "), lower(" + literal + "))";
          case LACKS ->
              "("
                  + column
                  + " IS NULL OR NOT contains(lower("
                  + column
                  + "), lower("
                  + literal
                  + ")))";
        };
    boolean order =
        !operator.isNegative() && operator != Operator.EQUAL && operator != Operator.CONTAINS;
    return negated && order ? "(" + column + " IS NULL OR " + plain + ")" : plain;
  }
}
