package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Ages, lifetimes and dates, with a clock of the test's own. */
final class CacheLifeTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final int ROUNDS = 20_000;

  private final long seed = System.nanoTime();
  private final SplittableRandom random = new SplittableRandom(seed);

  private static Head answer(String fields) {
    Head head = new Head();
    head.put(Ascii.bytes("HTTP/1.1 200 OK\r\n" + fields + "\r\n"));
    assertThat(HeadParser.parseResponse(head, 10_000, 100)).isEqualTo(HeadParser.Result.DONE);
    return head;
  }

  private static CacheDirectives request(String value) {
    CacheDirectives directives = new CacheDirectives();
    directives.readRequest(
        answer(value.isEmpty() ? "" : "Cache-Control: " + value + "\r\n")); // a head is a head
    return directives;
  }

  private static CacheLife life(
      String fields, long lifetime, long date, long asked, long now, long wall) {
    Head head = answer(fields);
    CacheDirectives directives = new CacheDirectives();
    directives.read(head);
    return CacheLife.of(head, directives, lifetime, date, asked, now, wall);
  }

  /**
   * RFC 9111, 4.2.3, literally and in seconds, beside what is reckoned in nanoseconds: never
   * younger, and older by less than the seconds that the formula rounds away.
   */
  @Test
  void agesAreThoseOfTheFormula() {
    for (int round = 0; round < ROUNDS; round++) {
      long wall = random.nextLong(1_000_000_000L, 3_000_000_000L);
      long date = wall + random.nextLong(-100, 100);
      long said = random.nextBoolean() ? random.nextLong(200) : 0;
      long asked = random.nextLong(); // the loops' clock begins anywhere, and may run over
      long way = random.nextLong(20 * SECOND);
      long came = asked + way;
      long lifetime = random.nextLong(300);
      CacheLife life =
          life(said > 0 ? "Age: " + said + "\r\n" : "", lifetime, date, asked, came, wall);
      long rest = random.nextLong(300 * SECOND);
      long now = came + rest;

      long apparentAge = Math.max(0, wall - date);
      long correctedAgeValue = said + way / SECOND;
      long correctedInitialAge = Math.max(apparentAge, correctedAgeValue);
      long currentAge = correctedInitialAge + rest / SECOND;
      assertThat(life.age(now))
          .as("seed %d, round %d", seed, round)
          .isBetween(currentAge, currentAge + 1);
      boolean fresh = life.isFresh(now);
      if (fresh) { // never longer than the formula lets it be
        assertThat(lifetime).as("seed %d", seed).isGreaterThan(currentAge);
      } else {
        assertThat(lifetime).as("seed %d", seed).isLessThanOrEqualTo(currentAge + 2);
      }
      assertThat(life.left(now) >= 0 && lifetime > 0 && life.left(now) > 0)
          .isEqualTo(fresh && lifetime * SECOND - (now - life.born()) >= SECOND);
      assertThat(life.serves(request(""), now)).isEqualTo(fresh);
      long most = random.nextLong(600);
      assertThat(life.serves(request("max-age=" + most), now))
          .isEqualTo(fresh && life.age(now) <= most);
      assertThat(life.serves(request("max-stale"), now)).isTrue();
      assertThat(life.serves(request("min-fresh=0"), now)).isEqualTo(fresh);
      assertThat(life.serves(request("no-cache, max-stale"), now)).isFalse();
      // Time goes on: what is stale stays so, and nothing grows younger.
      long later = now + random.nextLong(100 * SECOND);
      assertThat(life.isFresh(later) && !fresh).isFalse();
      assertThat(life.age(later)).isGreaterThanOrEqualTo(life.age(now));
    }
  }

  @Test
  void instantsAroundTheEnd() {
    CacheLife life = life("Cache-Control: stale-if-error=5\r\n", 10, 1000, 0, 0, 1000);
    assertThat(life.isFresh(10 * SECOND - 1)).isTrue();
    assertThat(life.isFresh(10 * SECOND)).isFalse();
    assertThat(life.serves(request("max-stale=3"), 13 * SECOND)).isTrue();
    assertThat(life.serves(request("max-stale=3"), 13 * SECOND + 1)).isFalse();
    assertThat(life.serves(request("min-fresh=4"), 6 * SECOND)).isTrue();
    assertThat(life.serves(request("min-fresh=4"), 6 * SECOND + 1)).isFalse();
    assertThat(life.servesInsteadOfError(15 * SECOND - 1)).isTrue();
    assertThat(life.servesInsteadOfError(15 * SECOND)).isFalse();
    assertThat(life.left(3 * SECOND)).isEqualTo(7);
    assertThat(life.left(12 * SECOND)).isEqualTo(-2);
    for (String strict : new String[] {"must-revalidate", "proxy-revalidate", "s-maxage=10"}) {
      CacheLife bound =
          life("Cache-Control: stale-if-error=5, " + strict + "\r\n", 10, 1000, 0, 0, 1000);
      assertThat(bound.servesInsteadOfError(11 * SECOND)).isFalse();
      assertThat(bound.serves(request("max-stale"), 11 * SECOND)).isFalse();
    }
  }

  @Test
  void datesAreReadInThreeForms() {
    DateTimeFormatter rfc850 = form("EEEE, dd-MMM-yy HH:mm:ss 'GMT'");
    DateTimeFormatter asctime = form("EEE MMM ppd HH:mm:ss yyyy");
    for (int round = 0; round < ROUNDS; round++) {
      long seconds = random.nextLong(0, 2_000_000_000L); // to 2033: RFC 850 has two digits
      Instant at = Instant.ofEpochSecond(seconds);
      assertThat(parse(HttpDate.format(seconds))).as("seed %d", seed).isEqualTo(seconds);
      if (seconds > 1_000_000_000L) {
        assertThat(parse(Ascii.bytes(rfc850.format(at)))).isEqualTo(seconds);
      }
      assertThat(parse(Ascii.bytes(asctime.format(at)))).isEqualTo(seconds);
      // Garbage is no date, and nothing worse.
      byte[] bent = HttpDate.format(seconds);
      bent[random.nextInt(bent.length)] = (byte) random.nextInt(256);
      long read = parse(bent);
      assertThat(read == HttpDate.NONE || Math.abs(read) < 400_000_000_000L).isTrue();
      byte[] cut = java.util.Arrays.copyOf(bent, random.nextInt(bent.length));
      assertThat(parse(cut)).isEqualTo(HttpDate.NONE);
    }
  }

  private static DateTimeFormatter form(String pattern) {
    return DateTimeFormatter.ofPattern(pattern, Locale.US).withZone(ZoneOffset.UTC);
  }

  private static long parse(byte[] bytes) {
    return HttpDate.parse(bytes, 0, bytes.length);
  }
}
