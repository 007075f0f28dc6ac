package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The table of what is kept, and who asks for what. */
@Timeout(60)
final class CacheStoreTest {
  private static final int MEMORY = 1 << 20;
  private static final CacheLife LIFE = new CacheLife(0, 1, 0, false, false);

  private final long seed = System.nanoTime();
  private final CacheStore store = new CacheStore(MEMORY, key(seed), () -> 0);

  private static byte[] key(long seed) {
    return ByteBuffer.allocate(16).putLong(seed).array();
  }

  private CacheEntry.Answer entry(String key, byte[] body) {
    byte[] bytes = Ascii.bytes(key);
    return new CacheEntry.Answer(
        bytes, store.hash(bytes, 0, bytes.length), new Head(), body, LIFE, 0, 0, false);
  }

  private @Nullable CacheEntry find(String key) {
    byte[] bytes = Ascii.bytes(key);
    return store.find(bytes, bytes.length, store.hash(bytes, 0, bytes.length));
  }

  @Test
  void whatIsFoundIsWhatWasPutLastAndMemoryIsExact() {
    SplittableRandom random = new SplittableRandom(seed);
    Map<String, CacheEntry> last = new HashMap<>();
    for (int round = 0; round < 50_000; round++) {
      String key = "key " + random.nextInt(3000);
      if (random.nextInt(4) == 0) {
        CacheEntry entry = entry(key, new byte[random.nextInt(4000)]);
        if (store.reserve(entry.weight)) {
          store.put(entry);
          last.put(key, entry);
        }
      } else {
        CacheEntry found = find(key);
        if (found != null) { // it may have gone, but nothing else is given for it
          assertThat(found).as("seed %d", seed).isSameAs(last.get(key));
        }
      }
      assertThat(store.bytes()).isBetween(0L, (long) MEMORY);
    }
    long sum =
        last.keySet().stream()
            .map(this::find)
            .mapToLong(entry -> entry == null ? 0 : entry.weight)
            .sum();
    assertThat(store.bytes()).as("seed %d", seed).isEqualTo(sum);
    assertThat(sum).isGreaterThan(MEMORY / 2);
    assertThat(store.evicted()).isPositive();
    store.clear();
    assertThat(store.bytes()).isZero();
    assertThat(find("key 1")).isNull();
  }

  /** A scan of what is asked for once leaves what is asked for again and again. */
  @Test
  void whatIsAskedForStays() {
    for (int i = 0; i < 100; i++) {
      put(entry("hot " + i, new byte[1000]));
    }
    int found = 0;
    for (int i = 0; i < 5000; i++) {
      put(entry("cold " + i, new byte[1000]));
      found += find("hot " + i % 100) != null ? 1 : 0;
    }
    assertThat(found).isGreaterThan(4700);
  }

  private void put(CacheEntry entry) {
    assertThat(store.reserve(entry.weight)).isTrue();
    store.put(entry);
  }

  @Test
  void isTooLarge() {
    assertThat(store.reserve(MEMORY + 1)).isFalse();
    assertThat(store.reserve(MEMORY)).isTrue();
    assertThat(store.reserve(1)).isFalse(); // nothing is kept that could go
    store.giveBack(MEMORY);
    assertThat(store.bytes()).isZero();
  }

  @Test
  void ofManyThreadsOneAsksAndNobodyIsForgotten() throws Exception {
    int threads = 4;
    int keys = 200;
    AtomicInteger asks = new AtomicInteger();
    AtomicInteger woken = new AtomicInteger();
    AtomicInteger waited = new AtomicInteger();
    List<Thread> all = new ArrayList<>();
    CountDownLatch[] there = new CountDownLatch[keys];
    for (int k = 0; k < keys; k++) {
      there[k] = new CountDownLatch(threads);
    }
    for (int t = 0; t < threads; t++) {
      Object owner = new Object();
      all.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int k = 0; k < keys; k++) {
                  byte[] key = Ascii.bytes("key " + k);
                  long hash = store.hash(key, 0, key.length);
                  there[k].countDown();
                  while (there[k].getCount() > 0) {
                    Thread.onSpinWait();
                  }
                  CacheClaim claim = store.claim(key, key.length, hash, owner, 0, 1000);
                  if (claim != null && claim.isOf(owner)) {
                    asks.incrementAndGet();
                    claim.end();
                  } else if (claim != null
                      && claim.add(
                          new CacheClaim.Waiter() {
                            @Override
                            void wake() {
                              woken.incrementAndGet();
                            }
                          })) {
                    waited.incrementAndGet();
                  }
                }
              }));
    }
    for (Thread each : all) {
      each.join();
    }
    assertThat(woken.get()).isEqualTo(waited.get());
    assertThat(asks.get()).isGreaterThanOrEqualTo(keys);
  }

  @Test
  void aClaimIsForOneAndForAWhile() {
    byte[] key = Ascii.bytes("key");
    long hash = store.hash(key, 0, 3);
    CacheClaim mine = claim(key, hash, "me", 100);
    assertThat(claim(key, hash, "you", 149)).isSameAs(mine);
    assertThat(mine.left(149)).isEqualTo(1);
    CacheClaim next = claim(key, hash, "you", 150);
    assertThat(next).isNotSameAs(mine);
    next.end();
    assertThat(next.left(151)).isZero();
    assertThat(claim(key, hash, "me", 151).isOf("me")).isTrue();
  }

  private CacheClaim claim(byte[] key, long hash, String owner, long now) {
    return Objects.requireNonNull(store.claim(key, key.length, hash, owner, now, 50));
  }

  @Test
  void whatChangesIsOfAnotherGeneration() {
    long uri = seed;
    int before = store.generation(uri);
    store.invalidate(~uri);
    assertThat(store.generation(uri)).isEqualTo(before);
    store.invalidate(uri);
    assertThat(store.generation(uri)).isNotEqualTo(before);
  }

  @Test
  void hashesDependOnEveryByte() {
    byte[] key = Ascii.bytes("http://shop.example/items?page=1");
    long hash = store.hash(key, 0, key.length);
    for (int i = 0; i < key.length; i++) {
      byte[] other = key.clone();
      other[i] ^= 1;
      assertThat(store.hash(other, 0, key.length)).isNotEqualTo(hash);
      assertThat(store.hash(key, 0, i)).isNotEqualTo(hash);
    }
    assertThat(new CacheStore(MEMORY, key(seed + 1), () -> 0).hash(key, 0, key.length))
        .isNotEqualTo(hash);
  }
}
