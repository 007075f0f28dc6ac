package io.fairlead.insight.incident;

import io.fairlead.insight.incident.RecentRequests.Which;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the numbers of values mean, as fields, words and conditions. */
final class Values {
  private final Dictionary[] dictionaries;
  private final RecordSorter sorter;

  Values(Dictionary[] dictionaries, RecordSorter sorter) {
    this.dictionaries = dictionaries;
    this.sorter = sorter;
  }

  Dictionary of(Dimension dimension) {
    return dictionaries[dimension.index()];
  }

  private List<String> texts(Which which) {
    return Arrays.stream(which.numbers).mapToObj(of(which.dimension)::text).sorted().toList();
  }

  Map<String, String> fields(Which which) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put(which.dimension.field(), String.join(", ", texts(which)));
    if (which.second != null) {
      fields.put(which.second.field(), of(which.second).text(which.secondNumber));
    }
    return fields;
  }

  /** Such as "node b" or "routes a, b and c". */
  String words(Which which) {
    List<String> texts = texts(which);
    String first = which.dimension.noun() + (texts.size() > 1 ? "s " : " ") + Sentences.list(texts);
    return which.second == null
        ? first
        : first
            + " together with "
            + which.second.noun()
            + " "
            + of(which.second).text(which.secondNumber);
  }

  /** As a condition for records. */
  @Nullable String where(Which which) {
    String first = where(which.dimension, which.numbers);
    if (first == null || which.second == null) {
      return first;
    }
    String second = where(which.second, new int[] {which.secondNumber});
    return second == null ? null : first + " and " + second;
  }

  private @Nullable String where(Dimension dimension, int[] numbers) {
    return switch (dimension) {
      case PATH -> null; // a template is no path
      case VERSION, ZONE -> {
        List<String> nodes =
            Arrays.stream(numbers)
                .boxed()
                .flatMap(number -> sorter.nodesOf(dimension, number).stream())
                .toList();
        yield nodes.isEmpty() || nodes.size() > 50 ? null : any("node", nodes);
      }
      case NODE,
          SERVICE,
          ROUTE,
          LISTENER,
          CLIENT,
          HOST,
          AGENT,
          METHOD,
          PROTOCOL,
          STATUS,
          ERROR,
          TRIES ->
          any(
              dimension.field(),
              Arrays.stream(numbers).mapToObj(of(dimension)::text).sorted().toList());
    };
  }

  private static String any(String field, List<String> texts) {
    String joined =
        texts.stream()
            .map(text -> field + "=\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"")
            .collect(Collectors.joining(" or "));
    return texts.size() > 1 ? "(" + joined + ")" : joined;
  }
}
