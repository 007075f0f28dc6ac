package io.fairlead.proxy.tls;

import io.fairlead.config.ListenerTls.Tickets;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * The keys of one listener's session tickets (RFC 5077, 4; RFC 8446, 4.6.1): one for new tickets,
 * the next one, some of the past that are still accepted, and those of others who serve the same
 * clients: other instances of the group, and the process before this one. A key lives from when it
 * is used first for {@code rotate} times {@code keep + 1}; then what was recorded under it stays
 * secret even from whoever takes this machine's memory. Used by one thread at a time.
 *
 * <p>The next key is there for as long as it will be used, so that others know it before the first
 * ticket under it comes to them.
 */
final class TicketKeys {
  private static final int KEY_BYTES =
      OpenSslSessionTicketKey.NAME_SIZE
          + OpenSslSessionTicketKey.HMAC_KEY_SIZE
          + OpenSslSessionTicketKey.AES_KEY_SIZE;

  /** Of others; the library goes through all of them for each ticket. */
  static final int MOST_OF_OTHERS = 256;

  private static final class Key {
    final byte[] bytes;
    final long endNanos;

    Key(byte[] bytes, long endNanos) {
      this.bytes = bytes;
      this.endNanos = endNanos;
    }

    boolean hasName(byte[] other) {
      int name = OpenSslSessionTicketKey.NAME_SIZE;
      return Arrays.equals(bytes, 0, name, other, 0, name);
    }

    void forget() {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  private final SecureRandom random;

  /** The one for new tickets, the next one, then the one before. */
  private final List<Key> own = new ArrayList<>();

  private final List<Key> others = new ArrayList<>();
  private long rotatedNanos;

  TicketKeys(SecureRandom random, Tickets config, long now) {
    this.random = random;
    own.add(fresh(now + life(config)));
    own.add(fresh(now + config.rotate().toNanos() + life(config)));
    rotatedNanos = now;
  }

  private static long life(Tickets config) {
    return config.rotate().toNanos() * (config.keep() + 1);
  }

  private Key fresh(long endNanos) {
    byte[] key = new byte[KEY_BYTES];
    random.nextBytes(key);
    return new Key(key, endNanos);
  }

  /** Does what is due by now; answers whether {@link #give} gives something else than before. */
  boolean turn(Tickets config, long now) {
    boolean changes = end(own.subList(2, own.size()), now);
    changes |= end(others, now);
    if (now - rotatedNanos >= config.rotate().toNanos()) {
      Key next = own.get(1);
      own.set(1, own.getFirst());
      own.set(0, next);
      own.add(1, fresh(now + config.rotate().toNanos() + life(config)));
      rotatedNanos = now;
      changes = true;
    }
    return changes;
  }

  private static boolean end(List<Key> keys, long now) {
    return keys.removeIf(key -> {
      boolean over = now - key.endNanos >= 0;
      if (over) {
        key.forget();
      }
      return over;
    });
  }

  /**
   * Accepts tickets under somebody else's key, too.
   *
   * @param left how long it may live; what is longer than a key of ours is cut
   * @return whether it was not known
   */
  boolean accept(byte[] key, Duration left, Tickets config, long now) {
    long most = config.rotate().toNanos() + life(config);
    if (key.length != KEY_BYTES
        || !left.isPositive()
        || own.stream().anyMatch(one -> one.hasName(key))
        || others.stream().anyMatch(one -> one.hasName(key))) {
      return false;
    }
    long nanos = left.compareTo(Duration.ofNanos(most)) < 0 ? left.toNanos() : most;
    if (others.size() == MOST_OF_OTHERS) {
      Key least = Collections.min(others, Comparator.comparingLong(one -> one.endNanos - now));
      if (least.endNanos - now >= nanos) {
        return false;
      }
      others.remove(least);
      least.forget();
    }
    others.add(new Key(key.clone(), now + nanos));
    return true;
  }

  /** All keys with the time that each has left. */
  void tell(TlsListener.TicketKeyTaker taker, long now) {
    own.forEach(key -> taker.take(key.bytes.clone(), Duration.ofNanos(key.endNanos - now)));
    others.forEach(key -> taker.take(key.bytes.clone(), Duration.ofNanos(key.endNanos - now)));
  }

  /** All of them, that for new tickets first. Not to be changed. */
  List<byte[]> secrets() {
    List<byte[]> secrets = new ArrayList<>();
    own.forEach(key -> secrets.add(key.bytes));
    others.forEach(key -> secrets.add(key.bytes));
    return secrets;
  }

  /** Lets the context use them. */
  void give(OpenSslSessionContext context) {
    List<OpenSslSessionTicketKey> given = new ArrayList<>();
    own.forEach(key -> given.add(forLibrary(key.bytes)));
    others.forEach(key -> given.add(forLibrary(key.bytes)));
    context.setTicketKeys(given.toArray(OpenSslSessionTicketKey[]::new));
  }

  private static OpenSslSessionTicketKey forLibrary(byte[] key) {
    int hmac = OpenSslSessionTicketKey.NAME_SIZE;
    int aes = hmac + OpenSslSessionTicketKey.HMAC_KEY_SIZE;
    return new OpenSslSessionTicketKey(
        Arrays.copyOfRange(key, 0, hmac),
        Arrays.copyOfRange(key, hmac, aes),
        Arrays.copyOfRange(key, aes, KEY_BYTES));
  }

  int count() {
    return own.size() + others.size();
  }
}
