package io.fairlead;

import io.netty.pkitesting.X509Bundle;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/**
 * A node that speaks TLS by the JDK's library and HTTP/1.1, or does something else with what it
 * accepts. Answers with its name, the name that it was asked for and who the client is.
 */
final class TlsNode implements Closeable {
  private static final int PATIENCE_MILLIS = 20_000;

  /** What the node does with a connection; the connection is closed afterwards. */
  interface Conduct {
    void with(Socket socket) throws Exception;
  }

  /**
   * How it speaks.
   *
   * @param version TLSv1.2 or TLSv1.3
   * @param protocols what it chooses from (ALPN); empty: it does not choose
   * @param clients whom a client has to be issued by; empty: it asks for nothing
   */
  record Manner(String version, List<String> protocols, List<X509Bundle> clients) {
    static final Manner PLAIN = new Manner("TLSv1.3", List.of(), List.of());
  }

  final AtomicInteger connections = new AtomicInteger();
  final AtomicInteger requests = new AtomicInteger();
  private final ServerSocket server;
  private final String name;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  private TlsNode(String name) throws IOException {
    this.name = name;
    server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
  }

  private TlsNode start(Conduct conduct) {
    Thread.ofVirtual().name("tls node " + name).start(() -> accept(conduct));
    return this;
  }

  /** One that does that with each connection as it comes. */
  static TlsNode raw(Conduct conduct) throws IOException {
    return new TlsNode("raw").start(conduct);
  }

  /** One that serves with that certificate. */
  static TlsNode serving(String name, X509Bundle certificate, Manner manner) throws Exception {
    TlsNode node = new TlsNode(name);
    SSLContext context = context(certificate, manner);
    return node.start(socket -> node.serve(secure(context, socket, manner)));
  }

  /** One that does the handshake, reads a head, and then does that. */
  static TlsNode answering(X509Bundle certificate, Conduct conduct) throws Exception {
    SSLContext context = context(certificate, Manner.PLAIN);
    return new TlsNode("answering")
        .start(socket -> {
          SSLSocket secure = secure(context, socket, Manner.PLAIN);
          if (!head(secure.getInputStream()).isEmpty()) {
            conduct.with(secure);
          }
        });
  }

  private static SSLContext context(X509Bundle certificate, Manner manner) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        certificate.toKeyManagerFactory().getKeyManagers(),
        manner.clients().isEmpty()
            ? null
            : new TrustManager[] {manner.clients().getFirst().toTrustManager()},
        new SecureRandom());
    return context;
  }

  private static SSLSocket secure(SSLContext context, Socket socket, Manner manner)
      throws IOException {
    SSLSocket secure =
        (SSLSocket) context.getSocketFactory().createSocket(socket, null, socket.getPort(), false);
    secure.setUseClientMode(false);
    SSLParameters parameters = secure.getSSLParameters();
    parameters.setProtocols(new String[] {manner.version()});
    parameters.setNeedClientAuth(!manner.clients().isEmpty());
    parameters.setApplicationProtocols(manner.protocols().toArray(String[]::new));
    secure.setSSLParameters(parameters);
    secure.startHandshake();
    return secure;
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept(Conduct conduct) {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        connections.incrementAndGet();
        open.add(socket);
        Thread.ofVirtual()
            .start(() -> {
              try (socket) {
                conduct.with(socket);
              } catch (Exception e) {
                // the other side has ended it, in one way or another
              } finally {
                open.remove(socket);
              }
            });
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(SSLSocket socket) throws IOException {
    ExtendedSSLSession session = (ExtendedSSLSession) socket.getSession();
    String asked =
        session.getRequestedServerNames().stream()
            .map(SNIServerName::getEncoded)
            .map(bytes -> new String(bytes, StandardCharsets.US_ASCII))
            .findFirst()
            .orElse("no name");
    String client = socket.getNeedClientAuth() ? session.getPeerPrincipal().getName() : "nobody";
    String text = name + " asked as " + asked + " by " + client;
    for (String head = head(socket.getInputStream());
        !head.isEmpty();
        head = head(socket.getInputStream())) {
      requests.incrementAndGet();
      boolean close = head.contains("/close");
      socket
          .getOutputStream()
          .write(
              ("HTTP/1.1 200 OK\r\ncontent-length: "
                      + text.length()
                      + (close ? "\r\nconnection: close" : "")
                      + "\r\n\r\n"
                      + text)
                  .getBytes(StandardCharsets.ISO_8859_1));
      if (close) {
        socket.close();
        return;
      }
    }
  }

  /** A head up to its empty line; empty: no more come. */
  static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    for (int b = in.read(); b >= 0; b = in.read()) {
      head.append((char) b);
      if (head.toString().endsWith("\r\n\r\n")) {
        return head.toString();
      }
    }
    return "";
  }

  /** Closes what is open, as a node does that dies. */
  void cut() throws IOException {
    for (Socket socket : open) {
      socket.close();
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    cut();
  }
}
