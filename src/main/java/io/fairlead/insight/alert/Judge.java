package io.fairlead.insight.alert;

import io.fairlead.config.AlertCondition;
import io.fairlead.config.AlertCondition.Burn;
import io.fairlead.config.AlertCondition.Threshold;
import io.fairlead.config.AlertMeasure;
import io.fairlead.config.AlertRuleConfig;
import io.fairlead.config.AlertScope;
import io.fairlead.insight.alert.Present.CertificateDays;
import io.fairlead.insight.alert.Present.ServiceNodes;
import io.fairlead.insight.alert.Traffic.Counted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Says of each thing that a rule looks at whether its condition holds at that time. */
final class Judge {
  /** Alerts of one rule; who splits by more has a list, not alerts. */
  static final int MAX_SUBJECTS = 100;

  /**
   * Spans and factors of the workbook's table: the page-worthy ones.
   *
   * @param factor how many times as fast as allowed
   */
  private record Pace(double factor, Duration longer, Duration shorter) {}

  private static final List<Pace> PACES =
      List.of(
          new Pace(14.4, Duration.ofHours(1), Duration.ofMinutes(5)),
          new Pace(6, Duration.ofHours(6), Duration.ofMinutes(30)));

  private final Traffic traffic;
  private final Present present;

  Judge(Traffic traffic, Present present) {
    this.traffic = traffic;
    this.present = present;
  }

  List<Finding> look(AlertRuleConfig rule, long now) {
    return switch (rule.when()) {
      case AlertCondition.Incident _ -> incidents(rule);
      case AlertCondition.ConfigRefused _ -> refused(rule);
      case AlertCondition.NoRequests _ -> silence(rule, now);
      case Burn burn -> burn(rule, burn, now);
      case Threshold threshold ->
          switch (threshold.measure()) {
            case HEALTHY_NODES, HEALTHY_SHARE -> nodes(rule, threshold);
            case CERTIFICATE_DAYS -> certificates(rule, threshold);
            case RECORDS_DROPPED -> dropped(rule, threshold, now);
            case REQUESTS, ERRORS, ERROR_SHARE, BYTES, P50, P90, P99 ->
                traffic(rule, threshold, now);
          };
    };
  }

  private List<Finding> incidents(AlertRuleConfig rule) {
    List<Finding> found = new ArrayList<>();
    for (OpenIncident incident : present.incidents()) {
      Map<String, String> scope = rule.scope().labels();
      if (scope.isEmpty() || contains(incident.scope(), scope)) {
        Map<String, String> labels = new LinkedHashMap<>(incident.scope());
        labels.put("incident", incident.id());
        labels.put("kind", incident.kind());
        found.add(new Finding(labels, true, false, 1, incident.text(), incident.level()));
      }
    }
    return found;
  }

  private static boolean contains(Map<String, String> all, Map<String, String> some) {
    return some.entrySet().stream().allMatch(one -> one.getValue().equals(all.get(one.getKey())));
  }

  private List<Finding> refused(AlertRuleConfig rule) {
    String why = present.configRefused();
    return List.of(
        new Finding(
            Map.of(),
            !why.isEmpty(),
            why.isEmpty(),
            why.isEmpty() ? 0 : 1,
            why.isEmpty()
                ? "the configuration is applied"
                : "the last configuration was refused, the one before stays in force: " + why,
            rule.level()));
  }

  private List<Finding> dropped(AlertRuleConfig rule, Threshold threshold, long now) {
    double dropped = present.recordsDropped(now - rule.over().toMillis(), now);
    double value = threshold.perSecond() ? perSecond(dropped, rule.over()) : dropped;
    return List.of(finding(rule, threshold, Map.of(), "", value, span(rule)));
  }

  private List<Finding> certificates(AlertRuleConfig rule, Threshold threshold) {
    List<Finding> found = new ArrayList<>();
    for (CertificateDays one : present.certificates()) {
      if (contains(one.labels(), rule.scope().labels())) {
        String when =
            one.days() < 0
                ? " has expired"
                : " expires in " + one.days() + (one.days() == 1 ? " day" : " days");
        double days = one.days();
        found.add(
            new Finding(
                one.labels(),
                threshold.holds(days),
                isOver(rule, threshold, days),
                days,
                one.what() + when,
                rule.level()));
      }
    }
    return found;
  }

