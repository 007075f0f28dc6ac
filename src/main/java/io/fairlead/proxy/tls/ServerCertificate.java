package io.fairlead.proxy.tls;

import io.fairlead.config.CertificateConfig;
import io.fairlead.config.TlsFiles;
import io.fairlead.trust.CertificateNames;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.SSL;
import io.netty.util.ReferenceCountUtil;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/** A certificate, ready for handshakes. */
final class ServerCertificate {
  final CertificateConfig config;
  final List<String> names;
  private final TlsFiles.Identity identity;
  private final SslContext context;
  private final boolean tickets;
  private final byte[] ocsp;

  ServerCertificate(
      CertificateConfig config, TlsFiles.Identity identity, SslContext context, boolean tickets) {
    this.config = config;
    this.names = CertificateNames.of(identity.certificate());
    this.identity = identity;
    this.context = context;
    this.tickets = tickets;
    this.ocsp = identity.ocsp();
  }

  X509Certificate certificate() {
    return identity.certificate();
  }

  PrivateKey key() {
    return identity.key();
  }

  X509Certificate[] chain() {
    return identity.chain().toArray(X509Certificate[]::new);
  }

  boolean isEcdsa() {
    return certificate().getPublicKey().getAlgorithm().equals("EC");
  }

  /** A handler for one connection. Its handshake is ended in time by whoever asks for it. */
  SslHandler newHandler(ByteBufAllocator allocator) {
    SslHandler handler = context.newHandler(allocator);
    handler.setHandshakeTimeoutMillis(0);
    if (handler.engine() instanceof ReferenceCountedOpenSslEngine engine) {
      if (ocsp.length > 0) {
        engine.setOcspResponse(ocsp);
      }
      if (!tickets) {
        // Netty lets TLS 1.3 make tickets whatever the context says.
        SSL.setOptions(engine.sslPointer(), SSL.SSL_OP_NO_TICKET);
      }
    }
    return handler;
  }

  void useTickets(TicketKeys keys) {
    if (tickets && context instanceof ReferenceCountedOpenSslContext open) {
      keys.give(open.sessionContext());
    }
  }

  /** Not to be used for new connections any more; those that go on keep what they need. */
  void release() {
    ReferenceCountUtil.release(context);
  }
}
