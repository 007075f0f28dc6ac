package io.fairlead.replication.manage;

import io.fairlead.runtime.SharedValues;
import io.fairlead.runtime.SharedValues.Value;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The state of a database whose members are on machines of several instances: a value of their
 * group.
 *
 * <p>What is read is what this instance has heard of, and stays that while the group has no
 * majority: so who takes the writes goes on doing so. Whoever decides by something old changes
 * nothing with that: a change is made only to what is there, and each has a number of its own.
 */
final class StateShared implements StateStore, AutoCloseable {
  /** Changes are told; this is for when that is lost. */
  private static final Duration LOOK = Duration.ofMillis(500);

  private final SharedValues values;
  private final String key;
  private final Runnable changed;
  private final Semaphore told = new Semaphore(0);
  private final SharedValues.Watch watch;
  private volatile boolean closed;

  /** Replaced as one. */
  private volatile @Nullable Known known;

  private record Known(ManagedState state, int version) {}

  /**
   * @param changed is told when there may be another state
   * @throws IOException if it cannot be known now
   */
  StateShared(SharedValues values, String key, Runnable changed) throws IOException {
    this.values = values;
    this.key = key;
    this.changed = changed;
    hear(values.get(key));
    watch = values.watch(key, told::release);
    Thread _ = Thread.ofVirtual().name("state " + key).start(this::listen);
  }

  private void listen() {
    while (!closed) {
      try {
        boolean _ = told.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS);
        int _ = told.drainPermits();
        hear(values.peek(key));
      } catch (IOException _) {
        // what is known is known until the group is back
      } catch (InterruptedException _) {
        return;
      }
    }
  }

  /** What is older than what is known is late. */
  private void hear(@Nullable Value value) throws IOException {
    if (value == null || value.text().isEmpty()) {
      return;
    }
    synchronized (this) {
      Known before = known;
      if (before != null && before.version() >= value.version()) {
        return;
      }
      known = new Known(ManagedState.parse(value.text()), value.version());
    }
    changed.run();
  }

  @Override
  public @Nullable ManagedState read() {
    Known now = known;
    return now == null ? null : now.state();
  }

  @Override
  public @Nullable ManagedState latest() throws IOException {
    hear(values.get(key));
    return read();
  }

  @Override
  public boolean replace(@Nullable ManagedState expected, ManagedState next) throws IOException {
    Known now = known;
    if (!Objects.equals(now == null ? null : now.state(), expected)) {
      return false;
    }
    Value written =
        now == null
            ? values.create(key, next.text())
            : values.replace(key, next.text(), now.version());
    if (written == null) {
      told.release(); // somebody else was quicker
      return false;
    }
    hear(written);
    return true;
  }

  @Override
  public void close() {
    closed = true;
    watch.close();
    told.release();
  }
}
