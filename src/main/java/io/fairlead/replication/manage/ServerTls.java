package io.fairlead.replication.manage;

import io.fairlead.config.ManageConfig;
import io.fairlead.config.Secret;
import io.fairlead.config.TlsFiles;
import io.fairlead.trust.NodeTrust;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a member speaks TLS with, as files beside its data.
 *
 * <p>Its server is told of them by a file of settings, and whoever connects to other members, its
 * own replication included, by a service file [1]: that is read at each connect, so that what is
 * written there holds from the next one on, without an order to anybody. Certificate and key are in
 * one file, since two cannot be replaced at once.
 *
 * <p>[1] The Connection Service File, in the manual of libpq.
 */
final class ServerTls {
  /** What conninfos of members name. */
  static final String SERVICE = "fairlead";

  private static final String PLAIN = "[" + SERVICE + "]\nsslmode=prefer\n";

  private final MemberFolder folder;
  private final Optional<ManageConfig.Tls> config;
  private final Consumer<String> trouble;
  private String seen = "";
  private String tried = "";

  /**
   * @param config empty: members speak in the clear
   * @param trouble is told when files cannot be used, and what was there before goes on
   */
  ServerTls(MemberFolder folder, Optional<ManageConfig.Tls> config, Consumer<String> trouble) {
    this.folder = folder;
    this.config = config;
    this.trouble = trouble;
  }

  /** What a server is told that follows by {@link #SERVICE}. */
  static Map<String, String> ofServer(MemberFolder folder) {
    return Map.of("PGSERVICEFILE", folder.service().toString());
  }

  /** What a program is told that logs in to another member. */
  static Map<String, String> ofProgram(MemberFolder folder, Secret password) {
    return Map.of(
        "PGSERVICEFILE",
        folder.service().toString(),
        "PGSERVICE",
        SERVICE,
        "PGPASSWORD",
        password.value());
  }

  /**
   * Takes up what the files have become that the configuration names. What changes has to be the
   * same at two looks: then whoever writes it has finished.
   *
   * @return whether the server has to read its settings again
   * @throws IOException if there is nothing that could be used
   */
  boolean refresh() throws IOException {
    if (config.isEmpty()) {
      boolean _ = replace(folder.service(), PLAIN);
      boolean _ = Files.deleteIfExists(pair());
      return replace(folder.tlsSettings(), "# Members speak in the clear.\n");
    }
    ManageConfig.Tls tls = config.get();
    String now = given(tls);
    boolean settled = seen.isEmpty() || now.equals(seen);
    seen = now;
    if (Files.exists(pair()) && (!settled || now.equals(tried))) {
      return false;
    }
    TlsFiles.@Nullable Identity own;
    try {
      own = TlsFiles.identity(tls.cert(), tls.key(), Optional.empty());
      checkTrust(tls, own);
    } catch (IOException e) {
      if (!Files.exists(pair())) {
        throw e;
      }
      own = null;
      trouble.accept("goes on with the certificate that it has: " + e.getMessage());
    }
    boolean renewed = false;
    if (own != null) {
      boolean _ = replace(authorities(), pem(TlsFiles.authorities(tls.ca())));
      renewed = replace(pair(), pem(own.chain()) + pem("PRIVATE KEY", own.key().getEncoded()));
    }
    boolean begun =
        replace(
            folder.tlsSettings(),
            "ssl = on\nssl_cert_file = '../tls.pem'\nssl_key_file = '../tls.pem'\n");
    boolean _ =
        replace(
            folder.service(),
            tls.optional()
                ? PLAIN
                : "[" + SERVICE + "]\nsslmode=verify-ca\nsslrootcert=" + authorities() + "\n");
    tried = now;
    return renewed || begun;
  }

  /** What others would not trust is not shown to them. */
  private static void checkTrust(ManageConfig.Tls tls, TlsFiles.Identity own) throws IOException {
    try {
      NodeTrust.of(tls.towardsMembers())
          .checkServerTrusted(own.chain().toArray(X509Certificate[]::new), "UNKNOWN");
    } catch (CertificateException e) {
      throw new IOException(tls.cert() + ": " + e.getMessage(), e);
    }
  }

  private Path pair() {
    return folder.service().resolveSibling("tls.pem");
  }

  private Path authorities() {
    return folder.service().resolveSibling("ca.pem");
  }

  private boolean replace(Path file, String text) throws IOException {
    if (Files.exists(file) && Files.readString(file).equals(text)) {
      return false;
    }
    folder.put(file, text);
    return true;
  }

  /** All that is given, to be compared; what cannot be read is nothing. */
  private static String given(ManageConfig.Tls tls) {
    List<Path> files = new ArrayList<>(tls.ca());
    files.add(tls.cert());
    files.add(tls.key());
    StringBuilder all = new StringBuilder();
    for (Path file : files) {
      try {
        all.append(Files.readString(file));
      } catch (IOException _) {
        all.append('-');
      }
    }
    return all.toString();
  }

  private static String pem(List<X509Certificate> certificates) throws IOException {
    StringBuilder all = new StringBuilder();
    try {
      for (X509Certificate certificate : certificates) {
        all.append(pem("CERTIFICATE", certificate.getEncoded()));
      }
    } catch (CertificateEncodingException e) {
      throw new IOException(e.getMessage(), e);
    }
    return all.toString();
  }

  private static String pem(String what, byte[] der) {
    return "-----BEGIN "
        + what
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END "
        + what
        + "-----\n";
  }
}
