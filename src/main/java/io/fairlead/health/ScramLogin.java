package io.fairlead.health;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.Base64;
import java.util.List;

/**
 * SCRAM-SHA-256 (RFC 5802, 7677): both sides prove that they know the password, and neither says
 * it.
 */
final class ScramLogin {
  private static final String MECHANISM = "SCRAM-SHA-256";

  /** PostgreSQL's default is 4096; more than this only keeps a processor busy. */
  private static final int MAX_ROUNDS = 100_000;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final String password;
  private final String nonce;
  private String firstBare = "";
  private byte[] expected = {};
  private boolean complete;

  ScramLogin(String password) {
    // SASLprep's normal form; what it forbids, servers take as it is.
    this.password = Normalizer.normalize(password, Normalizer.Form.NFKC);
    byte[] chance = new byte[18];
    RANDOM.nextBytes(chance);
    this.nonce = Base64.getEncoder().encodeToString(chance);
  }

  boolean isComplete() {
    return complete;
  }

  /** The mechanism, and the first thing said in it. */
  byte[] first(List<String> mechanisms) throws Conversation.Failure {
    if (!mechanisms.contains(MECHANISM)) {
      throw new Conversation.Failure("does not offer " + MECHANISM);
    }
    firstBare = "n=,r=" + nonce;
    byte[] message = utf8("n,," + firstBare);
    byte[] name = utf8(MECHANISM + "\0");
    return ByteBuffer.allocate(name.length + 4 + message.length)
        .put(name)
        .putInt(message.length)
        .put(message)
        .array();
  }

  /** The answer to the server's question. */
  byte[] proof(byte[] question) throws Conversation.Failure {
    String asked = new String(question, StandardCharsets.UTF_8);
    String serverNonce = value(asked, "r=");
    int rounds = number(value(asked, "i="));
    if (!serverNonce.startsWith(nonce) || rounds < 1 || rounds > MAX_ROUNDS) {
      throw broken();
    }
    byte[] salted = Digests.pbkdf2(password, decoded(value(asked, "s=")), rounds);
    String last = "c=biws,r=" + serverNonce;
    byte[] said = utf8(firstBare + "," + asked + "," + last);
    byte[] clientKey = Digests.hmac(salted, utf8("Client Key"));
    byte[] signature = Digests.hmac(Digests.sha256(clientKey), said);
    expected = Digests.hmac(Digests.hmac(salted, utf8("Server Key")), said);
    String proof = Base64.getEncoder().encodeToString(Digests.xor(clientKey, signature));
    return utf8(last + ",p=" + proof);
  }

  /** Whether the server knows the password, too. */
  void verify(byte[] last) throws Conversation.Failure {
    String said = value(new String(last, StandardCharsets.UTF_8), "v=");
    if (!MessageDigest.isEqual(expected, decoded(said))) {
      throw new Conversation.Failure("does not know the password that it asks for");
    }
    complete = true;
  }

  private static String value(String message, String key) throws Conversation.Failure {
    for (String part : message.split(",", -1)) {
      if (part.startsWith(key)) {
        return part.substring(key.length());
      }
    }
    throw broken();
  }

  private static int number(String text) throws Conversation.Failure {
    if (!text.matches("[0-9]{1,8}")) {
      throw broken();
    }
    return Integer.parseInt(text);
  }

  private static byte[] decoded(String text) throws Conversation.Failure {
    try {
      byte[] bytes = Base64.getDecoder().decode(text);
      if (bytes.length > 0) {
        return bytes;
      }
    } catch (IllegalArgumentException _) {
      // said below
    }
    throw broken();
  }

  private static Conversation.Failure broken() {
    return new Conversation.Failure("broke the rules of the login");
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
