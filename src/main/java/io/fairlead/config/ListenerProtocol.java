package io.fairlead.config;

import java.time.Duration;

/** What clients of a listener speak. */
public enum ListenerProtocol {
  /** HTTP/1.1; routes choose by request. */
  HTTP(HttpLimits.DEFAULT.idleTimeout()),
  /** Any protocol over TCP, relayed byte for byte. */
  TCP(Duration.ofMinutes(10)),
  /** TLS, relayed to the node of the name that the client asks for, without being opened. */
  TLS_PASSTHROUGH(Duration.ofMinutes(10)),
  /** Datagrams, each client address being a session. */
  UDP(Duration.ofSeconds(30));

  private final Duration idleTimeout;

  ListenerProtocol(Duration idleTimeout) {
    this.idleTimeout = idleTimeout;
  }

  /** The default of {@code limits.idle-timeout}. */
  Duration idleTimeout() {
    return idleTimeout;
  }

  /** As written in the configuration. */
  public String word() {
    return Units.word(this);
  }

  /** Whether requests are told apart, or only connections. */
  public boolean isHttp() {
    return this == HTTP;
  }
}
