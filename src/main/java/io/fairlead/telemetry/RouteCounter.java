package io.fairlead.telemetry;

/** What each event loop counts about one route. */
public enum RouteCounter {
  REQUESTS,
  RESPONSES_2XX,
  RESPONSES_3XX,
  RESPONSES_4XX,
  RESPONSES_5XX,
  /** Refused by the client's address. */
  DENIED,
  /** Refused by a limit on the rate. */
  RATE_LIMITED,
  /** Refused by the size of the body. */
  TOO_LARGE
}
