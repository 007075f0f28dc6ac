package io.fairlead.proxy.tls;

import io.fairlead.config.ListenerTls.Tickets;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The keys of one listener's session tickets: one for new tickets, and some before it that are
 * still accepted. A key lives for {@code rotate} times {@code keep + 1}; then what was recorded
 * under it stays secret even from whoever takes this machine's memory. Used by one thread at a
 * time.
 */
final class TicketKeys {
  private static final int KEY_BYTES =
      OpenSslSessionTicketKey.NAME_SIZE
          + OpenSslSessionTicketKey.HMAC_KEY_SIZE
          + OpenSslSessionTicketKey.AES_KEY_SIZE;

  private final SecureRandom random;
  private final List<byte[]> keys = new ArrayList<>();
  private long rotatedNanos;

  TicketKeys(SecureRandom random, long now) {
    this.random = random;
    rotate(0, now);
  }

  /** Makes a new key if it is time; answers whether it was. */
  boolean rotateIfDue(Tickets config, long now) {
    if (now - rotatedNanos < config.rotate().toNanos()) {
      return false;
    }
    rotate(config.keep(), now);
    return true;
  }

  private void rotate(int keep, long now) {
    byte[] key = new byte[KEY_BYTES];
    random.nextBytes(key);
    keys.addFirst(key);
    while (keys.size() > keep + 1) {
      Arrays.fill(keys.removeLast(), (byte) 0);
    }
    rotatedNanos = now;
  }

  /** Lets the context use them. */
  void give(OpenSslSessionContext context) {
    OpenSslSessionTicketKey[] given = new OpenSslSessionTicketKey[keys.size()];
    for (int i = 0; i < given.length; i++) {
      byte[] key = keys.get(i);
      int hmac = OpenSslSessionTicketKey.NAME_SIZE;
      int aes = hmac + OpenSslSessionTicketKey.HMAC_KEY_SIZE;
      given[i] =
          new OpenSslSessionTicketKey(
              Arrays.copyOfRange(key, 0, hmac),
              Arrays.copyOfRange(key, hmac, aes),
              Arrays.copyOfRange(key, aes, KEY_BYTES));
    }
    context.setTicketKeys(given);
  }

  int count() {
    return keys.size();
  }
}
