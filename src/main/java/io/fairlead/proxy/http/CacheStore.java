package io.fairlead.proxy.http;

import io.fairlead.runtime.SipHash;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The answers that the routes of an instance keep, for all event loops at once. Nothing here locks
 * or waits: entries do not change, and stand in a table of sets of {@value #WAYS} places, in which
 * they are put by compare-and-set.
 *
 * <p>Memory is counted before it is taken, also for answers that are still coming in. Where there
 * is none left, a hand goes around the table (CLOCK [1]): what was asked for since it came by last
 * stays once more, the rest goes. New entries have not been asked for; so what is asked for once
 * leaves before what is asked for again [2].
 *
 * <p>What has changed is not looked for: each URI shares one of {@value #GENERATIONS} numbers with
 * others, and an entry whose number has been changed since its request left is out of date. So an
 * answer which is on its way while somebody changes what it tells is not kept either.
 *
 * <p>[1] F. J. Corbató, A Paging Experiment with the Multics System, MIT Project MAC, 1968. [2] Y.
 * Zhang et al., SIEVE is Simpler than LRU, NSDI 2024.
 */
public final class CacheStore {
  private static final int WAYS = 8;
  private static final int GENERATIONS = 1 << 16;
  private static final int CLAIMS = 1 << 13;
  private static final int CLAIM_WAYS = 4;

  /** Of memory for one place; answers are rarely smaller on average. */
  private static final int BYTES_PER_PLACE = 2048;

  private static final int MIN_PLACES = 1 << 10;
  private static final int MAX_PLACES = 1 << 20;

  /** Places that the hand goes for one answer: some tens of µs. What finds no room is not kept. */
  private static final int MAX_STEPS = 1 << 14;

  private static final int MAX_RACES = 4;

  private final long capacity;
  private final SipHash hash;
  private final LongSupplier wall;
  private final AtomicReferenceArray<@Nullable CacheEntry> table;
  private final AtomicReferenceArray<@Nullable CacheClaim> claims =
      new AtomicReferenceArray<>(CLAIMS);
  private final AtomicIntegerArray generations = new AtomicIntegerArray(GENERATIONS);

  /** Added to all of them. */
  private final AtomicInteger epoch = new AtomicInteger();

  private final AtomicLong bytes = new AtomicLong();
  private final AtomicInteger hand = new AtomicInteger();
  private final LongAdder evicted = new LongAdder();
  private final AtomicLong scopes = new AtomicLong();

  /**
   * @param capacity bytes
   * @param key 16 bytes that no client knows, who could aim at a place otherwise
   * @param wall the time, in milliseconds since 1970
   */
  public CacheStore(long capacity, byte[] key, LongSupplier wall) {
    this.capacity = capacity;
    hash = new SipHash(key);
    this.wall = wall;
    int places =
        Integer.highestOneBit(Math.clamp(capacity / BYTES_PER_PLACE, MIN_PLACES, MAX_PLACES));
    table = new AtomicReferenceArray<>(places);
  }

  /** A number of its own for a route whose answers are not to be mixed up with others. */
  public long newScope() {
    return scopes.incrementAndGet();
  }

  /** Seconds since 1970. */
  long wallSeconds() {
    return Math.floorDiv(wall.getAsLong(), 1000L);
  }

  /** Of a key, or part of one. */
  long hash(byte[] key, int start, int end) {
    return hash.hash(key, start, end);
  }

  // --- entries -----------------------------------------------------------------------------

  private int set(long hash) {
    return (int) hash & (table.length() / WAYS - 1);
  }

  /** What is known under the key that the first bytes are. */
  @Nullable CacheEntry find(byte[] key, int length, long hash) {
    int from = set(hash) * WAYS;
    for (int way = 0; way < WAYS; way++) {
      CacheEntry entry = table.getAcquire(from + way);
      if (entry != null && entry.isFor(key, length, hash)) {
        if (!entry.visited) {
          entry.visited = true;
        }
        return entry;
      }
    }
    return null;
  }

  /** Keeps it, for whose weight {@link #reserve} has made room, instead of what has its key. */
  void put(CacheEntry entry) {
    int from = set(entry.hash) * WAYS;
    for (int race = 0; race < MAX_RACES; race++) {
      int place = place(entry, from);
      CacheEntry before = table.getAcquire(place);
      if (table.compareAndSet(place, before, entry)) {
        if (before != null) {
          giveBack(before.weight);
          if (!before.isFor(entry.key, entry.key.length, entry.hash)) {
            evicted.increment();
          }
        }
        return;
      }
    }
    giveBack(entry.weight); // others are at it
  }

  /** Where its key is; else a place that is free; else one that nobody asked for lately. */
  private int place(CacheEntry entry, int from) {
    int free = -1;
    int idle = from + (int) (entry.hash >>> 61);
    for (int way = WAYS - 1; way >= 0; way--) {
      CacheEntry there = table.getAcquire(from + way);
      if (there == null) {
        free = from + way;
      } else if (there.isFor(entry.key, entry.key.length, entry.hash)) {
        return from + way;
      } else if (!there.visited) {
        idle = from + way;
      }
    }
    return free >= 0 ? free : idle;
  }

  /** Makes room for so many bytes; false: there is none. */
  boolean reserve(long count) {
    if (count > capacity) {
      return false;
    }
    if (bytes.addAndGet(count) <= capacity) {
      return true;
    }
    int at = hand.get();
    int most = Math.min(MAX_STEPS, 2 * table.length());
    for (int step = 0; step < most; step++) {
      boolean evicts = evict(at++ & (table.length() - 1), step >= most / 2);
      if (evicts && bytes.get() <= capacity) {
        hand.set(at); // another loop may be at it, too: then both have gone the same way
        return true;
      }
    }
    hand.set(at);
    giveBack(count);
    return false;
  }

  private boolean evict(int at, boolean anyway) {
    CacheEntry entry = table.getAcquire(at);
    if (entry == null) {
      return false;
    }
    if (entry.visited && !anyway) {
      entry.visited = false;
      return false;
    }
    if (table.compareAndSet(at, entry, null)) {
      evicted.increment();
      giveBack(entry.weight);
    }
    return true;
  }

  void giveBack(long count) {
    bytes.addAndGet(-count);
  }

  // --- what has changed --------------------------------------------------------------------

  /** The number that entries of that URI, by its hash, have to have. */
  int generation(long uri) {
    return generations.getAcquire((int) (uri >>> 48)) + epoch.get();
  }

  /** What is kept of that URI, and what is on its way, is out of date. */
  void invalidate(long uri) {
    generations.incrementAndGet((int) (uri >>> 48));
  }

  /**
   * The same for that URL, over HTTP or HTTPS, as it is written. Any thread may call.
   *
   * @return false: no client may ask for such a thing
   */
  public boolean forget(String url) {
    int host = url.indexOf("://");
    if (host < 0 || !url.startsWith("http")) {
      return false;
    }
    host += 3;
    int path = host;
    while (path < url.length() && "/?#".indexOf(url.charAt(path)) < 0) {
      path++;
    }
    String rest = url.substring(path);
    Head head = new Head();
    head.put(
        Ascii.bytes(
            "GET "
                + (rest.startsWith("/") ? rest : "/" + rest)
                + " HTTP/1.1\r\nHost: "
                + url.substring(host, path)
                + "\r\n\r\n"));
    boolean sound =
        HeadParser.parseRequest(head, head.length, head.length, 1) == HeadParser.Result.DONE
            && head.end == head.length
            && RequestCheck.check(head, 0) == null;
    if (sound) {
      CacheKey key = new CacheKey();
      key.putUri(head);
      invalidate(key.hash(this, 0));
    }
    return sound;
  }

  /** Forgets everything, also what is on its way. Any thread may call. */
  public void clear() {
    epoch.incrementAndGet();
    for (int at = 0; at < table.length(); at++) {
      CacheEntry entry = table.getAndSet(at, null);
      if (entry != null) {
        giveBack(entry.weight);
      }
    }
  }

  // --- who asks ----------------------------------------------------------------------------

  /**
   * Whose turn it is to ask for that key.
   *
   * @param owner who would
   * @param nanos for which others would wait for it
   * @return the claim of another, or a new one of its own; null: there are too many
   */
  @Nullable CacheClaim claim(
      byte[] key, int length, long hash, Object owner, long now, long nanos) {
    int from = ((int) (hash >>> 32) & (CLAIMS / CLAIM_WAYS - 1)) * CLAIM_WAYS;
    int free = -1;
    for (int way = CLAIM_WAYS - 1; way >= 0; way--) {
      CacheClaim there = claims.getAcquire(from + way);
      if (there == null || there.left(now) <= 0) {
        free = from + way;
      } else if (there.isFor(key, length, hash)) {
        return there;
      }
    }
    if (free < 0) {
      return null;
    }
    CacheClaim before = claims.getAcquire(free);
    if (before != null && before.left(now) > 0) {
      return before.isFor(key, length, hash) ? before : null;
    }
    CacheClaim own = new CacheClaim(Arrays.copyOf(key, length), hash, owner, now + nanos);
    return claims.compareAndSet(free, before, own) ? own : null;
  }

  // --- figures -----------------------------------------------------------------------------

  /** Bytes in use, with those of answers that are coming in. */
  public long bytes() {
    return bytes.get();
  }

  /** Entries that have gone to make room. */
  public long evicted() {
    return evicted.sum();
  }
}
