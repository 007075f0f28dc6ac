import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * A client connection with TLS 1.3 that waits for each answer. Once it is only to be kept open, its
 * channel alone may be kept.
 */
final class TlsConnection implements AutoCloseable {
  /** Remembered with a session, which a later one that continues it still knows. */
  private static final String MARK = "bench";

  private final SocketChannel channel;
  private final SSLEngine engine;
  private final ByteBuffer in = ByteBuffer.allocate(32 << 10);
  private final ByteBuffer out = ByteBuffer.allocate(32 << 10);
  private final ByteBuffer plain = ByteBuffer.allocate(32 << 10);

  private TlsConnection(SocketChannel channel, SSLEngine engine) {
    this.channel = channel;
    this.engine = engine;
  }

  /** A context of its own remembers its own sessions. Certificates are not looked at. */
  static SSLContext newContext() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(null, new TrustManager[] {new Trusting()}, null);
    return context;
  }

  /** Connects and shakes hands; continues the context's last session with that port, if any. */
  static TlsConnection open(SSLContext context, int port) throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.socket().connect(new InetSocketAddress("127.0.0.1", port), 5_000);
      SSLEngine engine = context.createSSLEngine("127.0.0.1", port);
      engine.setUseClientMode(true);
      TlsConnection connection = new TlsConnection(channel, engine);
      connection.in.flip();
      engine.beginHandshake();
      connection.shakeHands();
      return connection;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private void shakeHands() throws IOException {
    while (true) {
      HandshakeStatus status = engine.getHandshakeStatus();
      switch (status) {
        case NEED_WRAP -> wrap(ByteBuffer.allocate(0));
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> unwrap();
        case NEED_TASK -> {
          for (Runnable task = engine.getDelegatedTask();
              task != null;
              task = engine.getDelegatedTask()) {
            task.run();
          }
        }
        case FINISHED, NOT_HANDSHAKING -> {
          return;
        }
      }
    }
  }

  void send(byte[] bytes) throws IOException {
    wrap(ByteBuffer.wrap(bytes));
  }

  private void wrap(ByteBuffer from) throws IOException {
    out.clear();
    engine.wrap(from, out);
    out.flip();
    while (out.hasRemaining()) {
      channel.write(out);
    }
  }

  /** What has come next, ready to be read; tickets for later sessions are taken on the way. */
  ByteBuffer receive() throws IOException {
    plain.clear();
    while (plain.position() == 0) {
      unwrap();
      if (engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING) {
        shakeHands();
      }
    }
    return plain.flip();
  }

  private void unwrap() throws IOException {
    SSLEngineResult result = engine.unwrap(in, plain);
    switch (result.getStatus()) {
      case OK -> {}
      case BUFFER_UNDERFLOW -> {
        in.compact();
        int count = channel.read(in);
        in.flip();
        if (count < 0) {
          throw new IOException("closed by the proxy");
        }
      }
      case CLOSED -> throw new IOException("closed by the proxy");
      case BUFFER_OVERFLOW -> throw new IOException("more than fits");
    }
  }

  /** Whether the session is the continuation of one marked before; marks it in any case. */
  boolean isResumed() {
    boolean known = engine.getSession().getValue(MARK) != null;
    engine.getSession().putValue(MARK, MARK);
    return known;
  }

  SocketChannel channel() {
    return channel;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private static final class Trusting implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
