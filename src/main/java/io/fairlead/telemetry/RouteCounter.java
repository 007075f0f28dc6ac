package io.fairlead.telemetry;

/** What each event loop counts about one route. */
public enum RouteCounter {
  REQUESTS,
  RESPONSES_2XX,
  RESPONSES_3XX,
  RESPONSES_4XX,
  RESPONSES_5XX
}
