package io.fairlead.insight.alert;

import io.fairlead.config.AlertRuleConfig.Level;
import java.util.Map;

/**
 * An incident that goes on.
 *
 * @param text a plain sentence
 * @param since milliseconds since 1970
 * @param scope what it is about: listener, route, service, node
 * @param cause the most likely one with the shares behind it; empty: none is known
 */
public record OpenIncident(
    String id,
    String kind,
    Level level,
    String text,
    long since,
    Map<String, String> scope,
    String cause) {
  /** Whether something with those labels may come of it: what both name is the same. */
  boolean covers(Map<String, String> labels) {
    int common = 0;
    for (Map.Entry<String, String> part : scope.entrySet()) {
      String other = labels.get(part.getKey());
      if (other != null) {
        if (!other.equals(part.getValue())) {
          return false;
        }
        common++;
      }
    }
    return common > 0;
  }
}
