package io.fairlead.insight.incident;

import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.HandshakeFailure;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordView;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Follows records and events, and says what goes wrong: opens an incident, tells more of it as more
 * is known, and ends it when it has been quiet for a while.
 *
 * <p>{@link #accept} and {@link #caughtUp} are called by whoever has the records, one thread;
 * others read what is published, or ask for a copy and wait for it. A lock is held once per
 * second's look and never for a record.
 */
public final class IncidentWatch {
  /** Incidents that are remembered. */
  public static final int KEPT = 200;

  /** Records of a second may come so much later. */
  private static final long GRACE_MILLIS = 150;

  /** A clock that jumps further makes everything known worthless. */
  private static final long JUMP_SECONDS = 90;

  private static final long COPY_MILLIS = 1_000;
  private static final long FORGET_MILLIS = 5_000;
  private static final int MOST_EVENTS = 10_000;
  private static final int FRAME = 50_000;

  private final NodeLabels labels;
  private final Consumer<Event> events;
  private final Queue<EventLog.Entry> heard = new ConcurrentLinkedQueue<>();
  private final Queue<CompletableFuture<RecentView>> asked = new ConcurrentLinkedQueue<>();
  private final Object lock = new Object();
  private final Dictionary[] dictionaries = new Dictionary[Dimension.ALL.length];
  private final RecordSorter sorter;
  private final Values values;
  private final Incidents incidents;
  private final Handshakes handshakes;
  private volatile List<Incident> published = List.of();
  private volatile boolean enough;
  private volatile long droppedInAll;
  private @Nullable Traffic traffic;
  private RecentView copy = RecentView.NONE;
  private long copied;

  /** What is kept of requests, from the first one on. */
  private final class Traffic {
    final RecentRequests recent;
    final Slices slices;
    final RouteTimes answers = new RouteTimes(Dimension.ROUTE.places, 1_000);
    final RouteTimes transfers = new RouteTimes(Dimension.ROUTE.places, 20_000);
    final RequestIncidents judge;
    final Avoided avoided;
    int pieces;

    Traffic(long epochSecond) {
      recent = new RecentRequests(epochSecond * 1000);
      slices = new Slices(epochSecond);
      judge = new RequestIncidents(slices, recent, values, incidents, handshakes);
      avoided = new Avoided(slices, recent, values, incidents);
    }
  }

  /**
   * @param labels what nodes carry
   * @param events hears when incidents open and end; called by whoever calls {@link #caughtUp}
   */
  public IncidentWatch(NodeLabels labels, Consumer<Event> events) {
    this.labels = labels;
    this.events = events;
    for (Dimension dimension : Dimension.ALL) {
      dictionaries[dimension.index()] = new Dictionary(dimension.places);
    }
    sorter = new RecordSorter(dictionaries, this.labels);
    values = new Values(dictionaries, sorter);
    incidents = new Incidents(this.events);
    handshakes = new Handshakes(incidents);
  }

  /** What goes on and what was, the youngest first. Any thread. */
  public List<Incident> incidents() {
    return published;
  }

  /** Whether enough is known of traffic to tell what is not usual. Any thread. */
  public boolean isEnough() {
    return enough;
  }

  /** Incidents of an earlier process; those that went on then are over. */
  public void restore(List<Incident> earlier) {
    synchronized (lock) {
      incidents.restore(earlier);
      published = incidents.list();
    }
  }

  /** Something has happened. Any thread; does not wait. */
  public void hear(EventLog.Entry entry) {
    if (!(entry.event() instanceof Event.IncidentOpened)
        && !(entry.event() instanceof Event.IncidentOver)
        && heard.size() < MOST_EVENTS) {
      heard.add(entry);
    }
  }

  /** What came of TLS handshakes at a listener in all since the start. Any thread. */
  public void handshakes(String listener, long done, Map<HandshakeFailure, Long> failed) {
    handshakes.tell(listener, done, failed);
  }

  /** So many records were dropped in all since the start. Any thread. */
  public void dropped(long records) {
    droppedInAll = records;
  }

  /** A copy of the last requests, soon; whoever asks must not wait for ever. Any thread. */
  public CompletableFuture<RecentView> recent() {
    CompletableFuture<RecentView> copy = new CompletableFuture<>();
    asked.add(copy);
    return copy;
  }

  /** A record has been read. */
  public void accept(RecordView record, RecordTexts texts) {
    if (record.type() != RecordLayout.HTTP) {
      return;
    }
    sorter.sort(record, texts);
    long endMillis = (record.startMicros() + record.totalMicros()) / 1000;
    int total = (int) Math.min(Integer.MAX_VALUE, record.totalMicros());
    int first = record.firstByteMicros();
    int answer = -1;
    int transfer = -1;
    if (record.tries() > 0
        && record.status() != 499
        && !isLong(record.protocol())
        && !record.has(RecordLayout.MEANT)) {
      if (first < 0 || record.tries() > 1) {
        answer = total;
      } else {
        answer =
            (int)
                Math.min(
                    total,
                    (long) first
                        + Math.max(0, record.queueMicros())
                        + Math.max(0, record.connectMicros())
                        + Math.max(0, record.tlsMicros()));
        transfer = record.protocol() == RecordLayout.GRPC ? -1 : total - answer;
      }
    }
    int bits = 0;
    if (!RecordLayout.isMeant(record)) {
      bits |= RecordSorter.failed(record.status(), record.error()) ? Measure.ERRORS.bit() : 0;
      bits |= RecordSorter.refused(record.status()) ? Measure.REFUSED.bit() : 0;
    }
    bits |= record.tries() > 1 && !record.has(RecordLayout.HEDGED) ? Measure.RETRIED.bit() : 0;
    bits |= answer > 0 && record.queueMicros() > answer / 2 ? RecentRequests.WAITED : 0;
    long connecting = (long) record.connectMicros() + Math.max(0, record.tlsMicros());
    bits |= answer > 0 && connecting > answer / 2 ? RecentRequests.CONNECTED : 0;
    add(endMillis, total, first, answer, transfer, bits);
  }

  private static boolean isLong(int protocol) {
    return protocol == RecordLayout.WEBSOCKET;
  }

  /**
   * The values are in the sorter; for simulations, too.
   *
   * @param known how it is bad as far as it says so itself, and where the time went
   */
  void add(long endMillis, int total, int firstByte, int answer, int transfer, int known) {
    long second = Math.floorDiv(endMillis, 1000L);
    Traffic kept = traffic;
    if (kept == null) {
      kept = new Traffic(second);
      traffic = kept;
    }
    long[] numbers = sorter.numbers;
    int route = sorter.number(Dimension.ROUTE);
    int bits = known;
    bits |= answer >= 0 && kept.answers.add(route, answer) ? Measure.SLOW.bit() : 0;
    bits |= transfer >= 0 && kept.transfers.add(route, transfer) ? Measure.TRANSFER.bit() : 0;
    kept.recent.add(endMillis, total, firstByte, bits, numbers);
    kept.slices.add(second, bits & Measure.BITS, numbers);
  }

  RecordSorter sorter() {
    return sorter;
  }

  Dictionary dictionary(Dimension dimension) {
    return dictionaries[dimension.index()];
  }

  /** The same without rests. */
  public void caughtUp(long epochMillis) {
    caughtUp(epochMillis, () -> {});
  }

  /**
   * All records that had been written by then have been accepted.
   *
   * @param rest called between pieces of work of some tens of microseconds
   */
  public void caughtUp(long epochMillis, Runnable rest) {
    synchronized (lock) {
      incidents.now(epochMillis);
      Traffic known = traffic;
      hearAll();
      incidents.dropped(droppedInAll);
      handshakes.look(epochMillis);
      if (known != null) {
        long due = Math.floorDiv(epochMillis - GRACE_MILLIS, 1000L) - 1;
        long behind = due - known.slices.second();
        if (behind > JUMP_SECONDS || behind < -JUMP_SECONDS) {
          traffic = null; // what was usual at another time is of no use
          incidents.forgetRequests();
        } else {
          while (known.slices.second() < due) {
            second(known, rest);
          }
        }
        enough = traffic != null && known.slices.isEnough();
      }
      rest.run();
      incidents.endWhatLasts();
      answerCopies(epochMillis);
      if (incidents.hasChanged()) {
        published = incidents.list();
      }
    }
  }

  private void hearAll() {
    for (EventLog.Entry entry = heard.poll(); entry != null; entry = heard.poll()) {
      incidents.hear(entry.epochMillis(), entry.event());
      if (entry.event() instanceof Event.NodeJoined) {
        sorter.labelAnew();
      }
    }
  }

  /** One copy for all who ask within a second: many that ask must not cost as many copies. */
  private void answerCopies(long epochMillis) {
    if (!asked.isEmpty()
        && (copy == RecentView.NONE || Math.abs(epochMillis - copied) >= COPY_MILLIS)) {
      Traffic known = traffic;
      copy = known == null ? RecentView.NONE : RecentView.of(known.recent.copy(), dictionaries);
      copied = epochMillis;
    } else if (Math.abs(epochMillis - copied) >= FORGET_MILLIS) {
      copy = RecentView.NONE;
    }
    for (CompletableFuture<RecentView> next = asked.poll(); next != null; next = asked.poll()) {
      next.complete(copy);
    }
  }

  private void second(Traffic known, Runnable rest) {
    boolean piece = known.slices.close(rest);
    if (piece) {
      known.pieces++;
      if (known.pieces <= 6 || known.pieces % 6 == 0) {
        for (int route = 0; route < Dimension.ROUTE.places; route++) {
          int slice = known.slices.slice(Dimension.ROUTE, route);
          known.answers.turn(route, !known.slices.isConspicuous(slice, Measure.SLOW));
          known.transfers.turn(route, !known.slices.isConspicuous(slice, Measure.TRANSFER));
        }
        rest.run();
      }
      sorter.labelAnew();
    }
    makeRoom(known);
    rest.run();
    known.judge.look();
    rest.run();
    if (known.slices.second() % 2 == 0 && known.slices.isEnough()) {
      known.avoided.look((known.slices.second() + 1) * 1000, rest);
    }
  }

  /** Values that come seldom make room for others. */
  private void makeRoom(Traffic known) {
    for (int i = 0; i < Dimension.COUNTED; i++) {
      Dimension dimension = Dimension.ALL[i];
      Dictionary dictionary = dictionaries[i];
      if (dictionary.free() > dimension.places / 8 || dimension.places < 128) {
        continue;
      }
      boolean[] gone = new boolean[dimension.places];
      int wanted = dimension.places / 4 - dictionary.free();
      for (int most = 0; wanted > 0 && most <= FRAME; most = most * 2 + 1) {
        for (int number = Dictionary.FIRST; number < dimension.places && wanted > 0; number++) {
          if (!gone[number]
              && dictionary.isTaken(number)
              && known.slices.minute(known.slices.slice(dimension, number)) <= most) {
            gone[number] = true;
            wanted--;
          }
        }
      }
      dictionary.remove(gone);
      sorter.forget();
      known.slices.forget(dimension, gone);
      known.recent.forget(dimension, gone);
      if (dimension == Dimension.PATH) {
        sorter.forgetPaths();
      }
    }
  }
}
