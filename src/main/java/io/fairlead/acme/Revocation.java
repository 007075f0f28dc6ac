package io.fairlead.acme;

import io.fairlead.config.AcmeConfig;
import java.io.IOException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * That a certificate is to be revoked once another one is shown (RFC 8555, 7.6). Written down, so
 * that whoever comes after a process that died does it.
 *
 * @param pem the certificate with its key, which signs that it is to be revoked
 */
public record Revocation(Reason reason, String pem) {
  private static final String ENDING = ".revoke";

  /** Why, as RFC 5280, 5.3.1, has it; those that are for whom the certificate is. */
  public enum Reason {
    UNSPECIFIED,
    KEY_COMPROMISE,
    SUPERSEDED,
    CESSATION_OF_OPERATION;

    /** As operators write it, such as {@code key-compromise}. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** All of them, for who has written another. */
    public static String words() {
      return Arrays.stream(values()).map(Reason::word).collect(Collectors.joining(", "));
    }

    /** Null: there is no such reason. */
    public static @Nullable Reason of(String word) {
      for (Reason one : values()) {
        if (one.word().equals(word)) {
          return one;
        }
      }
      return null;
    }
  }

  /** What it is called. */
  static String name(AcmeConfig config) {
    return config.id() + ENDING;
  }

  /** What was asked for and is not done; null: nothing, or nobody can read it any more. */
  static @Nullable Revocation read(@Nullable String text) {
    if (text == null) {
      return null;
    }
    int end = text.indexOf('\n');
    Reason reason = end < 0 ? null : Reason.of(text.substring(0, end));
    return reason == null ? null : new Revocation(reason, text.substring(end + 1));
  }

  String text() {
    return reason.word() + "\n" + pem;
  }

  X509Certificate certificate() throws IOException {
    return KeyText.certificate(pem);
  }

  KeyPair key() throws IOException {
    return KeyText.pair(pem, certificate());
  }

  /** Whether that, which is shown, is the one. */
  boolean isOf(String shown) throws IOException {
    return certificate().equals(KeyText.certificate(shown));
  }
}
