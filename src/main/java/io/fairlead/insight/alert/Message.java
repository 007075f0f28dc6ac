package io.fairlead.insight.alert;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What one receiver is told at once about one group of alerts.
 *
 * @param id the same for the same news, so that who hears it twice can know
 * @param receiver its name
 * @param repeat nothing is new
 * @param time milliseconds since 1970
 * @param group labels that all its alerts have in common
 * @param alerts that fire, and those that are over since the last message
 * @param also what else is the matter, most likely because of an incident among the alerts
 */
public record Message(
    String id,
    String receiver,
    boolean repeat,
    long time,
    Map<String, String> group,
    List<Alert> alerts,
    List<String> also) {
  /** Bounds what a mail or a chat shows. */
  private static final int MAX_TOLD = 20;

  public Message {
    group = Map.copyOf(group);
    alerts = List.copyOf(alerts);
    also = List.copyOf(also);
  }

  /** Whether anything still fires. */
  public boolean isFiring() {
    return alerts.stream().anyMatch(Alert::isFiring);
  }

  /** One line. */
  public String title() {
    long firing = alerts.stream().filter(Alert::isFiring).count();
    Alert first =
        alerts.stream().filter(Alert::isFiring).findFirst().orElseGet(() -> alerts.getFirst());
    long others = (firing == 0 ? alerts.size() : firing) - 1;
    return (firing == 0 ? "Resolved: " : repeat ? "Still firing: " : "Firing: ")
        + first.text()
        + (others == 0 ? "" : " (and " + others + " more)");
  }

  /** All of it, a line each. */
  public String text() {
    StringBuilder text = new StringBuilder();
    int told = 0;
    for (Alert alert : alerts) {
      if (told++ == MAX_TOLD) {
        text.append("and ").append(alerts.size() - MAX_TOLD).append(" more\n");
        break;
      }
      text.append(alert.isFiring() ? alert.level().word().toUpperCase(Locale.ROOT) : "OK")
          .append("  ")
          .append(alert.text())
          .append(alert.isFiring() ? "" : " (over)")
          .append('\n');
      if (!alert.cause().isEmpty()) {
        text.append("    most likely cause: ").append(alert.cause()).append('\n');
      }
    }
    for (String one : also.subList(0, Math.min(also.size(), MAX_TOLD))) {
      text.append("    also: ").append(one).append('\n');
    }
    return text.toString();
  }
}
