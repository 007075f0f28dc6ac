package io.fairlead.extension;

import io.fairlead.config.FilterConfig;
import io.fairlead.filter.RequestFilter;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** A filter that can be asked, and who still has to do with it. */
public final class LoadedFilter {
  /** Event loops do not share a cache line. */
  private static final int STRIDE = 16;

  private final FilterConfig config;
  private final RequestFilter filter;
  private final JarClasses classes;
  private final FilterStats stats;

  /** By event loop: requests that it may still have to decide about. */
  private final AtomicIntegerArray requests;

  /** Of one that may wait: calls that have begun and not ended, also those nobody waits for. */
  private final AtomicInteger calls = new AtomicInteger();

  LoadedFilter(
      FilterConfig config, RequestFilter filter, JarClasses classes, FilterStats stats, int loops) {
    this.config = config;
    this.filter = filter;
    this.classes = classes;
    this.stats = stats;
    requests = new AtomicIntegerArray((loops + 1) * STRIDE);
  }

  public FilterConfig config() {
    return config;
  }

  /** What is asked. */
  public RequestFilter filter() {
    return filter;
  }

  /** What is counted about it, and was about the one of its name before. */
  public FilterStats stats() {
    return stats;
  }

  /** SHA-256 of its jar, in hexadecimal digits. */
  public String digest() {
    return classes.digest();
  }

  /** What the manifest of its jar says of its version; empty: nothing. */
  public String version() {
    return classes.version();
  }

  JarClasses classes() {
    return classes;
  }

  /** Finds its classes; for threads that run it. */
  public ClassLoader loader() {
    return classes;
  }

  /** A request has come that it may have to decide about. On that event loop. */
  public void enter(int loop) {
    int cell = (loop + 1) * STRIDE;
    requests.setRelease(cell, requests.getPlain(cell) + 1);
  }

  /** That request is decided about. On that event loop. */
  public void leave(int loop) {
    int cell = (loop + 1) * STRIDE;
    requests.setRelease(cell, requests.getPlain(cell) - 1);
  }

  /** Whether another call may begin; it has then. */
  public boolean beginCall() {
    if (calls.incrementAndGet() <= config.requests()) {
      return true;
    }
    calls.decrementAndGet();
    return false;
  }

  /** A call has ended. Any thread. */
  public void endCall() {
    calls.decrementAndGet();
  }

  /** Calls that go on. */
  public int calls() {
    return calls.get();
  }

  /** Requests that it may still have to decide about. */
  public int requests() {
    int sum = 0;
    for (int cell = 0; cell < requests.length(); cell += STRIDE) {
      sum += requests.getAcquire(cell);
    }
    return sum;
  }
}
