package io.fairlead.record.sql;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The process of the engine. It ends when nothing has been asked for a while, and when its standard
 * input ends: with the process that started it, however that ended.
 *
 * <p>One thread reads what is wanted and never waits for the engine, so that a wish to end a
 * question, and the end itself, are heard while the engine works.
 */
final class QueryMain {
  /** Parsers and planners go deep. */
  private static final long STACK = 16 * 1024 * 1024;

  private static final int FAILED = 70;

  private final QueryEngine engine;
  private final DataOutputStream out;
  private final BlockingQueue<Wire.Question> questions = new ArrayBlockingQueue<>(1);
  private final AtomicInteger current = new AtomicInteger();
  private final long idleMillis;

  private QueryMain(QueryEngine engine, DataOutputStream out, long idleMillis) {
    this.engine = engine;
    this.out = out;
    this.idleMillis = idleMillis;
  }

  /**
   * @param args folder of records, MiB and threads of the engine, bytes of an answer, idle ms
   */
  static void main(String[] args) throws IOException, InterruptedException {
    giveWay();
    DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
    @Nullable QueryEngine[] opened = new QueryEngine[1];
    Thread opening =
        new Thread(
            null,
            () -> {
              opened[0] = open(args, out);
            },
            "open",
            STACK);
    opening.start();
    opening.join();
    QueryEngine engine = opened[0];
    if (engine == null) {
      return;
    }
    QueryMain main = new QueryMain(engine, out, Long.parseLong(args[4]));
    Thread answering = new Thread(null, main::answer, "answer", STACK);
    answering.setDaemon(true);
    answering.setUncaughtExceptionHandler((_, e) -> fail(e));
    answering.start();
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(new FileInputStream(FileDescriptor.in)))) {
      main.listen(in);
    } catch (IOException _) {
      // Whoever asked is gone.
    }
    Runtime.getRuntime().halt(0); // at once: the engine may be busy with what nobody wants now
  }

  private static @Nullable QueryEngine open(String[] args, DataOutputStream out) {
    try {
      QueryEngine engine =
          QueryEngine.open(
              Path.of(args[0]),
              Integer.parseInt(args[1]),
              Integer.parseInt(args[2]),
              Integer.parseInt(args[3]));
      Wire.ready(out);
      return engine;
    } catch (SQLException | LinkageError | IllegalStateException | IOException e) {
      try {
        Wire.reply(out, 0, new QueryOutcome.Unavailable("SQL cannot start: " + e.getMessage()));
      } catch (IOException _) {
        // Nobody to be told.
      }
      return null;
    }
  }

  /** What nobody expected: its last words, and the end. */
  private static void fail(Throwable e) {
    byte[] words = (e + "\n").getBytes(StandardCharsets.UTF_8);
    try (FileOutputStream err = new FileOutputStream(FileDescriptor.err)) {
      err.write(words);
    } catch (IOException _) {
      // Nobody listens.
    }
    Runtime.getRuntime().halt(FAILED);
  }

  /** If the machine runs out of memory, this process is to go first. */
  private static void giveWay() {
    try {
      Files.writeString(Path.of("/proc/self/oom_score_adj"), "1000");
    } catch (IOException | UnsupportedOperationException _) {
      // Not that kind of system.
    }
  }

  private void listen(DataInputStream in) throws IOException {
    while (true) {
      Wire.Question question = Wire.readQuestion(in);
      if (question.sql() == null) {
        if (current.get() == question.id()) {
          engine.cancel();
        }
      } else if (!questions.offer(question)) {
        throw new IOException("two questions at once");
      }
    }
  }

  private void answer() {
    try {
      while (true) {
        Wire.Question question = questions.poll(idleMillis, TimeUnit.MILLISECONDS);
        String sql = question == null ? null : question.sql();
        if (question == null || sql == null) {
          break;
        }
        current.set(question.id());
        QueryOutcome outcome = engine.answer(sql, question.rows());
        current.set(0);
        Wire.reply(out, question.id(), outcome);
        if (engine.isBroken()) {
          break;
        }
      }
    } catch (IOException | InterruptedException _) {
      // Whoever asked is gone.
    }
    Runtime.getRuntime().halt(0);
  }
}
