package io.fairlead.telemetry;

/** What each event loop counts about one listener. */
public enum ListenerCounter {
  /** Connections accepted. */
  CONNECTIONS,
  /** Connections closed again; accepted minus closed are open. */
  CONNECTIONS_CLOSED,
  /** Connections turned away because {@code limits.connections} was reached. */
  CONNECTIONS_REFUSED,
  /** Requests, or connections that were to be relayed. */
  REQUESTS,
  /** Relayed connections that found no node, or none with room, or that their node broke off. */
  RELAYS_FAILED,
  RESPONSES_2XX,
  RESPONSES_3XX,
  RESPONSES_4XX,
  RESPONSES_5XX,
  /** Of these, those that were meant. */
  MEANT_5XX,
  BYTES_IN,
  BYTES_OUT,
  /** Datagrams of HTTP/3 that went to the process or instance that has the connection. */
  DATAGRAMS_PASSED_ON,
  /** Datagrams of HTTP/3 for connections here, that came by way of another process or instance. */
  DATAGRAMS_TAKEN,
  /** Datagrams of HTTP/3 that were to be passed on and could not be. */
  DATAGRAMS_LOST
}
