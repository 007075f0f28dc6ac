package io.fairlead.telemetry;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The last {@value #KEPT} events, numbered, and whoever wants to hear of new ones. Any thread may
 * add; listeners are called on the adding thread and must not wait.
 */
public final class EventLog {
  /** How many events are kept. */
  public static final int KEPT = 1000;

  /**
   * An event and when it happened.
   *
   * @param id rises by one with every event, from 1
   * @param epochMillis when
   */
  public record Entry(long id, long epochMillis, Event event) {}

  private final LongSupplier epochMillis;
  private final ArrayDeque<Entry> kept = new ArrayDeque<>();
  private final CopyOnWriteArrayList<Consumer<Entry>> listeners = new CopyOnWriteArrayList<>();
  private long lastId;

  public EventLog(LongSupplier epochMillis) {
    this.epochMillis = epochMillis;
  }

  public void add(Event event) {
    Entry entry;
    synchronized (kept) {
      entry = new Entry(++lastId, epochMillis.getAsLong(), event);
      kept.addLast(entry);
      if (kept.size() > KEPT) {
        kept.removeFirst();
      }
    }
    listeners.forEach(listener -> listener.accept(entry));
  }

  /** What is kept and came after the event with that id; 0 for all. Oldest first. */
  public List<Entry> since(long id) {
    List<Entry> found = new ArrayList<>();
    synchronized (kept) {
      for (Entry entry : kept) {
        if (entry.id() > id) {
          found.add(entry);
        }
      }
    }
    return found;
  }

  /**
   * Calls the listener with all that is kept, here, and with every new event until the answer is
   * run: with each event once, also if others come meanwhile, and these perhaps first.
   */
  public Runnable follow(Consumer<Entry> listener) {
    List<Entry> before;
    Consumer<Entry> later;
    synchronized (kept) {
      before = since(0);
      long known = lastId; // whoever has added it may not have told yet
      later =
          entry -> {
            if (entry.id() > known) {
              listener.accept(entry);
            }
          };
      listeners.add(later);
    }
    before.forEach(listener);
    return () -> listeners.remove(later);
  }

  /** Calls the listener with every new event until the answer is run. */
  public Runnable subscribe(Consumer<Entry> listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }
}
