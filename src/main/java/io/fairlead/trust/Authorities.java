package io.fairlead.trust;

import io.fairlead.config.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Who may issue certificates of nodes. Without authorities of the operator's choice those of the
 * system count: the file that {@code SSL_CERT_FILE} names or where distributions keep it, so that
 * an authority added with the system's tools is known here, too; else the JDK's.
 */
final class Authorities {
  /** Debian, Fedora, SUSE, Alpine. */
  private static final List<Path> SYSTEM =
      List.of(
          Path.of("/etc/ssl/certs/ca-certificates.crt"),
          Path.of("/etc/pki/tls/certs/ca-bundle.crt"),
          Path.of("/etc/ssl/ca-bundle.pem"),
          Path.of("/etc/ssl/cert.pem"));

  private Authorities() {}

  /** Where the system keeps its authorities; empty: nowhere that we know. */
  static Optional<Path> ofSystem() {
    String named = System.getenv("SSL_CERT_FILE");
    if (named != null && !named.isEmpty()) {
      return Optional.of(Path.of(named));
    }
    return SYSTEM.stream().filter(Files::isReadable).findFirst();
  }

  /**
   * What checks chains of certificates against the authorities in these files.
   *
   * @param files none: the JDK's authorities
   * @throws IOException naming the file and what is wrong with it
   */
  static X509TrustManager check(List<Path> files) throws IOException {
    try {
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(files.isEmpty() ? null : store(files));
      for (TrustManager made : factory.getTrustManagers()) {
        if (made instanceof X509TrustManager found) {
          return found;
        }
      }
      throw new IllegalStateException("the JDK has no check of certificates");
    } catch (GeneralSecurityException e) {
      throw new IOException("authorities cannot be used: " + e.getMessage(), e);
    }
  }

  private static @Nullable KeyStore store(List<Path> files)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    int number = 0;
    for (X509Certificate authority : TlsFiles.authorities(files)) {
      store.setCertificateEntry(String.valueOf(number++), authority);
    }
    return store;
  }
}
