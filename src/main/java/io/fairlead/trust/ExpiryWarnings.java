package io.fairlead.trust;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/** When to say that a certificate of ours is about to end: once for each step. One thread. */
public final class ExpiryWarnings {
  /** Days before the end, the latest first. */
  private static final List<Integer> STEPS = List.of(0, 7, 21);

  private final Set<String> told = new HashSet<>();

  /**
   * Whether it is time to say so.
   *
   * @param whose who shows it, and from where
   * @return the days that are left, below 0: it has ended; empty: there is nothing new to say
   */
  public OptionalLong due(String whose, X509Certificate certificate, long epochMillis) {
    long days =
        Math.floorDiv(
            certificate.getNotAfter().toInstant().toEpochMilli() - epochMillis,
            Duration.ofDays(1).toMillis());
    for (int step : STEPS) {
      if (days < step) {
        return told.add(whose + certificate.getSerialNumber() + " " + step)
            ? OptionalLong.of(days)
            : OptionalLong.empty();
      }
    }
    return OptionalLong.empty();
  }
}
