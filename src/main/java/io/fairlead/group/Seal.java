package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Shows that whoever said something knows the group's token, without saying it (RFC 2104). */
final class Seal {
  private static final String ALGORITHM = "HmacSHA256";

  private final SecretKeySpec key;

  private Seal(String token) {
    key = new SecretKeySpec(token.getBytes(StandardCharsets.UTF_8), ALGORITHM);
  }

  /** Where there is no token all have the same. */
  static Seal of(GroupConfig config) {
    return new Seal(config.token().map(Secret::value).orElse("no token"));
  }

  String close(String text, String nonce) {
    return code(text, nonce) + " " + text;
  }

  /**
   * What was said; null: by somebody with another token.
   *
   * @throws IllegalArgumentException if nothing was sealed
   */
  @Nullable String open(String sealed, String nonce) {
    int space = sealed.indexOf(' ');
    if (space < 0) {
      throw new IllegalArgumentException("no code");
    }
    String text = sealed.substring(space + 1);
    return MessageDigest.isEqual(
            sealed.substring(0, space).getBytes(StandardCharsets.UTF_8),
            code(text, nonce).getBytes(StandardCharsets.UTF_8))
        ? text
        : null;
  }

  private String code(String text, String nonce) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      mac.update(nonce.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, e);
    }
  }
}
