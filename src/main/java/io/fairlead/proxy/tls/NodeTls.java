package io.fairlead.proxy.tls;

import io.fairlead.config.HostPort;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.ServiceTls;
import io.fairlead.trust.NodeTrust;
import io.fairlead.trust.OwnCertificate;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.SimpleKeyManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.security.KeyStore;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;

/**
 * How the nodes of a service are spoken to by TLS, as loops see it: never changed, replaced as a
 * whole. Its sessions go with it, so that nothing that was proved to one policy counts for another.
 *
 * <p>Whoever has it may use it, also a request of a service that has just been taken out of the
 * configuration. So what the library holds for it is given back when nobody can reach it any more.
 */
public final class NodeTls {
  /** Sessions that are remembered, over all nodes of the service; the oldest go first. */
  private static final int MAX_SESSIONS = 4096;

  /**
   * How long a session may be resumed. A certificate that expires meanwhile is seen all the same.
   */
  private static final int SESSION_SECONDS = 600;

  private static final Cleaner CLEANER = Cleaner.create();

  private final SslContext context;
  private final NodeTrust trust;

  private NodeTls(SslContext context, NodeTrust trust) {
    this.context = context;
    this.trust = trust;
    CLEANER.register(this, () -> ReferenceCountUtil.release(context));
  }

  /**
   * Makes everything ready.
   *
   * @param protocol what is offered (ALPN)
   * @throws IOException saying what cannot be used
   */
  public static NodeTls of(
      ServiceTls config, NodeProtocol protocol, NodeTrust trust, Optional<OwnCertificate> own)
      throws IOException {
    SslContextBuilder builder =
        SslContextBuilder.forClient()
            .trustManager(trust)
            .endpointIdentificationAlgorithm(null) // trust sees to it
            .ciphers(TlsLibrary.ciphers(List.of()))
            .sessionCacheSize(MAX_SESSIONS)
            .sessionTimeout(SESSION_SECONDS)
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    ApplicationProtocolConfig.Protocol.ALPN,
                    ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                    ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                    offered(protocol)));
    if (own.isPresent()) {
      if (TlsLibrary.NATIVE) {
        builder.keyManager(new OpenSslCachingX509KeyManagerFactory(new OneKey(own.get())));
      } else {
        builder.keyManager(own.get());
      }
    }
    try {
      SslContext context = TlsLibrary.build(builder, config.minVersion());
      if (context instanceof ReferenceCountedOpenSslContext open) {
        open.sessionContext().setSessionCacheEnabled(true);
      }
      return new NodeTls(context, trust);
    } catch (SSLException | IllegalArgumentException e) {
      throw new IOException("cannot be used: " + e.getMessage(), e);
    }
  }

  private static List<String> offered(NodeProtocol protocol) {
    return switch (protocol) {
      case HTTP1 -> List.of(TlsSession.HTTP_1_1);
      case H2 -> List.of(TlsSession.HTTP_2);
      case AUTO -> List.of(TlsSession.HTTP_2, TlsSession.HTTP_1_1);
    };
  }

  /** A handler for one connection. Its handshake is ended in time by {@link NodeHandshake}. */
  SslHandler newHandler(ByteBufAllocator allocator, HostPort node) {
    // By the node's own address, whatever name it is asked for: sessions are kept by it.
    SslHandler handler = context.newHandler(allocator, node.host(), node.port());
    handler.setHandshakeTimeoutMillis(0);
    // The library asks for the host by itself, but for no name of a single label.
    NodeTrust.serverName(trust.name(node.host()))
        .ifPresent(name -> {
          SSLParameters parameters = handler.engine().getSSLParameters();
          parameters.setServerNames(List.of(name));
          handler.engine().setSSLParameters(parameters);
        });
    return handler;
  }

  NodeTrust trust() {
    return trust;
  }

  /** A factory of one key, which the library wants in order to keep the key ready. */
  private static final class OneKey extends SimpleKeyManagerFactory {
    private final KeyManager[] managers;

    OneKey(OwnCertificate own) {
      managers = new KeyManager[] {own};
    }

    @Override
    protected void engineInit(KeyStore store, char[] password) {}

    @Override
    protected void engineInit(ManagerFactoryParameters parameters) {}

    @Override
    protected KeyManager[] engineGetKeyManagers() {
      return managers;
    }
  }
}
