package io.fairlead.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who is told of what.
 *
 * @param receivers by name, in file order
 * @param rules own ones; one that is named as a built-in rule takes its place
 * @param builtIn built-in rules that hold while there is a receiver
 * @param groupBy labels: alerts that have the same values there are told in one message
 * @param groupWait how long a first alert waits for others of its group
 * @param groupInterval time between two messages about one group, when something changes
 * @param repeat time after which a group that goes on is told again
 */
public record AlertsConfig(
    Map<String, ReceiverConfig> receivers,
    List<AlertRuleConfig> rules,
    List<BuiltInRule> builtIn,
    List<GroupLabel> groupBy,
    Duration groupWait,
    Duration groupInterval,
    Duration repeat) {
  static final Range<Duration> GROUP_WAIT = Range.durations(Duration.ZERO, Duration.ofMinutes(10));
  static final Range<Duration> GROUP_INTERVAL =
      Range.durations(Duration.ofSeconds(1), Duration.ofHours(1));
  static final Range<Duration> REPEAT = Range.durations(Duration.ofMinutes(1), Duration.ofDays(7));
  static final int MAX_RULES = 200;
  static final int MAX_RECEIVERS = 50;

  /** Labels that alerts can be grouped by. */
  public enum GroupLabel {
    RULE,
    LISTENER,
    ROUTE,
    SERVICE,
    NODE;

    public String word() {
      return Units.word(this);
    }
  }

  public static final AlertsConfig NONE =
      new AlertsConfig(
          Map.of(),
          List.of(),
          List.of(BuiltInRule.values()),
          List.of(GroupLabel.SERVICE),
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          Duration.ofHours(4));

  public AlertsConfig {
    receivers = Collections.unmodifiableMap(new LinkedHashMap<>(receivers));
    rules = List.copyOf(rules);
    builtIn = List.copyOf(builtIn);
    groupBy = List.copyOf(groupBy);
    Require require =
        new Require()
            .within(GROUP_WAIT, "group-wait", groupWait)
            .within(GROUP_INTERVAL, "group-interval", groupInterval)
            .within(REPEAT, "repeat", repeat)
            .that(
                receivers.size() <= MAX_RECEIVERS,
                "receivers",
                receivers.size() + " receivers",
                "must not have more than " + MAX_RECEIVERS)
            .that(
                rules.size() <= MAX_RULES,
                "rules",
                rules.size() + " rules",
                "must not have more than " + MAX_RULES);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < rules.size(); i++) {
      AlertRuleConfig rule = rules.get(i);
      require.that(
          names.add(rule.name()),
          List.of("rules", "[" + i + "]", "name"),
          rule.name(),
          "must not be given twice",
          List.of());
      for (int k = 0; k < rule.to().size(); k++) {
        String name = rule.to().get(k);
        require.that(
            receivers.containsKey(name),
            List.of("rules", "[" + i + "]", "to", "[" + k + "]"),
            name,
            "must be the name of a receiver" + Suggest.among(name, receivers.keySet()),
            List.of(List.of("receivers", name)));
      }
    }
    require.orRefuse();
  }

  /** All rules that hold, built-in ones first. */
  public List<AlertRuleConfig> inForce() {
    List<AlertRuleConfig> all = new ArrayList<>();
    if (!receivers.isEmpty()) {
      for (BuiltInRule one : builtIn) {
        if (rules.stream().noneMatch(rule -> rule.name().equals(Units.word(one)))) {
          all.add(one.rule());
        }
      }
    }
    all.addAll(rules);
    return all;
  }

  /** Every secret that is in it. */
  public List<Secret> secrets() {
    List<Secret> secrets = new ArrayList<>();
    for (ReceiverConfig receiver : receivers.values()) {
      switch (receiver) {
        case ReceiverConfig.Webhook(Secret url, Map<String, Secret> headers, _) -> {
          secrets.add(url);
          secrets.addAll(headers.values());
        }
        case ReceiverConfig.Alertmanager(Secret url, Map<String, Secret> headers, _) -> {
          secrets.add(url);
          secrets.addAll(headers.values());
        }
        case ReceiverConfig.Email email -> secrets.add(email.password());
      }
    }
    secrets.removeIf(secret -> secret.value().isEmpty());
    return secrets;
  }
}
