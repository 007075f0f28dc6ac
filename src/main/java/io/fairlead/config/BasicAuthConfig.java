package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Names and passwords (RFC 7617) that a route asks for.
 *
 * @param realm what clients are told that the password is for; visible ASCII, no quotes
 * @param users file of {@code NAME:HASH} lines as {@code htpasswd -B} writes them
 * @param userHeader field that tells nodes the name, lower case; empty: they are not told. What a
 *     client says in such a field goes nowhere
 * @param passCredentials whether nodes get name and password as the client sent them
 * @param attempts passwords of one client address that are checked on average; those that have been
 *     found good lately are not counted
 */
public record BasicAuthConfig(
    String realm, Path users, String userHeader, boolean passCredentials, Rate attempts) {
  static final String DEFAULT_REALM = "fairlead";
  static final Rate DEFAULT_ATTEMPTS = Rate.parse("5/s");

  /** Addresses whose attempts are counted apart at the same time. */
  public static final int CLIENTS = 8192;

  /** Attempts at once after a pause, in multiples of those in the rate's unit of time. */
  private static final int BURST = 10;

  public BasicAuthConfig {
    new Require()
        .unless(realm(realm), List.of("realm"), realm)
        .unless(
            userHeader.isEmpty() ? null : HeaderEdits.name(userHeader),
            List.of("user-header"),
            userHeader)
        .that(
            !userHeader.equals("authorization"),
            "user-header",
            userHeader,
            "must be another field than that of the credentials")
        .orRefuse();
  }

  /** Passwords of one client address that are checked at once after a pause. */
  public int burst() {
    return Math.min(BURST * attempts.count(), RateLimitConfig.BURST.max());
  }

  /** What is wrong with a realm. */
  static @Nullable String realm(String text) {
    boolean fine =
        !text.isEmpty()
            && text.length() <= 128
            && text.chars().allMatch(c -> c >= ' ' && c < 127 && c != '"' && c != '\\');
    return fine ? null : "must be 1 to 128 printable ASCII characters, none of them \" or \\";
  }
}
