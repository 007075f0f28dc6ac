package io.fairlead.insight.alert;

import io.fairlead.config.AlertRuleConfig;
import io.fairlead.insight.alert.Alert.State;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a rule would have said: the same judge and the same watch, at times that are past. */
public final class BackTest {
  /** Looks in one test. */
  static final int MAX_LOOKS = 3000;

  /**
   * A time at which it would have fired.
   *
   * @param from when anybody would have been told, in milliseconds since 1970
   * @param to when it was over; 0: it still fires at the end
   * @param value what was compared when it began
   * @param text what would have been said
   */
  public record Firing(long from, long to, double value, String text, Map<String, String> labels) {}

  /**
   * What came of a test.
   *
   * @param step milliseconds from one look to the next
   */
  public record Outcome(long from, long to, long step, List<Firing> firings) {}

  private BackTest() {}

  /** Only for rules that look at traffic. */
  public static Outcome run(AlertRuleConfig rule, Traffic traffic, long from, long to) {
    if (!rule.isOfTraffic()) {
      throw new IllegalArgumentException("nothing is kept of what the rule looks at");
    }
    Traffic.Past past = traffic.past(rule.scope(), rule.each(), from, to, Judge.longest(rule));
    long coarse = (to - from + MAX_LOOKS - 1) / MAX_LOOKS;
    long step = Math.max(past.step(), Math.ceilDiv(coarse, past.step()) * past.step());
    Judge judge = new Judge(past.traffic(), NothingNow.INSTANCE);
    RuleWatch watch = new RuleWatch(rule);
    Map<String, Firing> open = new LinkedHashMap<>();
    List<Firing> firings = new ArrayList<>();
    long now = Math.ceilDiv(from, step) * step;
    while (now <= to) {
      for (Alert alert : watch.step(now, judge.look(rule, now))) {
        if (alert.state() == State.FIRING) {
          open.put(alert.id(), new Firing(now, 0, alert.value(), alert.text(), alert.labels()));
        } else {
          Firing began = open.remove(alert.id());
          if (began != null) {
            firings.add(new Firing(began.from(), now, began.value(), began.text(), began.labels()));
          }
        }
      }
      now = now < to ? Math.min(now + step, to) : now + step; // the end is looked at, too
    }
    firings.addAll(open.values());
    firings.sort(Comparator.comparingLong(Firing::from));
    return new Outcome(from, to, step, firings);
  }

  /** Rules on traffic do not ask how things are now. */
  private enum NothingNow implements Present {
    INSTANCE;

    @Override
    public List<ServiceNodes> services() {
      return List.of();
    }

    @Override
    public List<CertificateDays> certificates() {
      return List.of();
    }

    @Override
    public long recordsDropped(long fromMillis, long toMillis) {
      return 0;
    }

    @Override
    public String configRefused() {
      return "";
    }

    @Override
    public List<OpenIncident> incidents() {
      return List.of();
    }
  }
}
