package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The primary fails while a client writes, round after round; somebody promotes the replica half a
 * second later, and the old primary comes back as one. Prints how long nobody could write, and what
 * of that was after the promotion. {@code make chaos-database}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
@Timeout(3600)
class DatabaseChaosTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.database.rounds", 1);

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  /** What becomes of the primary. */
  enum Fault {
    KILLED {
      @Override
      void begin(Postgresql primary) {
        primary.kill();
      }

      @Override
      void end(Postgresql primary) throws Exception {
        primary.startAgain();
      }
    },
    FROZEN {
      @Override
      void begin(Postgresql primary) throws Exception {
        primary.freeze();
      }

      @Override
      void end(Postgresql primary) throws Exception {
        primary.thaw();
      }
    },
    /** It goes on: only the promotion says that it is none any more. */
    LEFT_ALONE {
      @Override
      void begin(Postgresql primary) {}

      @Override
      void end(Postgresql primary) {}
    };

    abstract void begin(Postgresql primary) throws Exception;

    abstract void end(Postgresql primary) throws Exception;
  }

  /** A client that writes numbers, one after the other, and connects again when it has to. */
  private static final class Writer implements AutoCloseable {
    final Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
    final List<String> where = Collections.synchronizedList(new ArrayList<>());
    final AtomicLong last = new AtomicLong(System.nanoTime());
    final AtomicLong longest = new AtomicLong();
    private final Thread thread;
    private volatile boolean ended;

    Writer(int port, long from) {
      thread = Thread.ofVirtual().start(() -> write(port, from));
    }

    private void write(int port, long from) {
      long next = from;
      while (!ended) {
        try (PostgresqlClient client = PostgresqlClient.to(port, 15_000)) {
          while (!ended) {
            String at =
                client.ask(
                    "insert into ledger values ("
                        + next
                        + ") returning (select current_setting('port'))");
            acknowledged.add(next++);
            where.add(at);
            long now = System.nanoTime();
            long gap = now - last.getAndSet(now);
            longest.accumulateAndGet(gap, Math::max);
            TimeUnit.MILLISECONDS.sleep(2); // a client that thinks
          }
        } catch (IOException e) {
          next++; // nobody knows what became of it
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    /** Where writes have been acknowledged since so many. */
    List<String> since(int from) {
      synchronized (where) {
        return List.copyOf(where.subList(from, where.size()));
      }
    }

    @Override
    public void close() {
      ended = true;
      try {
        thread.join(TimeUnit.SECONDS.toMillis(20));
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void writesGoOnAtTheSuccessor(Fault fault) throws Exception {
    Path template = Postgresql.template(folder);
    List<Long> gaps = new ArrayList<>();
    List<Long> after = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      play(fault, template, folder.resolve("round" + round), gaps, after);
    }
    Collections.sort(gaps);
    Collections.sort(after);
    System.out.printf(
        "%s, %d rounds: nobody wrote for p50 %d ms, p99 %d ms; after the promotion p50 %d ms, p99 %d"
            + " ms%n",
        fault, ROUNDS, at(gaps, 50), at(gaps, 99), at(after, 50), at(after, 99));
  }

  private static long at(List<Long> sorted, int percent) {
    return sorted.get(Math.min(sorted.size() - 1, sorted.size() * percent / 100));
  }

  private static void play(
      Fault fault, Path template, Path folder, List<Long> gaps, List<Long> after) throws Exception {
    try (Postgresql a =
            Postgresql.primary(
                folder,
                template,
                "a",
                "-c",
                "synchronous_standby_names=*",
                "-c",
                "restart_after_crash=off");
        Postgresql b = Postgresql.replica(folder, a, "b");
        Fairlead fairlead = DatabaseTest.start(folder, "", a, b)) {
      DatabaseTest.awaitReadable(fairlead, "b", true);
      DatabaseTest.awaitPrimary(fairlead, "a");
      Set<Long> acknowledged;
      String last;
      try (Writer writer = new Writer(Loopback.port(fairlead, "write"), 1)) {
        Loopback.await("it writes", () -> writer.acknowledged.size() > 50);
        fault.begin(a);
        TimeUnit.MILLISECONDS.sleep(500); // so long whoever manages it needs
        int before = writer.where.size();
        b.promote();
        Loopback.await(
            "b takes writes",
            () -> {
              try {
                return b.ask("select pg_is_in_recovery()").equals("f");
              } catch (IOException _) {
                return false;
              }
            });
        long promoted = System.nanoTime();
        if (fault == Fault.LEFT_ALONE) {
          // Its writes wait for a standby that is none any more; it is contradicted until it ends.
          Loopback.await(
              "a is contradicted",
              () ->
                  !DatabaseTest.report(fairlead).view().alarm().isEmpty()
                      || DatabaseTest.report(fairlead).view().primary().equals("b"));
          a.kill();
        }
        int at = Math.max(0, before - 1);
        String old = "" + a.port();
        Loopback.await("it writes again", () -> writer.since(at).contains("" + b.port()));
        after.add((writer.last.get() - promoted) / 1_000_000);
        gaps.add(writer.longest.get() / 1_000_000);
        fault.end(a);
        int come = writer.where.size();
        Loopback.await("and goes on", () -> writer.where.size() > come + 200);
        assertThat(writer.since(come)).doesNotContain(old);
        acknowledged = writer.acknowledged;
        last = writer.where.getLast();
      }
      assertThat(last).isEqualTo("" + b.port());
      try (PostgresqlClient client = PostgresqlClient.to(b.port())) {
        long there =
            Long.parseLong(
                client.ask(
                    "select count(*) from ledger where id in ("
                        + String.join(",", acknowledged.stream().map(String::valueOf).toList())
                        + ")"));
        assertThat(there).as("acknowledged writes that are there").isEqualTo(acknowledged.size());
      }
    }
  }
}
