package io.fairlead.insight.alert;

import java.util.List;
import java.util.Map;

/**
 * What has to outlive the process, so that nobody is told twice, or not that something is over.
 *
 * @param alerts that fire
 * @param groups what receivers were told
 * @param silences that have not ended
 */
public record SavedAlerts(List<Alert> alerts, List<Group> groups, List<Silence> silences) {
  public static final SavedAlerts NONE = new SavedAlerts(List.of(), List.of(), List.of());

  /**
   * What a receiver was told of a group.
   *
   * @param labels that make the group
   * @param told alerts that it was told of as firing
   * @param lastSent milliseconds since 1970
   * @param sent messages so far
   */
  public record Group(
      String receiver, Map<String, String> labels, List<String> told, long lastSent, long sent) {}
}
