package io.fairlead.identity;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * A browser that has been sent to a provider: what comes back with it as {@code state}, sealed.
 *
 * @param until it has to be back by then, in milliseconds since 1970
 * @param browser what that browser has in a cookie
 * @param nonce what the ID token has to have in it
 * @param verifier for PKCE (RFC 7636)
 * @param redirectUri where it has to come back
 * @param target path and query that it goes to then
 */
record OidcAttempt(
    long until, String browser, String nonce, String verifier, String redirectUri, String target) {
  private static final int VERSION = 1;

  /** To be sealed. */
  byte[] bytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeLong(until);
      out.writeUTF(browser);
      out.writeUTF(nonce);
      out.writeUTF(verifier);
      out.writeUTF(redirectUri);
      out.writeUTF(target);
    } catch (IOException e) {
      throw new UncheckedIOException("text that is longer than a target", e);
    }
    return bytes.toByteArray();
  }

  /** As {@link #bytes} wrote it; null: another version did. */
  static @Nullable OidcAttempt of(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      return in.readByte() != VERSION
          ? null
          : new OidcAttempt(
              in.readLong(), in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF());
    } catch (IOException e) {
      return null;
    }
  }
}
