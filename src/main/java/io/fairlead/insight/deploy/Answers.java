package io.fairlead.insight.deploy;

import io.fairlead.telemetry.NodeAnswers;

/** What one version has answered to one route class: since the last look, or over several. */
public final class Answers {
  final int[] durations = new int[NodeAnswers.BUCKET_COUNT];
  final int[] clients = new int[NodeAnswers.CLIENT_PLACES];
  int good;
  int errors;

  /** A good answer that took so long. */
  public void good(long nanos, int times) {
    good(NodeAnswers.bucketOf(nanos), times);
  }

  void good(int bucket, int times) {
    durations[bucket] += times;
    good += times;
  }

  /** An error that a client got. */
  public void error(int clientPlace, int times) {
    clients[clientPlace] += times;
    errors += times;
  }

  int requests() {
    return good + errors;
  }

  void add(Answers other) {
    for (int i = 0; i < durations.length; i++) {
      durations[i] += other.durations[i];
    }
    for (int i = 0; i < clients.length; i++) {
      clients[i] += other.clients[i];
    }
    good += other.good;
    errors += other.errors;
  }
}
