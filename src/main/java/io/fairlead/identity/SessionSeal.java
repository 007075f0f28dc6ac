package io.fairlead.identity;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Makes what browsers keep for us unreadable and unchangeable: AES-256 in GCM. Each text has a key
 * of its own, made by HMAC-SHA-256 of a shared key and 16 bytes of chance, so that it does not
 * matter how many texts how many instances seal. Each is bound to what it is for: none can be put
 * in another's place.
 *
 * <p>For one thread: it takes no lock, and its chance comes from HMAC of a seed that nobody else
 * has and a number that rises (as in NIST SP 800-90A, without reseeding).
 */
public final class SessionSeal {
  /** Bytes of a seed. */
  public static final int SEED = 32;

  private static final String HASH = "HmacSHA256";
  private static final int SALT = 16;
  private static final int NONCE = 12;
  private static final int TAG = 16;
  private static final int TAG_BITS = 8 * TAG;
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
  private static final Base64.Decoder DECODER = Base64.getUrlDecoder();

  private final byte[][] keys;
  private final Mac chance;
  private final Mac derive;
  private final Cipher cipher;
  private long drawn;

  /**
   * @param keys the first seals, all open
   * @param bound whom texts are of; others with the same key cannot open them
   * @param seed of chance, {@value #SEED} bytes that nobody can guess and that are used once
   */
  public SessionSeal(List<byte[]> keys, String bound, byte[] seed) {
    try {
      chance = Mac.getInstance(HASH);
      chance.init(new SecretKeySpec(seed, HASH));
      derive = Mac.getInstance(HASH);
      cipher = Cipher.getInstance("AES/GCM/NoPadding");
      this.keys = new byte[keys.size()][];
      for (int i = 0; i < this.keys.length; i++) {
        this.keys[i] =
            mac(keys.get(i), ("fairlead oidc 1 " + bound).getBytes(StandardCharsets.UTF_8));
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has AES in GCM and " + HASH, e);
    }
  }

  private byte[] mac(byte[] key, byte[] text) throws GeneralSecurityException {
    derive.init(new SecretKeySpec(key, HASH));
    return derive.doFinal(text);
  }

  /** Bytes that nobody can guess. */
  byte[] fresh(int count) {
    byte[] bytes = new byte[count];
    for (int at = 0; at < count; ) {
      long number = drawn++;
      for (int i = 0; i < Long.BYTES; i++) {
        chance.update((byte) (number >> (8 * i)));
      }
      byte[] block = chance.doFinal();
      int taken = Math.min(block.length, count - at);
      System.arraycopy(block, 0, bytes, at, taken);
      at += taken;
    }
    return bytes;
  }

  /** Text of as many bytes of chance, in base64url. */
  String freshText(int bytes) {
    return ENCODER.encodeToString(fresh(bytes));
  }

  /**
   * Seals.
   *
   * @param purpose what it is for
   * @return base64url, four thirds as long and 59 characters
   */
  public String close(String purpose, byte[] clear) {
    byte[] head = fresh(SALT + NONCE);
    try {
      byte[] sealed = Arrays.copyOf(head, SALT + NONCE + clear.length + TAG);
      begin(Cipher.ENCRYPT_MODE, keys[0], sealed, purpose);
      int _ = cipher.doFinal(clear, 0, clear.length, sealed, SALT + NONCE);
      return ENCODER.encodeToString(sealed);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has AES in GCM", e);
    }
  }

  /** What was sealed for that; null: it was not, or by another key, or somebody changed it. */
  public byte @Nullable [] open(String purpose, String text) {
    byte[] sealed;
    try {
      sealed = DECODER.decode(text);
    } catch (IllegalArgumentException e) {
      return null;
    }
    // Of several texts that stand for the same bytes one is ours.
    if (sealed.length < SALT + NONCE + TAG || !ENCODER.encodeToString(sealed).equals(text)) {
      return null;
    }
    for (byte[] key : keys) {
      try {
        begin(Cipher.DECRYPT_MODE, key, sealed, purpose);
        return cipher.doFinal(sealed, SALT + NONCE, sealed.length - SALT - NONCE);
      } catch (GeneralSecurityException e) {
        // Sealed by another key, or by nobody.
      }
    }
    return null;
  }

  private void begin(int mode, byte[] key, byte[] sealed, String purpose)
      throws GeneralSecurityException {
    byte[] own = mac(key, Arrays.copyOf(sealed, SALT));
    cipher.init(
        mode, new SecretKeySpec(own, "AES"), new GCMParameterSpec(TAG_BITS, sealed, SALT, NONCE));
    cipher.updateAAD(purpose.getBytes(StandardCharsets.UTF_8));
  }
}
