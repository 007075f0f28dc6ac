package io.fairlead.insight.incident;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One problem, as it is told.
 *
 * @param id stays with it
 * @param open whether it goes on
 * @param level {@code bad} or {@code warn}
 * @param kind errors, slow, retries, transfer, surge, drop, node-down, ...
 * @param text what, since when, how much, and why most likely
 * @param since milliseconds since 1970
 * @param until null while it goes on
 * @param scope what it concerns: service, route or listener
 * @param share of requests there that are bad, since it began; 0 where none are meant
 * @param baseline what is usual instead
 * @param requests that were bad so far
 * @param causes most likely first
 */
public record Incident(
    String id,
    boolean open,
    String level,
    String kind,
    String text,
    long since,
    @Nullable Long until,
    Map<String, String> scope,
    double share,
    double baseline,
    long requests,
    List<Cause> causes) {

  public Incident {
    scope = Map.copyOf(scope);
    causes = List.copyOf(causes);
  }

  /**
   * What bad requests have in common.
   *
   * @param fields values by field; several values of one are joined by a comma
   * @param text one sentence with both shares
   * @param bad share of the bad requests that have it
   * @param rest share of the others that do
   * @param score how much of what tells bad from good this explains, 0 to 1
   * @param where the same as a condition for records; null: records cannot be asked for it
   */
  public record Cause(
      Map<String, String> fields,
      String text,
      double bad,
      double rest,
      double score,
      @Nullable String where) {}

  Incident ended(long when) {
    return new Incident(
        id, false, level, kind, text, since, when, scope, share, baseline, requests, causes);
  }
}
