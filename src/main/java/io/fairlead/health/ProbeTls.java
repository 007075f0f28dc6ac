package io.fairlead.health;

import io.fairlead.config.HostPort;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.ServiceTls;
import io.fairlead.config.TlsVersion;
import io.fairlead.trust.NodeTrust;
import io.fairlead.trust.OwnCertificate;
import io.fairlead.trust.TlsFailure;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * How the nodes of a service are probed by TLS: with the same trust and the same certificate of
 * ours as requests, and with the JDK's library, whose sockets suit threads that may wait.
 *
 * <p>Sessions are resumed, since a probe a second with a whole handshake each would be much to ask
 * of a node, but for {@value #FRESH_SECONDS} s only: a probe must find out when a node has got
 * another certificate.
 */
public final class ProbeTls {
  static final int FRESH_SECONDS = 60;

  private final NodeTrust trust;
  private final Optional<OwnCertificate> own;
  private final List<String> versions;
  private final boolean wantsHttp2;
  private volatile Sessions sessions;

  /** A context of the library and with it the sessions to resume. */
  private record Sessions(SSLContext context, long sinceNanos) {}

  private ProbeTls(
      NodeTrust trust, Optional<OwnCertificate> own, List<String> versions, boolean wantsHttp2)
      throws GeneralSecurityException {
    this.trust = trust;
    this.own = own;
    this.versions = versions;
    this.wantsHttp2 = wantsHttp2;
    this.sessions = newSessions();
  }

  /**
   * Makes everything ready.
   *
   * @param protocol what requests to the nodes speak
   * @throws IOException saying what cannot be used
   */
  public static ProbeTls of(
      ServiceTls config, NodeProtocol protocol, NodeTrust trust, Optional<OwnCertificate> own)
      throws IOException {
    List<String> versions =
        config.minVersion() == TlsVersion.TLS_1_3
            ? List.of("TLSv1.3")
            : List.of("TLSv1.3", "TLSv1.2");
    try {
      return new ProbeTls(trust, own, versions, protocol == NodeProtocol.H2);
    } catch (GeneralSecurityException e) {
      throw new IOException("cannot be used: " + e.getMessage(), e);
    }
  }

  private Sessions newSessions() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        own.<KeyManager[]>map(one -> new X509ExtendedKeyManager[] {one}).orElse(new KeyManager[0]),
        new TrustManager[] {trust},
        null);
    return new Sessions(context, System.nanoTime());
  }

  private SSLContext context() throws IOException {
    Sessions kept = sessions;
    if (System.nanoTime() - kept.sinceNanos() > Duration.ofSeconds(FRESH_SECONDS).toNanos()) {
      try {
        kept = newSessions();
        sessions = kept;
      } catch (GeneralSecurityException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
    return kept.context();
  }

  /**
   * Does the handshake, in the time that the connection has.
   *
   * @param node whose certificate it has to be
   * @param certificateEnd hears when that expires, milliseconds since 1970
   */
  SSLSocket over(Socket connected, HostPort node, ProbeLink.Asks asks, LongConsumer certificateEnd)
      throws IOException {
    SSLSocket socket =
        (SSLSocket)
            context().getSocketFactory().createSocket(connected, node.host(), node.port(), true);
    boolean http2 =
        asks == ProbeLink.Asks.HTTP_2 || (asks == ProbeLink.Asks.ANYTHING && wantsHttp2);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setProtocols(versions.toArray(String[]::new));
    parameters.setApplicationProtocols(
        http2
            ? new String[] {"h2"}
            : asks == ProbeLink.Asks.HTTP_1_1 ? new String[] {"http/1.1"} : new String[0]);
    List<SNIServerName> names = new ArrayList<>();
    NodeTrust.serverName(trust.name(node.host())).ifPresent(names::add);
    parameters.setServerNames(names);
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    if (socket.getSession().getPeerCertificates()[0] instanceof X509Certificate certificate) {
      certificateEnd.accept(certificate.getNotAfter().toInstant().toEpochMilli());
    }
    if (http2 && !"h2".equals(socket.getApplicationProtocol())) {
      throw new SSLException(TlsFailure.NOT_HTTP2.reason());
    }
    return socket;
  }
}
