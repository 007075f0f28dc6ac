package io.fairlead.telemetry;

/** What each event loop counts about one filter. */
public enum FilterCounter {
  /** Requests that it was asked about. */
  CALLS,
  /** Nanoseconds until it had decided. */
  NANOS,
  /** Requests that it answered. */
  ANSWERED,
  /** Requests that it refused. */
  REFUSED,
  /** Requests that it sent to another service. */
  SENT_ELSEWHERE,
  /** Failed: it threw something. */
  FAILED_EXCEPTION,
  /** Failed: it took longer than its timeout. */
  FAILED_TIMEOUT,
  /** Failed: what it decided cannot be done. */
  FAILED_INVALID,
  /** Failed: it was not asked, as it had too much to decide about. */
  FAILED_BUSY,
  /** It kept an event loop for too long. */
  SLOW
}
