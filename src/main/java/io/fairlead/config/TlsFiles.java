package io.fairlead.config;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The files that TLS needs, read and checked: once when the configuration is checked, and again
 * whenever they are used, since they change without it.
 */
public final class TlsFiles {
  static final int MIN_RSA_BITS = 2048;
  static final int MIN_EC_BITS = 256;

  /** A certificate with what proves that it is ours. */
  public static final class Identity {
    private final List<X509Certificate> chain;
    private final PrivateKey key;
    private final byte[] ocsp;

    private Identity(List<X509Certificate> chain, PrivateKey key, byte[] ocsp) {
      this.chain = List.copyOf(chain);
      this.key = key;
      this.ocsp = ocsp;
    }

    /** The certificate and its issuers in order. */
    public List<X509Certificate> chain() {
      return chain;
    }

    public X509Certificate certificate() {
      return chain.getFirst();
    }

    public PrivateKey key() {
      return key;
    }

    /** A response to staple, in DER; empty: none. */
    public byte[] ocsp() {
      return ocsp.clone();
    }
  }

  private TlsFiles() {}

  /**
   * Reads a certificate and its key.
   *
   * @throws IOException naming the file and what is wrong with it
   */
  public static Identity identity(Path cert, Path key, Optional<Path> ocsp) throws IOException {
    return orThrow(() -> read(cert, key, ocsp));
  }

  /**
   * Reads certificates of authorities.
   *
   * @throws IOException naming what is wrong
   */
  public static List<X509Certificate> authorities(List<Path> files) throws IOException {
    List<X509Certificate> all = new ArrayList<>();
    for (Path file : files) {
      try {
        all.addAll(Pem.certificates(file));
      } catch (InvalidConfigException e) {
        throw new IOException(file + " " + e.getMessage(), e);
      }
    }
    return all;
  }

  private static <T> T orThrow(Supplier<T> read) throws IOException {
    try {
      return read.get();
    } catch (InvalidConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Refuses with what is wrong at the keys {@code cert}, {@code key} and {@code ocsp}. */
  static Identity read(Path cert, Path key, Optional<Path> ocsp) {
    Require require = new Require();
    List<X509Certificate> chain = List.of();
    PrivateKey secret = null;
    byte[] response = {};
    try {
      chain = Pem.certificates(cert);
      checkChain(chain);
    } catch (InvalidConfigException e) {
      require.that(false, "cert", cert, e.violations().getFirst().rule());
    }
    try {
      secret = Pem.key(key);
    } catch (InvalidConfigException e) {
      require.that(false, "key", key, e.violations().getFirst().rule());
    }
    if (ocsp.isPresent()) {
      try {
        response = Pem.bytes(ocsp.get());
        require.that(
            isOcspResponse(response),
            "ocsp",
            ocsp.get(),
            "must hold a successful OCSP response in DER");
      } catch (InvalidConfigException e) {
        require.that(false, "ocsp", ocsp.get(), e.violations().getFirst().rule());
      }
    }
    if (require.count() == 0 && secret != null) {
      require.that(
          Pem.belong(chain.getFirst(), secret),
          "key",
          key,
          "must be the key of the certificate in cert, but is another's");
    }
    require.orRefuse();
    if (secret == null) {
      throw new IllegalStateException("a file without a key was not refused");
    }
    return new Identity(chain, secret, response);
  }

  private static void checkChain(List<X509Certificate> chain) {
    String weakness = weakness(chain.getFirst().getPublicKey());
    if (!weakness.isEmpty()) {
      throw Require.refusal(
          "must have a key of RSA from "
              + MIN_RSA_BITS
              + " bits or ECDSA from P-256 (has "
              + weakness
              + ")");
    }
    for (int i = 1; i < chain.size(); i++) {
      if (!chain
          .get(i)
          .getSubjectX500Principal()
          .equals(chain.get(i - 1).getIssuerX500Principal())) {
        throw Require.refusal(
            "must hold the certificate first and behind it its issuers in order, but number "
                + (i + 1)
                + " ("
                + name(chain.get(i))
                + ") did not issue number "
                + i
                + " ("
                + name(chain.get(i - 1))
                + ")");
      }
    }
  }

  private static String weakness(PublicKey key) {
    return switch (key) {
      case RSAPublicKey rsa ->
          rsa.getModulus().bitLength() >= MIN_RSA_BITS ? "" : "RSA " + rsa.getModulus().bitLength();
      case ECPublicKey curve -> {
        int bits = curve.getParams().getCurve().getField().getFieldSize();
        yield bits >= MIN_EC_BITS ? "" : "ECDSA " + bits;
      }
      default -> key.getAlgorithm();
    };
  }

  private static String name(X509Certificate certificate) {
    String subject = certificate.getSubjectX500Principal().getName();
    return subject.length() > 80 ? subject.substring(0, 80) + "…" : subject;
  }

  /**
   * OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED successful(0), ... } (RFC 6960, 4.2.1).
   */
  private static boolean isOcspResponse(byte[] der) {
    if (der.length < 8 || der[0] != 0x30) {
      return false;
    }
    int at = 2 + ((der[1] & 0x80) == 0 ? 0 : der[1] & 0x7f);
    return at + 3 <= der.length && der[at] == 0x0a && der[at + 1] == 1 && der[at + 2] == 0;
  }
}
