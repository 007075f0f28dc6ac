package io.fairlead.insight.incident;

import io.fairlead.telemetry.HandshakeFailure;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells when clients do not get through the TLS handshake of a listener any more. They leave no
 * record, since they never ask for anything.
 *
 * <p>Counted is what happens to clients that mean it: who sends something else than TLS, or goes
 * away, knocks at any open port at any time. Compared is as everywhere: ten seconds with what is
 * usual for the listener, and no more than chance allows.
 */
final class Handshakes {
  private static final Set<HandshakeFailure> MEANT =
      EnumSet.of(
          HandshakeFailure.NAME,
          HandshakeFailure.PROTOCOL,
          HandshakeFailure.VERSION,
          HandshakeFailure.CIPHER,
          HandshakeFailure.CLIENT_CERTIFICATE,
          HandshakeFailure.CLIENT_ALERT,
          HandshakeFailure.OTHER);

  private static final int SECONDS = 10;
  private static final int SLOTS = 16;
  private static final int LEAST = 5;
  private static final double USUAL = 0.01;
  private static final double BORROWED = 100;
  private static final double MORE = 0.2;
  private static final double TIMES = 3;
  private static final double SPREAD = 2;
  private static final double SURPRISING = 6;
  private static final double CONSPICUOUS = 3.5;

  /** Forgotten with each second: half in ten minutes. */
  private static final double KEPT = Math.pow(0.5, 1 / 600.0);

  private static final long LASTS_MILLIS = 15_000;

  /** Seconds from the first on in which nothing is known of a listener. */
  private static final int NEW = 30;

  /** Seconds after which what goes on is usual. */
  private static final int BECOMES_USUAL = 6 * 3600;

  /** In all since the start. */
  private record Count(long done, Map<HandshakeFailure, Long> failed) {
    long failed(HandshakeFailure reason) {
      return failed.getOrDefault(reason, 0L);
    }
  }

  /** What is known of a listener. */
  private static final class Course {
    final int[] done = new int[SLOTS];
    final Map<HandshakeFailure, int[]> failed = new EnumMap<>(HandshakeFailure.class);
    Count last;
    double usualAll;
    double usualFailed;
    int age;
    int held;

    Course(Count first) {
      last = first;
      MEANT.forEach(reason -> failed.put(reason, new int[SLOTS]));
    }

    /** What has come since the last look is that of the second. */
    void take(long second, Count count) {
      int slot = (int) second & (SLOTS - 1);
      boolean same = count.done >= last.done; // else the listener has been made anew
      done[slot] = same ? (int) (count.done - last.done) : 0;
      failed.forEach((reason, of) ->
          of[slot] = same ? (int) Math.max(0, count.failed(reason) - last.failed(reason)) : 0);
      last = count;
    }

    void clear(int slot) {
      done[slot] = 0;
      failed.values().forEach(of -> of[slot] = 0);
    }

    static int sum(int[] counts, long second) {
      int sum = 0;
      for (int ago = 0; ago < SECONDS; ago++) {
        sum += counts[(int) (second - ago) & (SLOTS - 1)];
      }
      return sum;
    }
  }

  private final Incidents incidents;
  private final Map<String, Count> told = new ConcurrentHashMap<>();
  private final Map<String, Course> courses = new HashMap<>();
  private long second;

  Handshakes(Incidents incidents) {
    this.incidents = incidents;
  }

  /** Any thread. */
  void tell(String listener, long done, Map<HandshakeFailure, Long> failed) {
    told.put(listener, new Count(done, Map.copyOf(failed)));
  }

  /** Once a second, or more often. */
  void look(long epochMillis) {
    long now = Math.floorDiv(epochMillis, 1000L);
    if (now == second) {
      return;
    }
    for (long skipped = Math.max(second + 1, now - SLOTS); skipped < now; skipped++) {
      int slot = (int) skipped & (SLOTS - 1);
      courses.values().forEach(course -> course.clear(slot));
    }
    second = now;
    told.forEach((listener, count) ->
        look(
            listener,
            courses.computeIfAbsent(listener, _ -> new Course(count)),
            count,
            epochMillis));
  }

  private void look(String listener, Course course, Count count, long epochMillis) {
    course.take(second, count);
    Map<HandshakeFailure, Integer> failed = new EnumMap<>(HandshakeFailure.class);
    course.failed.forEach((reason, of) -> failed.put(reason, Course.sum(of, second)));
    int bad = failed.values().stream().mapToInt(each -> each).sum();
    int all = bad + Course.sum(course.done, second);
    double usual =
        Math.max(USUAL, (course.usualFailed + USUAL * BORROWED) / (course.usualAll + BORROWED));
    double by = Chance.above(bad, all, usual, SPREAD, course.usualAll + BORROWED);
    double share = all == 0 ? 0 : (double) bad / all;
    boolean matters = bad >= LEAST && share >= Math.min(1, Math.max(TIMES * usual, usual + MORE));
    course.age++;
    boolean isHeld = by > CONSPICUOUS && matters && course.age > NEW;
    course.held = isHeld ? course.held + 1 : 0;
    if (!isHeld || course.held > BECOMES_USUAL) {
      course.usualAll = KEPT * course.usualAll + all / (double) SECONDS;
      course.usualFailed = KEPT * course.usualFailed + bad / (double) SECONDS;
      return;
    }
    OpenIncident open = incidents.ofKey(key(listener));
    if (open != null) {
      open.lastBad = epochMillis;
    } else if (by >= SURPRISING) {
      tell(listener, share, usual, failed, bad, epochMillis);
    }
  }

  private void tell(
      String listener,
      double share,
      double usual,
      Map<HandshakeFailure, Integer> failed,
      int bad,
      long epochMillis) {
    OpenIncident incident =
        incidents.state(
            key(listener),
            "handshakes",
            share >= 0.5 ? "bad" : "warn",
            epochMillis,
            Sentences.percent(share)
                + " of TLS handshakes at listener "
                + listener
                + " fail (usually "
                + Sentences.percent(usual)
                + ")"
                + why(failed, bad),
            Map.of("listener", listener),
            LASTS_MILLIS);
    incident.share = share;
    incident.baseline = usual;
  }

  private static String why(Map<HandshakeFailure, Integer> failed, int bad) {
    for (Map.Entry<HandshakeFailure, Integer> each : failed.entrySet()) {
      if (each.getValue() >= 0.6 * bad) {
        return each.getKey() == HandshakeFailure.CLIENT_ALERT
            ? ": clients break them off, mostly because they do not trust the certificate"
            : ", mostly with " + each.getKey().wireName();
      }
    }
    return "";
  }

  /** Whether that is told of a listener. */
  boolean areTold(String listener) {
    return incidents.ofKey(key(listener)) != null;
  }

  private static String key(String listener) {
    return "handshakes " + listener;
  }
}
