package io.fairlead;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/** Lets bytes through to a port until a condition holds; from then on nothing goes there. */
final class Gate implements AutoCloseable {
  private final ServerSocket door;
  private final IntSupplier port;
  private final BooleanSupplier shut;

  /** Whether it is answers that are held back, and not what is asked. */
  private final boolean answers;

  private final CompletableFuture<Void> held = new CompletableFuture<>();

  /**
   * @param port on loopback, to which it leads
   * @param shut asked before each piece that goes there
   */
  Gate(int port, BooleanSupplier shut) throws IOException {
    this(() -> port, shut, /* answers= */ false);
  }

  /**
   * @param port asked for each connection
   * @param answers whether what comes from there is held back, and not what goes there
   */
  Gate(IntSupplier port, BooleanSupplier shut, boolean answers) throws IOException {
    this.port = port;
    this.answers = answers;
    this.shut = shut;
    door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread _ = Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return door.getLocalPort();
  }

  /** Done when something has been held back. */
  CompletableFuture<Void> held() {
    return held;
  }

  private void accept() {
    while (true) {
      try {
        Socket from = door.accept();
        Socket to = new Socket(InetAddress.getLoopbackAddress(), port.getAsInt());
        Thread _ = Thread.ofVirtual().start(() -> pass(from, to, !answers));
        Thread _ = Thread.ofVirtual().start(() -> pass(to, from, answers));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void pass(Socket from, Socket to, boolean guarded) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] piece = new byte[16 * 1024];
      for (int count = in.read(piece); count > 0; count = in.read(piece)) {
        if (guarded && shut.getAsBoolean()) {
          held.complete(null);
        } else {
          out.write(piece, 0, count);
        }
      }
    } catch (IOException e) {
      // One of both has gone.
    }
  }

  @Override
  public void close() throws IOException {
    door.close();
  }
}
