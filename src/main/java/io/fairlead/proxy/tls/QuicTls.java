package io.fairlead.proxy.tls;

import io.fairlead.config.ListenerTls;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicSslEngine;
import io.netty.handler.codec.quic.SslSessionTicketKey;
import io.netty.handler.ssl.ClientAuth;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a listener shows to clients that come by QUIC, whose TLS is 1.3 (RFC 9001) and in a library
 * of its own: a context for each certificate, chosen by the name that the client asks for. Early
 * data (0-RTT) is not taken, since whoever has recorded it can send it again.
 */
public final class QuicTls {
  /** ALPN's name for HTTP/3. */
  public static final String HTTP_3 = "h3";

  private static final int NAME = SslSessionTicketKey.NAME_SIZE;
  private static final int HMAC = NAME + SslSessionTicketKey.HMAC_KEY_SIZE;
  private static final int KEY = HMAC + SslSessionTicketKey.AES_KEY_SIZE;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final IdentityHashMap<ServerCertificate, QuicSslContext> contexts =
      new IdentityHashMap<>();
  private final @Nullable QuicSslContext front;
  private final byte[] policy;
  private final boolean tickets;

  /**
   * @param policy everything that a resumed session spares a client from proving again
   */
  QuicTls(ServerTls tls, List<X509Certificate> authorities, byte[] policy) {
    ListenerTls config = tls.config();
    this.policy = policy.clone();
    tickets = config.tickets().enabled();
    for (ServerCertificate certificate : tls.certificates()) {
      QuicSslContext _ =
          contexts.put(certificate, context(certificate, config, authorities).build());
    }
    ServerCertificate first = tls.choose("");
    // The library (4.2.18) refuses who asks for no name where there is a choice by name.
    boolean noChoice = tls.certificates().size() == 1 && !config.strictSni();
    front =
        tls.isEmpty()
            ? null
            : first == null
                ? QuicSslContextBuilder.buildForServerWithSni(name -> choose(tls, name))
                : noChoice
                    ? contexts.get(first)
                    : context(first, config, authorities).sni(name -> choose(tls, name)).build();
  }

  private @Nullable QuicSslContext choose(ServerTls tls, String name) {
    ServerCertificate found = tls.choose(name.toLowerCase(Locale.ROOT));
    return found == null ? null : contexts.get(found);
  }

  private static QuicSslContextBuilder context(
      ServerCertificate certificate, ListenerTls config, List<X509Certificate> authorities) {
    QuicSslContextBuilder builder =
        QuicSslContextBuilder.forServer(certificate.key(), null, certificate.chain())
            .applicationProtocols(HTTP_3)
            .earlyData(false)
            .clientAuth(
                switch (config.clientAuth()) {
                  case NONE -> ClientAuth.NONE;
                  case REQUEST -> ClientAuth.OPTIONAL;
                  case REQUIRE -> ClientAuth.REQUIRE;
                });
    if (!authorities.isEmpty()) {
      builder.trustManager(authorities.toArray(X509Certificate[]::new));
    }
    return builder;
  }

  /**
   * For one connection.
   *
   * @return null: there is no certificate yet
   */
  public @Nullable QuicSslEngine newEngine(ByteBufAllocator allocator) {
    QuicSslContext shown = front;
    if (shown == null) {
      return null;
    }
    if (!tickets) {
      // The library makes tickets whatever it is told: nobody will be able to read these.
      byte[] once = new byte[KEY];
      RANDOM.nextBytes(once);
      give(forLibrary(once));
    }
    return shown.newEngine(allocator);
  }

  void useTickets(List<byte[]> keys) {
    if (tickets) {
      give(keys.stream().map(this::derived).toArray(SslSessionTicketKey[]::new));
    }
  }

  private void give(SslSessionTicketKey... keys) {
    contexts.values().forEach(context -> context.sessionContext().setTicketKeys(keys));
    QuicSslContext shown = front;
    if (shown != null) {
      shown.sessionContext().setTicketKeys(keys);
    }
  }

  /** A session of one policy says nothing to another: their keys differ. */
  private SslSessionTicketKey derived(byte[] key) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-512");
      digest.update(policy);
      digest.update(key);
      return forLibrary(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }

  private static SslSessionTicketKey forLibrary(byte[] key) {
    return new SslSessionTicketKey(
        Arrays.copyOfRange(key, 0, NAME),
        Arrays.copyOfRange(key, NAME, HMAC),
        Arrays.copyOfRange(key, HMAC, KEY));
  }
}
