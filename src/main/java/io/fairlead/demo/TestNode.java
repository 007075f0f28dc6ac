package io.fairlead.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;

/**
 * An HTTP/1.1 server that does what it is told, good or bad.
 *
 * <table>
 * <caption>Paths</caption>
 * <tr><td>{@code /bytes/N}</td><td>N bytes of {@link Pattern}; {@code ?until-close} without a
 * length</td></tr>
 * <tr><td>{@code /chunked/N?chunk=K}</td><td>N bytes in chunks of K; {@code &trailer} adds an
 * {@code x-sum} trailer, the CRC-32 of the body</td></tr>
 * <tr><td>{@code /echo}</td><td>the request as JSON (bytes as Latin-1 characters); {@code ?raw}:
 * the bytes of its head</td></tr>
 * <tr><td>{@code /status/NNN}</td><td>that status, 200 to 599</td></tr>
 * <tr><td>{@code /delay/MS}</td><td>an answer after so many milliseconds</td></tr>
 * <tr><td>{@code /hint}</td><td>103, then 200</td></tr>
 * <tr><td>{@code /upgrade}</td><td>101 with the protocol asked for, or {@code websocket} to those
 * who asked for none; then every byte comes back</td></tr>
 * <tr><td>{@code /healthz}</td><td>200 or 503</td></tr>
 * <tr><td>{@code /_control}</td><td>see {@link Control}</td></tr>
 * <tr><td>all others</td><td>200 and a greeting</td></tr>
 * </table>
 *
 * <p>Every request may carry {@code latency}, {@code error-rate} and the keys of {@link Fault} in
 * its query, {@code header=NAME:VALUE} for further fields in the answer, and {@code early} to be
 * answered before its body is read. Each answer names the node in {@code x-node}.
 *
 * <p>Bounds: {@value #MAX_CONNECTIONS} connections, further ones are closed at once; heads of 64
 * KiB; bodies of any length, 16 MiB for {@code /echo}.
 */
public final class TestNode implements AutoCloseable {
  /** Connections that the kernel completes before they are accepted. */
  static final int BACKLOG = 1024;

  /** Most connections at the same time. */
  static final int MAX_CONNECTIONS = 20_000;

  private static final Duration CLOSING = Duration.ofSeconds(5);

  private final String name;
  private final Behaviour initial;
  private final AtomicReference<Behaviour> behaviour;
  private final ServerSocket listener;
  private final SplittableRandom random;
  private final ExecutorService threads;
  private final NodeCounters counters = new NodeCounters();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private TestNode(ServerSocket listener, String name, Behaviour initial, SplittableRandom random) {
    this.listener = listener;
    this.name = name;
    this.initial = initial;
    this.behaviour = new AtomicReference<>(initial);
    this.random = random;
    this.threads =
        Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("node " + name + " ", 0).factory());
  }

  /**
   * Starts a node.
   *
   * @param port 0 for any free one
   * @param name 1 to 64 visible ASCII characters
   * @throws IOException when the address cannot be bound
   */
  public static TestNode start(String bindHost, int port, String name, Behaviour behaviour)
      throws IOException {
    return start(bindHost, port, name, behaviour, new SplittableRandom());
  }

  static TestNode start(
      String bindHost, int port, String name, Behaviour behaviour, SplittableRandom random)
      throws IOException {
    if (!name.matches("[!-~]{1,64}")) {
      throw new IllegalArgumentException(
          "name must be 1 to 64 visible ASCII characters (was \"" + name + "\")");
    }
    ServerSocket listener = new ServerSocket();
    try {
      listener.setReuseAddress(true);
      listener.bind(new InetSocketAddress(bindHost, port), BACKLOG);
    } catch (IOException e) {
      listener.close();
      throw e;
    }
    TestNode node = new TestNode(listener, name, behaviour, random);
    node.threads.execute(node::accept);
    return node;
  }

  public String name() {
    return name;
  }

  /** The port that is really bound. */
  public int port() {
    return listener.getLocalPort();
  }

  public Behaviour behaviour() {
    return behaviour.get();
  }

  /** Replaces the behaviour; requests being answered keep the old one. */
  public void setBehaviour(Behaviour next) {
    behaviour.set(next);
    wakeAccepting();
  }

  /** Replaces the behaviour for a while; then the old one returns, unless it was set anew. */
  void setBehaviour(Behaviour next, Duration howLong) {
    Behaviour before = behaviour();
    // A copy of its own, so that setting an equal behaviour meanwhile counts as setting it anew.
    Behaviour passing = next.withErrorRate(next.errorRate());
    setBehaviour(passing);
    threads.execute(() -> {
      try {
        Thread.sleep(howLong);
      } catch (InterruptedException e) {
        return; // the node closes
      }
      if (behaviour.compareAndSet(passing, before)) {
        wakeAccepting();
      }
    });
  }

  Behaviour initialBehaviour() {
    return initial;
  }

  NodeCounters counters() {
    return counters;
  }

  /** Closes the listener and all connections, and waits for their threads. */
  @Override
  public void close() {
    shut(listener);
    open.forEach(TestNode::shut);
    threads.shutdownNow();
    try {
      boolean _ = threads.awaitTermination(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        take(listener.accept());
      } catch (IOException e) {
        if (!listener.isClosed()) {
          pause(); // most likely out of file descriptors: others must close first
        }
      }
    }
  }

  private void take(Socket socket) {
    try {
      awaitAccepting(); // meanwhile this connection waits like those still in the kernel's queue
    } catch (InterruptedException e) {
      shut(socket); // the node closes
      return;
    }
    if (counters.open.get() >= MAX_CONNECTIONS) {
      counters.turnedAway.increment();
      shut(socket);
      return;
    }
    counters.accepted.incrementAndGet();
    counters.open.incrementAndGet();
    open.add(socket);
    RandomGenerator chance = random.split();
    try {
      threads.execute(() -> serve(socket, chance));
    } catch (RejectedExecutionException e) {
      forget(socket); // the node closes
    }
  }

  private void serve(Socket socket, RandomGenerator chance) {
    try (socket) {
      if (listener.isClosed()) {
        return; // close() may have looked at the open connections before this one was among them
      }
      socket.setTcpNoDelay(true);
      new NodeConnection(this, socket, chance).run();
    } catch (IOException e) {
      // The peer went away, or the node closes: what the connection was for is over either way.
    } finally {
      forget(socket);
    }
  }

  private void forget(Socket socket) {
    shut(socket);
    open.remove(socket);
    counters.open.decrementAndGet();
  }

  private void awaitAccepting() throws InterruptedException {
    if (!behaviour().hangConnect()) {
      return;
    }
    lock.lockInterruptibly();
    try {
      while (behaviour().hangConnect()) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  private void wakeAccepting() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(10);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void shut(AutoCloseable socket) {
    try {
      socket.close();
    } catch (Exception e) {
      // Closing is all that was wanted; there is nobody to tell.
    }
  }
}
