package io.fairlead.demo;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Gentle traffic for a demo: a mix of paths and methods at a given rate over a few keep-alive
 * connections, of which one is given up and opened anew now and then.
 *
 * <p>The rate is kept as in an open system: each worker takes the next moment from one common
 * timetable. Workers are few, so a target that answers slowly gets fewer requests rather than a
 * crowd of them, and what was missed for more than {@value #MAX_LAG_SECONDS} s is left out. Like a
 * browser it repeats an idempotent request once when a kept connection turns out to be closed
 * before any byte of the answer (RFC 9110, 9.2.2). Nothing that the target does makes it throw.
 */
public final class DemoTraffic implements AutoCloseable {
  /** Requests a second that are gentle for any machine. */
  public static final double DEFAULT_RATE = 50;

  /** Fastest rate, in requests a second; beyond it one wants a load generator. */
  public static final double MAX_RATE = 10_000;

  /** A lag in the timetable is made up for, unless it is longer. */
  static final int MAX_LAG_SECONDS = 1;

  /** Time within which an answer must have begun and within which each further byte must come. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** One request in so many is the last on its connection. */
  private static final int RENEW_ONE_IN = 50;

  /** Pause after a failure, so that a refused connection is not tried in a tight loop. */
  private static final Duration PAUSE = Duration.ofMillis(50);

  private static final Duration CLOSING = Duration.ofSeconds(2);

  private final URI target;
  private volatile long intervalNanos;
  private final AtomicLong nextMoment = new AtomicLong(System.nanoTime());
  private final TrafficTally tally = new TrafficTally();
  private final Set<TrafficConnection> connections = ConcurrentHashMap.newKeySet();
  private final ExecutorService workers =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("traffic ", 0).factory());
  private volatile boolean stopped;

  /**
   * What came back so far.
   *
   * @param sent requests that have ended: {@code ok} and {@code failed} together
   * @param ok answers with a status below 400
   * @param failed other answers, and requests without an answer
   * @param retried requests that were repeated on a fresh connection
   * @param lastError the latest failure in words, if there was one
   * @param byNode answers by {@code x-node}
   * @param byStatus answers by status code
   * @param byError answers by {@code fairlead-error}
   */
  public record Summary(
      long sent,
      long ok,
      long failed,
      long retried,
      @Nullable String lastError,
      Map<String, Long> byNode,
      Map<Integer, Long> byStatus,
      Map<String, Long> byError) {
    public Summary {
      byNode = Map.copyOf(byNode);
      byStatus = Map.copyOf(byStatus);
      byError = Map.copyOf(byError);
    }

    /** One line for a terminal. */
    public String text() {
      String line =
          sent + " sent, " + ok + " ok, " + failed + " failed; by node " + new TreeMap<>(byNode);
      return lastError == null ? line : line + "; last error: " + lastError;
    }
  }

  private DemoTraffic(URI target, double ratePerSecond) {
    this.target = target;
    this.intervalNanos = interval(ratePerSecond);
  }

  private static long interval(double ratePerSecond) {
    if (!(ratePerSecond > 0 && ratePerSecond <= MAX_RATE)) {
      throw new IllegalArgumentException(
          "rate must be above 0 and at most " + MAX_RATE + " (was " + ratePerSecond + ")");
    }
    return (long) (1_000_000_000 / ratePerSecond);
  }

  /**
   * Starts traffic against the host and port of an {@code http} URL; its path is put before those
   * of the mix.
   *
   * @param ratePerSecond above 0, at most {@value #MAX_RATE}
   */
  public static DemoTraffic start(URI target, double ratePerSecond) {
    return start(target, ratePerSecond, new SplittableRandom());
  }

  /**
   * The same, with a rate that will change.
   *
   * @param workers requests that may be under way at once
   */
  public static DemoTraffic start(URI target, double ratePerSecond, int workers) {
    return start(target, ratePerSecond, workers, new SplittableRandom());
  }

  static DemoTraffic start(URI target, double ratePerSecond, SplittableRandom random) {
    return start(target, ratePerSecond, workers(ratePerSecond), random);
  }

  private static DemoTraffic start(
      URI target, double ratePerSecond, int workers, SplittableRandom random) {
    if (!"http".equals(target.getScheme()) || target.getHost() == null) {
      throw new IllegalArgumentException("target must be http://HOST[:PORT] (was " + target + ")");
    }
    DemoTraffic traffic = new DemoTraffic(target, ratePerSecond);
    for (int i = 0; i < workers; i++) {
      RandomGenerator chance = random.split();
      traffic.workers.execute(() -> traffic.work(chance));
    }
    return traffic;
  }

  /**
   * Another rate from now on.
   *
   * @param ratePerSecond above 0, at most {@value #MAX_RATE}
   */
  public void setRate(double ratePerSecond) {
    intervalNanos = interval(ratePerSecond);
  }

  public Summary summary() {
    return tally.summary();
  }

  /** Stops at once; requests under way are neither finished nor counted. */
  @Override
  public void close() {
    stopped = true;
    workers.shutdownNow();
    connections.forEach(TrafficConnection::close);
    try {
      boolean _ = workers.awaitTermination(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Connections for a rate: enough for answers that take 80 ms, never more than 256. */
  static int workers(double ratePerSecond) {
    return (int) Math.clamp(ratePerSecond * 0.08, 4, 256);
  }

  private void work(RandomGenerator random) {
    @Nullable TrafficConnection connection = null;
    try {
      while (!stopped) {
        awaitMoment();
        connection = exchange(connection, TrafficMix.next(target, random), random);
      }
    } catch (InterruptedException e) {
      // close() wants it so
    } finally {
      drop(connection);
    }
  }

  /** Sends one request and returns the connection for the next one, if it may be kept. */
  private @Nullable TrafficConnection exchange(
      @Nullable TrafficConnection kept, TrafficMix.Item item, RandomGenerator random)
      throws InterruptedException {
    boolean last = random.nextInt(RENEW_ONE_IN) == 0;
    TrafficConnection connection = kept;
    try {
      TrafficConnection.Reply reply;
      try {
        connection = connection == null ? connect() : connection;
        reply = connection.exchange(item, last);
      } catch (TrafficConnection.Unanswered e) {
        if (kept == null || !item.idempotent()) {
          throw e;
        }
        drop(connection);
        tally.retried();
        connection = connect();
        reply = connection.exchange(item, last);
      }
      tally.answered(item, reply);
      if (reply.keepAlive() && !last) {
        return connection;
      }
      drop(connection);
    } catch (IOException e) {
      drop(connection);
      if (!stopped) {
        tally.failed(item, e);
        Thread.sleep(PAUSE);
      }
    }
    return null;
  }

  private TrafficConnection connect() throws IOException {
    TrafficConnection connection = TrafficConnection.open(target, PATIENCE);
    connections.add(connection);
    if (stopped) {
      drop(connection);
    }
    return connection;
  }

  private void drop(@Nullable TrafficConnection connection) {
    if (connection != null) {
      connections.remove(connection);
      connection.close();
    }
  }

  private void awaitMoment() throws InterruptedException {
    long mine = nextMoment.getAndAdd(intervalNanos);
    long wait = mine - System.nanoTime();
    if (wait > 0) {
      TimeUnit.NANOSECONDS.sleep(wait);
    } else if (-wait > MAX_LAG_SECONDS * 1_000_000_000L) {
      nextMoment.updateAndGet(next -> Math.max(next, System.nanoTime()));
    }
  }
}
