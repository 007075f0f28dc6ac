package io.fairlead.record.sql;

import io.fairlead.insight.incident.Comparison.Explanation;
import io.fairlead.insight.incident.RecentView;
import io.fairlead.record.sql.Condition.Compare;
import io.fairlead.record.sql.Condition.Operator;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Compares selections among the requests that are in memory, by conditions as SQL would read them.
 * A comparison with a text is made once for each value there is, and looked up for each request.
 */
public final class LiveWhy {
  private final RecentView view;
  private boolean unable;

  private LiveWhy(RecentView view) {
    this.view = view;
  }

  /** Whether all that the question is about is in memory. */
  public static boolean covers(RecentView view, WhyQuestion question) {
    return view.since() <= question.first().toEpochMilli();
  }

  /** The answer from what is in memory; null: the conditions ask for what is not. */
  public static @Nullable Explanation ask(RecentView view, WhyQuestion question)
      throws WrongCondition {
    LiveWhy live = new LiveWhy(view);
    IntPredicate where = live.condition(question.where());
    String bad = question.bad();
    IntPredicate isBad =
        bad == null
            ? _ -> true
            : switch (bad) {
              case WhyQuestion.ERRORS -> view::failed;
              case WhyQuestion.SLOW -> view::isSlow;
              default -> live.condition(bad);
            };
    if (live.unable) {
      return null;
    }
    long from = question.from().toEpochMilli();
    long to = question.to().toEpochMilli();
    long first = question.first().toEpochMilli();
    boolean both = bad != null;
    IntPredicate selected =
        row -> {
          long millis = live.startMillis(row);
          int total = view.totalMicros(row);
          return millis >= from
              && millis < to
              && total >= question.minMicros()
              && total < question.maxMicros()
              && where.test(row)
              && isBad.test(row);
        };
    IntPredicate others =
        row -> {
          long millis = live.startMillis(row);
          return millis >= first
              && millis < (question.before() ? from : to)
              && (!both || where.test(row));
        };
    return view.compare(selected, others);
  }

  /** As records have it: when it began. */
  private long startMillis(int row) {
    return view.endMillis(row) - view.totalMicros(row) / 1000;
  }

  private IntPredicate condition(String text) throws WrongCondition {
    return text.isBlank()
        ? _ -> true
        : predicate(ConditionReader.read(RecordTable.REQUESTS, text), false);
  }

  private IntPredicate predicate(Condition condition, boolean negated) {
    return switch (condition) {
      case Condition.And(List<Condition> all) -> joined(all, negated, !negated);
      case Condition.Or(List<Condition> any) -> joined(any, negated, negated);
      case Condition.Not(Condition what) -> predicate(what, !negated);
      case Compare compare -> {
        IntPredicate plain = compare(compare);
        yield negated ? plain.negate() : plain;
      }
    };
  }

  private IntPredicate joined(List<Condition> parts, boolean negated, boolean and) {
    List<IntPredicate> each = parts.stream().map(part -> predicate(part, negated)).toList();
    return and
        ? row -> each.stream().allMatch(part -> part.test(row))
        : row -> each.stream().anyMatch(part -> part.test(row));
  }

  private IntPredicate compare(Compare compare) {
    return switch (compare.column()) {
      case "total_us" -> number(compare, view::totalMicros);
      case "first_byte_us" -> number(compare, view::firstByteMicros);
      case "time" -> time(compare);
      case "tries" -> unable();
      default -> {
        int field = view.field(compare.column());
        yield field < 0 ? unable() : text(compare, field);
      }
    };
  }

  private IntPredicate unable() {
    unable = true;
    return _ -> false;
  }

  private interface Figure {
    int of(int row);
  }

  private static IntPredicate number(Compare compare, Figure figure) {
    Operator operator = compare.operator();
    if (compare.literal().equals("NULL")) {
      return row -> figure.of(row) < 0 == (operator == Operator.EQUAL);
    }
    double wanted = Double.parseDouble(compare.literal());
    return row -> {
      int there = figure.of(row);
      return there < 0 ? operator == Operator.DIFFERENT : holds(operator, there - wanted);
    };
  }

  private IntPredicate time(Compare compare) {
    if (compare.literal().equals("NULL")) {
      return _ -> compare.operator() == Operator.DIFFERENT;
    }
    String text = compare.literal().replaceAll("TIMESTAMP '(.*)'", "$1").replace(' ', 'T');
    Instant wanted = LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
    double millis = wanted.getEpochSecond() * 1000.0 + wanted.getNano() / 1e6;
    return row -> holds(compare.operator(), startMillis(row) - millis);
  }

  private static boolean holds(Operator operator, double difference) {
    return switch (operator) {
      case EQUAL -> difference == 0;
      case DIFFERENT -> difference != 0;
      case LESS -> difference < 0;
      case AT_MOST -> difference <= 0;
      case MORE -> difference > 0;
      case AT_LEAST -> difference >= 0;
      case CONTAINS, LACKS -> false; // of texts only
    };
  }

  private IntPredicate text(Compare compare, int field) {
    boolean[] holds = new boolean[view.numbers(field)];
    for (int number = 0; number < holds.length; number++) {
      holds[number] = holds(compare, view.text(field, number));
    }
    for (int row = 0; row < view.size(); row++) {
      if (RecentView.isForgotten(view.number(field, row))) {
        return unable(); // it cannot be known what that was
      }
    }
    return row -> holds[view.number(field, row)];
  }

  private static boolean holds(Compare compare, @Nullable String there) {
    Operator operator = compare.operator();
    if (compare.literal().equals("NULL")) {
      return (there == null) == (operator == Operator.EQUAL);
    }
    if (there == null) {
      return operator.isNegative();
    }
    String literal = compare.literal();
    if (!literal.startsWith("'")) {
      return there.matches("[0-9]{1,9}")
          && holds(operator, Integer.parseInt(there) - Double.parseDouble(literal));
    }
    String wanted = literal.substring(1, literal.length() - 1).replace("''", "'");
    return switch (operator) {
      case CONTAINS -> lower(there).contains(lower(wanted));
      case LACKS -> !lower(there).contains(lower(wanted));
      case EQUAL, DIFFERENT, LESS, AT_MOST, MORE, AT_LEAST ->
          holds(operator, there.compareTo(wanted));
    };
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }
}
