package io.fairlead.insight;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The alarms of one service: each is raised once, and ends when it has not been seen for a while. */
final class Alarms {
  private static final long MEMORY = 30 * Course.SECOND;

  private record Key(ServiceAlarm.Kind kind, String label) {}

  private static final class Raised {
    final ServiceAlarm alarm;
    long seen;

    Raised(ServiceAlarm alarm, long seen) {
      this.alarm = alarm;
      this.seen = seen;
    }
  }

  private final Map<Key, Raised> raised = new LinkedHashMap<>();

  /** Returns whether it is a new one. */
  boolean see(ServiceAlarm alarm, long now) {
    Key key = new Key(alarm.kind(), alarm.label());
    Raised known = raised.get(key);
    if (known != null) {
      known.seen = now;
      return false;
    }
    raised.put(key, new Raised(alarm, now));
    return true;
  }

  /** Whether it is seen now, or was a moment ago. */
  boolean isSeen(ServiceAlarm.Kind kind, long now) {
    return raised.entrySet().stream()
        .anyMatch(
            one -> one.getKey().kind() == kind && now - one.getValue().seen <= 2 * Course.SECOND);
  }

  /** Whether a group that is most of the nodes is bad and has one of those labels. */
  boolean isOfMost(Map<String, String> labels) {
    return raised.values().stream()
        .anyMatch(one ->
            one.alarm.kind() == ServiceAlarm.Kind.GROUP
                && one.alarm.majority()
                && labels.entrySet().stream()
                    .anyMatch(label ->
                        one.alarm.label().equals(label.getKey() + "=" + label.getValue())));
  }

  boolean isRaised(ServiceAlarm.Kind kind) {
    return raised.keySet().stream().anyMatch(key -> key.kind() == kind);
  }

  /** Goes on with those labels' alarms although nothing is seen: their nodes get no requests. */
  void keep(String label, long now) {
    raised.forEach((key, known) -> {
      if (key.label().equals(label)) {
        known.seen = now;
      }
    });
  }

  boolean isEmpty() {
    return raised.isEmpty();
  }

  /** Forgets those that are over, and returns them. */
  List<ServiceAlarm> end(long now) {
    List<ServiceAlarm> over = new ArrayList<>();
    Iterator<Raised> each = raised.values().iterator();
    while (each.hasNext()) {
      Raised one = each.next();
      if (now - one.seen >= MEMORY) {
        over.add(one.alarm);
        each.remove();
      }
    }
    return over;
  }

  List<ServiceAlarm> all() {
    return raised.values().stream().map(one -> one.alarm).toList();
  }
}
