package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * How requests of one client stay with one node: by a cookie of Fairlead's own.
 *
 * @param cookie its name
 * @param key what cookies are signed with: the first signs, all verify; empty: by a key of this
 *     instance's own
 * @param maxAge how long clients keep it; zero: until they end
 * @param idle after which without a request a session counts as over
 * @param drainPatience how long sessions stay at a node that drains
 * @param secure whether clients send it over TLS only
 * @param sameSite whether clients send it with requests that other sites cause
 * @param path of the requests that it is sent with
 */
public record AffinityConfig(
    String cookie,
    List<Secret> key,
    Duration maxAge,
    Duration idle,
    Duration drainPatience,
    Secure secure,
    SameSite sameSite,
    String path) {
  static final String DEFAULT_COOKIE = "FAIRLEAD_NODE";
  static final Duration DEFAULT_IDLE = Duration.ofMinutes(5);
  static final Duration DEFAULT_DRAIN_PATIENCE = Duration.ofHours(1);

  /** Browsers keep no cookie for longer than 400 days. */
  static final Range<Duration> MAX_AGE =
      Range.durations(Duration.ofMinutes(1), Duration.ofDays(400));

  static final Range<Duration> IDLE = Range.durations(Duration.ofSeconds(1), Duration.ofDays(1));
  static final Range<Duration> DRAIN_PATIENCE = Range.durations(Duration.ZERO, Duration.ofDays(30));

  static final int MAX_NAME = 64;
  static final int MAX_PATH = 128;
  static final int MIN_KEY = 16;
  static final int MAX_KEY = 1024;

  /** One in use, and those that go out of use. */
  static final int MAX_KEYS = 4;

  /** When the cookie says {@code Secure}. */
  public enum Secure {
    /** When the client, or the trusted proxy in front, uses TLS. */
    AUTO,
    ALWAYS,
    NEVER
  }

  /** The cookie's attribute of that name. */
  public enum SameSite {
    LAX,
    STRICT,
    NONE
  }

  public AffinityConfig {
    key = List.copyOf(key);
    Require require =
        new Require()
            .that(
                cookie.length() <= MAX_NAME,
                "cookie",
                cookie,
                "must have at most " + MAX_NAME + " characters")
            .that(key.size() <= MAX_KEYS, "key", null, "must be at most " + MAX_KEYS + " keys")
            .within(IDLE, "idle", idle)
            .within(DRAIN_PATIENCE, "drain-patience", drainPatience)
            .that(
                isPath(path),
                "path",
                path,
                "must begin with a slash and have at most "
                    + MAX_PATH
                    + " visible characters without semicolons")
            .that(
                sameSite != SameSite.NONE || secure == Secure.ALWAYS,
                "same-site",
                sameSite,
                "needs secure: always, since browsers refuse it otherwise")
            .that(
                !cookie.startsWith("__Secure-") || secure == Secure.ALWAYS,
                "cookie",
                cookie,
                "needs secure: always, since browsers refuse it otherwise")
            .that(
                !cookie.startsWith("__Host-") || (secure == Secure.ALWAYS && path.equals("/")),
                "cookie",
                cookie,
                "needs secure: always and path: /, since browsers refuse it otherwise");
    if (!maxAge.isZero()) {
      require.within(MAX_AGE, "max-age", maxAge);
    }
    require.unless(Syntax.cookieName(cookie), List.of("cookie"), cookie);
    for (int i = 0; i < key.size(); i++) {
      int length = key.get(i).value().length();
      require.that(
          length >= MIN_KEY && length <= MAX_KEY,
          List.of("key", "[" + i + "]"),
          null,
          "must have " + MIN_KEY + " to " + MAX_KEY + " characters",
          List.of());
    }
    require.orRefuse();
  }

  private static boolean isPath(String path) {
    return path.startsWith("/")
        && path.length() <= MAX_PATH
        && path.chars().allMatch(c -> c > 0x20 && c < 0x7F && c != ';');
  }

  @Override
  public String toString() {
    return "cookie " + cookie; // for people who read what has changed
  }
}
