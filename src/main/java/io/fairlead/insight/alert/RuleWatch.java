package io.fairlead.insight.alert;

import io.fairlead.config.AlertRuleConfig;
import io.fairlead.insight.alert.Alert.State;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The alerts of one rule, one for each thing it looks at: pending while the condition holds but not
 * yet for long enough, firing, resolved. What is not found any more has no reason to fire.
 */
final class RuleWatch {
  /** How long what is over can still be seen. */
  static final long REMEMBERED = 15 * 60_000;

  private AlertRuleConfig rule;
  private final Map<String, Course> courses = new LinkedHashMap<>();

  /** Until then nothing that was fires before the start is over: figures may have to come first. */
  private long patience = Long.MIN_VALUE;

  private static final class Course {
    Finding last;
    State state = State.PENDING;
    final long since;
    long until;
    long clearSince = Long.MAX_VALUE;

    Course(Finding last, long since) {
      this.last = last;
      this.since = since;
    }
  }

  RuleWatch(AlertRuleConfig rule) {
    this.rule = rule;
  }

  AlertRuleConfig rule() {
    return rule;
  }

  /** The same rule in other words: what fires goes on. */
  void setRule(AlertRuleConfig rule) {
    this.rule = rule;
  }

  /** Goes on with what fired before the start. */
  void restore(Alert alert, long now) {
    Finding last =
        new Finding(alert.labels(), true, false, alert.value(), alert.text(), alert.level());
    Course course = new Course(last, alert.since());
    course.state = alert.state();
    course.until = alert.until();
    courses.put(alert.id(), course);
    patience = now + Math.min(rule.over().toMillis(), 5 * 60_000) + rule.clear().toMillis();
  }

  /** What has begun to fire, and what is over. */
  List<Alert> step(long now, Collection<Finding> findings) {
    List<Alert> changed = new ArrayList<>();
    Set<String> found = new HashSet<>();
    for (Finding finding : findings) {
      String id = Alert.id(rule.name(), finding.labels());
      found.add(id);
      Course course = courses.get(id);
      if (course == null || course.state == State.RESOLVED) {
        if (!finding.met()) {
          continue;
        }
        course = new Course(finding, now);
        courses.put(id, course);
      }
      if (see(course, finding, now)) {
        changed.add(view(id, course));
      }
    }
    Iterator<Map.Entry<String, Course>> each = courses.entrySet().iterator();
    while (each.hasNext()) {
      Map.Entry<String, Course> one = each.next();
      Course course = one.getValue();
      if (!found.contains(one.getKey())) {
        if (course.state == State.FIRING && clears(course, true, now)) {
          changed.add(view(one.getKey(), course));
        }
        if (course.state == State.PENDING) {
          each.remove();
        }
      } else if (course.state == State.PENDING && !course.last.met()) {
        each.remove();
      }
      if (course.state == State.RESOLVED && now - course.until >= REMEMBERED) {
        each.remove();
      }
    }
    return changed;
  }

  /** Returns whether it has begun or ended. */
  private boolean see(Course course, Finding finding, long now) {
    course.last =
        finding.met() || course.state == State.PENDING ? finding : keepText(course, finding);
    if (course.state == State.PENDING
        && finding.met()
        && now - course.since >= rule.pending().toMillis()) {
      course.state = State.FIRING;
      return true;
    }
    return course.state == State.FIRING && clears(course, finding.over(), now);
  }

  /** What was the matter stays said while it is about to be over. */
  private static Finding keepText(Course course, Finding finding) {
    return new Finding(
        finding.labels(),
        false,
        finding.over(),
        finding.value(),
        course.last.text(),
        course.last.level());
  }

  private boolean clears(Course course, boolean over, long now) {
    if (!over) {
      course.clearSince = Long.MAX_VALUE;
      return false;
    }
    course.clearSince = Math.min(course.clearSince, now);
    if (now - course.clearSince < rule.clear().toMillis() || now < patience) {
      return false;
    }
    course.state = State.RESOLVED;
    course.until = now;
    return true;
  }

  /** The rule does not hold any more: nor does anything it said. */
  List<Alert> end(long now) {
    List<Alert> ended = new ArrayList<>();
    courses.forEach((id, course) -> {
      if (course.state == State.FIRING) {
        course.state = State.RESOLVED;
        course.until = now;
        ended.add(view(id, course));
      }
    });
    return ended;
  }

  /** All of them, also those that were not long ago. */
  List<Alert> alerts() {
    List<Alert> all = new ArrayList<>();
    courses.forEach((id, course) -> all.add(view(id, course)));
    return all;
  }

  private Alert view(String id, Course course) {
    return new Alert(
        id,
        rule.name(),
        course.state,
        course.last.level(),
        course.last.text(),
        "",
        course.since,
        course.until,
        course.last.labels(),
        course.last.value());
  }
}
