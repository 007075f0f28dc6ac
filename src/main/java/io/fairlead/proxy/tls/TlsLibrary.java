package io.fairlead.proxy.tls;

import io.fairlead.config.ListenerTls;
import io.fairlead.config.TlsVersion;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLException;

/**
 * The library that does the handshakes and the records: BoringSSL where it has a native part for
 * this machine, or the JDK's, which is slower, staples no OCSP responses and has no hybrid
 * post-quantum key exchange.
 */
final class TlsLibrary {
  private static final System.Logger LOG = System.getLogger(TlsLibrary.class.getName());

  static final boolean NATIVE = OpenSsl.isAvailable();

  /**
   * Key exchange in order of preference. The first is X25519 and ML-KEM-768 together
   * (draft-ietf-tls-ecdhe-mlkem): who records today what they can only break later gets nothing.
   */
  private static final String[] GROUPS = {"X25519MLKEM768", "X25519", "P-256", "P-384"};

  private static final String[] GROUPS_BEFORE = {"X25519", "P-256", "P-384"};

  private static final List<String> CIPHERS_OF_1_3 =
      List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

  static {
    if (!NATIVE) {
      LOG.log(
          Level.WARNING,
          "TLS is done by the JDK: BoringSSL has no native part for this machine ("
              + OpenSsl.unavailabilityCause()
              + ")");
    }
  }

  private TlsLibrary() {}

  /** Builds the context; what both sides have in common is set here. */
  static SslContext build(SslContextBuilder builder, TlsVersion min) throws SSLException {
    builder
        .sslProvider(NATIVE ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK)
        .protocols(versions(min));
    if (!NATIVE) {
      return builder.build();
    }
    builder.option(OpenSslContextOption.USE_TASKS, false);
    try {
      return builder.option(OpenSslContextOption.GROUPS, GROUPS).build();
    } catch (SSLException e) {
      // A library that is older than the first of them.
      return builder.option(OpenSslContextOption.GROUPS, GROUPS_BEFORE).build();
    }
  }

  /**
   * Cipher suites of both versions.
   *
   * @param older those of TLS 1.2; empty: the usual ones
   */
  static List<String> ciphers(List<String> older) {
    List<String> all = new ArrayList<>(CIPHERS_OF_1_3);
    all.addAll(older.isEmpty() ? ListenerTls.DEFAULT_CIPHERS : older);
    return all;
  }

  private static List<String> versions(TlsVersion min) {
    return switch (min) {
      case TLS_1_2 -> List.of("TLSv1.3", "TLSv1.2");
      case TLS_1_3 -> List.of("TLSv1.3");
    };
  }
}
