package io.fairlead;

import io.fairlead.limit.RateLimiter;
import io.fairlead.limit.SharedCounts;
import io.fairlead.proxy.http.RateLimits;
import io.fairlead.runtime.Scheduler;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Limits on rates that all instances of a group count together: ten times a second each tells the
 * others which keys it has let in and how often, and counts what it is told.
 *
 * <p>A limit is known by its listener, route, name, rate and burst, so that instances that have
 * different configurations for a moment do not mix what is not the same.
 */
final class SharedRates {
  private static final Duration EVERY = Duration.ofMillis(100);
  private static final String TOPIC = "rates ";

  /** Characters of a line; a limit with more keys takes several. */
  private static final int LINE = 60_000;

  private final Map<String, WeakReference<RateLimiter>> limiters = new ConcurrentHashMap<>();
  private final Scheduler control;
  private final Consumer<String> teller;
  private final LongAdder told = new LongAdder();
  private final LongAdder heard = new LongAdder();
  private final LongAdder lost = new LongAdder();
  private final Map<String, Long> untold = new HashMap<>();
  private Scheduler.@Nullable Cancellable next;

  /**
   * @param teller tells all other instances a line
   */
  SharedRates(Scheduler control, Consumer<String> teller) {
    this.control = control;
    this.teller = teller;
  }

  /** From now on this one counts together with its like elsewhere, for as long as it is in use. */
  synchronized void keep(String listener, String route, RateLimits.Limit limit) {
    limiters.put(
        id(listener + "\n" + route + "\n" + limit.config()), new WeakReference<>(limit.limiter()));
    if (next == null) {
      next = control.schedule(EVERY, this::tick);
    }
  }

  /** Of a text, 64 bits (FNV-1a): no two of one group are the same by chance. */
  static String id(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return HexFormat.of().toHexDigits(hash);
  }

  private synchronized void tick() {
    limiters.values().removeIf(each -> each.get() == null);
    limiters.forEach((id, each) -> {
      RateLimiter limiter = each.get();
      if (limiter != null) {
        tell(id, limiter);
      }
    });
    untold.keySet().retainAll(limiters.keySet());
    next = limiters.isEmpty() ? null : control.schedule(EVERY, this::tick);
  }

  private void tell(String id, RateLimiter limiter) {
    Map<Long, int[]> counts = new HashMap<>();
    limiter.drain(key -> counts.computeIfAbsent(key, _ -> new int[1])[0]++);
    long lostNow = limiter.untold();
    lost.add(lostNow - untold.getOrDefault(id, 0L));
    untold.put(id, lostNow);
    if (counts.isEmpty()) {
      return;
    }
    StringBuilder line = new StringBuilder(TOPIC).append(id);
    for (Map.Entry<Long, int[]> count : counts.entrySet()) {
      line.append(' ').append(Long.toHexString(count.getKey())).append(':');
      line.append(count.getValue()[0]);
      told.add(count.getValue()[0]);
      if (line.length() > LINE) {
        teller.accept(line.toString());
        line.setLength(TOPIC.length() + id.length());
      }
    }
    teller.accept(line.toString());
  }

  /** Somebody has told something. What is of other matters, or no sense, is left alone. */
  void hear(String line) {
    if (!line.startsWith(TOPIC)) {
      return;
    }
    String[] words = line.substring(TOPIC.length()).split(" ", -1);
    WeakReference<RateLimiter> known = limiters.get(words[0]);
    RateLimiter limiter = known == null ? null : known.get();
    if (limiter == null) {
      return;
    }
    long now = System.nanoTime();
    try {
      for (int i = 1; i < words.length; i++) {
        int colon = words[i].indexOf(':');
        int requests = Integer.parseInt(words[i].substring(colon + 1));
        if (requests > 0) {
          limiter.charge(Long.parseUnsignedLong(words[i].substring(0, colon), 16), requests, now);
          heard.add(requests);
        }
      }
    } catch (NumberFormatException | StringIndexOutOfBoundsException _) {
      // Of a version that says it in another way.
    }
  }

  SharedCounts counts() {
    return new SharedCounts(told.sum(), heard.sum(), lost.sum());
  }
}
