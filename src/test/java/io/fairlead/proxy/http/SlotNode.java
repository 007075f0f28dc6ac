package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A node that works at so many requests at once and lets the others wait, first come first. */
public final class SlotNode implements AutoCloseable {
  private static final byte[] ANSWER =
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".getBytes(ISO_8859_1);

  private final ServerSocket server;
  private final Semaphore slots;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger here = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private final AtomicInteger mostConnections = new AtomicInteger();
  private final List<String> targets = new ArrayList<>();
  private volatile long nanos;

  public SlotNode(int slots, long nanos) throws IOException {
    this.slots = new Semaphore(slots, true);
    this.nanos = nanos;
    server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().name("slot node").start(this::accept);
  }

  public InetSocketAddress address() {
    return new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
  }

  /** How long it works at each request from now on. */
  public void setNanos(long next) {
    nanos = next;
  }

  /** Works at so many more at once from now on. */
  public void open(int more) {
    slots.release(more);
  }

  /** The most requests that were here at the same time. */
  public int most() {
    return most.get();
  }

  public int mostConnections() {
    return mostConnections.get();
  }

  /** What was asked for, in the order in which it came. */
  public synchronized List<String> targets() {
    return List.copyOf(targets);
  }

  private synchronized void came(String target) {
    targets.add(target);
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = server.accept();
        open.add(socket);
        mostConnections.accumulateAndGet(open.size(), Math::max);
        Thread.ofVirtual().name("slot node").start(() -> serve(socket));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream());
      for (String target = target(in); target != null; target = target(in)) {
        came(target);
        most.accumulateAndGet(here.incrementAndGet(), Math::max);
        slots.acquire();
        try {
          LockSupport.parkNanos(nanos);
        } finally {
          slots.release();
        }
        here.decrementAndGet();
        socket.getOutputStream().write(ANSWER);
      }
    } catch (IOException e) {
      // The proxy ended it.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(socket);
    }
  }

  /** Reads a head without a body; null at the end. */
  private static @Nullable String target(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.length() < 4 || !head.substring(head.length() - 4).equals("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        return null;
      }
      head.append((char) b);
    }
    return head.substring(head.indexOf(" ") + 1, head.indexOf(" HTTP/"));
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
