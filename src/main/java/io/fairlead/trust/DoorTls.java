package io.fairlead.trust;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
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
    return context(DoorIdentity.read(cert, key), ca);
  }

  /** The same for a certificate that may be replaced. */
  public static SSLContext context(DoorIdentity identity, List<Path> ca) throws IOException {
    return context(
        new KeyManager[] {identity},
        ca.isEmpty() ? new TrustManager[0] : new TrustManager[] {Authorities.check(ca)});
  }

  /**
   * What somebody needs who asks at such a door.
   *
   * @param ca files with authorities that its certificate must come from; none: those of the system
   * @throws IOException naming the file and what is wrong with it
   */
  public static SSLContext asking(List<Path> ca) throws IOException {
    List<Path> files = ca.isEmpty() ? Authorities.ofSystem().stream().toList() : ca;
    return context(new KeyManager[0], new TrustManager[] {Authorities.check(files)});
  }

  private static SSLContext context(KeyManager[] own, TrustManager[] others) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(own, others, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS cannot be used: " + e.getMessage(), e);
    }
  }

  /**
   * Opens such a door: TLS 1.2 and 1.3 and nothing older.
   *
   * @throws IOException if the address cannot be bound
   */
  public static HttpsServer open(
      InetSocketAddress at, int backlog, SSLContext context, boolean asksForCertificates)
      throws IOException {
    HttpsServer server = HttpsServer.create(at, backlog);
    server.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters wanted = context.getDefaultSSLParameters();
            wanted.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
            wanted.setNeedClientAuth(asksForCertificates);
            parameters.setSSLParameters(wanted);
          }
        });
    return server;
  }
}
