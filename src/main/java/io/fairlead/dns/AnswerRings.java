package io.fairlead.dns;

import io.fairlead.telemetry.RecordRing;
import io.fairlead.telemetry.RecordRings;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Gives each thread that answers a ring for its records while there are records, and takes it away.
 * A ring that a thread has left serves the next one. One thread at a time, which may wait.
 */
final class AnswerRings {
  private static final System.Logger LOG = System.getLogger(AnswerRings.class.getName());

  private final Set<Worker> workers = new LinkedHashSet<>();
  private @Nullable RecordRings rings;

  /** One that will answer, before it does. */
  void add(Worker worker) {
    workers.removeIf(other -> {
      if (other.ended) {
        take(other);
      }
      return other.ended;
    });
    workers.add(worker);
    give(worker);
  }

  /**
   * From now on answers are recorded there.
   *
   * @param other null: nowhere; what was recorded before is complete when this is back
   */
  void use(@Nullable RecordRings other) {
    workers.forEach(this::take);
    workers.removeIf(worker -> worker.ended);
    rings = other;
    workers.forEach(this::give);
  }

  private void take(Worker worker) {
    RecordRing ring = worker.log.leave();
    RecordRings present = rings;
    if (ring != null && present != null) {
      present.giveBack(ring);
    }
  }

  private void give(Worker worker) {
    RecordRings present = rings;
    if (present == null) {
      return;
    }
    try {
      worker.log.use(present.take(), Long.parseUnsignedLong(present.boot(), 16));
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "answers of the DNS by one thread are not recorded until logs are turned off and on: {0}",
          e.getMessage());
    }
  }
}
