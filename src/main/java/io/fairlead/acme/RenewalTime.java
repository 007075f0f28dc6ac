package io.fairlead.acme;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * When things are due. A certificate is renewed when two thirds of its life are over, or as long
 * before its end as the operator says, and up to a twentieth of its life earlier, by chance, so
 * that what was ordered together is not renewed together. After a failure it is tried again a
 * minute later, then after twice as long each time, six hours at most: authorities bound failures
 * by the hour.
 */
final class RenewalTime {
  static final Duration FIRST_PAUSE = Duration.ofMinutes(1);
  static final Duration LONGEST_PAUSE = Duration.ofHours(6);

  /** An authority that asks for more is asked anew after this, in case that was a mistake. */
  private static final Duration LONGEST_WISH = Duration.ofDays(2);

  private RenewalTime() {}

  /**
   * When that certificate is to be renewed.
   *
   * @param before its end; empty: a third of its life
   */
  static Instant of(
      X509Certificate certificate, Optional<Duration> before, RandomGenerator random) {
    return of(
        certificate.getNotBefore().toInstant(),
        certificate.getNotAfter().toInstant(),
        before,
        random);
  }

  static Instant of(Instant begin, Instant end, Optional<Duration> before, RandomGenerator random) {
    Duration life = Duration.between(begin, end);
    Duration early = Duration.ofMillis((long) (random.nextDouble() * life.toMillis() / 20));
    Instant due = end.minus(before.orElse(life.dividedBy(3))).minus(early);
    // Whoever asks for more than the whole life must not order all the time.
    Instant earliest = begin.plus(life.dividedBy(10));
    return due.isBefore(earliest) ? earliest : due;
  }

  /**
   * When to try again.
   *
   * @param failures in a row, at least 1
   * @param wish when the authority wants to be asked again
   */
  static Instant again(Instant now, int failures, Optional<Instant> wish, RandomGenerator random) {
    long pause = FIRST_PAUSE.toMillis() << Math.min(failures - 1, 20);
    pause = Math.min(pause, LONGEST_PAUSE.toMillis());
    Instant next = now.plusMillis((long) (pause * (0.75 + random.nextDouble() / 2)));
    Instant latest = now.plus(LONGEST_WISH);
    Instant wished = wish.orElse(next);
    Instant later = wished.isAfter(next) ? wished : next;
    return later.isAfter(latest) ? latest : later;
  }
}
