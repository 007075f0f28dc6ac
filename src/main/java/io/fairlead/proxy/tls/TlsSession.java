package io.fairlead.proxy.tls;

/** What a handshake has settled. */
public final class TlsSession {
  /** ALPN's name for HTTP/2. */
  public static final String HTTP_2 = "h2";

  /** ALPN's name for HTTP/1.1. */
  public static final String HTTP_1_1 = "http/1.1";

  private final String protocol;
  private final byte[] clientCertificate;

  TlsSession(String protocol, byte[] clientCertificate) {
    this.protocol = protocol;
    this.clientCertificate = clientCertificate;
  }

  /** What is spoken from now on (ALPN); empty: the client did not say. */
  public String protocol() {
    return protocol;
  }

  /**
   * What nodes are told about the client's certificate, as the value of X-Forwarded-Client-Cert;
   * empty: nothing. Not to be changed.
   */
  public byte[] clientCertificate() {
    return clientCertificate;
  }
}
