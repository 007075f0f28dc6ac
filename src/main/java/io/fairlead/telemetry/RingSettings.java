package io.fairlead.telemetry;

import java.time.Instant;

/** What all rings of a process read with each record; others replace it. */
final class RingSettings {
  volatile RecordMask mask = RecordMask.NONE;

  /** Nanoseconds from {@link System#nanoTime} to the time for people. */
  volatile long epochOffset;

  RingSettings() {
    setClock();
  }

  void setClock() {
    Instant now = Instant.now();
    epochOffset = now.getEpochSecond() * 1_000_000_000 + now.getNano() - System.nanoTime();
  }
}
