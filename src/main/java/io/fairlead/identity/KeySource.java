package io.fairlead.identity;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The public keys of an issuer (RFC 7517), as they were fetched last. When they cannot be had any
 * more, or what comes is wrong, the last good ones stay.
 *
 * <p>A token may name a key that is not among them, since issuers change theirs: then they are
 * fetched again at once, but not sooner than {@value #PAUSE_SECONDS} s after the last time,
 * whatever tokens name. While that goes on, a bounded number of checks wait for it.
 */
public final class KeySource {
  public static final int MAX_BYTES = 1024 * 1024;

  private static final int PAUSE_SECONDS = 5;
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(PAUSE_SECONDS);

  /** As long as there are none, so that nobody can be let in. */
  private static final long PAUSE_WITHOUT_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Checks that wait for keys to be fetched. Others are not to wait for these. */
  private static final int MOST_WAITING = 16;

  private static final int MAX_KEYS = 100;

  /** Smaller ones have not been safe for ten years (NIST SP 800-131A). */
  private static final int MIN_RSA_BITS = 2048;

  /** Gets the text of the keys; may take seconds. */
  public interface Fetch {
    byte[] get() throws IOException;
  }

  /** Is told what happens. */
  public interface Listener {
    /** There are other keys than before, or there are keys again. */
    void loaded(int keys);

    /** There are none to be had; told once, until there are. */
    void failed(String why);
  }

  /**
   * As of one time.
   *
   * @param version the number of the change
   */
  record Keys(JWKSet set, int version) {
    boolean has(String id) {
      return set.getKeyByKeyId(id) != null;
    }
  }

  private final Fetch fetch;
  private final Listener listener;
  private final LongSupplier nanos;
  private final boolean changesAtAnyTime;
  private final Semaphore waiting = new Semaphore(MOST_WAITING);
  private final ReentrantLock fetching = new ReentrantLock();
  private volatile @Nullable Keys keys;
  private byte[] text = {};
  private boolean failing;
  private long last;
  private boolean tried;
  private @Nullable Thread keeper;

  /**
   * @param changesAtAnyTime whether it makes sense to look again for a key that is not there
   * @param nanos the clock
   */
  public KeySource(Fetch fetch, Listener listener, boolean changesAtAnyTime, LongSupplier nanos) {
    this.fetch = fetch;
    this.listener = listener;
    this.changesAtAnyTime = changesAtAnyTime;
    this.nanos = nanos;
  }

  /** Fetches the keys now; what is there stays if that fails, which the listener is told. */
  public void refresh() {
    fetching.lock();
    try {
      get();
    } finally {
      fetching.unlock();
    }
  }

  /**
   * Reads keys that have to be there.
   *
   * @throws IOException saying what is wrong
   */
  public void readFirst() throws IOException {
    fetching.lock();
    try {
      take(fetch.get());
    } finally {
      fetching.unlock();
    }
  }

  /** From now on fetches them as often as that, and sooner while there are none. */
  public void keepFresh(Duration every) {
    keeper =
        Thread.ofVirtual()
            .name("keys of tokens")
            .start(() -> {
              try {
                while (true) {
                  refresh();
                  Thread.sleep(failing ? Duration.ofNanos(pause(keys)) : every);
                }
              } catch (InterruptedException e) {
                // Not needed any more.
              }
            });
  }

  /** Nobody needs them any more. */
  public void close() {
    Thread running = keeper;
    if (running != null) {
      running.interrupt();
    }
  }

  /** Rises with each change of the keys. */
  int version() {
    Keys now = keys;
    return now == null ? 0 : now.version();
  }

  /**
   * The keys, among which that one is if it can be had; null: there are none. May wait for them to
   * be fetched.
   */
  @Nullable Keys with(@Nullable String id) {
    Keys now = keys;
    if (now != null && (id == null || now.has(id) || !changesAtAnyTime)) {
      return now;
    }
    if (!waiting.tryAcquire()) {
      return now;
    }
    try {
      fetching.lock();
      try {
        Keys next = keys;
        boolean arrived = next != null && (id == null || next.has(id));
        if (!arrived && (!tried || nanos.getAsLong() - last > pause(next))) {
          get();
        }
        return keys;
      } finally {
        fetching.unlock();
      }
    } finally {
      waiting.release();
    }
  }

  private static long pause(@Nullable Keys there) {
    return there == null ? PAUSE_WITHOUT_NANOS : PAUSE_NANOS;
  }

  private void get() {
    try {
      take(fetch.get());
      if (failing) {
        failing = false;
        Keys now = keys;
        listener.loaded(now == null ? 0 : now.set().size());
      }
    } catch (IOException e) {
      if (!failing && !Thread.currentThread().isInterrupted()) { // not when nobody needs them
        failing = true;
        listener.failed(String.valueOf(e.getMessage()));
      }
    } finally {
      tried = true;
      last = nanos.getAsLong();
    }
  }

  private void take(byte[] bytes) throws IOException {
    Keys before = keys;
    if (before != null && Arrays.equals(bytes, text)) {
      return;
    }
    JWKSet set = parse(bytes);
    text = bytes;
    keys = new Keys(set, before == null ? 1 : before.version() + 1);
    if (before != null && !failing) {
      listener.loaded(set.size());
    }
  }

  /** Public keys only, and none that is too small: whoever made these cannot be believed. */
  private static JWKSet parse(byte[] bytes) throws IOException {
    if (bytes.length > MAX_BYTES) {
      throw new IOException("must be at most 1 MiB of keys");
    }
    JWKSet all;
    try {
      all = JWKSet.parse(new String(bytes, StandardCharsets.UTF_8));
    } catch (ParseException | RuntimeException e) {
      throw new IOException("must be a set of keys as in RFC 7517", e);
    }
    List<JWK> fit = new ArrayList<>();
    for (JWK key : all.getKeys()) {
      if (key instanceof RSAKey rsa && rsa.size() >= MIN_RSA_BITS) {
        fit.add(rsa.toPublicJWK());
      } else if (key instanceof ECKey ec) {
        fit.add(ec.toPublicJWK());
      }
    }
    if (fit.isEmpty() || fit.size() > MAX_KEYS) {
      throw new IOException(
          "must have 1 to "
              + MAX_KEYS
              + " public keys, by RSA with "
              + MIN_RSA_BITS
              + " bits or more or by an elliptic curve");
    }
    return new JWKSet(fit);
  }
}
