package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.TlsFiles;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * TLS between the instances of a group, for our greetings and the engine alike: each side shows a
 * certificate of the group's authority. The names in it are not looked at; that authority signs
 * instances of the group and nothing else.
 *
 * <p>The engine makes one of these by its name and asks it; {@link #use} says before what it is to
 * answer.
 */
public final class MemberTls implements Supplier<SSLContext> {
  private static volatile @Nullable SSLContext context;

  /** For the engine. */
  public MemberTls() {}

  /**
   * Reads the files.
   *
   * @return null: instances speak in the clear
   * @throws IOException naming what is wrong with them
   */
  public static @Nullable SSLContext use(GroupConfig config) throws IOException {
    context = config.tls().isEmpty() ? null : read(config.tls().get());
    return context;
  }

  @Override
  public SSLContext get() {
    SSLContext present = context;
    if (present == null) {
      throw new IllegalStateException("group.tls is not given");
    }
    return present;
  }

  private static SSLContext read(GroupConfig.Tls config) throws IOException {
    TlsFiles.Identity identity = TlsFiles.identity(config.cert(), config.key(), Optional.empty());
    try {
      char[] none = new char[0];
      KeyStore own = KeyStore.getInstance("PKCS12");
      own.load(null, none);
      own.setKeyEntry("own", identity.key(), none, identity.chain().toArray(Certificate[]::new));
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(own, none);
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, none);
      int number = 0;
      for (X509Certificate authority : TlsFiles.authorities(config.ca())) {
        trusted.setCertificateEntry("authority-" + number++, authority);
      }
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(trusted);
      SSLContext made = SSLContext.getInstance("TLSv1.3");
      made.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return made;
    } catch (GeneralSecurityException e) {
      throw new IOException("group.tls cannot be used: " + e.getMessage(), e);
    }
  }
}
