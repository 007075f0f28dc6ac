package io.fairlead.acme;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;

/**
 * A certificate that answers one question in a handshake (RFC 8737, 3).
 *
 * @param key its key, made for this alone
 * @param certificate self-signed
 */
public record HandshakeProof(PrivateKey key, X509Certificate certificate) {
  /** Makes one. */
  public static HandshakeProof of(Challenges.Question question, Instant now) {
    KeyPair key = KeyText.make();
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(question.authorization().getBytes(StandardCharsets.US_ASCII));
      return new HandshakeProof(key.getPrivate(), Der.proof(question.domain(), digest, key, now));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a certificate that was made cannot be read", e);
    }
  }
}
