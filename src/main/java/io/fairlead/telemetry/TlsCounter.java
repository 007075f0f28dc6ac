package io.fairlead.telemetry;

/** What each event loop counts about handshakes of one listener that ended well. */
public enum TlsCounter {
  /** Whole handshakes of TLS 1.2. */
  TLS_1_2,
  /** Whole handshakes of TLS 1.3. */
  TLS_1_3,
  /** Handshakes of TLS 1.2 that resumed a session. */
  TLS_1_2_RESUMED,
  /** Handshakes of TLS 1.3 that resumed a session. */
  TLS_1_3_RESUMED
}
