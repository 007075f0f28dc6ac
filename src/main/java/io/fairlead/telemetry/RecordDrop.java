package io.fairlead.telemetry;

/** Why a record was not written. */
public enum RecordDrop {
  /** What room was left is kept for failures, retries and slow requests. */
  ORDINARY,
  /** There was no room at all. */
  VALUABLE
}
