package io.fairlead;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/** A way for datagrams, of one client, that is closed at will, each way by itself. */
final class Sluice implements AutoCloseable {
  /** How many came to the closed way to the server, and went no further. */
  final AtomicLong held = new AtomicLong();

  volatile boolean toServer = true;
  volatile boolean toClient = true;
  private final DatagramSocket front = new DatagramSocket(0, InetAddress.getLoopbackAddress());
  private final DatagramSocket back = new DatagramSocket(0, InetAddress.getLoopbackAddress());
  private final int server;
  private volatile int client;

  Sluice(int server) throws IOException {
    this.server = server;
    Thread _ = Thread.ofVirtual().start(() -> pass(front, back, () -> toServer));
    Thread _ = Thread.ofVirtual().start(() -> pass(back, front, () -> toClient));
  }

  int port() {
    return front.getLocalPort();
  }

  private void pass(DatagramSocket from, DatagramSocket by, BooleanSupplier open) {
    byte[] bytes = new byte[2048];
    try {
      while (true) {
        DatagramPacket in = new DatagramPacket(bytes, bytes.length);
        from.receive(in);
        boolean forward = from.equals(front);
        if (forward) {
          client = in.getPort();
        }
        if (open.getAsBoolean()) {
          int to = forward ? server : client;
          by.send(new DatagramPacket(bytes, in.getLength(), InetAddress.getLoopbackAddress(), to));
        } else if (forward) {
          held.incrementAndGet();
        }
      }
    } catch (IOException _) {
      // Closed.
    }
  }

  @Override
  public void close() {
    front.close();
    back.close();
  }
}
