package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.DayOfWeek;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScaleScheduleTest {
  /** 2026-06-01 is a Monday. */
  @ParameterizedTest
  @CsvSource({
    "mon-fri, 07:30, 19:00, UTC,              2026-06-01T07:29:59, false",
    "mon-fri, 07:30, 19:00, UTC,              2026-06-01T07:30:00, true",
    "mon-fri, 07:30, 19:00, UTC,              2026-06-01T18:59:59, true",
    "mon-fri, 07:30, 19:00, UTC,              2026-06-01T19:00:00, false",
    "mon-fri, 07:30, 19:00, UTC,              2026-06-06T12:00:00, false", // Saturday
    "mon-fri, 07:30, 19:00, Europe/Berlin,    2026-06-01T05:30:00, true", // summer: two hours ahead
    "mon-fri, 07:30, 19:00, Europe/Berlin,    2026-12-07T05:30:00, false", // winter: one
    "mon-fri, 07:30, 19:00, Europe/Berlin,    2026-12-07T06:30:00, true",
    "fri,     22:00, 02:00, UTC,              2026-06-05T23:00:00, true", // over midnight
    "fri,     22:00, 02:00, UTC,              2026-06-06T01:59:00, true",
    "fri,     22:00, 02:00, UTC,              2026-06-06T02:00:00, false",
    "fri,     22:00, 02:00, UTC,              2026-06-05T01:00:00, false",
    "sat-mon, 00:00, 24:00, UTC,              2026-06-01T23:59:00, true", // whole days
    "sat-mon, 00:00, 24:00, UTC,              2026-06-02T00:00:00, false",
    "sun,     01:00, 01:00, UTC,              2026-06-01T00:59:00, true"
  })
  void contains(
      String days, String from, String to, String zone, LocalDateTime moment, boolean inside) {
    ScaleSchedule schedule =
        new ScaleSchedule(
            ScaleSchedule.days(days),
            ScaleSchedule.time(from),
            ScaleSchedule.time(to),
            ScaleSchedule.zone(zone),
            2);
    assertThat(schedule.contains(moment.atZone(ZoneId.of("UTC")).toInstant())).isEqualTo(inside);
  }

  @Test
  void isReadByPeople() {
    assertThat(
            new ScaleSchedule(
                EnumSet.of(DayOfWeek.MONDAY, DayOfWeek.TUESDAY),
                ScaleSchedule.time("07:30"),
                ScaleSchedule.time("19:00"),
                ZoneId.of("Europe/Berlin"),
                4))
        .hasToString("mon, tue 07:30-19:00 Europe/Berlin");
    assertThat(
            new ScaleSchedule(
                Set.of(),
                ScaleSchedule.time("07:30"),
                ScaleSchedule.time("19:00"),
                ZoneId.of("UTC"),
                4))
        .hasToString("every day 07:30-19:00 UTC");
  }
}
