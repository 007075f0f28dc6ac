package io.fairlead.record.sql;

import io.fairlead.record.sql.QueryOutcome.Unavailable;
import io.fairlead.record.sql.QueryOutcome.Wrong;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks the records of this instance, one question at a time.
 *
 * <p>The process that answers is started by the first question, ends when nobody asks any more, and
 * is replaced when it broke. More questions than may wait are refused at once, those that wait too
 * long then: a page that asks too often is told so, and nothing piles up.
 */
public final class RecordQueries implements RecordQuestions, AutoCloseable {
  private final Path records;
  private final SqlLimits limits;
  private final Supplier<@Nullable String> classPath;
  private final Semaphore turn = new Semaphore(1, /* fair= */ true);
  private final AtomicInteger present = new AtomicInteger();
  private volatile @Nullable QueryChild child;
  private volatile boolean closed;

  RecordQueries(Path records, SqlLimits limits, Supplier<@Nullable String> classPath) {
    this.records = records.toAbsolutePath().normalize();
    this.limits = limits;
    this.classPath = classPath;
  }

  /**
   * Starts nothing yet.
   *
   * @param records folder with a folder for each table; need not be there
   */
  public static RecordQueries of(Path records) {
    return new RecordQueries(records, SqlLimits.standard(), EngineFiles::classPath);
  }

  @Override
  public QueryOutcome ask(String sql, int rows) {
    if (sql.length() > SqlLimits.MAX_SQL) {
      return new Wrong("SQL may have at most " + SqlLimits.MAX_SQL + " characters.", 0);
    }
    if (sql.isBlank()) {
      return new Wrong("There is no SQL.", 0);
    }
    try {
      if (present.incrementAndGet() > limits.waiting() + 1) {
        return busy(limits.waiting() + " questions wait already");
      }
      if (!turn.tryAcquire(limits.patience().toMillis(), TimeUnit.MILLISECONDS)) {
        return busy(
            "those before it have not ended in " + QueryChild.seconds(limits.patience()) + " s");
      }
      try {
        return askInTurn(sql, Math.clamp(rows, 1, MAX_ROWS));
      } finally {
        turn.release();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return new Unavailable("The question was given up.");
    } finally {
      present.decrementAndGet();
    }
  }

  private static Unavailable busy(String why) {
    return new Unavailable("One question is answered at a time, and " + why + "; ask again later.");
  }

  private QueryOutcome askInTurn(String sql, int rows) throws InterruptedException {
    try {
      for (int attempt = 0; attempt < 3 && !closed; attempt++) {
        QueryChild running = running();
        if (running == null) {
          return new Unavailable(EngineFiles.MISSING);
        }
        if (closed) {
          running.kill();
          break;
        }
        QueryOutcome outcome = running.ask(sql, rows);
        if (outcome instanceof QueryOutcome.TooMuch) {
          running.kill(); // it holds what it took, and the next one starts in a second
        }
        if (outcome != null) {
          return closed && outcome instanceof Unavailable ? stopping() : outcome;
        }
      }
      return stopping();
    } catch (IOException e) {
      return new Unavailable("The SQL process does not start: " + e.getMessage());
    }
  }

  private Unavailable stopping() {
    return new Unavailable("The instance is stopping.");
  }

  /** The one there is, or a new one. With the turn only. */
  private @Nullable QueryChild running() throws IOException, InterruptedException {
    QueryChild known = child;
    if (known != null && known.isAlive()) {
      return known;
    }
    String path = classPath.get();
    if (path == null) {
      return null;
    }
    QueryChild made = QueryChild.start(records, limits, path);
    child = made;
    return made;
  }

  /** Whether a question has its turn. */
  boolean isAnswering() {
    return turn.availablePermits() == 0;
  }

  /** Of the process that answers now; 0: there is none. */
  long pid() {
    QueryChild known = child;
    return known != null && known.isAlive() ? known.pid() : 0;
  }

  /** Ends the process and whatever it does. */
  @Override
  public void close() {
    closed = true;
    QueryChild known = child;
    if (known != null) {
      known.kill();
    }
  }
}
