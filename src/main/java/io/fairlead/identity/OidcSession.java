package io.fairlead.identity;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who has signed in, with what some route wants to know of them: a browser keeps it, so
 * there is nothing else in it.
 *
 * @param who what the provider calls them ({@code sub})
 * @param until end of the session, in milliseconds since 1970
 * @param said by {@link #key} of a claim: its text for nodes; empty: the token had none
 * @param fulfilled by {@link #key} of a claim and a value that a route asks for: whether the token
 *     had it
 */
public record OidcSession(
    String who, long until, Map<Long, String> said, Map<Long, Boolean> fulfilled) {
  /** Characters of {@link #who}; whoever is called longer cannot sign in. */
  public static final int MAX_WHO = 255;

  private static final int VERSION = 1;

  /** Far more than fits into a cookie. */
  private static final int MOST = 1000;

  /** A short name for a claim, or for one and a value, so that little of them has to be kept. */
  public static long key(String... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String part : parts) {
        byte[] text = part.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(text.length).array());
        digest.update(text);
      }
      return ByteBuffer.wrap(digest.digest()).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  public OidcSession {
    said = Collections.unmodifiableMap(new TreeMap<>(said));
    fulfilled = Collections.unmodifiableMap(new TreeMap<>(fulfilled));
  }

  /** To be sealed. */
  byte[] bytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeLong(until);
      out.writeUTF(who);
      out.writeShort(said.size());
      for (Map.Entry<Long, String> one : said.entrySet()) {
        out.writeLong(one.getKey());
        out.writeUTF(one.getValue());
      }
      out.writeShort(fulfilled.size());
      for (Map.Entry<Long, Boolean> one : fulfilled.entrySet()) {
        out.writeLong(one.getKey());
        out.writeBoolean(one.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("text that is longer than a cookie", e);
    }
    return bytes.toByteArray();
  }

  /** As {@link #bytes} wrote it; null: another version did. */
  static @Nullable OidcSession of(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      if (in.readByte() != VERSION) {
        return null;
      }
      long until = in.readLong();
      String who = in.readUTF();
      Map<Long, String> said = new LinkedHashMap<>();
      for (int left = Math.min(in.readUnsignedShort(), MOST); left > 0; left--) {
        said.put(in.readLong(), in.readUTF());
      }
      Map<Long, Boolean> fulfilled = new LinkedHashMap<>();
      for (int left = Math.min(in.readUnsignedShort(), MOST); left > 0; left--) {
        fulfilled.put(in.readLong(), in.readBoolean());
      }
      return new OidcSession(who, until, said, fulfilled);
    } catch (IOException e) {
      return null;
    }
  }
}
