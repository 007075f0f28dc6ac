package io.fairlead.insight.alert;

import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Somebody does not want to hear of some alerts for a while.
 *
 * @param labels what they have to have; {@code *} stands for any characters
 * @param created milliseconds since 1970
 * @param until when it ends
 * @param by who wanted it
 * @param why in that person's words
 */
public record Silence(
    String id, Map<String, String> labels, long created, long until, String by, String why) {
  public Silence {
    labels = Map.copyOf(labels);
  }

  boolean covers(Alert alert, long now) {
    if (now >= until) {
      return false;
    }
    Map<String, String> all = alert.allLabels();
    return labels.entrySet().stream()
        .allMatch(one -> matches(one.getValue(), all.get(one.getKey())));
  }

  private static boolean matches(String wanted, @Nullable String given) {
    if (given == null) {
      return false;
    }
    if (!wanted.contains("*")) {
      return wanted.equals(given);
    }
    StringBuilder pattern = new StringBuilder();
    for (String part : wanted.split("\\*", -1)) {
      pattern.append(pattern.isEmpty() ? "" : ".*").append(Pattern.quote(part));
    }
    return Pattern.matches(pattern.toString(), given);
  }
}
