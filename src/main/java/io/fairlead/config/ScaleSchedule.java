package io.fairlead.config;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A span of time that comes again every week, in which a service has more nodes at least.
 *
 * @param days on which it begins
 * @param from when it begins
 * @param to when it is over; not after {@code from}: on the next day
 * @param zone whose clock that is; hours that it skips or repeats are as long as it says
 * @param min nodes that there are at least, 1 to 1000
 */
public record ScaleSchedule(
    Set<DayOfWeek> days, LocalTime from, LocalTime to, ZoneId zone, int min) {
  static final Set<DayOfWeek> EVERY_DAY =
      Collections.unmodifiableSet(EnumSet.allOf(DayOfWeek.class));

  public ScaleSchedule {
    days = days.isEmpty() ? EVERY_DAY : Collections.unmodifiableSet(EnumSet.copyOf(days));
    new Require().within(ScaleConfig.MAXES, "min", min).orRefuse();
  }

  /** Whether that moment is in it. */
  public boolean contains(Instant moment) {
    ZonedDateTime there = moment.atZone(zone);
    LocalTime time = there.toLocalTime();
    boolean today = days.contains(there.getDayOfWeek()) && !time.isBefore(from);
    if (from.isBefore(to)) {
      return today && time.isBefore(to);
    }
    return today || (days.contains(there.getDayOfWeek().minus(1)) && time.isBefore(to));
  }

  /** Days of the week: {@code mon}, or {@code mon-fri}. */
  static Set<DayOfWeek> days(String text) {
    String[] ends = text.split("-", -1);
    if (ends.length > 2) {
      throw Require.refusal(DAYS);
    }
    Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
    DayOfWeek last = day(ends[ends.length - 1]);
    for (DayOfWeek day = day(ends[0]); ; day = day.plus(1)) {
      days.add(day);
      if (day == last) {
        return days;
      }
    }
  }

  private static final String DAYS = "must be a day such as mon, or days such as mon-fri";

  private static DayOfWeek day(String text) {
    for (DayOfWeek day : DayOfWeek.values()) {
      if (word(day).equals(text)) {
        return day;
      }
    }
    throw Require.refusal(DAYS);
  }

  private static String word(DayOfWeek day) {
    return day.getDisplayName(TextStyle.SHORT, Locale.ROOT)
        .substring(0, 3)
        .toLowerCase(Locale.ROOT);
  }

  /** Hours and minutes; {@code 24:00} is midnight. */
  static LocalTime time(String text) {
    if (text.equals("24:00")) {
      return LocalTime.MIDNIGHT;
    }
    if (!text.matches("([01][0-9]|2[0-3]):[0-5][0-9]")) {
      throw Require.refusal("must be a time of day such as 07:30");
    }
    return LocalTime.parse(text);
  }

  static ZoneId zone(String text) {
    try {
      return ZoneId.of(text);
    } catch (DateTimeException e) {
      throw Require.refusal("must be a time zone such as Europe/Berlin, UTC or +02:00");
    }
  }

  /** As people read it: {@code mon, tue 07:30-19:00 Europe/Berlin}. */
  @Override
  public String toString() {
    List<String> words = days.stream().map(ScaleSchedule::word).toList();
    return (words.size() == 7 ? "every day" : String.join(", ", words))
        + " "
        + from
        + "-"
        + to
        + " "
        + zone;
  }
}
