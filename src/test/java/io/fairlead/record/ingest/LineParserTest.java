package io.fairlead.record.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.LogSource.Format;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What lines say of themselves. */
final class LineParserTest {
  private static final String ARRIVED = "2026-11-26T12:00:00Z";

  private static final long MICROS = LineParser.micros(Instant.parse(ARRIVED));

  private static String said(String line, Format format) {
    LineParser.Found found = LineParser.parse(line, format, MICROS);
    Instant time = Instant.EPOCH.plus(found.micros(), ChronoUnit.MICROS);
    return (found.micros() == MICROS ? "-" : time)
        + " "
        + (found.level().isEmpty() ? "-" : found.level())
        + " "
        + (found.requestId() == null ? "-" : found.requestId())
        + " "
        + (found.traceId() == null ? "-" : found.traceId());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "2026-11-26T10:00:00.123456Z ERROR no stock   | 2026-11-26T10:00:00.123456Z error - -",
        "2026-11-26 10:00:00,123+0100 WARN slow       | 2026-11-26T09:00:00.123Z warn - -",
        "2026-11-26T10:00:00+01:00 [info] x           | 2026-11-26T09:00:00Z info - -",
        "[26/Nov/2026:10:00:00 +0100] \"GET / HTTP/1.1\" | 2026-11-26T09:00:00Z - - -",
        "level=warning msg=\"x\"                       | - warn - -",
        "severity: CRITICAL boom                      | - fatal - -",
        "x request_id=abc-1 y                         | - - abc-1 -",
        "x X-Request-Id: \"abc-1\", y                 | - - abc-1 -",
        "served 01a218a59e270000deadbeef in 3 ms      | - - 01a218a59e270000deadbeef -",
        "hash 01a218a59e270000deadbeef0 is longer     | - - - -",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 "
            + "| - - - 0af7651916cd43dd8448eb211c80319c",
        "trace_id=0af7651916cd43dd8448eb211c80319c    | - - - 0af7651916cd43dd8448eb211c80319c",
        "an errors.go file said INFORMATION           | - - - -",
        "9999-99-99T99:99:99Z odd                     | - - - -",
        "1999-01-01T00:00:00Z too long ago            | - - - -",
        "GET /error/ERROR.txt                         | - - - -",
      })
  void ofText(String line, String wanted) {
    assertThat(said(line, Format.PLAIN)).isEqualTo(wanted);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"time\":\"2026-11-26T10:00:00Z\",\"level\":\"Warn\"}   | 2026-11-26T10:00:00Z warn - -",
        "{\"ts\":1795687200.5,\"level\":50}      | 2026-11-26T10:00:00.500Z error - -",
        "{\"@timestamp\":1795687200500}          | 2026-11-26T10:00:00.500Z - - -",
        "{\"timestamp\":1795687200500000000}     | 2026-11-26T10:00:00.500Z - - -",
        "{\"request_id\":\"r1\",\"traceId\":\"t1\"} | - - r1 t1",
        "{\"msg\":\"request-id: r2\"}            | - - r2 -",
        "{\"level\":{\"a\":1},\"time\":null}     | - - - -",
        "{\"level\":\"error\"                    | - error - -",
        "2026-11-26T10:00:00Z ERROR plain        | 2026-11-26T10:00:00Z error - -",
      })
  void ofJson(String line, String wanted) {
    assertThat(said(line, Format.JSON)).isEqualTo(wanted);
  }

  /** Whatever there is in a line, it is kept, and soon. */
  @Test
  void nothingIsTooStrange() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    String pieces = "{}[]\":,=-0123456789abcdefTZ <>\\request_id trace 00-\u00e4\ud83d\ude00";
    long begin = System.nanoTime();
    for (int i = 0; i < 2000; i++) {
      StringBuilder line = new StringBuilder();
      for (int n = random.nextInt(400); n > 0; n--) {
        line.append(pieces.charAt(random.nextInt(pieces.length())));
      }
      for (Format format : Format.values()) {
        assertThat(LineParser.parse(line.toString(), format, MICROS).level())
            .as("seed %d", seed)
            .isNotNull();
      }
    }
    for (String each :
        new String[] {" ", "a", "0", "-", "request-id", "\"", "{", "[error", "00-"}) {
      assertThat(said(each.repeat(8192 / each.length()), Format.JSON)).isNotEmpty();
    }
    assertThat(System.nanoTime() - begin).isLessThan(20_000_000_000L);
  }
}
