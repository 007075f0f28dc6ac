package io.fairlead.trust;

import io.fairlead.config.ServiceTls;
import io.fairlead.config.TlsVersion;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Judges certificates of the nodes of one service: issued by a trusted authority, valid now, for
 * the name that was asked for. Says in plain words which of these does not hold.
 *
 * <p>The name is that of the configuration, or the host of the node's address, which the connection
 * has to have as its peer's host; or any, where the authorities sign nobody else. Revocation is not
 * looked at.
 */
public final class NodeTrust extends X509ExtendedTrustManager {
  private final boolean verify;
  private final boolean anyName;
  private final String name;
  private final List<Path> files;
  private final @Nullable X509TrustManager chains;

  private NodeTrust(ServiceTls config, List<Path> files, @Nullable X509TrustManager chains) {
    this.verify = config.verify();
    this.anyName = config.anyName();
    this.name = config.sni();
    this.files = List.copyOf(files);
    this.chains = chains;
  }

  /**
   * Reads the authorities.
   *
   * @throws IOException naming the file and what is wrong with it
   */
  public static NodeTrust of(ServiceTls config) throws IOException {
    if (!config.verify()) {
      return new NodeTrust(config, List.of(), null);
    }
    List<Path> files =
        config.ca().isEmpty() ? Authorities.ofSystem().stream().toList() : config.ca();
    return new NodeTrust(config, files, Authorities.check(files));
  }

  /**
   * For clients of the JDK whose servers have to prove who they are as nodes have.
   *
   * @param ca files with the authorities that are trusted; none: those of the system
   */
  public static SSLContext context(List<Path> ca) throws IOException {
    return context(
        new ServiceTls(
            true, true, false, ca, "", Optional.empty(), Optional.empty(), TlsVersion.TLS_1_2));
  }

  /** For clients of the JDK whose servers are spoken to as nodes are. */
  static SSLContext context(ServiceTls tls) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          OwnCertificate.of(tls).map(own -> new KeyManager[] {own}).orElse(null),
          new TrustManager[] {of(tls)},
          null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS cannot be used: " + e.getMessage(), e);
    }
  }

  /** The files that it was read from, and that {@link #of} would read again. */
  public static List<Path> files(ServiceTls config) {
    List<Path> files = new ArrayList<>(config.ca());
    if (config.verify() && files.isEmpty()) {
      Authorities.ofSystem().ifPresent(files::add);
    }
    config.cert().ifPresent(files::add);
    config.key().ifPresent(files::add);
    return files;
  }

  /** The name that a node is asked for and has to prove. */
  public String name(String host) {
    return name.isEmpty() ? host : name;
  }

  /** What a ClientHello asks for that name; empty: it is an address, or cannot be asked for. */
  public static Optional<SNIHostName> serverName(String name) {
    if (NodeNames.address(name) != null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new SNIHostName(name.endsWith(".") ? name.substring(0, name.length() - 1) : name));
    } catch (IllegalArgumentException _) {
      return Optional.empty(); // host names with underscores, for instance
    }
  }

  /**
   * A session that is resumed was judged when it began; only time has passed.
   *
   * @throws CertificateException saying that it has expired since
   */
  public void checkStillValid(X509Certificate certificate) throws CertificateException {
    if (verify) {
      checkTime(certificate);
    }
  }

  private void check(X509Certificate[] chain, String kind, @Nullable String host)
      throws CertificateException {
    X509TrustManager authorities = chains;
    if (authorities == null) {
      return;
    }
    X509Certificate own = chain[0];
    checkTime(own);
    try {
      authorities.checkServerTrusted(chain, kind);
    } catch (CertificateException e) {
      throw new Untrusted("certificate of the node is not trusted: " + why(own, e), e);
    }
    String wanted = name(host == null ? "" : host);
    if (!anyName && !NodeNames.match(own, wanted)) {
      throw new Untrusted(
          "name "
              + wanted
              + " does not match the certificate of the node, which is for "
              + NodeNames.text(own),
          null);
    }
  }

  private static void checkTime(X509Certificate certificate) throws CertificateException {
    Instant now = Instant.now();
    Instant begin = certificate.getNotBefore().toInstant();
    Instant end = certificate.getNotAfter().toInstant();
    if (now.isAfter(end)) {
      throw new Untrusted("certificate of the node expired on " + day(end), null);
    }
    if (now.isBefore(begin)) {
      throw new Untrusted("certificate of the node is not valid before " + day(begin), null);
    }
  }

  private static String day(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC).toLocalDate().toString();
  }

  private String why(X509Certificate own, Throwable refusal) {
    String said = "";
    for (Throwable one = refusal; one != null; one = one.getCause()) {
      if (one instanceof CertPathValidatorException invalid
          && invalid.getReason() == BasicReason.EXPIRED) {
        return expired(invalid);
      }
      said = one.getMessage() == null ? said : one.getMessage();
    }
    if (!said.contains("unable to find valid certification path")
        && !said.contains("Path does not chain with any of the trust anchors")) {
      return said;
    }
    if (own.getSubjectX500Principal().equals(own.getIssuerX500Principal())) {
      return "it is self-signed";
    }
    return "none of the authorities in "
        + (files.isEmpty() ? "the JDK" : files.size() == 1 ? files.getFirst() : "ca")
        + " has issued it (issuer "
        + own.getIssuerX500Principal().getName()
        + ")";
  }

  private static String expired(CertPathValidatorException invalid) {
    CertPath path = invalid.getCertPath();
    int at = invalid.getIndex();
    return path != null
            && at >= 0
            && path.getCertificates().get(at) instanceof X509Certificate issuer
        ? "its issuer "
            + issuer.getSubjectX500Principal().getName()
            + " expired on "
            + day(issuer.getNotAfter().toInstant())
        : "an issuer of it has expired";
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String kind, SSLEngine engine)
      throws CertificateException {
    check(chain, kind, engine.getPeerHost());
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String kind, Socket socket)
      throws CertificateException {
    check(chain, kind, ((SSLSocket) socket).getHandshakeSession().getPeerHost());
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String kind) throws CertificateException {
    if (!anyName) {
      throw new CertificateException("a node cannot be judged without its name");
    }
    check(chain, kind, null);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String kind, SSLEngine engine)
      throws CertificateException {
    checkClientTrusted(chain, kind);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String kind, Socket socket)
      throws CertificateException {
    checkClientTrusted(chain, kind);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String kind) throws CertificateException {
    throw new CertificateException("nodes are no clients");
  }

  /** Said to clients only, of which there are none. */
  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
