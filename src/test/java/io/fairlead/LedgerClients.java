package io.fairlead;

import io.fairlead.health.PostgresqlLogin;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Clients who write numbers into a table {@code ledger}, one after the other, and connect again
 * when they have to. They remember of each what became of it, who took it, and when; one of them
 * logs in anew each time, as somebody would to whom another primary is reachable, too.
 */
final class LedgerClients implements AutoCloseable {
  static final String TABLE = "create table ledger(id bigint primary key)";

  /** Who takes it: a member, and on which timeline. */
  private static final String RETURNING =
      " returning current_setting('port') || '/' || substr(pg_walfile_name(pg_current_wal_lsn()),"
          + " 1, 8)";

  /** Numbers of one client. */
  private static final long SHARE = 1_000_000;

  private static final int CLIENTS = 3;

  /** Where one logs in. */
  interface Door {
    PostgresqlLogin open() throws IOException;
  }

  /**
   * What is in the ledger, held against what was said.
   *
   * @param lost acknowledged, and not there
   * @param invented there, and never written
   * @param there of those of which nobody knew
   */
  record Found(int lost, int invented, int there) {}

  private final List<Door> doors;
  private final long from;
  private final Set<Long> acknowledged = new HashSet<>();
  private final Set<Long> unknown = new HashSet<>();
  private final Set<String> before = new HashSet<>();
  private final List<String> windows = new ArrayList<>();
  private final AtomicLong longest = new AtomicLong();
  private final List<Thread> threads = new ArrayList<>();
  private String newest = "";
  private long newestSince;
  private long last = System.nanoTime();
  private volatile boolean ended;

  /**
   * @param round whose numbers are those of no other
   */
  LedgerClients(Door door, int round) {
    this(List.of(door), round);
  }

  /** Each by another door, as far as there are. What is there at last is read by the first. */
  LedgerClients(List<Door> doors, int round) {
    this.doors = List.copyOf(doors);
    this.from = round * SHARE * CLIENTS;
    for (int i = 0; i < CLIENTS; i++) {
      long first = from + i * SHARE;
      boolean anew = i == CLIENTS - 1;
      Door door = doors.get(i % doors.size());
      threads.add(Thread.ofVirtual().start(() -> write(door, first, anew)));
    }
  }

  private void write(Door door, long first, boolean anew) {
    long next = first;
    while (!ended) {
      boolean asked = false;
      try (PostgresqlLogin client = door.open()) {
        do {
          long begun = System.nanoTime();
          asked = true;
          String by =
              ManagedPostgresql.ask(client, "insert into ledger values (" + next + ")" + RETURNING);
          took(next, by, begun);
          next++;
          asked = false;
          TimeUnit.MILLISECONDS.sleep(anew ? 20 : 4); // a client that thinks
        } while (!ended && !anew);
      } catch (IOException _) {
        if (asked) {
          synchronized (this) {
            unknown.add(next++);
          }
        }
      } catch (InterruptedException _) {
        return;
      }
    }
  }

  /**
   * A member that takes a write which was begun after another had taken one that it knew nothing of
   * would be a second primary.
   */
  private synchronized void took(long id, String by, long begun) {
    long now = System.nanoTime();
    acknowledged.add(id);
    longest.accumulateAndGet(now - last, Math::max);
    last = now;
    if (by.equals(newest)) {
      return;
    }
    if (before.add(by)) {
      newest = by;
      newestSince = now;
    } else if (begun > newestSince) {
      windows.add(by + " after " + newest);
    }
  }

  synchronized int acknowledged() {
    return acknowledged.size();
  }

  synchronized int unknown() {
    return unknown.size();
  }

  /** Moments in which two took writes. */
  synchronized List<String> windows() {
    return List.copyOf(windows);
  }

  /** Who took the last, as {@code port/timeline}. */
  synchronized String newest() {
    return newest;
  }

  long longestMillis() {
    return longest.get() / 1_000_000;
  }

  /** So many more are acknowledged. */
  void await(int more) throws InterruptedException {
    int now = acknowledged();
    Loopback.await("it writes", ManagedPostgresql.LONG, () -> acknowledged() >= now + more);
  }

  /** Once they have ended. */
  synchronized Found find() throws IOException {
    Set<Long> there = new TreeSet<>();
    try (PostgresqlLogin client = doors.getFirst().open()) {
      for (int i = 0; i < CLIENTS; i++) { // no answer may be longer
        long first = from + i * SHARE;
        String all =
            ManagedPostgresql.ask(
                client,
                "select coalesce(string_agg(id::text, ' '), '') from ledger where id >= "
                    + first
                    + " and id < "
                    + (first + SHARE));
        for (String id : all.split(" ", -1)) {
          if (!id.isEmpty()) {
            there.add(Long.parseLong(id));
          }
        }
      }
    }
    Set<Long> lost = new TreeSet<>(acknowledged);
    lost.removeAll(there);
    there.removeAll(acknowledged);
    Set<Long> invented = new TreeSet<>(there);
    invented.removeAll(unknown);
    return new Found(lost.size(), invented.size(), there.size() - invented.size());
  }

  @Override
  public void close() {
    end();
  }

  /** They write no more when it returns. */
  void end() {
    ended = true;
    try {
      for (Thread thread : threads) {
        thread.join(60_000);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
