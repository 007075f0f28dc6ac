package io.fairlead.insight.alert;

import io.fairlead.config.AlertRuleConfig;
import io.fairlead.config.AlertsConfig;
import io.fairlead.config.AlertsConfig.GroupLabel;
import io.fairlead.config.ReceiverConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who is told of what, when. For each receiver, alerts with the same labels are one group: its
 * first message waits for others that come at the same time, later ones keep a distance, and a
 * group that goes on is told again after a while.
 *
 * <p>An alert that nobody was told of yet, about what an open incident covers, is told with that
 * incident and not by itself: it is the same trouble. Once told it stays told until it is over.
 */
final class MessageGroups {
  /**
   * Alertmanager groups for itself, and forgets what it does not hear of again.
   *
   * @param by labels that make groups; empty: there is one
   * @param first how long a group's first message waits
   */
  private record Policy(List<GroupLabel> by, Duration first, Duration interval, Duration repeat) {}

  private static final Duration REFRESH = Duration.ofMinutes(1);

  private record Key(String receiver, Map<String, String> labels) {}

  private static final class Group {
    Map<String, Alert> told = new LinkedHashMap<>();
    long changed = Long.MAX_VALUE;
    long lastSent;
    long sent;
  }

  private final Map<Key, Group> groups = new LinkedHashMap<>();
  private final Map<Key, Set<String>> restored = new HashMap<>();

  /** What has to be told now. */
  List<Message> step(
      long now,
      AlertsConfig config,
      Map<String, AlertRuleConfig> rules,
      List<Alert> alerts,
      List<Silence> silences) {
    Map<String, Alert> known = new LinkedHashMap<>();
    alerts.forEach(alert -> known.put(alert.id(), alert));
    Set<String> silent = new HashSet<>();
    for (Alert alert : alerts) {
      if (silences.stream().anyMatch(silence -> silence.covers(alert, now))) {
        silent.add(alert.id());
      }
    }
    List<Message> messages = new ArrayList<>();
    config
        .receivers()
        .forEach((name, receiver) ->
            step(now, name, policy(config, receiver), rules, known, silent, messages));
    groups.keySet().removeIf(key -> !config.receivers().containsKey(key.receiver()));
    return messages;
  }

  private static Policy policy(AlertsConfig config, ReceiverConfig receiver) {
    return switch (receiver) {
      case ReceiverConfig.Webhook _, ReceiverConfig.Email _ ->
          new Policy(config.groupBy(), config.groupWait(), config.groupInterval(), config.repeat());
      case ReceiverConfig.Alertmanager _ ->
          new Policy(List.of(), config.groupWait(), Duration.ofSeconds(1), REFRESH);
    };
  }

  private void step(
      long now,
      String receiver,
      Policy policy,
      Map<String, AlertRuleConfig> rules,
      Map<String, Alert> known,
      Set<String> silent,
      List<Message> messages) {
    List<Alert> own =
        known.values().stream()
            .filter(alert -> {
              AlertRuleConfig rule = rules.get(alert.rule());
              return rule == null || rule.to().isEmpty() || rule.to().contains(receiver);
            })
            .toList();
    List<Alert> incidents =
        own.stream()
            .filter(alert -> alert.isFiring() && alert.labels().containsKey("incident"))
            .filter(alert -> !silent.contains(alert.id()))
            .toList();
    Map<Key, List<Alert>> firing = new LinkedHashMap<>();
    Map<Key, List<String>> folded = new HashMap<>();
    for (Alert alert : own) {
      if (alert.isFiring() && !silent.contains(alert.id())) {
        Key key = new Key(receiver, labels(policy, alert));
        Alert incident = isTold(key, alert) ? null : covering(incidents, alert);
        if (incident == null) {
          firing.computeIfAbsent(key, _ -> new ArrayList<>()).add(alert);
        } else {
          folded
              .computeIfAbsent(new Key(receiver, labels(policy, incident)), _ -> new ArrayList<>())
              .add(alert.text());
        }
      }
    }
    Set<Key> keys = new LinkedHashSet<>(firing.keySet());
    groups.keySet().stream().filter(key -> key.receiver().equals(receiver)).forEach(keys::add);
    for (Key key : keys) {
      Group group = groups.computeIfAbsent(key, _ -> new Group());
      learn(key, group, known);
      Message message =
          step(
              now,
              key,
              group,
              policy,
              firing.getOrDefault(key, List.of()),
              known,
              folded.getOrDefault(key, List.of()));
      if (message != null) {
        messages.add(message);
      }
    }
    groups
        .entrySet()
        .removeIf(one ->
            one.getKey().receiver().equals(receiver)
                && one.getValue().told.isEmpty()
                && !firing.containsKey(one.getKey())
                && !restored.containsKey(one.getKey()));
  }

