package io.fairlead.record.text;

import io.fairlead.config.TextLogConfig;
import io.fairlead.record.Names;
import io.fairlead.record.RecordPipe;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One log: records in, by the recorder, which never waits; lines out, by a thread of its own, which
 * may wait as long as it takes. When nothing can be written, it tries again every second, and what
 * waits meanwhile is not lost as long as there is room for it.
 */
final class TextLog {
  private static final System.Logger LOG = System.getLogger(TextLog.class.getName());

  /** Some 25,000 requests. */
  static final int ROOM = 4 << 20;

  /** So much put in wakes the thread before the recorder has reached the ends of its rings. */
  private static final int WAKE_AT = ROOM / 8;

  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** So long must all have gone well before it is said to: a target on the edge is one story. */
  private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(3);

  private static final long CLOSE_MILLIS = 3_000;

  private final TextLogConfig config;
  private final LineFormat format;
  private final LineTarget target;
  private final Consumer<Event> events;
  private final RecordPipe pipe = new RecordPipe(ROOM);
  private final Thread thread;
  private volatile @Nullable Names names;
  private int sinceWake;
  private volatile boolean closing;

  private final AtomicLong written = new AtomicLong();
  private final AtomicLong slow = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private volatile boolean failing;

  /** The operator has been told that lines are lost or late, and not yet that it is over. */
  private final AtomicBoolean trouble = new AtomicBoolean();

  private volatile long lastTrouble;
  private volatile long lostBefore;

  /**
   * @param host what the machine calls itself
   */
  TextLog(TextLogConfig config, String host, Consumer<Event> events) {
    this(config, host, LineTarget.of(config.to()), events);
  }

  TextLog(TextLogConfig config, String host, LineTarget target, Consumer<Event> events) {
    this.config = config;
    this.target = target;
    this.events = events;
    LineFormat plain = LineFormat.of(config.format());
    format =
        config.to() instanceof TextLogConfig.Target.Syslog(_, boolean tcp)
            ? new SyslogLine(plain, host, tcp)
            : plain;
    thread = Thread.ofPlatform().name("log " + config.to()).daemon(true).start(this::run);
  }

  TextLogConfig config() {
    return config;
  }

  TextLogStats stats() {
    return new TextLogStats(config.to().toString(), written.get(), slow.get(), failed.get());
  }

  /** The recorder's thread. */
  void accept(RecordView record, Names meaning) {
    boolean combined = config.format() == TextLogConfig.Format.COMBINED;
    if (combined ? record.type() != RecordLayout.HTTP : !RecordLayout.isExchange(record.type())) {
      return;
    }
    if (names != meaning) {
      names = meaning;
    }
    if (pipe.put(record)) {
      sinceWake += record.length();
      if (sinceWake > WAKE_AT) {
        wake();
      }
    } else {
      (failing ? failed : slow).incrementAndGet();
      troubled("it does not take lines as fast as they come");
    }
  }

  /** There is no more for now. The recorder's thread. */
  void wake() {
    if (sinceWake > 0) {
      sinceWake = 0;
      LockSupport.unpark(thread);
    }
  }

  /** Somebody may have moved the file. */
  void reopen() {
    target.reopen();
    LockSupport.unpark(thread);
  }

  private void run() {
    RecordView record = new RecordView();
    Batch batch = new Batch();
    while (true) {
      boolean last = closing; // whatever is there now is all there will be
      fill(batch, record);
      if (batch.lines() > 0) {
        deliver(batch);
      } else if (last) {
        return;
      } else if (pipe.isEmpty()) {
        settle();
        LockSupport.parkNanos(this, RETRY_NANOS);
      }
    }
  }

  private void fill(Batch batch, RecordView record) {
    batch.clear();
    boolean lineEnds = !(config.to() instanceof TextLogConfig.Target.Syslog);
    while (!batch.isFull() && pipe.take(record)) {
      Names meaning = names;
      if (meaning != null && format.write(record, meaning, batch.bytes())) {
        if (lineEnds) {
          batch.bytes().put('\n');
        }
        batch.endLine();
      }
    }
  }

  private void deliver(Batch batch) {
    while (true) {
      try {
        target.write(batch);
        written.addAndGet(batch.lines());
        failing = false;
        settle();
        return;
      } catch (IOException | RuntimeException e) {
        LOG.log(Level.DEBUG, "log " + config.to(), e);
        failing = true;
        troubled(String.valueOf(e.getMessage()));
        if (closing) {
          written.addAndGet(batch.lines() - batch.left());
          failed.addAndGet(batch.left());
          return;
        }
        LockSupport.parkNanos(this, RETRY_NANOS);
      }
    }
  }

  private void troubled(String why) {
    lastTrouble = System.nanoTime();
    if (!trouble.get() && trouble.compareAndSet(false, true)) {
      lostBefore = slow.get() + failed.get() - (failing ? 0 : 1);
      events.accept(new Event.TextLogStopped(config.to().toString(), why));
    }
  }

  private void settle() {
    if (trouble.get() && !failing && System.nanoTime() - lastTrouble > QUIET_NANOS) {
      long lost = slow.get() + failed.get() - lostBefore;
      trouble.set(false);
      events.accept(new Event.TextLogResumed(config.to().toString(), lost));
    }
  }

  /** Writes what is there, if that can be done in a moment. The recorder gives nothing any more. */
  void close() {
    closing = true;
    LockSupport.unpark(thread);
    boolean interrupted = false;
    try {
      thread.join(CLOSE_MILLIS);
      if (thread.isAlive()) {
        target.close(); // it waits for somebody who does not take
        thread.join(CLOSE_MILLIS);
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    target.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
