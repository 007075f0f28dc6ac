package io.fairlead.insight.alert;

import io.fairlead.config.AlertRuleConfig;
import io.fairlead.config.AlertsConfig;
import io.fairlead.insight.alert.Alert.State;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All rules in force, what fires, who was told. Whoever drives it says what time it is, once a
 * second or so, and sends what it answers. Used by one thread at a time.
 */
public final class AlertEngine {
  private final Map<String, RuleWatch> watches = new LinkedHashMap<>();
  private final Map<String, Silence> silences = new LinkedHashMap<>();
  private final MessageGroups groups = new MessageGroups();
  private AlertsConfig config = AlertsConfig.NONE;

  /** Alerts of rules that are no more: whoever was told of them hears that they are over. */
  private final Map<String, Alert> orphans = new LinkedHashMap<>();

  private List<Alert> alerts = List.of();

  /**
   * What came of one look.
   *
   * @param changed alerts that have begun to fire or are over
   * @param messages to be sent
   */
  public record Step(List<Alert> changed, List<Message> messages) {}

  /** Goes on where another process has ended. Before the first look, after the configuration. */
  public void restore(SavedAlerts saved, long now) {
    for (Alert alert : saved.alerts()) {
      RuleWatch watch = watches.get(alert.rule());
      if (watch != null) {
        watch.restore(alert, now);
      } else {
        orphans.put(alert.id(), ended(alert, now));
      }
    }
    saved.silences().forEach(silence -> silences.put(silence.id(), silence));
    groups.restore(saved.groups());
  }

  private static Alert ended(Alert alert, long now) {
    return new Alert(
        alert.id(),
        alert.rule(),
        State.RESOLVED,
        alert.level(),
        alert.text(),
        alert.cause(),
        alert.since(),
        now,
        alert.labels(),
        alert.value());
  }

  /** From now on those rules hold; the ones that stay keep what they have seen. */
  public List<Alert> configure(AlertsConfig wanted, long now) {
    config = wanted;
    List<Alert> ended = new ArrayList<>();
    Map<String, AlertRuleConfig> rules = new LinkedHashMap<>();
    wanted.inForce().forEach(rule -> rules.put(rule.name(), rule));
    watches
        .entrySet()
        .removeIf(one -> {
          AlertRuleConfig rule = rules.get(one.getKey());
          if (rule != null && rule.when().equals(one.getValue().rule().when())) {
            one.getValue().setRule(rule);
            return false;
          }
          List<Alert> over = one.getValue().end(now);
          over.forEach(alert -> orphans.put(alert.id(), alert));
          ended.addAll(over);
          return true;
        });
    Map<String, RuleWatch> inOrder = new LinkedHashMap<>();
    rules.forEach((name, rule) -> {
      RuleWatch known = watches.get(name);
      inOrder.put(name, known == null ? new RuleWatch(rule) : known);
    });
    watches.clear();
    watches.putAll(inOrder);
    return ended;
  }

  /** Looks at everything. */
  public Step step(long now, Traffic traffic, Present present) {
    Judge judge = new Judge(traffic, present);
    List<OpenIncident> incidents = present.incidents();
    List<Alert> changed = new ArrayList<>();
    List<Alert> all = new ArrayList<>();
    for (RuleWatch watch : watches.values()) {
      for (Alert alert : watch.step(now, judge.look(watch.rule(), now))) {
        changed.add(withCause(alert, incidents));
      }
      watch.alerts().forEach(alert -> all.add(withCause(alert, incidents)));
    }
    orphans.values().removeIf(alert -> now - alert.until() >= RuleWatch.REMEMBERED);
    for (Alert orphan : orphans.values()) {
      if (all.stream().noneMatch(alert -> alert.id().equals(orphan.id()))) {
        all.add(orphan);
      }
    }
    silences.values().removeIf(silence -> now >= silence.until());
    alerts = List.copyOf(all);
    return new Step(
        changed, groups.step(now, config, rulesByName(), alerts, List.copyOf(silences.values())));
  }

  private Map<String, AlertRuleConfig> rulesByName() {
    Map<String, AlertRuleConfig> rules = new HashMap<>();
    watches.forEach((name, watch) -> rules.put(name, watch.rule()));
    return rules;
  }

  private static Alert withCause(Alert alert, List<OpenIncident> incidents) {
    for (OpenIncident incident : incidents) {
      boolean own = incident.id().equals(alert.labels().get("incident"));
      if (!incident.cause().isEmpty()
          && !alert.text().contains(incident.cause())
          && alert.state() != State.RESOLVED
          && (own || incident.covers(alert.labels()))) {
        return new Alert(
            alert.id(),
            alert.rule(),
            alert.state(),
            alert.level(),
            alert.text(),
            incident.cause(),
            alert.since(),
            alert.until(),
            alert.labels(),
            alert.value());
      }
    }
    return alert;
  }

  /** What an alert about an incident is about. */
  static OpenIncident asIncident(Alert alert) {
    Map<String, String> scope = new HashMap<>(alert.labels());
    scope.remove("incident");
    scope.remove("kind");
    return new OpenIncident(
        alert.id(), "", alert.level(), alert.text(), alert.since(), scope, alert.cause());
  }

  /** As of the last look; those that are over stay for a while. */
  public List<Alert> alerts() {
    return alerts;
  }

  /** Rules in force, built-in ones first. */
  public List<AlertRuleConfig> rules() {
    return watches.values().stream().map(RuleWatch::rule).toList();
  }

  /** Whether somebody does not want to hear of it. */
  public boolean isSilenced(Alert alert, long now) {
    return silences.values().stream().anyMatch(silence -> silence.covers(alert, now));
  }

  public List<Silence> silences() {
    return List.copyOf(silences.values());
  }

  public void silence(Silence silence) {
    silences.put(silence.id(), silence);
  }

  /** Returns whether there was one. */
  public boolean endSilence(String id) {
    return silences.remove(id) != null;
  }

  /** What another process needs to go on. */
  public SavedAlerts save() {
    return new SavedAlerts(
        alerts.stream().filter(Alert::isFiring).toList(),
        groups.save(),
        List.copyOf(silences.values()));
  }
}