  private boolean isTold(Key key, Alert alert) {
    Group group = groups.get(key);
    return (group != null && group.told.containsKey(alert.id()))
        || restored.getOrDefault(key, Set.of()).contains(alert.id());
  }

  private static @Nullable Alert covering(List<Alert> incidents, Alert alert) {
    if (alert.labels().containsKey("incident")) {
      return null;
    }
    for (Alert incident : incidents) {
      if (AlertEngine.asIncident(incident).covers(alert.labels())) {
        return incident;
      }
    }
    return null;
  }

  private static Map<String, String> labels(Policy policy, Alert alert) {
    Map<String, String> labels = new TreeMap<>();
    Map<String, String> all = alert.allLabels();
    for (GroupLabel label : policy.by()) {
      String value = all.get(label.word());
      if (value != null) {
        labels.put(label.word(), value);
      }
    }
    return labels;
  }

  private @Nullable Message step(
      long now,
      Key key,
      Group group,
      Policy policy,
      List<Alert> firing,
      Map<String, Alert> known,
      List<String> also) {
    List<Alert> over = new ArrayList<>();
    for (Alert alert : group.told.values()) {
      Alert present = known.get(alert.id());
      if (present == null) {
        over.add(resolved(alert, now));
      } else if (!present.isFiring() || present.since() != alert.since()) {
        over.add(present.isFiring() ? resolved(alert, now) : present);
      }
    }
    boolean news =
        !over.isEmpty() || firing.stream().anyMatch(alert -> !group.told.containsKey(alert.id()));
    if (news) {
      group.changed = Math.min(group.changed, now);
    } else {
      group.changed = Long.MAX_VALUE;
    }
    boolean repeat =
        !news && !firing.isEmpty() && now - group.lastSent >= policy.repeat().toMillis();
    if (!repeat && (!news || now < due(group, policy))) {
      return null;
    }
    List<Alert> told = new ArrayList<>(firing);
    over.stream()
        .filter(alert -> firing.stream().noneMatch(one -> one.id().equals(alert.id())))
        .forEach(told::add);
    Message message =
        new Message(id(key, group, told), key.receiver(), repeat, now, key.labels(), told, also);
    group.changed = Long.MAX_VALUE;
    group.lastSent = now;
    group.sent++;
    over.forEach(alert -> group.told.remove(alert.id()));
    firing.forEach(alert -> group.told.put(alert.id(), alert));
    return message;
  }

  private static Alert resolved(Alert alert, long now) {
    return new Alert(
        alert.id(),
        alert.rule(),
        Alert.State.RESOLVED,
        alert.level(),
        alert.text(),
        "",
        alert.since(),
        now,
        alert.labels(),
        alert.value());
  }

  private static long due(Group group, Policy policy) {
    long waited = group.changed + policy.first().toMillis();
    return group.sent == 0
        ? waited
        : Math.max(waited, group.lastSent + policy.interval().toMillis());
  }

  private static String id(Key key, Group group, List<Alert> told) {
    StringBuilder text = new StringBuilder(key.toString()).append(group.sent);
    told.forEach(alert -> text.append(alert.id()).append(alert.since()).append(alert.state()));
    return Alert.hash(text.toString());
  }

  List<SavedAlerts.Group> save() {
    List<SavedAlerts.Group> saved = new ArrayList<>();
    groups.forEach((key, group) -> {
      Set<String> told = new LinkedHashSet<>(group.told.keySet());
      told.addAll(restored.getOrDefault(key, Set.of()));
      if (!told.isEmpty()) {
        saved.add(
            new SavedAlerts.Group(
                key.receiver(), key.labels(), List.copyOf(told), group.lastSent, group.sent));
      }
    });
    return saved;
  }

  void restore(List<SavedAlerts.Group> saved) {
    for (SavedAlerts.Group one : saved) {
      Key key = new Key(one.receiver(), new TreeMap<>(one.labels()));
      Group group = new Group();
      group.lastSent = one.lastSent();
      group.sent = one.sent();
      groups.put(key, group);
      restored.put(key, new HashSet<>(one.told()));
    }
  }

  /** What was told before the start is known by its id until the alert itself is. */
  private void learn(Key key, Group group, Map<String, Alert> known) {
    Set<String> ids = restored.remove(key);
    if (ids != null) {
      Iterator<String> each = ids.iterator();
      while (each.hasNext()) {
        Alert alert = known.get(each.next());
        if (alert != null) {
          group.told.put(alert.id(), alert);
        }
      }
    }
  }
}
