package io.fairlead.proxy.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** A node whose part is played by the test itself, connection by connection. */
public final class HandNode implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 10_000;

  /**
   * Each process of tests has an address of its own: the system gives a port that was closed in one
   * to the other, and whoever still looks there whether its node is back would be taken for the
   * connection that is awaited.
   */
  private static final String HERE = "127.0.0." + (1 + Integer.getInteger("fairlead.fork", 0));

  private final ServerSocket server;

  public HandNode() throws IOException {
    this(0);
  }

  /**
   * @param receiveBuffer how many bytes its kernel takes before it reads; 0: as the kernel likes
   */
  public HandNode(int receiveBuffer) throws IOException {
    server = new ServerSocket();
    if (receiveBuffer > 0) {
      server.setReceiveBufferSize(receiveBuffer);
    }
    server.setSoTimeout(PATIENCE_MILLIS);
    // A test may leave more in the queue than the usual 50, behind which connecting takes seconds.
    server.bind(new InetSocketAddress(HERE, 0), 1000);
  }

  public InetSocketAddress address() {
    return new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
  }

  /** The next connection that the proxy opens. */
  public Wire accept() throws IOException {
    return new Wire(server.accept());
  }

  public boolean isClosed() {
    return server.isClosed();
  }

  /** An address where nobody listens. */
  public static InetSocketAddress nobody() throws IOException {
    try (HandNode gone = new HandNode()) {
      return gone.address();
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