  /** All services together where the rule names none and splits by none. */
  private List<Finding> nodes(AlertRuleConfig rule, Threshold threshold) {
    List<Finding> found = new ArrayList<>();
    int healthy = 0;
    int all = 0;
    for (ServiceNodes one : present.services()) {
      if (rule.scope().service().isEmpty() || rule.scope().service().equals(one.service())) {
        healthy += one.healthy();
        all += one.all();
        if (rule.each().isPresent()) {
          AlertScope scope = AlertScope.ALL.with(AlertScope.Part.SERVICE, one.service());
          found.add(nodes(rule, threshold, scope, one.healthy(), one.all()));
        }
      }
    }
    return rule.each().isPresent()
        ? found
        : List.of(nodes(rule, threshold, rule.scope(), healthy, all));
  }

  private static Finding nodes(
      AlertRuleConfig rule, Threshold threshold, AlertScope scope, int healthy, int all) {
    boolean share = threshold.measure() == AlertMeasure.HEALTHY_SHARE;
    double value = share ? all == 0 ? 0 : (double) healthy / all : healthy;
    String what = scope.words().isEmpty() ? "" : scope.words() + ": ";
    return new Finding(
        scope.labels(),
        threshold.holds(value),
        isOver(rule, threshold, value),
        value,
        what
            + (healthy == 0 && all > 0
                ? "none of " + all + (all == 1 ? " node" : " nodes") + " is healthy"
                : healthy + " of " + all + " nodes are healthy")
            + ", "
            + bound(threshold),
        rule.level());
  }

  private List<Finding> traffic(AlertRuleConfig rule, Threshold threshold, long now) {
    List<Finding> found = new ArrayList<>();
    subjects(rule, now - rule.over().toMillis(), now)
        .forEach((scope, counted) -> {
          double value = value(threshold, counted, rule.over());
          boolean says =
              !threshold.measure().needsTraffic()
                  || (counted.requests() >= rule.minRequests() && value >= 0);
          Finding finding =
              finding(
                  rule, threshold, scope.labels(), scope.words(), Math.max(0, value), span(rule));
          found.add(
              says
                  ? finding
                  : new Finding(
                      finding.labels(),
                      false,
                      true,
                      finding.value(),
                      finding.text(),
                      rule.level()));
        });
    return found;
  }

  /** One for each part that there is; empty: nothing is known of the span. */
  private Map<AlertScope, Counted> subjects(AlertRuleConfig rule, long from, long to) {
    AlertScope.Part part = rule.each().orElse(null);
    if (part == null || !rule.scope().get(part).isEmpty()) {
      Counted counted = traffic.count(rule.scope(), from, to);
      return counted == null ? Map.of() : Map.of(rule.scope(), counted);
    }
    Map<AlertScope, Counted> subjects = new LinkedHashMap<>();
    Map<String, Counted> split = traffic.split(rule.scope(), part, from, to);
    if (split != null) {
      split.forEach((name, counted) -> {
        if (!name.isEmpty() && subjects.size() < MAX_SUBJECTS) {
          subjects.put(rule.scope().with(part, name), counted);
        }
      });
    }
    return subjects;
  }

  private static double value(Threshold threshold, Counted counted, Duration over) {
    double value =
        switch (threshold.measure()) {
          case REQUESTS -> counted.requests();
          case ERRORS -> counted.errors();
          case BYTES -> counted.bytes();
          case ERROR_SHARE ->
              counted.errors() == 0
                  ? 0
                  : (double) counted.errors() / Math.max(counted.requests(), counted.errors());
          case P50 -> counted.quantileMicros(0.5);
          case P90 -> counted.quantileMicros(0.9);
          case P99 -> counted.quantileMicros(0.99);
          case HEALTHY_NODES, HEALTHY_SHARE, CERTIFICATE_DAYS, RECORDS_DROPPED ->
              throw new IllegalStateException(threshold.measure() + " is not counted");
        };
    return threshold.perSecond() ? perSecond(value, over) : value;
  }

  private static double perSecond(double value, Duration over) {
    return value / Math.max(1, over.toMillis() / 1e3);
  }

  private static Finding finding(
      AlertRuleConfig rule,
      Threshold threshold,
      Map<String, String> labels,
      String what,
      double value,
      String span) {
    AlertMeasure measure = threshold.measure();
    return new Finding(
        labels,
        threshold.holds(value),
        isOver(rule, threshold, value),
        value,
        (what.isEmpty() ? "" : what + ": ")
            + measure.words()
            + (measure.isSum() ? " are " : " is ")
            + Words.value(measure.unit(), value, threshold.perSecond())
            + span
            + ", "
            + bound(threshold),
        rule.level());
  }

