package io.fairlead.demo;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What a test node has seen since its start. */
final class NodeCounters {
  /** Most paths counted one by one. */
  static final int MAX_PATHS = 1000;

  /** Where requests for further paths are counted; no path, as it does not start with a slash. */
  static final String OTHER_PATHS = "(other)";

  final AtomicLong accepted = new AtomicLong();
  final AtomicInteger open = new AtomicInteger();

  /** Ordinary requests that have been read and not answered yet. */
  final AtomicInteger inFlight = new AtomicInteger();

  /** Connections closed at once because {@link TestNode#MAX_CONNECTIONS} were open. */
  final LongAdder turnedAway = new LongAdder();

  /** Requests whose head could be read, those for {@code /_control} not counted. */
  final AtomicLong requests = new AtomicLong();

  final LongAdder badRequests = new LongAdder();
  private final Map<String, LongAdder> paths = new ConcurrentHashMap<>();
  private volatile String lastBadRequest = "";

  /** Counts a request and returns its number, from 1. */
  long request(String path) {
    LongAdder counter = paths.get(path);
    if (counter == null) {
      String key = paths.size() < MAX_PATHS ? path : OTHER_PATHS;
      counter = paths.computeIfAbsent(key, _ -> new LongAdder());
    }
    counter.increment();
    return requests.incrementAndGet();
  }

  void badRequest(String why) {
    badRequests.increment();
    lastBadRequest = why;
  }

  /** Why the latest bad request was refused; empty when there was none. */
  String lastBadRequest() {
    return lastBadRequest;
  }

  Map<String, Long> paths() {
    Map<String, Long> sums = new TreeMap<>();
    paths.forEach((path, count) -> sums.put(path, count.sum()));
    return sums;
  }
}
