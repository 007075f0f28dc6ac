package io.fairlead.replication.backup;

import io.fairlead.replication.DatabaseView;
import io.fairlead.runtime.Scheduler;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Receives a log by a program of the server, and begins again whatever happened to it, after pauses
 * that grow as long as nothing comes. One platform thread runs it; the kernel ends the program with
 * that.
 */
abstract sealed class LogStream permits WalStream, BinlogStream {
  static final long LOOK_MILLIS = 200;
  static final long LITTLE_SPACE = 64L << 20;
  private static final long FIRST_PAUSE = 200;
  private static final long LONGEST_PAUSE = 5_000;
  private static final long LASTING_NANOS = 10_000_000_000L;

  /** A connection that brings nothing for so long, while there is something, is made anew. */
  private static final long DEAF_MILLIS = 10_000;

  final Supplier<DatabaseView> members;
  final Scheduler clock;
  final BooleanSupplier wanted;
  final Runnable looked;
  final ArchiveLag lag = new ArchiveLag();

  /** The member whose log is received; empty: none is at this moment. */
  volatile String from = "";

  /** What keeps the log from coming, for people; empty: nothing. */
  volatile String trouble = "";

  private long pause = FIRST_PAUSE;
  private long heard;
  private long heardNanos;

  /**
   * @param wanted whether it is to be received here and now
   * @param looked is told each time that it has been seen how far it is
   */
  LogStream(
      Supplier<DatabaseView> members, Scheduler clock, BooleanSupplier wanted, Runnable looked) {
    this.members = members;
    this.clock = clock;
    this.wanted = wanted;
    this.looked = looked;
  }

  /**
   * Receives, and returns when it is no longer wanted, or wanted otherwise.
   *
   * @throws IOException in words, when that ends by itself
   */
  abstract void receive() throws IOException, InterruptedException;

  /** Nothing is received any more. */
  abstract void ended(boolean lasted);

  /** Sees how far it is. */
  abstract void look();

  /** Goes on while it is wanted, and returns when it no longer is. */
  final void run() throws InterruptedException {
    while (wanted.getAsBoolean()) {
      String why = "";
      long began = clock.nanoTime();
      boolean lasted = false;
      try {
        receive();
      } catch (IOException e) {
        why = String.valueOf(e.getMessage());
      } finally {
        lasted = clock.nanoTime() - began > LASTING_NANOS;
        from = "";
        ended(lasted);
      }
      if (lasted) {
        pause = FIRST_PAUSE;
      }
      trouble = why;
      long end = clock.nanoTime() + pause * 1_000_000;
      while (wanted.getAsBoolean() && clock.nanoTime() < end) {
        look();
        Thread.sleep(Math.min(LOOK_MILLIS, pause));
      }
      pause = why.isEmpty() ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, pause * 2);
    }
  }

  /** A connection begins, where the log is that far. */
  final void listen(long position) {
    heard = position;
    heardNanos = clock.nanoTime();
  }

  /**
   * It is that far now.
   *
   * @throws IOException if nothing comes though there is something
   */
  final void hear(String member, long position, long lagMillis) throws IOException {
    long now = clock.nanoTime();
    if (position > heard) {
      heard = position;
      heardNanos = now;
      pause = FIRST_PAUSE;
    } else if (lagMillis > DEAF_MILLIS && now - heardNanos > DEAF_MILLIS * 1_000_000) {
      throw new IOException(member + ": nothing has come for " + DEAF_MILLIS / 1000 + " s");
    }
  }
}
