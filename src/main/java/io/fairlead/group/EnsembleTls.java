package io.fairlead.group;

import io.fairlead.config.EnsembleConfig;
import io.fairlead.config.TlsFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.Optional;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.common.ClientX509Util;

/**
 * TLS towards an ensemble, by its own client, which wants its keys as files of its own kind. They
 * are written encrypted, by a password that no other process knows, and anew each time: so a
 * connection that begins takes the files as they are now.
 */
final class EnsembleTls {
  private static final String NETTY = "org.apache.zookeeper.ClientCnxnSocketNetty";

  /** Of this process. */
  private static final String PASSWORD = password();

  private EnsembleTls() {}

  /**
   * Says to the client what it shows and whom it trusts.
   *
   * @param folder for the files
   * @throws IOException naming what is wrong with them
   */
  static void secure(ZKClientConfig settings, EnsembleConfig.Tls config, Path folder)
      throws IOException {
    settings.setProperty(ZKClientConfig.SECURE_CLIENT, "true");
    settings.setProperty(ZKClientConfig.ZOOKEEPER_CLIENT_CNXN_SOCKET, NETTY);
    try (ClientX509Util names = new ClientX509Util()) {
      KeyStore trusted = empty();
      int number = 0;
      for (X509Certificate authority : TlsFiles.authorities(config.ca())) {
        trusted.setCertificateEntry("authority-" + number++, authority);
      }
      Path trust = write(trusted, folder.resolve("ensemble-ca.p12"));
      settings.setProperty(names.getSslTruststoreLocationProperty(), trust.toString());
      settings.setProperty(names.getSslTruststorePasswdProperty(), PASSWORD);
      settings.setProperty(names.getSslTruststoreTypeProperty(), "PKCS12");
      settings.setProperty(names.getSslHostnameVerificationEnabledProperty(), "true");
      if (config.cert().isPresent() && config.key().isPresent()) {
        TlsFiles.Identity identity =
            TlsFiles.identity(config.cert().get(), config.key().get(), Optional.empty());
        KeyStore own = empty();
        own.setKeyEntry(
            "own",
            identity.key(),
            PASSWORD.toCharArray(),
            identity.chain().toArray(Certificate[]::new));
        Path key = write(own, folder.resolve("ensemble.p12"));
        settings.setProperty(names.getSslKeystoreLocationProperty(), key.toString());
        settings.setProperty(names.getSslKeystorePasswdProperty(), PASSWORD);
        settings.setProperty(names.getSslKeystoreTypeProperty(), "PKCS12");
      }
    } catch (GeneralSecurityException e) {
      throw new IOException("group.ensemble.tls cannot be used: " + e.getMessage(), e);
    }
  }

  private static KeyStore empty() throws GeneralSecurityException, IOException {
    KeyStore made = KeyStore.getInstance("PKCS12");
    made.load(null, PASSWORD.toCharArray());
    return made;
  }

  private static Path write(KeyStore store, Path file)
      throws GeneralSecurityException, IOException {
    Path next = file.resolveSibling(file.getFileName() + ".new");
    try (OutputStream out = Files.newOutputStream(next)) {
      store.store(out, PASSWORD.toCharArray());
    }
    return Files.move(
        next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String password() {
    byte[] bytes = new byte[24];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
