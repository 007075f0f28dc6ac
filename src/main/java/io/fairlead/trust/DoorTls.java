package io.fairlead.trust;

import io.fairlead.config.TlsFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** TLS at a door of the JDK's server: shows a certificate, and may ask for one. */
public final class DoorTls {
  private DoorTls() {}

  /**
   * What such a door needs.
   *
   * @param ca files with authorities that clients' certificates must come from; none: whoever asks
   *     for a certificate trusts nobody
   * @throws IOException naming the file and what is wrong with it
   */
  public static SSLContext context(Path cert, Path key, List<Path> ca) throws IOException {
    TlsFiles.Identity identity = TlsFiles.identity(cert, key, Optional.empty());
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(
          "own", identity.key(), new char[0], identity.chain().toArray(X509Certificate[]::new));
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(store, new char[0]);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          keys.getKeyManagers(),
          ca.isEmpty() ? new TrustManager[0] : new TrustManager[] {Authorities.check(ca)},
          null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS cannot be used: " + e.getMessage(), e);
    }
  }
}
