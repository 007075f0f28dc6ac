package io.fairlead.proxy.tls;

import io.fairlead.telemetry.HandshakeFailure;
import io.fairlead.telemetry.TlsCounter;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.internal.tcnative.SSL;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/** What became of a handshake, from what the library says about it. */
final class Handshakes {
  private Handshakes() {}

  static TlsCounter kind(SSLEngine engine) {
    boolean resumed = isResumed(engine);
    return engine.getSession().getProtocol().equals("TLSv1.3")
        ? resumed ? TlsCounter.TLS_1_3_RESUMED : TlsCounter.TLS_1_3
        : resumed ? TlsCounter.TLS_1_2_RESUMED : TlsCounter.TLS_1_2;
  }

  /** The JDK does not say. */
  static boolean isResumed(SSLEngine engine) {
    return engine instanceof ReferenceCountedOpenSslEngine open
        && open.refCnt() > 0
        && SSL.isSessionReused(open.sslPointer());
  }

  /** By the words of BoringSSL; the JDK's are less exact. */
  static HandshakeFailure reason(Throwable cause) {
    for (Throwable one = cause; one != null; one = one.getCause()) {
      if (one instanceof CertificateException) {
        return HandshakeFailure.CLIENT_CERTIFICATE;
      }
    }
    if (cause instanceof ClosedChannelException
        || (cause instanceof IOException && !(cause instanceof SSLException))) {
      return HandshakeFailure.CLIENT_GONE;
    }
    String said = String.valueOf(cause.getMessage());
    if (said.contains("UNSUPPORTED_PROTOCOL") || said.contains("WRONG_VERSION_NUMBER")) {
      return HandshakeFailure.VERSION;
    }
    if (said.contains("PEER_DID_NOT_RETURN_A_CERTIFICATE")
        || said.contains("CERTIFICATE_VERIFY_FAILED")) {
      return HandshakeFailure.CLIENT_CERTIFICATE;
    }
    if (said.contains("NO_SHARED_")
        || said.contains("WRONG_CURVE")
        || said.contains("NO_COMMON_SIGNATURE_ALGORITHMS")) {
      return HandshakeFailure.CIPHER;
    }
    if (said.contains("_ALERT_") || said.contains("Received fatal alert")) {
      return HandshakeFailure.CLIENT_ALERT;
    }
    return HandshakeFailure.OTHER;
  }
}
