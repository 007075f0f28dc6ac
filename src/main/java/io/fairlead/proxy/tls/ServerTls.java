package io.fairlead.proxy.tls;

import io.fairlead.config.CertificateConfig;
import io.fairlead.config.ListenerTls;
import io.fairlead.config.TlsFiles;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslServerSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What a listener shows and asks for, as loops see it: never changed, replaced as a whole. Every
 * certificate has a context of the library for itself, and all of them have the same policy.
 */
public final class ServerTls {
  /** The certificates for one name. */
  private static final class Choice {
    @Nullable ServerCertificate ecdsa;
    @Nullable ServerCertificate rsa;

    /** The first of each kind counts. */
    void add(ServerCertificate certificate) {
      if (certificate.isEcdsa()) {
        ecdsa = ecdsa == null ? certificate : ecdsa;
      } else {
        rsa = rsa == null ? certificate : rsa;
      }
    }

    /** ECDSA is cheaper to sign with than RSA, and shorter on the wire. */
    ServerCertificate choose(boolean takesEcdsa, boolean takesRsa) {
      ServerCertificate first = ecdsa;
      ServerCertificate second = rsa;
      if (first != null && (takesEcdsa || second == null)) {
        return first;
      }
      if (second == null) {
        throw new IllegalStateException("a name without a certificate");
      }
      // If the client can do neither, the handshake says so.
      return takesRsa || first == null ? second : first;
    }
  }

  private final ListenerTls config;
  private final List<String> protocols;
  private final List<ServerCertificate> certificates;
  private final Map<String, Choice> exact = new HashMap<>();

  /** By what stands behind the star and its dot. */
  private final Map<String, Choice> wildcards = new HashMap<>();

  private final Choice fallback = new Choice();

  /** The same for QUIC; null: nobody may come by it. */
  private @Nullable QuicTls quic;

  private ServerTls(
      ListenerTls config, List<String> protocols, List<ServerCertificate> certificates) {
    this.config = config;
    this.protocols = protocols;
    this.certificates = certificates;
    for (ServerCertificate certificate : certificates) {
      for (String name : certificate.names) {
        if (name.startsWith("*.")) {
          wildcards.computeIfAbsent(name.substring(2), _ -> new Choice()).add(certificate);
        } else {
          exact.computeIfAbsent(name, _ -> new Choice()).add(certificate);
        }
      }
      if (certificate.names.equals(certificates.getFirst().names)) {
        fallback.add(certificate);
      }
    }
  }

  /**
   * Reads all files and makes the contexts.
   *
   * @param listener its name
   * @param protocols what it speaks (ALPN), in its order; empty: it does not say
   * @param byQuic whether clients may come by HTTP/3, too
   * @throws IOException naming the file and what is wrong with it
   */
  static ServerTls of(
      String listener,
      ListenerTls config,
      List<String> protocols,
      boolean byQuic,
      TicketKeys tickets)
      throws IOException {
    List<X509Certificate> authorities = TlsFiles.authorities(config.clientCa());
    byte[] policy = policy(listener, config, authorities);
    List<ServerCertificate> made = new ArrayList<>();
    try {
      for (CertificateConfig certificate : config.certificates()) {
        TlsFiles.Identity identity =
            TlsFiles.identity(certificate.cert(), certificate.key(), certificate.ocsp());
        SslContext context = context(config, protocols, authorities, identity);
        ServerCertificate one =
            new ServerCertificate(certificate, identity, context, config.tickets().enabled());
        made.add(one);
        if (context instanceof ReferenceCountedOpenSslContext open) {
          OpenSslServerSessionContext sessions =
              (OpenSslServerSessionContext) open.sessionContext();
          // Sessions are in tickets only: nothing to hold, and nothing to bound.
          sessions.setSessionCacheEnabled(false);
          // A session of one policy says nothing to another.
          if (!sessions.setSessionIdContext(policy)) {
            throw new SSLException("sessions cannot be told apart");
          }
          one.useTickets(tickets);
        }
      }
      ServerTls tls = new ServerTls(config, protocols, made);
      if (byQuic) {
        QuicTls beside = new QuicTls(tls, authorities, policy);
        beside.useTickets(tickets.secrets());
        tls.quic = beside;
      }
      return tls;
    } catch (IOException | RuntimeException e) {
      made.forEach(ServerCertificate::release);
      throw e;
    }
  }

