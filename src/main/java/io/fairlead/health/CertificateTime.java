package io.fairlead.health;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Whether a node's certificate lasts long enough for a check that asks for that. */
final class CertificateTime {
  private CertificateTime() {}

  /**
   * What is wrong, or null.
   *
   * @param end of the certificate, milliseconds since 1970; 0: none is known
   * @param wanted time that must be left; zero: any
   */
  static @Nullable String judge(long end, long nowMillis, Duration wanted) {
    Duration left = Duration.ofMillis(end - nowMillis);
    if (end == 0 || wanted.isZero() || left.compareTo(wanted) >= 0) {
      return null;
    }
    return left.isNegative()
        ? "its certificate has expired"
        : "its certificate expires in " + text(left) + ", wanted at least " + text(wanted);
  }

  private static String text(Duration time) {
    return time.toDays() > 2
        ? time.toDays() + " days"
        : time.toHours() > 2 ? time.toHours() + " h" : time.toMinutes() + " min";
  }
}
