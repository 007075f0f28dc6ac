package io.fairlead.health;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/** What logins are made of. Every JDK has these. */
final class Digests {
  private Digests() {}

  private interface Work {
    byte[] done() throws GeneralSecurityException;
  }

  private static byte[] sure(Work work) {
    try {
      return work.done();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static byte[] md5(byte[]... parts) {
    return digest("MD5", parts);
  }

  static byte[] sha1(byte[]... parts) {
    return digest("SHA-1", parts);
  }

  static byte[] sha256(byte[]... parts) {
    return digest("SHA-256", parts);
  }

  private static byte[] digest(String algorithm, byte[]... parts) {
    return sure(() -> {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      for (byte[] part : parts) {
        digest.update(part);
      }
      return digest.digest();
    });
  }

  static byte[] hmac(byte[] key, byte[] text) {
    return sure(() -> {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text);
    });
  }

  static byte[] pbkdf2(String password, byte[] salt, int rounds) {
    return sure(() ->
        SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
            .generateSecret(new PBEKeySpec(password.toCharArray(), salt, rounds, 256))
            .getEncoded());
  }

  static byte[] xor(byte[] one, byte[] other) {
    byte[] both = one.clone();
    for (int i = 0; i < both.length; i++) {
      both[i] = (byte) (both[i] ^ other[i]);
    }
    return both;
  }
}