  private static SslContext context(
      ListenerTls config,
      List<String> protocols,
      List<X509Certificate> authorities,
      TlsFiles.Identity identity)
      throws SSLException {
    SslContextBuilder builder =
        SslContextBuilder.forServer(
                identity.key(), identity.chain().toArray(X509Certificate[]::new))
            .ciphers(TlsLibrary.ciphers(config.ciphers()))
            .clientAuth(
                switch (config.clientAuth()) {
                  case NONE -> ClientAuth.NONE;
                  case REQUEST -> ClientAuth.OPTIONAL;
                  case REQUIRE -> ClientAuth.REQUIRE;
                });
    if (!authorities.isEmpty()) {
      builder.trustManager(authorities);
    }
    if (!protocols.isEmpty()) {
      builder.applicationProtocolConfig(
          new ApplicationProtocolConfig(
              ApplicationProtocolConfig.Protocol.ALPN,
              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
              protocols));
    }
    if (TlsLibrary.NATIVE && identity.ocsp().length > 0) {
      builder.enableOcsp(true);
    }
    return TlsLibrary.build(builder, config.minVersion());
  }

  /** Everything that a resumed session spares a client from proving again. */
  private static byte[] policy(
      String listener, ListenerTls config, List<X509Certificate> authorities) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(listener.getBytes(StandardCharsets.UTF_8));
      digest.update(
          (config.clientAuth() + " " + config.minVersion()).getBytes(StandardCharsets.UTF_8));
      for (X509Certificate authority : authorities) {
        digest.update(authority.getEncoded());
      }
      return digest.digest();
    } catch (NoSuchAlgorithmException | CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read can be written", e);
    }
  }

  ListenerTls config() {
    return config;
  }

  @Nullable QuicTls quic() {
    return quic;
  }

  List<ServerCertificate> certificates() {
    return certificates;
  }

  /** Whether there is none yet, and every client is refused. */
  boolean isEmpty() {
    return certificates.isEmpty();
  }

  /** The certificate for that client, or null if it is to be refused. */
  @Nullable ServerCertificate choose(ClientHello hello) {
    return choose(hello.serverName(), hello.ecdsa(), hello.rsa());
  }

  /** The same for a client of TLS 1.3 that asks for that name; empty: for none. */
  @Nullable ServerCertificate choose(String name) {
    return choose(name, true, true);
  }

  private @Nullable ServerCertificate choose(String name, boolean takesEcdsa, boolean takesRsa) {
    if (isEmpty()) {
      return null;
    }
    Choice found = exact.get(name);
    if (found == null) {
      int dot = name.indexOf('.');
      found = dot <= 0 ? null : wildcards.get(name.substring(dot + 1));
    }
    if (found == null) {
      found = config.strictSni() ? null : fallback;
    }
    return found == null ? null : found.choose(takesEcdsa, takesRsa);
  }

  /** Whether we speak something that the client speaks, if either of us says. */
  boolean speaks(ClientHello hello) {
    if (protocols.isEmpty() || hello.protocols().isEmpty()) {
      return true;
    }
    for (String protocol : protocols) {
      if (hello.protocols().contains(protocol)) {
        return true;
      }
    }
    return false;
  }

  void useTickets(TicketKeys keys) {
    certificates.forEach(certificate -> certificate.useTickets(keys));
    QuicTls beside = quic;
    if (beside != null) {
      beside.useTickets(keys.secrets());
    }
  }

  /** No loop uses it for new connections any more. */
  public void release() {
    certificates.forEach(ServerCertificate::release);
  }
}
