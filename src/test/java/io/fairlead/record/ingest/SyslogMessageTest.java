package io.fairlead.record.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages as RFC 5424 and RFC 3164 have them, and as they come. */
final class SyslogMessageTest {
  private static final long ARRIVED = LineParser.micros(Instant.parse("2026-01-02T12:00:00Z"));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "<34>1 2026-01-01T22:14:15.003Z mymachine.example su - ID47 - 'su root' failed"
            + " | fatal mymachine.example su 'su root' failed",
        "<165>1 2026-01-01T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time."
            + " | info 192.0.2.1 myproc %% It's time.",
        "<165>1 2026-01-01T22:14:15.003Z h app - ID47 [e@1 iut=\"3\" b=\"a\\\"]\"][f@2 x=\"1\"] text"
            + " | info h app text",
        "<11>1 - - - - - - | error   ",
        "<11>1 - h app - - [open text | none",
        "<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed | fatal mymachine su 'su root' failed",
        "<13>Jan  1 00:00:00 h app: x: y | info h app x: y",
        "<30>Jan  1 00:00:00 dockerd[9]: no host | info  dockerd no host",
        "<14>just words | info   just words",
        "<14> | info   ",
        "no priority | none",
        "<1000>x | none",
      })
  void means(String message, String wanted) {
    SyslogMessage found = SyslogMessage.parse(message, ARRIVED);
    assertThat(
            found == null
                ? "none"
                : found.level() + " " + found.host() + " " + found.app() + " " + found.text())
        .isEqualToIgnoringWhitespace(wanted);
  }

  /** A time without a year is the one that is nearest. */
  @Test
  void theYearIsTheNearest() {
    SyslogMessage old =
        Objects.requireNonNull(SyslogMessage.parse("<13>Dec 31 23:59:59 h app: x", ARRIVED));
    assertThat(old.micros())
        .isEqualTo(
            LineParser.micros(
                ZonedDateTime.of(2025, 12, 31, 23, 59, 59, 0, ZoneId.systemDefault()).toInstant()));
  }
}
