package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How a node's wish for patience is read. */
final class RetryAfterTest {
  private static final Instant NOW = Instant.parse("2026-11-26T06:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "3, 3",
    "120, 120",
    "999999999999999999, 1000000",
    "99999999999999999999999999, 1000000",
    "'Thu, 26 Nov 2026 06:00:05 GMT', 5",
    "'Thu, 26 Nov 2026 05:59:59 GMT', 0",
    "'Wed, 01 Jan 3000 00:00:00 GMT', 1000000",
    "'Thursday, 26-Nov-26 06:00:05 GMT', 5",
    "'Thu Nov 26 06:00:05 2026', 5",
    "-1, 0",
    "1.5, 0",
    "soon, 0",
    "'', 0",
    "'Thu, 99 Nov 2026 06:00:05 GMT', 0",
  })
  void secondsOrADate(String value, long seconds) {
    byte[] bytes = Ascii.bytes("x" + value + ",");
    assertThat(RetryAfter.nanosOf(bytes, 1, bytes.length - 1, NOW))
        .isEqualTo(Duration.ofSeconds(seconds).toNanos());
  }
}
