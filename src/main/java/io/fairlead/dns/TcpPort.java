package io.fairlead.dns;

import io.fairlead.config.DnsConfig;
import io.fairlead.telemetry.LoopCounters;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Answers questions that come by connections (RFC 7766): any number on each, one after the other,
 * each with its length before it. A virtual thread waits for each connection.
 *
 * <p>Who sends half a question and then nothing has no more time than who sends nothing. Of all
 * addresses together there are as many connections as configured; one more closes the one that has
 * been without a question longest, so that whoever only holds connections loses them first.
 */
final class TcpPort implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(TcpPort.class.getName());
  private static final int BACKLOG = 1024;

  /** How long a client may take to take what it was sent. */
  private static final long STUCK_NANOS = 15_000_000_000L;

  /** What all ports share. */
  static final class Shared {
    final Responder responder;
    final Supplier<Snapshot> snapshot;
    final LoopCounters<DnsCounter> counters;
    final BlockingQueue<Worker> workers;
    final LongSupplier epochMillis;
    final Set<Connection> open = ConcurrentHashMap.newKeySet();
    final Map<InetAddress, Integer> perClient = new ConcurrentHashMap<>();
    volatile DnsConfig.Tcp limits = DnsConfig.Tcp.DEFAULT;

    /** Index of the cells that the thread that accepts counts in. */
    final int acceptor;

    Shared(
        Responder responder,
        Supplier<Snapshot> snapshot,
        LoopCounters<DnsCounter> counters,
        BlockingQueue<Worker> workers,
        LongSupplier epochMillis,
        int acceptor) {
      this.responder = responder;
      this.snapshot = snapshot;
      this.counters = counters;
      this.workers = workers;
      this.epochMillis = epochMillis;
      this.acceptor = acceptor;
    }

    /** Of several ports one at a time: cells have one writer. */
    synchronized void count(DnsCounter counter) {
      counters.increment(acceptor, counter);
    }

    /** Closes those that do not take what they are sent. */
    void sweep() {
      long now = System.nanoTime();
      long patience = limits.idleTimeout().toNanos() + STUCK_NANOS;
      for (Connection connection : open) {
        if (now - connection.activeNanos > patience) {
          connection.close();
        }
      }
    }
  }

  private final ServerSocket server;
  private final Shared shared;
  private final int listener;
  private final Thread thread;

  /**
   * @param listener what records call it
   */
  TcpPort(InetSocketAddress address, int listener, Shared shared) throws IOException {
    this.shared = shared;
    this.listener = listener;
    server = new ServerSocket();
    try {
      server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      server.setOption(StandardSocketOptions.SO_REUSEPORT, true);
      server.bind(address, BACKLOG);
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
    thread = Thread.ofVirtual().name("dns tcp").unstarted(this::accept);
  }

  void start() {
    thread.start();
  }

  private void accept() {
    while (true) {
      try {
        Socket socket = server.accept();
        Connection connection = new Connection(shared, socket, listener);
        if (connection.admit()) {
          Thread.ofVirtual().name("dns connection").start(connection);
        }
      } catch (IOException e) {
        if (server.isClosed()) {
          return;
        }
        LOG.log(Level.DEBUG, "a connection could not be accepted: {0}", e.getMessage());
        pause();
      }
    }
  }

  /** Descriptors may be used up: asking again at once would not help. */
  private static void pause() {
    java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
  }

  /** One client's. */
  static final class Connection implements Runnable {
    private final Shared shared;
    private final Socket socket;
    private final InetAddress client;
    private final int listener;

    /**
     * When the last question, or piece of a zone, was dealt with. Not set anew behind an answer:
     * the client may have it, and asked elsewhere, before this thread runs again.
     */
    private volatile long activeNanos = System.nanoTime();

    Connection(Shared shared, Socket socket, int listener) {
      this.shared = shared;
      this.listener = listener;
      this.socket = socket;
      this.client = socket.getInetAddress();
    }

    boolean admit() {
      DnsConfig.Tcp limits = shared.limits;
      if (shared.perClient.merge(client, 1, Integer::sum) > limits.connectionsPerClient()) {
        shared.count(DnsCounter.TCP_REFUSED);
        leave();
        close();
        return false;
      }
      shared.count(DnsCounter.TCP_CONNECTIONS);
      shared.open.add(this);
      if (shared.open.size() > limits.connections()) {
        Connection longest = null;
        for (Connection other : shared.open) {
          if (other != this && (longest == null || other.activeNanos - longest.activeNanos < 0)) {
            longest = other;
          }
        }
        if (longest != null) {
          longest.close();
        }
      }
      return true;
    }

    private void leave() {
      shared.perClient.compute(
          client, (_, count) -> count == null || count <= 1 ? null : count - 1);
    }

    void close() {
      try {
        socket.close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "a connection could not be closed: {0}", e.getMessage());
      }
    }

    @Override
    public void run() {
      try (socket) {
        socket.setTcpNoDelay(true);
        InputStream in = new BufferedInputStream(socket.getInputStream(), 2048);
        byte[] head = new byte[2];
        while (true) {
          long deadline = System.nanoTime() + shared.limits.idleTimeout().toNanos();
          if (!fill(in, head, 2, deadline)) {
            return;
          }
          byte[] question = new byte[(head[0] & 0xFF) << 8 | (head[1] & 0xFF)];
          if (!fill(in, question, question.length, deadline)) {
            return;
          }
          activeNanos = System.nanoTime();
          if (!answer(question)) {
            return;
          }
        }
      } catch (SocketTimeoutException | SocketException e) {
        // It has been quiet for too long, or gone.
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "a connection ended: {0}", e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "a question found a mistake of ours; its connection ends", e);
      } finally {
        shared.open.remove(this);
        leave();
      }
    }

    private boolean fill(InputStream in, byte[] into, int count, long deadline) throws IOException {
      int at = 0;
      while (at < count) {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          return false;
        }
        socket.setSoTimeout((int) left);
        int read = in.read(into, at, count - at);
        if (read < 0) {
          return false;
        }
        at += read;
      }
      return true;
    }

    /** Whether the connection goes on. */
    private boolean answer(byte[] question) throws IOException, InterruptedException {
      Worker worker = shared.workers.take();
      byte[] message = null;
      ZoneData zone = null;
      Tsig tsig = null;
      long seconds = shared.epochMillis.getAsLong() / 1000;
      try {
        System.arraycopy(question, 0, worker.in, 0, question.length);
        worker.peer.set(client);
        int size = answer(worker, question.length, seconds);
        if (size > 0) {
          message = framed(worker.answer.out, size);
        } else if (size == Responder.TRANSFER) {
          zone = worker.zone;
          tsig = worker.tsig;
          worker.tsig = null;
          worker.zone = null;
          if (zone != null) {
            zone.counters.increment(worker.index, ZoneCounter.TRANSFERS);
          }
        }
      } finally {
        shared.workers.add(worker);
      }
      if (zone != null) {
        transfer(zone, tsig, question, seconds);
        return true;
      }
      if (message == null) {
        return false; // no question at all
      }
      socket.getOutputStream().write(message);
      return true;
    }

    private int answer(Worker worker, int length, long seconds) {
      long nanos = System.nanoTime();
      boolean recording = worker.log.begin();
      int size = 0;
      boolean sound = false;
      try {
        size = shared.responder.answer(worker, length, true, shared.snapshot.get(), nanos, seconds);
        sound = true;
        return size;
      } finally {
        if (recording) {
          if (!sound) {
            worker.told.error = AnswerError.FAILED;
          }
          worker.log.add(worker, true, listener, size, nanos);
          worker.log.end();
        }
      }
    }

    private void transfer(ZoneData zone, @Nullable Tsig tsig, byte[] question, long seconds)
        throws IOException {
      Query query = new Query();
      query.read(question, question.length);
      Transfer.write(
          zone,
          query,
          tsig,
          seconds,
          (bytes, length) -> {
            socket.getOutputStream().write(framed(bytes, length));
            activeNanos = System.nanoTime();
          });
    }
  }

  private static byte[] framed(byte[] bytes, int length) {
    byte[] framed = new byte[length + 2];
    framed[0] = (byte) (length >> 8);
    framed[1] = (byte) length;
    System.arraycopy(bytes, 0, framed, 2, length);
    return framed;
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
