package io.fairlead.admin;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Server-sent events to one reader. Whoever has news offers it and never waits; the reader's own
 * virtual thread writes. A reader that leaves {@value #QUEUED} messages lying is dropped: it would
 * otherwise hold memory, and it can come back with the last id it has seen.
 */
final class EventStream {
  /** Messages that wait for a reader, at most. */
  static final int QUEUED = 256;

  /** A comment after this long without news shows both sides that the other is there. */
  static final int HEARTBEAT_SECONDS = 10;

  private static final byte[] HEARTBEAT = ": still here\n\n".getBytes(StandardCharsets.UTF_8);

  private final ArrayBlockingQueue<byte[]> queue;
  private final Function<EventStream, Runnable> subscribe;
  private @Nullable Thread writer;
  private boolean dropped;

  /**
   * @param capacity messages that may wait, at most {@link #QUEUED}
   * @param subscribe makes this stream get news until the answer is run
   */
  EventStream(int capacity, Function<EventStream, Runnable> subscribe) {
    this.queue = new ArrayBlockingQueue<>(Math.min(capacity, QUEUED));
    this.subscribe = subscribe;
  }

  /** One message as it goes over the wire. */
  static byte[] message(@Nullable Long id, String event, byte[] json) {
    byte[] head =
        ((id == null ? "" : "id: " + id + "\n") + "event: " + event + "\ndata: ")
            .getBytes(StandardCharsets.UTF_8);
    byte[] message = new byte[head.length + json.length + 2];
    System.arraycopy(head, 0, message, 0, head.length);
    System.arraycopy(json, 0, message, head.length, json.length);
    message[message.length - 2] = '\n';
    message[message.length - 1] = '\n';
    return message;
  }

  /** Any thread; does not wait. */
  void offer(byte[] message) {
    if (!queue.offer(message)) {
      drop();
    }
  }

  /** Ends the stream from outside. */
  synchronized void drop() {
    dropped = true;
    if (writer != null) {
      writer.interrupt(); // also ends a write that the reader does not take
    }
  }

  /** Writes until the reader is gone or dropped. */
  void run(OutputStream out) throws IOException {
    run(out, Long.MAX_VALUE);
  }

  /**
   * Writes until the reader is gone or dropped, or its time is over.
   *
   * @param patience milliseconds that it may take
   */
  void run(OutputStream out, long patience) throws IOException {
    long start = System.nanoTime();
    synchronized (this) {
      if (dropped) {
        return;
      }
      writer = Thread.currentThread();
    }
    Runnable unsubscribe = subscribe.apply(this);
    try {
      while (true) {
        long left = patience - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        if (left <= 0) {
          return;
        }
        byte[] next =
            queue.poll(
                Math.min(left, TimeUnit.SECONDS.toMillis(HEARTBEAT_SECONDS)),
                TimeUnit.MILLISECONDS);
        out.write(next == null ? HEARTBEAT : next);
        if (queue.isEmpty()) {
          out.flush();
        }
      }
    } catch (InterruptedException e) {
      throw new IOException("dropped", e);
    } finally {
      unsubscribe.run();
      synchronized (this) {
        writer = null;
      }
    }
  }
}
