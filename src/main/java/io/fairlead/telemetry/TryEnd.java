package io.fairlead.telemetry;

import java.util.Locale;

/** How one request to one node ended. */
public enum TryEnd {
  /** The answer came whole, or the tunnel ended. */
  ANSWERED,
  /** The answer's head said that another node should be asked. */
  REJECTED,
  CONNECT_FAILED,
  /** The connection or stream ended before the answer was complete. */
  RESET,
  /** The node said that it did nothing about the request. */
  REFUSED,
  TIMEOUT,
  BAD_RESPONSE,
  /** Nobody wanted the answer any more. */
  CANCELLED;

  /** How it is spelled in what is exported. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
