package io.fairlead.record.text;

import io.fairlead.config.TextLogConfig;
import io.fairlead.record.Names;
import io.fairlead.record.RecordConsumer;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.RecordView;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The text logs of an instance. {@link #follow} and {@link #close} are called by one thread at a
 * time, which may wait.
 */
public final class TextLogs implements RecordConsumer, AutoCloseable {
  private final String host;
  private final Consumer<Event> events;
  private volatile TextLog[] logs = {};

  /**
   * @param host what the machine calls itself
   * @param events hears when a log stops and goes on; called by threads of its own
   */
  public TextLogs(String host, Consumer<Event> events) {
    this.host = host;
    this.events = events;
  }

  /** Those that stay go on, with another look at whether their file is still there. */
  public void follow(List<TextLogConfig> wanted) {
    List<TextLog> ending = new ArrayList<>();
    List<TextLog> next = new ArrayList<>();
    for (TextLog log : logs) {
      if (wanted.contains(log.config())) {
        log.reopen();
        next.add(log);
      } else {
        ending.add(log);
      }
    }
    // No log that ends goes to where a new one does while both write: it is ended first.
    logs = next.toArray(TextLog[]::new);
    ending.forEach(TextLog::close);
    List<TextLogConfig> known = next.stream().map(TextLog::config).toList();
    for (TextLogConfig each : wanted) {
      if (!known.contains(each)) {
        next.add(new TextLog(each, host, events));
      }
    }
    logs = next.toArray(TextLog[]::new);
  }

  /** What became of their lines. */
  public List<TextLogStats> stats() {
    List<TextLogStats> all = new ArrayList<>();
    for (TextLog log : logs) {
      all.add(log.stats());
    }
    return all;
  }

  @Override
  public void accept(RecordView record, Names names) {
    for (TextLog log : logs) {
      log.accept(record, names);
    }
  }

  @Override
  public void caughtUp(long epochMillis, Runnable rest) {
    for (TextLog log : logs) {
      log.wake();
    }
  }

  /** What has been recorded is written, where that can be done in a moment. */
  @Override
  public void close() {
    follow(List.of());
  }
}
