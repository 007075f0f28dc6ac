package io.fairlead.identity;

import io.fairlead.config.BasicAuthConfig;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import org.springframework.security.crypto.bcrypt.BCrypt;

/**
 * Names and passwords (RFC 7617). Whether the name or the password is wrong cannot be told from the
 * answer, nor from the time it takes.
 */
public final class PasswordCheck implements CredentialCheck {
  /** A change of the file counts at once, whatever was found out before. */
  private static final Duration LASTS = Duration.ofMinutes(5);

  /** Longer ones cost time, and nobody types them. */
  private static final int MAX_BYTES = 1024;

  private final BasicAuthConfig config;
  private final UserFile file;
  private final String challenge;

  public PasswordCheck(BasicAuthConfig config, UserFile file) {
    this.config = config;
    this.file = file;
    this.challenge = "Basic realm=\"" + config.realm() + "\", charset=\"UTF-8\"";
  }

  @Override
  public String scheme() {
    return "basic";
  }

  @Override
  public String challenge() {
    return challenge;
  }

  @Override
  public int version() {
    return file.users().version();
  }

  @Override
  public Verdict check(byte[] credential) {
    Verdict refused = new Verdict.Refused(false, challenge);
    byte[] decoded;
    try {
      decoded = Base64.getDecoder().decode(credential);
    } catch (IllegalArgumentException e) {
      return refused;
    }
    int colon = 0;
    while (colon < decoded.length && decoded[colon] != ':') {
      colon++;
    }
    if (colon == decoded.length || decoded.length > MAX_BYTES) {
      return refused;
    }
    String name = new String(decoded, 0, colon, StandardCharsets.UTF_8);
    byte[] password = Arrays.copyOfRange(decoded, colon + 1, decoded.length);
    UserFile.Users users = file.users();
    String hash = users.hashes().get(name);
    boolean same = BCrypt.checkpw(password, hash == null ? users.dearest() : hash);
    if (!same || hash == null) {
      return refused;
    }
    return new Verdict.Accepted(
        name, config.userHeader().isEmpty() ? Map.of() : Map.of(config.userHeader(), name), LASTS);
  }
}
