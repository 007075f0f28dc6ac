package io.fairlead.record.tail;

import io.fairlead.record.Names;
import io.fairlead.record.RecordConsumer;
import io.fairlead.record.sql.ConditionReader;
import io.fairlead.record.sql.RecordSql;
import io.fairlead.record.sql.RecordTable;
import io.fairlead.record.sql.WrongCondition;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordView;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Passes records on, as they come, to those who look on: at most {@value #MOST} of them, each with
 * a condition of its own, and at most {@value #RATE} records a second each; how many more there
 * were is said. The recorder looks at rings every 25 ms, so that is how old they are.
 */
public final class LiveTail implements RecordConsumer {
  /** Who may look on at the same time. */
  public static final int MOST = 16;

  /** Records a second that anybody can read, and that a page can show. */
  public static final int RATE = 200;

  private static final long SAY_MILLIS = 1000;

  private final String instance;
  private final CopyOnWriteArrayList<Follower> followers = new CopyOnWriteArrayList<>();

  /** The same, as it is looked at for each record. */
  private volatile Follower[] present = {};

  /**
   * @param instance what the records' column {@code instance} says
   */
  public LiveTail(String instance) {
    this.instance = instance;
  }

  /** Who looks on. Called by the recorder's thread; must not wait. */
  public interface Sink {
    /** A record as a JSON object. */
    void row(byte[] json);

    /** So many were not passed on, since there were too many. */
    void skipped(long rows);
  }

  /** Which records somebody wants to see. */
  public static final class Selection {
    private final int[] types;
    private final RowTest test;
    private final JsonRow json;

    private Selection(int[] types, RowTest test, JsonRow json) {
      this.types = types;
      this.test = test;
      this.json = json;
    }
  }

  /**
   * What is to be followed.
   *
   * @param where condition; blank: all of the table
   */
  public Selection select(String table, String where) throws WrongCondition {
    RecordTable from = RecordSql.table(table);
    RowTest test =
        where.isBlank()
            ? RowTest.ALL
            : RowTest.of(
                ConditionReader.read(from, where), column -> RowField.of(from, column, instance));
    return new Selection(types(from), test, new JsonRow(from, instance));
  }

  private static int[] types(RecordTable table) {
    return switch (table) {
      case REQUESTS -> new int[] {RecordLayout.HTTP};
      case SESSIONS -> new int[] {RecordLayout.STREAM, RecordLayout.DATAGRAMS};
      case PROBES -> new int[] {RecordLayout.PROBE};
      case EVENTS -> new int[] {RecordLayout.EVENT};
      case NODE_LOGS -> new int[] {RecordLayout.LINE};
      case DNS -> new int[] {RecordLayout.DNS};
    };
  }

  /** Whether there is no room for one more. */
  public boolean isFull() {
    return followers.size() >= MOST;
  }

  /**
   * Passes on what comes until the answer is run.
   *
   * @return null: there is no room
   */
  public synchronized @Nullable Runnable follow(Selection selection, Sink sink) {
    if (isFull()) {
      return null;
    }
    Follower follower = new Follower(selection, sink);
    followers.add(follower);
    show();
    return () -> leave(follower);
  }

  private synchronized void leave(Follower follower) {
    followers.remove(follower);
    show();
  }

  private void show() {
    List<Follower> all = new ArrayList<>(followers);
    present = all.toArray(Follower[]::new);
  }

  @Override
  public void accept(RecordView record, Names names) {
    for (Follower follower : present) {
      follower.accept(record, names);
    }
  }

  @Override
  public void caughtUp(long epochMillis, Runnable rest) {
    for (Follower follower : present) {
      follower.tick(epochMillis);
    }
  }

  /** The recorder's thread only. */
  private static final class Follower {
    private final Selection selection;
    private final Sink sink;
    private double budget = RATE;
    private long skipped;
    private long lastMillis;
    private long saidMillis;

    Follower(Selection selection, Sink sink) {
      this.selection = selection;
      this.sink = sink;
    }

    void accept(RecordView record, Names names) {
      for (int type : selection.types) {
        if (type == record.type() && selection.test.test(record, names)) {
          if (budget < 1) {
            skipped++;
          } else {
            budget--;
            sink.row(selection.json.of(record, names));
          }
        }
      }
    }

    void tick(long millis) {
      if (lastMillis != 0) {
        double more = Math.max(0, millis - lastMillis) * RATE / 1000.0;
        budget = Math.min(RATE, budget + more);
      }
      lastMillis = millis;
      if (skipped > 0 && Math.abs(millis - saidMillis) >= SAY_MILLIS) {
        saidMillis = millis;
        sink.skipped(skipped);
        skipped = 0;
      }
    }
  }
}
