package io.fairlead.insight;

import io.fairlead.telemetry.NodeAnswers;
import java.util.Arrays;
import java.util.List;

/**
 * What came of requests to one node on one route in a moment, as instances tell each other.
 *
 * @param good answers without an error
 * @param errors answers with one, and tries without an answer
 * @param slow those of the good that were slower than nine in ten are, where they were counted
 * @param tail those that were slower than ninety-nine in a hundred
 * @param byClient of the errors, spread over {@link NodeAnswers#CLIENT_PLACES} places; or empty
 */
public record Answered(int good, int errors, int slow, int tail, List<Integer> byClient) {
  /** Nobody answers more in half a second. */
  public static final int MOST = 100_000;

  public Answered {
    byClient = List.copyOf(byClient);
    if (!isCount(good)
        || !isCount(errors)
        || slow < 0
        || slow > good
        || tail < 0
        || tail > good
        || byClient.size() > NodeAnswers.CLIENT_PLACES
        || !byClient.stream().allMatch(Answered::isCount)) {
      throw new IllegalArgumentException("no counts of answers");
    }
  }

  private static boolean isCount(int count) {
    return count >= 0 && count <= MOST;
  }

  /** What is more than can be told is left out. */
  static Answered of(int good, int errors, int slow, int tail, int[] byClient) {
    int most = Math.clamp(good, 0, MOST);
    return new Answered(
        most,
        Math.clamp(errors, 0, MOST),
        Math.clamp(slow, 0, most),
        Math.clamp(tail, 0, most),
        errors == 0
            ? List.of()
            : Arrays.stream(byClient).mapToObj(count -> Math.clamp(count, 0, MOST)).toList());
  }
}
