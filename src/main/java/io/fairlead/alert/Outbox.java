package io.fairlead.alert;

import io.fairlead.config.ReceiverConfig;
import io.fairlead.insight.alert.Message;
import io.fairlead.telemetry.Event;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one receiver, in order, until it has them or they are given up. Nothing is sent
 * before it is on disk; whatever is not delivered is counted and an event.
 */
final class Outbox implements AutoCloseable {
  /** Messages on their way at once. */
  static final int MAX_WAITING = 100;

  /** Older news is no news. */
  static final Duration PATIENCE = Duration.ofDays(1);

  private static final System.Logger LOG = System.getLogger(Outbox.class.getName());

  private static final class Entry {
    final Message message;
    int tries;
    boolean saved;

    Entry(Message message, int tries) {
      this.message = message;
      this.tries = tries;
    }
  }

  private final String name;
  private final LongSupplier clock;
  private final RandomGenerator random;
  private final Consumer<Event> events;
  private final Runnable changed;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition news = lock.newCondition();
  private final List<Entry> queue = new ArrayList<>();
  private final Thread thread;
  private ReceiverConfig config;
  private Sender sender;
  private boolean closed;
  private long sent;
  private long failed;
  private long lost;
  private long lastSent;
  private String lastError = "";
  private @Nullable Entry going;

  /**
   * @param changed called when what waits has become less
   */
  Outbox(
      String name,
      ReceiverConfig config,
      Sender sender,
      LongSupplier clock,
      RandomGenerator random,
      Consumer<Event> events,
      Runnable changed) {
    this.name = name;
    this.config = config;
    this.sender = sender;
    this.clock = clock;
    this.random = random;
    this.events = events;
    this.changed = changed;
    thread = Thread.ofVirtual().name("alerts for " + name).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  ReceiverConfig config() {
    lock.lock();
    try {
      return config;
    } finally {
      lock.unlock();
    }
  }

  /** It is elsewhere from now on; what waits goes there. */
  void redirect(ReceiverConfig wanted, Sender other) {
    Sender before;
    lock.lock();
    try {
      before = sender;
      config = wanted;
      sender = other;
      news.signalAll();
    } finally {
      lock.unlock();
    }
    before.close();
  }

  /** What waited when another process ended. */
  void restore(List<Waiting> waiting) {
    lock.lock();
    try {
      waiting.forEach(one -> queue.add(new Entry(one.message(), one.tries())));
      queue.forEach(entry -> entry.saved = true);
    } finally {
      lock.unlock();
    }
  }

  /** Takes a message; {@link #release} has it sent. */
  void add(Message message) {
    Entry dropped = null;
    lock.lock();
    try {
      if (queue.stream().anyMatch(entry -> entry.message.id().equals(message.id()))) {
        return;
      }
      if (message.repeat()) {
        // It says all that an earlier one says.
        queue.removeIf(entry ->
            entry != going
                && entry.message.repeat()
                && entry.message.group().equals(message.group()));
      }
      if (queue.size() >= MAX_WAITING) {
        dropped = leastWanted();
        queue.remove(dropped);
        lost++;
      }
      queue.add(new Entry(message, 0));
    } finally {
      lock.unlock();
    }
    if (dropped != null) {
      tell(dropped.message, "too many messages wait for this receiver");
    }
  }

  /** The oldest that says nothing new, or else the oldest. */
  private Entry leastWanted() {
    return queue.stream()
        .filter(entry -> entry != going && entry.message.repeat())
        .findFirst()
        .orElseGet(() -> queue.get(queue.getFirst() == going ? 1 : 0));
  }

  /** What has been taken is on disk. */
  void release() {
    lock.lock();
    try {
      queue.forEach(entry -> entry.saved = true);
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  List<Waiting> waiting() {
    lock.lock();
    try {
      return queue.stream().map(entry -> new Waiting(entry.message, entry.tries)).toList();
    } finally {
      lock.unlock();
    }
  }

  ReceiverState state() {
    lock.lock();
    try {
      return new ReceiverState(
          name,
          config.kind(),
          config.place(),
          sent,
          failed,
          lost,
          queue.size(),
          lastError,
          lastSent);
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try {
      while (true) {
        attempt(next());
      }
    } catch (InterruptedException _) {
      // Closed.
    }
  }

  private Entry next() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (queue.isEmpty() || !queue.getFirst().saved) {
        if (closed) {
          throw new InterruptedException();
        }
        news.await();
      }
      Entry next = queue.getFirst();
      going = next;
      return next;
    } finally {
      lock.unlock();
    }
  }

  private void attempt(Entry entry) throws InterruptedException {
    if (clock.getAsLong() - entry.message.time() > PATIENCE.toMillis()) {
      giveUp(entry, "not delivered within a day; the last attempt: " + state().lastError());
      return;
    }
    Sender to;
    lock.lock();
    try {
      to = sender;
    } finally {
      lock.unlock();
    }
    switch (deliver(to, entry.message)) {
      case Delivery.Done _ -> done(entry);
      case Delivery.Refused(String why) -> {
        fail(why);
        giveUp(entry, why);
      }
      case Delivery.Later(String why, Duration pause) -> {
        fail(why);
        entry.tries++;
        pause(to, Backoff.pause(entry.tries, pause, random));
      }
    }
  }

  private static Delivery deliver(Sender sender, Message message) throws InterruptedException {
    try {
      return sender.send(message);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "sending an alert failed", e);
      return new Delivery.Later("a mistake of ours: " + e.getClass().getSimpleName());
    }
  }

  private void done(Entry entry) {
    lock.lock();
    try {
      queue.remove(entry);
      going = null;
      sent++;
      lastSent = clock.getAsLong();
      lastError = "";
    } finally {
      lock.unlock();
    }
    changed.run();
  }

  private void fail(String why) {
    lock.lock();
    try {
      failed++;
      lastError = why;
    } finally {
      lock.unlock();
    }
  }

  private void giveUp(Entry entry, String why) {
    lock.lock();
    try {
      queue.remove(entry);
      going = null;
      lost++;
    } finally {
      lock.unlock();
    }
    tell(entry.message, why);
    changed.run();
  }

  private void tell(Message message, String why) {
    events.accept(new Event.AlertUndelivered(name, message.title(), why));
  }

  /** A receiver that is elsewhere now is asked at once. */
  private void pause(Sender asked, long millis) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(millis);
      while (left > 0 && sender.equals(asked) && !closed) {
        left = news.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** What waits stays on disk. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      news.signalAll();
    } finally {
      lock.unlock();
    }
    thread.interrupt();
    sender.close();
  }
}
