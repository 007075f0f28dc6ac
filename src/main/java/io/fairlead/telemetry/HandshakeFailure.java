package io.fairlead.telemetry;

import java.util.Locale;

/** Why a handshake with a client did not end well. */
public enum HandshakeFailure {
  /** It took longer than handshake-timeout. */
  TIMEOUT,
  /** As many were going on, or had begun in that second, as handshakes allows. */
  LIMITED,
  /** The client spoke HTTP in the clear; it was told so. */
  PLAIN_HTTP,
  /** The first bytes were not TLS. */
  NOT_TLS,
  /** A ClientHello that is malformed, or larger than anybody needs. */
  MALFORMED,
  /** It asked for a name that no certificate has, and strict-sni is on. */
  NAME,
  /** There is no certificate yet: the first is being ordered. */
  NO_CERTIFICATE,
  /** It speaks no protocol that the listener offers (ALPN). */
  PROTOCOL,
  /** It speaks no version that the listener does. */
  VERSION,
  /** No cipher suite, group or signature that both know. */
  CIPHER,
  /** Its certificate is missing or not good. */
  CLIENT_CERTIFICATE,
  /** It sent an alert: mostly, it does not trust our certificate. */
  CLIENT_ALERT,
  /** It went away. */
  CLIENT_GONE,
  /** Anything else. */
  OTHER;

  /** How it is spelled in metrics. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
