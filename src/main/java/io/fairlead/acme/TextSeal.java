package io.fairlead.acme;

import io.fairlead.config.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Makes texts unreadable to all but those who know the token of a group, and unchangeable: AES-256
 * in GCM, by a key that PBKDF2 makes of the token (RFC 8018), so that guessing a poor one takes
 * long. Each text is bound to its name: none can be put in another's place.
 */
public final class TextSeal {
  private static final int NONCE = 12;
  private static final int TAG_BITS = 128;
  private static final int KEY_BITS = 256;

  /** About 50 ms, once. */
  private static final int ITERATIONS = 100_000;

  private final Secret token;
  private final String group;
  private final SecureRandom random;
  private @Nullable SecretKey key;

  /**
   * @param group its name, so that groups with the same token do not have the same key
   */
  public TextSeal(Secret token, String group, SecureRandom random) {
    this.token = token;
    this.group = group;
    this.random = random;
  }

  /** Made when it is needed first: it takes a while. */
  private synchronized SecretKey key() throws GeneralSecurityException {
    SecretKey made = key;
    if (made == null) {
      byte[] salt = ("fairlead acme " + group).getBytes(StandardCharsets.UTF_8);
      PBEKeySpec spec = new PBEKeySpec(token.value().toCharArray(), salt, ITERATIONS, KEY_BITS);
      made =
          new SecretKeySpec(
              SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                  .generateSecret(spec)
                  .getEncoded(),
              "AES");
      key = made;
    }
    return made;
  }

  String close(String name, String text) {
    byte[] nonce = new byte[NONCE];
    random.nextBytes(nonce);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, name, nonce, 0);
      byte[] clear = text.getBytes(StandardCharsets.UTF_8);
      byte[] sealed = new byte[NONCE + cipher.getOutputSize(clear.length)];
      System.arraycopy(nonce, 0, sealed, 0, NONCE);
      int _ = cipher.doFinal(clear, 0, clear.length, sealed, NONCE);
      return Base64.getEncoder().encodeToString(sealed);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has AES in GCM", e);
    }
  }

  /** Null: it was sealed by another token, or is damaged. */
  @Nullable String open(String name, String sealed) {
    try {
      byte[] bytes = Base64.getDecoder().decode(sealed);
      if (bytes.length <= NONCE) {
        return null;
      }
      Cipher cipher = cipher(Cipher.DECRYPT_MODE, name, bytes, 0);
      return new String(cipher.doFinal(bytes, NONCE, bytes.length - NONCE), StandardCharsets.UTF_8);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return null;
    }
  }

  private Cipher cipher(int mode, String name, byte[] nonce, int at)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key(), new GCMParameterSpec(TAG_BITS, nonce, at, NONCE), random);
    cipher.updateAAD(name.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }
}
