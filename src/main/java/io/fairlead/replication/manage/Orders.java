package io.fairlead.replication.manage;

import io.fairlead.runtime.SharedValues;
import io.fairlead.runtime.SharedValues.Value;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What one instance asks another to do: for a member that the other runs, or in the role of the one
 * that decides. An order is a value of the group that ends with the presence of whoever gave it;
 * one instance takes it, and writes beneath what came of it.
 *
 * <p>No promise depends on orders: who is primary is a matter of terms.
 */
final class Orders implements AutoCloseable {
  /** To whoever decides about the database. */
  static final String WHO_DECIDES = "";

  private static final System.Logger LOG = System.getLogger(Orders.class.getName());
  private static final Duration LOOK = Duration.ofMillis(500);
  private static final long NAP_NANOS = Duration.ofMillis(30).toNanos();
  private static final String ASKED = "asked";
  private static final String TAKEN = "taken";
  private static final String DONE = "done";
  private static final String FAILED = "failed";

  /** Who does what is ordered. */
  interface Servant {
    /**
     * Whether it is for this instance to do that.
     *
     * @param whom a member, or {@link #WHO_DECIDES}
     */
    boolean serves(String whom);

    /**
     * Does it; may wait.
     *
     * @return what came of it
     */
    String obey(String whom, String what, String with) throws IOException;
  }

  private final SharedValues values;
  private final String key;
  private final Servant servant;
  private final Semaphore told = new Semaphore(0);
  private final SharedValues.Watch watch;
  private final Set<String> seen = new HashSet<>();
  private volatile boolean closed;

  Orders(SharedValues values, String key, Servant servant) throws IOException {
    this.values = values;
    this.key = key;
    this.servant = servant;
    this.watch = values.watch(key, told::release);
    Thread _ = Thread.ofVirtual().name("orders " + key).start(this::listen);
  }

  /**
   * Has somebody else do something, and waits until it is done.
   *
   * @param with what else there is to say; one line
   * @return what came of it
   * @throws IOException if it was not, or nobody said so in time
   */
  String ask(String whom, String what, String with, Duration patience) throws IOException {
    String own = key + "/" + UUID.randomUUID();
    if (values.lend(own, String.join("\n", ASKED, whom, what, with)) == null) {
      throw new IOException("an order of that name is there already");
    }
    try {
      long end = System.nanoTime() + patience.toNanos();
      while (System.nanoTime() < end && !closed) {
        LockSupport.parkNanos(NAP_NANOS);
        Value value = values.peek(own);
        List<String> lines = value == null ? List.of("") : value.text().lines().toList();
        if (lines.getFirst().equals(DONE)) {
          return String.join(" ", lines.subList(1, lines.size()));
        } else if (lines.getFirst().equals(FAILED)) {
          throw new IOException(String.join(" ", lines.subList(1, lines.size())));
        }
      }
      throw new IOException(
          whom.equals(WHO_DECIDES)
              ? "no instance that decides about it has done so in time"
              : "the instance that runs " + whom + " has not done so in time");
    } finally {
      delete(own);
    }
  }

  private void delete(String own) {
    try {
      values.delete(own);
    } catch (IOException _) {
      // it ends with our presence
    }
  }

  private void listen() {
    while (!closed) {
      try {
        boolean _ = told.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS);
        int _ = told.drainPermits();
        List<String> names = values.names(key);
        seen.retainAll(names);
        for (String name : names) {
          if (!seen.contains(name) && take(key + "/" + name)) {
            seen.add(name);
          }
        }
      } catch (IOException _) {
        // until the group is back nobody orders anything
      } catch (InterruptedException _) {
        return;
      }
    }
  }

  /** Whether nothing is to be done about it here any more. */
  private boolean take(String own) throws IOException {
    Value value = values.peek(own);
    List<String> lines = value == null ? List.of() : List.of(value.text().split("\n", -1));
    if (value == null || lines.size() < 4 || !lines.getFirst().equals(ASKED)) {
      return true;
    }
    String whom = lines.get(1);
    if (!servant.serves(whom)) {
      return false; // it may be for us later
    }
    Value taken = values.replace(own, TAKEN, value.version());
    if (taken != null) {
      Thread _ =
          Thread.ofVirtual()
              .name("order")
              .start(() -> obey(own, taken.version(), whom, lines.get(2), lines.get(3)));
    }
    return true;
  }

  private void obey(String own, int version, String whom, String what, String with) {
    String answer;
    try {
      answer = DONE + "\n" + servant.obey(whom, what, with);
    } catch (IOException | RuntimeException e) {
      answer = FAILED + "\n" + e.getMessage();
    }
    try {
      @Nullable Value _ = values.replace(own, answer, version);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "what came of an order is not told: {0}", e.getMessage());
    }
  }

  @Override
  public void close() {
    closed = true;
    watch.close();
    told.release();
  }
}
