package io.fairlead.config;

/** What the nodes of a service speak. */
public enum NodeProtocol {
  /** HTTP/1.1: one request at a time on a connection. */
  HTTP1,
  /** HTTP/2: by prior knowledge (RFC 9113, 3.3), inside TLS by ALPN. */
  H2,
  /** What each node chooses by ALPN; without TLS, where nobody is asked, HTTP/1.1. */
  AUTO
}
