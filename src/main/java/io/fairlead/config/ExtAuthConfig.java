package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * A service that is asked about each request of a route.
 *
 * @param service who is asked
 * @param path what it is asked for, by GET; begins with a slash
 * @param timeout for its answer, all tries together; 1 ms to 1 min
 * @param send names of the request's fields that it gets, lower case
 * @param take names of fields of its answer that nodes get, lower case; what a client says in such
 *     a field goes nowhere
 * @param fail what becomes of a request about which nothing could be found out
 */
public record ExtAuthConfig(
    String service,
    String path,
    Duration timeout,
    List<String> send,
    List<String> take,
    Fail fail) {
  static final Range<Duration> TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofMinutes(1));
  static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(1);
  static final List<String> DEFAULT_SEND = List.of("authorization", "cookie");
  static final int MAX_FIELDS = 32;

  /** What becomes of a request about which nothing could be found out. */
  public enum Fail {
    /** It is turned away. */
    CLOSED,
    /** It goes on. */
    OPEN
  }

  public ExtAuthConfig {
    send = List.copyOf(send);
    take = List.copyOf(take);
    new Require()
        .unless(Syntax.probePath(path), List.of("path"), path)
        .within(TIMEOUT, "timeout", timeout)
        .that(send.size() <= MAX_FIELDS, "send", send.size(), "must be at most " + MAX_FIELDS)
        .that(take.size() <= MAX_FIELDS, "take", take.size(), "must be at most " + MAX_FIELDS)
        .orRefuse();
  }
}
