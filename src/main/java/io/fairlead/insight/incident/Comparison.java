package io.fairlead.insight.incident;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Compares requests that somebody selected with others: which values, and pairs of values, are much
 * more frequent among them. Fed with counts, wherever they come from; measures as {@link Causes}
 * does.
 */
public final class Comparison {
  /** Values of a field that are told. */
  private static final int TOLD = 10;

  /** Values whose pairs are worth a look. */
  public static final int PAIRED = 8;

  private static final int PAIRS = 5;
  private static final int FEW = 5;
  private static final double PAIR = 0.75;
  private static final double MOST = 0.5;
  private static final double LIFT = 1.5;
  private static final double SAME = 0.97;

  /** What came of a request is told, but is no reason. */
  private static final Set<String> OUTCOMES = Set.of("status", "error", "tries");

  /**
   * How frequent a value is.
   *
   * @param selection share of the selected requests that have it
   * @param rest share of the others
   * @param count selected requests that have it
   */
  public record Value(String value, double selection, double rest, long count) {}

  /**
   * The values of a field.
   *
   * @param score how much of what tells the selection from the rest its best value explains, 0 to 1
   * @param values the most telling first
   * @param more that are not told
   */
  public record Field(String name, double score, List<Value> values, int more) {}

  /** Values of two fields together. */
  public record Pair(
      Map<String, String> fields, double selection, double rest, long count, double score) {}

  /** The answer. */
  public record Explanation(
      long selection, long rest, List<Field> fields, List<Pair> pairs, String text) {}

  /** A value of a field, with the requests that have it. */
  public record Counted(String field, String value, double selection, double rest) {}

  private final double selection;
  private final double rest;
  private final Map<String, List<Counted>> values = new LinkedHashMap<>();
  private final Map<String, Integer> distinct = new LinkedHashMap<>();
  private final List<Pair> pairs = new ArrayList<>();

  /**
   * @param selection requests that were selected
   * @param rest requests that they are compared with
   */
  public Comparison(double selection, double rest) {
    this.selection = selection;
    this.rest = rest;
  }

  public void add(String field, String value, double selected, double others) {
    values
        .computeIfAbsent(field, _ -> new ArrayList<>())
        .add(new Counted(field, value, selected, others));
  }

  /** There are so many values of that field, though not all may have been added. */
  public void distinct(String field, int count) {
    distinct.put(field, count);
  }

  /** What pairs should be counted of. */
  public List<Counted> candidates() {
    return values.values().stream()
        .flatMap(List::stream)
        .filter(each -> !OUTCOMES.contains(each.field()) && isMore(each))
        .sorted(Comparator.comparingDouble(this::information).reversed())
        .limit(PAIRED)
        .toList();
  }

  public void addPair(Counted a, Counted b, double selected, double others) {
    boolean part =
        selected + others > SAME * Math.min(a.selection() + a.rest(), b.selection() + b.rest());
    if (a.field().equals(b.field()) || part || selected < FEW) {
      return;
    }
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put(a.field(), a.value());
    fields.put(b.field(), b.value());
    Counted both = new Counted(a.field(), a.value(), selected, others);
    if (isMore(both)) {
      pairs.add(
          new Pair(
              fields,
              share(selected, selection),
              share(others, rest),
              Math.round(selected),
              score(both)));
    }
  }

  private boolean isMore(Counted value) {
    return share(value.selection(), selection) > share(value.rest(), rest);
  }

  private static double share(double part, double whole) {
    return whole <= 0 ? 0 : Math.min(1, part / whole);
  }

  private double information(Counted value) {
    return isMore(value)
        ? Chance.information(
            selection + rest, selection, value.selection() + value.rest(), value.selection())
        : 0;
  }

  private double score(Counted value) {
    double entropy = Chance.entropy(selection + rest, selection);
    return entropy <= 0 ? 0 : Math.min(1, information(value) / entropy);
  }

  public Explanation explain() {
    List<Field> fields = new ArrayList<>();
    values.forEach((name, all) -> {
      List<Counted> sorted = new ArrayList<>(all);
      sorted.sort(
          Comparator.comparingDouble(this::information)
              .thenComparingDouble(Counted::selection)
              .reversed());
      List<Value> told =
          sorted.stream()
              .limit(TOLD)
              .map(each ->
                  new Value(
                      each.value(),
                      share(each.selection(), selection),
                      share(each.rest(), rest),
                      Math.round(each.selection())))
              .toList();
      int more = Math.max(distinct.getOrDefault(name, 0), all.size()) - told.size();
      fields.add(new Field(name, score(sorted.getFirst()), told, more));
    });
    fields.sort(
        Comparator.comparing((Field field) -> OUTCOMES.contains(field.name()))
            .thenComparing(Comparator.comparingDouble(Field::score).reversed()));
    pairs.sort(Comparator.comparingDouble(Pair::score).reversed());
    List<Pair> kept = List.copyOf(pairs.subList(0, Math.min(PAIRS, pairs.size())));
    return new Explanation(
        Math.round(selection), Math.round(rest), fields, kept, text(fields, kept));
  }

  private String text(List<Field> fields, List<Pair> kept) {
    if (selection < FEW) {
      return selection < 1
          ? "No request is selected."
          : "Too few requests are selected to tell what they have in common.";
    }
    if (rest < 1) {
      return "There are no other requests to compare them with.";
    }
    Named named = named(fields);
    Pair pair = kept.isEmpty() ? null : kept.getFirst();
    if (pair != null
        && isNamed(pair.selection(), pair.rest())
        && PAIR * pair.score() > (named == null ? 0 : named.score())) {
      named = new Named(pair.fields(), pair.selection(), pair.rest(), pair.score());
    }
    String compared = count(selection) + " requests are compared with " + count(rest) + " others: ";
    if (named == null) {
      return compared + "they have nothing in common that the others have not.";
    }
    List<String> words = new ArrayList<>();
    named.fields().forEach((field, value) -> words.add(field.replace('_', ' ') + " " + value));
    return compared
        + Sentences.percent(named.selection())
        + " have "
        + String.join(" together with ", words)
        + ", "
        + Sentences.percent(named.rest())
        + " of the others do.";
  }

  private record Named(Map<String, String> fields, double selection, double rest, double score) {}

  private static @Nullable Named named(List<Field> fields) {
    for (Field field : fields) {
      Value best = field.values().getFirst();
      if (!OUTCOMES.contains(field.name()) && isNamed(best.selection(), best.rest())) {
        return new Named(
            Map.of(field.name(), best.value()), best.selection(), best.rest(), field.score());
      }
    }
    return null;
  }

  private static boolean isNamed(double selected, double others) {
    return selected >= MOST && selected >= LIFT * others;
  }

  private static String count(double requests) {
    return String.format(java.util.Locale.ROOT, "%,d", Math.round(requests));
  }
}
