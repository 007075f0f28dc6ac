package io.fairlead.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Certificates by which an authority sees that a name is ours (RFC 8737): shown while an order is
 * going on, to whoever says that it speaks {@value #PROTOCOL} and nothing else. Such a connection
 * ends with its handshake. By the JDK's TLS, which has nothing to be released: there are few.
 */
public final class TlsChallenges {
  private static final String PROTOCOL = "acme-tls/1";
  private static final List<String> ALONE = List.of(PROTOCOL);

  private volatile Map<String, SslContext> outstanding = Map.of();

  /**
   * A certificate that proves something.
   *
   * @param key its key
   * @param certificate self-signed
   */
  public record Proof(PrivateKey key, X509Certificate certificate) {}

  /**
   * From now on these are shown, and no others.
   *
   * @param proofs by the name that is asked for
   */
  public void show(Map<String, Proof> proofs) throws SSLException {
    Map<String, SslContext> next = new HashMap<>();
    for (Map.Entry<String, Proof> each : proofs.entrySet()) {
      Proof proof = each.getValue();
      next.put(
          each.getKey(),
          SslContextBuilder.forServer(proof.key(), proof.certificate())
              .sslProvider(SslProvider.JDK)
              .protocols("TLSv1.3", "TLSv1.2")
              .applicationProtocolConfig(
                  new ApplicationProtocolConfig(
                      ApplicationProtocolConfig.Protocol.ALPN,
                      ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                      ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                      ALONE))
              .build());
    }
    outstanding = next;
  }

  /** What that client is shown; null: it is none of those, or there is nothing for it. */
  @Nullable SslContext answer(ClientHello hello) {
    Map<String, SslContext> present = outstanding;
    return present.isEmpty() || !hello.protocols().equals(ALONE)
        ? null
        : present.get(hello.serverName());
  }

  /** For one connection; its handshake is ended in time by whoever asks for it. */
  static SslHandler newHandler(SslContext context, ByteBufAllocator allocator) {
    SslHandler handler = context.newHandler(allocator);
    handler.setHandshakeTimeoutMillis(0);
    return handler;
  }
}
