package io.fairlead.telemetry;

/** What each event loop counts about one node of one service. */
public enum NodeCounter {
  /** Tries: requests written to the node, repeated ones counted again. */
  REQUESTS,
  RESPONSES_2XX,
  RESPONSES_3XX,
  RESPONSES_4XX,
  RESPONSES_5XX,
  /** Connections established. */
  CONNECTIONS,
  CONNECT_FAILED,
  /** Whole TLS handshakes; the JDK's library counts those that were resumed here, too. */
  TLS_FULL,
  /** TLS handshakes that resumed a session. */
  TLS_RESUMED,
  /** Handshakes that failed, or nodes that were not who they should be. */
  TLS_FAILED,
  /** Closed by the node before the answer was complete. */
  RESET,
  TIMEOUT,
  BAD_RESPONSE,
  /** Tries that were repeated on another connection because of a failure here. */
  RETRIED,
  /** Answers to requests that a cookie keeps at the node from now on, or has brought there. */
  OF_SESSIONS,
  BYTES_SENT,
  BYTES_RECEIVED
}
