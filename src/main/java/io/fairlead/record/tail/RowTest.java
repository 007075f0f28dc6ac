package io.fairlead.record.tail;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.record.Bytes;
import io.fairlead.record.Names;
import io.fairlead.record.Utf8;
import io.fairlead.record.sql.Condition;
import io.fairlead.record.sql.Condition.Compare;
import io.fairlead.record.sql.Condition.Operator;
import io.fairlead.telemetry.RecordView;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Whether a record is meant by a condition: what its SQL says of the row that the record becomes.
 * Allocates nothing where texts are ASCII. One thread.
 */
interface RowTest {
  boolean test(RecordView record, Names names);

  /** Each record. */
  RowTest ALL = (_, _) -> true;

  /**
   * Makes it.
   *
   * @param fields by their columns
   */
  static RowTest of(Condition condition, Function<String, RowField> fields) {
    return of(condition, fields, false);
  }

  private static RowTest of(
      Condition condition, Function<String, RowField> fields, boolean negated) {
    return switch (condition) {
      case Condition.And(List<Condition> all) -> joined(all, fields, negated, !negated);
      case Condition.Or(List<Condition> any) -> joined(any, fields, negated, negated);
      case Condition.Not(Condition what) -> of(what, fields, !negated);
      case Compare compare -> compared(compare, fields.apply(compare.column()), negated);
    };
  }

  private static RowTest joined(
      List<Condition> parts,
      Function<String, RowField> fields,
      boolean negated,
      boolean allOfThem) {
    RowTest[] tests = parts.stream().map(part -> of(part, fields, negated)).toArray(RowTest[]::new);
    return (record, names) -> {
      for (RowTest test : tests) {
        if (test.test(record, names) != allOfThem) {
          return !allOfThem;
        }
      }
      return allOfThem;
    };
  }

  /** As in SQL, {@code not} decides what becomes of a value that is not there. */
  private static RowTest compared(Compare compare, RowField field, boolean negated) {
    Operator operator = negated ? compare.operator().opposite() : compare.operator();
    Object value = compare.value();
    if (value == null) {
      boolean wanted = operator == Operator.EQUAL;
      return present(field, wanted);
    }
    boolean ofNone =
        negated
            ? operator != Operator.EQUAL && operator != Operator.CONTAINS
            : operator.isNegative();
    return switch (field) {
      case RowField.Whole whole -> number(whole, operator, value, ofNone);
      case RowField.Numbered numbered ->
          new ByNumber(numbered, new TextTest(operator, value.toString()), ofNone);
      case RowField.Words words ->
          new ByText(words, new TextTest(operator, value.toString()), ofNone);
      case RowField.Made made -> new ByMade(made, new TextTest(operator, value.toString()), ofNone);
      case RowField.Same(String text) -> {
        boolean is = new TextTest(operator, value.toString()).test(text);
        yield (_, _) -> is;
      }
    };
  }

  private static RowTest present(RowField field, boolean wantsNone) {
    return switch (field) {
      case RowField.Whole whole ->
          (record, _) -> (whole.value().applyAsLong(record) == RowField.NONE) == wantsNone;
      case RowField.Numbered numbered ->
          (record, _) -> (numbered.number().applyAsInt(record) == 0) == wantsNone;
      case RowField.Words words ->
          (record, _) -> (record.textLength(words.which()) == 0) == wantsNone;
      case RowField.Made made -> {
        Bytes text = new Bytes();
        yield (record, _) -> {
          text.clear();
          made.making().write(record, text);
          return (text.size() == 0) == wantsNone;
        };
      }
      case RowField.Same _ -> (_, _) -> !wantsNone;
    };
  }

  private static RowTest number(
      RowField.Whole whole, Operator operator, Object value, boolean ofNone) {
    BigDecimal wanted =
        value instanceof Instant time
            ? BigDecimal.valueOf(ChronoUnit.MICROS.between(Instant.EPOCH, time))
            : new BigDecimal(value.toString());
    NumberTest test = new NumberTest(operator, wanted);
    return (record, _) -> {
      long found = whole.value().applyAsLong(record);
      return found == RowField.NONE ? ofNone : test.test(found);
    };
  }

  /** Works it out once for each number. */
  final class ByNumber implements RowTest {
    private static final byte YES = 1;
    private static final byte NO = 2;
    private static final int MOST = 1 << 16;

    private final RowField.Numbered field;
    private final TextTest test;
    private final boolean ofNone;
    private byte[] known = new byte[64];

    ByNumber(RowField.Numbered field, TextTest test, boolean ofNone) {
      this.field = field;
      this.test = test;
      this.ofNone = ofNone;
    }

    @Override
    public boolean test(RecordView record, Names names) {
      int number = field.number().applyAsInt(record);
      if (number == 0) {
        return ofNone;
      }
      if (number < known.length && known[number] != 0) {
        return known[number] == YES;
      }
      String text = field.meaning().of(number, names);
      boolean is = test.test(text == null ? "#" + number : text);
      if (number < MOST) {
        if (number >= known.length) {
          known = Arrays.copyOf(known, Integer.highestOneBit(number) * 2);
        }
        known[number] = is ? YES : NO;
      }
      return is;
    }
  }

  /** Looks at the text where it stands. */
  record ByText(RowField.Words field, TextTest test, boolean ofNone) implements RowTest {
    @Override
    public boolean test(RecordView record, Names names) {
      int length = record.textLength(field.which());
      if (length == 0) {
        return ofNone;
      }
      int start = record.textStart(field.which());
      if (Utf8.isPlain(record.bytes(), start, length)) {
        return test.test(record.bytes(), start, length);
      }
      return test.test(new String(record.bytes(), start, length, UTF_8));
    }
  }

  /** Makes the text first. */
  final class ByMade implements RowTest {
    private final RowField.Made field;
    private final TextTest test;
    private final boolean ofNone;
    private final Bytes text = new Bytes();

    ByMade(RowField.Made field, TextTest test, boolean ofNone) {
      this.field = field;
      this.test = test;
      this.ofNone = ofNone;
    }

    @Override
    public boolean test(RecordView record, Names names) {
      text.clear();
      field.making().write(record, text);
      return text.size() == 0 ? ofNone : test.test(text.array(), 0, text.size());
    }
  }
}
