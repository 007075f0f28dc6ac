package io.fairlead.record.tail;

import io.fairlead.record.sql.Condition.Operator;
import java.math.BigDecimal;
import java.math.RoundingMode;

/** A comparison of a whole number with any. */
final class NumberTest {
  private static final BigDecimal LEAST = BigDecimal.valueOf(Long.MIN_VALUE + 1);
  private static final BigDecimal MOST = BigDecimal.valueOf(Long.MAX_VALUE);

  private final Operator operator;

  /** The largest whole number that is not larger. */
  private final long floor;

  /** Whether that is the number itself. */
  private final boolean exact;

  NumberTest(Operator operator, BigDecimal wanted) {
    this.operator = operator;
    BigDecimal whole = wanted.setScale(0, RoundingMode.FLOOR);
    BigDecimal within = whole.max(LEAST).min(MOST);
    floor = within.longValueExact();
    exact = within.compareTo(wanted) == 0;
  }

  boolean test(long value) {
    return switch (operator) {
      case EQUAL -> exact && value == floor;
      case DIFFERENT -> !exact || value != floor;
      case LESS -> exact ? value < floor : value <= floor;
      case AT_MOST -> value <= floor;
      case MORE -> value > floor;
      case AT_LEAST -> exact ? value >= floor : value > floor;
      case CONTAINS, LACKS -> throw new IllegalStateException("numbers contain nothing");
    };
  }
}
