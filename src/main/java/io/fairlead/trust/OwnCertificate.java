package io.fairlead.trust;

import io.fairlead.config.ServiceTls;
import io.fairlead.config.TlsFiles;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The certificate that we show to nodes that ask for one. It is shown whatever issuers a node
 * names: whether it is good is for the node to say, and it says why if it is not.
 */
public final class OwnCertificate extends X509ExtendedKeyManager {
  private static final String NAME = "own";

  private final TlsFiles.Identity identity;

  private OwnCertificate(TlsFiles.Identity identity) {
    this.identity = identity;
  }

  /**
   * Reads it if there is one.
   *
   * @throws IOException naming the file and what is wrong with it
   */
  public static Optional<OwnCertificate> of(ServiceTls config) throws IOException {
    Optional<Path> cert = config.cert();
    Optional<Path> key = config.key();
    return cert.isPresent() && key.isPresent()
        ? Optional.of(
            new OwnCertificate(TlsFiles.identity(cert.get(), key.get(), Optional.empty())))
        : Optional.empty();
  }

  @Override
  public String chooseEngineClientAlias(
      String[] kinds, Principal @Nullable [] issuers, SSLEngine engine) {
    return NAME;
  }

  @Override
  public String chooseClientAlias(
      String[] kinds, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return NAME;
  }

  @Override
  public String[] getClientAliases(String kind, Principal @Nullable [] issuers) {
    return new String[] {NAME};
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return identity.chain().toArray(X509Certificate[]::new);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return identity.key();
  }

  @Override
  public String @Nullable [] getServerAliases(String kind, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseServerAlias(
      String kind, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