  private static String span(AlertRuleConfig rule) {
    return " over the last " + Words.span(rule.over());
  }

  private static String bound(Threshold threshold) {
    return threshold.comparison().words()
        + " "
        + Words.value(threshold.measure().unit(), threshold.value(), threshold.perSecond());
  }

  private static boolean isOver(AlertRuleConfig rule, Threshold threshold, double value) {
    return rule.until().map(until -> until.holds(value)).orElse(!threshold.holds(value));
  }

  private List<Finding> silence(AlertRuleConfig rule, long now) {
    List<Finding> found = new ArrayList<>();
    long from = now - rule.over().toMillis();
    Map<AlertScope, Counted> present = subjects(rule, from, now);
    // What had requests in the span before has a name in this one, too.
    Map<AlertScope, Counted> all = new LinkedHashMap<>(present);
    if (rule.each().isPresent()) {
      subjects(rule, from - rule.over().toMillis(), now)
          .keySet()
          .forEach(scope -> all.putIfAbsent(scope, Traffic.NOTHING));
    }
    all.forEach((scope, counted) -> {
      boolean none = counted.requests() == 0;
      String what = scope.words().isEmpty() ? "" : scope.words() + ": ";
      found.add(
          new Finding(
              scope.labels(),
              none,
              !none,
              (double) counted.requests(),
              what + "no requests for " + Words.span(rule.over()),
              rule.level()));
    });
    return found;
  }

  private List<Finding> burn(AlertRuleConfig rule, Burn burn, long now) {
    List<Map<AlertScope, Counted>> longer = new ArrayList<>();
    List<Map<AlertScope, Counted>> shorter = new ArrayList<>();
    for (Pace pace : PACES) {
      longer.add(subjects(rule, now - pace.longer().toMillis(), now));
      shorter.add(subjects(rule, now - pace.shorter().toMillis(), now));
    }
    List<Finding> found = new ArrayList<>();
    for (AlertScope scope : longer.getLast().keySet()) {
      found.add(burn(rule, burn, scope, longer, shorter));
    }
    return found;
  }

  /** The faster pace that is kept, or else how fast it goes in the shortest span. */
  private static Finding burn(
      AlertRuleConfig rule,
      Burn burn,
      AlertScope scope,
      List<Map<AlertScope, Counted>> longer,
      List<Map<AlertScope, Counted>> shorter) {
    String what = scope.words().isEmpty() ? "" : scope.words() + ": ";
    for (int i = 0; i < PACES.size(); i++) {
      Pace pace = PACES.get(i);
      Counted all = longer.get(i).getOrDefault(scope, Traffic.NOTHING);
      double slow = rate(burn, all);
      double fast = rate(burn, shorter.get(i).getOrDefault(scope, Traffic.NOTHING));
      if (slow >= pace.factor() && fast >= pace.factor() && all.requests() >= rule.minRequests()) {
        String text =
            what
                + "errors use up what "
                + burn.text()
                + " allows "
                + Words.number(slow)
                + " times as fast as they may over the last "
                + Words.span(pace.longer())
                + ", "
                + Words.number(fast)
                + " times over the last "
                + Words.span(pace.shorter());
        return new Finding(scope.labels(), true, false, slow, text, rule.level());
      }
    }
    double now = rate(burn, shorter.getFirst().getOrDefault(scope, Traffic.NOTHING));
    String text = what + "errors stay within what " + burn.text() + " allows";
    return new Finding(scope.labels(), false, true, now, text, rule.level());
  }

  /** The longest span that a rule looks at. */
  static Duration longest(AlertRuleConfig rule) {
    return switch (rule.when()) {
      case Burn _ -> PACES.getLast().longer();
      case AlertCondition.NoRequests _ -> rule.over().multipliedBy(2);
      case Threshold _, AlertCondition.Incident _, AlertCondition.ConfigRefused _ -> rule.over();
    };
  }

  /** How many times as many requests are bad as may be. */
  static double rate(Burn burn, Counted counted) {
    long bad = counted.errors();
    if (!burn.slowerThan().isZero()) {
      bad += counted.slowerThan(burn.slowerThan().toNanos() / 1000);
    }
    long all = Math.max(counted.requests(), counted.errors());
    return all == 0 ? 0 : Math.min(1, (double) bad / all) / (1 - burn.objective());
  }
}
