package io.fairlead.telemetry;

import java.util.Locale;

/** Why a request was turned away though a node might have answered it. */
public enum ShedReason {
  /** As many wait as may, none of them for something less important. */
  QUEUE_FULL,
  /** It has waited for queue-timeout, or for too long in a queue that never empties. */
  QUEUE_TIMEOUT,
  /** The time that it has in all was up before there was room. */
  DEADLINE,
  /**
   * Something more important came, or something newer where the last is first; the queue was full.
   */
  DISPLACED,
  /** Under overload those of its importance, or of its client, are not let in. */
  IMPORTANCE,
  /** The client has stopped sending while its request waited. */
  CLIENT_GONE,
  /** A repeated request found all nodes at their limit. */
  NO_ROOM,
  /** The process itself is short of something. */
  PRESSURE;

  /** How it is spelled in metrics. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
