package io.fairlead.trust;

import io.fairlead.config.TlsFiles;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The certificate that a door of the JDK's server shows, read again when its files have changed:
 * such a server cannot be given another context while it runs. A handshake that is under way goes
 * on with the certificate that it has begun with.
 *
 * <p>Any thread; {@link #lookAgain} one at a time.
 */
public final class DoorIdentity extends X509ExtendedKeyManager {
  private record Named(String alias, TlsFiles.Identity identity) {}

  private final Path cert;
  private final Path key;
  private final WatchedFiles files;
  private int read;
  private volatile Named shown;
  private volatile @Nullable Named before;

  private DoorIdentity(Path cert, Path key, WatchedFiles files, TlsFiles.Identity first) {
    this.cert = cert;
    this.key = key;
    this.files = files;
    shown = new Named("own", first);
  }

  /**
   * Reads it for the first time.
   *
   * @throws IOException naming the file and what is wrong with it
   */
  public static DoorIdentity read(Path cert, Path key) throws IOException {
    WatchedFiles files = new WatchedFiles(List.of(cert, key)); // before they are read
    return new DoorIdentity(cert, key, files, TlsFiles.identity(cert, key, Optional.empty()));
  }

  /** Where the certificate is. */
  public Path file() {
    return cert;
  }

  public X509Certificate certificate() {
    return shown.identity.certificate();
  }

  /**
   * Takes up what has changed, when both files belong together and no longer change.
   *
   * @return whether another certificate is shown from now on
   * @throws IOException naming the file and what is wrong with it: the one before is shown
   */
  public boolean lookAgain() throws IOException {
    if (!files.haveChanged()) {
      return false;
    }
    TlsFiles.Identity next = TlsFiles.identity(cert, key, Optional.empty());
    Named last = shown;
    before = last;
    shown = new Named("own-" + ++read, next);
    return !next.certificate().equals(last.identity.certificate());
  }

  private TlsFiles.@Nullable Identity identity(String alias) {
    Named now = shown;
    if (now.alias.equals(alias)) {
      return now.identity;
    }
    Named last = before;
    return last != null && last.alias.equals(alias) ? last.identity : null;
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String kind, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    Named now = shown;
    return now.identity.key().getAlgorithm().equals(kind) ? now.alias : null;
  }

  @Override
  public @Nullable String chooseServerAlias(
      String kind, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return chooseEngineServerAlias(kind, issuers, null);
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    TlsFiles.Identity its = identity(alias);
    return its == null ? null : its.chain().toArray(X509Certificate[]::new);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    TlsFiles.Identity its = identity(alias);
    return its == null ? null : its.key();
  }

  @Override
  public String @Nullable [] getServerAliases(String kind, Principal @Nullable [] issuers) {
    String alias = chooseEngineServerAlias(kind, issuers, null);
    return alias == null ? null : new String[] {alias};
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] kinds, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }

  @Override
  public String @Nullable [] getClientAliases(String kind, Principal @Nullable [] issuers) {
    return null;
  }
}
