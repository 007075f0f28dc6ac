package io.fairlead.insight.incident;

import io.fairlead.insight.incident.Incident.Cause;
import io.fairlead.insight.incident.RecentRequests.Which;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An incident while it goes on: what the watch has to remember of it. */
final class OpenIncident {
  private static final int KEPT = 64;

  final String id;
  long since;
  String kind;
  String level = "warn";
  String text = "";
  Map<String, String> scope = Map.of();
  double share;
  double baseline;
  long requests;
  List<Cause> causes = List.of();

  /** Ways in which requests are bad, the first being what it is named for. */
  final List<Measure> measures = new ArrayList<>();

  /** What the bad ones have in common; null: nothing. */
  @Nullable Which which;

  /** Of {@link Volumes}; negative: it is not about volumes. */
  int slice = -1;

  /** Of an event: what it concerns, so that its end is known. */
  @Nullable String key;

  /** Of an event: after that long without another it is over; 0: it waits for its end. */
  long lastsMillis;

  /** Sentences of events that belong to it. */
  final List<String> notes = new ArrayList<>();

  long counted;
  long lastBad;
  long over;
  long quietSince;
  long nextLook;
  int flaps;
  private final int[] all = new int[KEPT];
  private final int[] bad = new int[KEPT];

  OpenIncident(String id, String kind, long since) {
    this.id = id;
    this.kind = kind;
    this.since = since;
    lastBad = since;
  }

  void count(long second, int requestsIn, int badIn) {
    all[(int) second & (KEPT - 1)] = requestsIn;
    bad[(int) second & (KEPT - 1)] = badIn;
  }

  int all(long second, int seconds) {
    return sum(all, second, seconds);
  }

  int bad(long second, int seconds) {
    return sum(bad, second, seconds);
  }

  private static int sum(int[] counts, long second, int seconds) {
    int sum = 0;
    for (int i = 0; i < seconds; i++) {
      sum += counts[(int) (second - i) & (KEPT - 1)];
    }
    return sum;
  }

  boolean isOfRequests() {
    return !measures.isEmpty();
  }

  Incident told() {
    return new Incident(
        id, true, level, kind, text, since, null, scope, share, baseline, requests, causes);
  }
}
