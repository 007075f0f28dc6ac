package io.fairlead.telemetry;

/** What each event loop counts about one listener. */
public enum ListenerCounter {
  /** Connections accepted. */
  CONNECTIONS,
  /** Connections closed again; accepted minus closed are open. */
  CONNECTIONS_CLOSED,
  /** Connections turned away because {@code limits.connections} was reached. */
  CONNECTIONS_REFUSED,
  REQUESTS,
  RESPONSES_2XX,
  RESPONSES_3XX,
  RESPONSES_4XX,
  RESPONSES_5XX,
  BYTES_IN,
  BYTES_OUT
}
