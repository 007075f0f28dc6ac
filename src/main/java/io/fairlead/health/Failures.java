package io.fairlead.health;

import io.fairlead.trust.TlsFailure;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What the operating system says, in words of ours. */
final class Failures {
  private Failures() {}

  static ProbeResult of(IOException failure, Deadline deadline) {
    if (failure instanceof SocketTimeoutException
        || failure.getCause() instanceof SocketTimeoutException) {
      return deadline.missed();
    }
    if (failure instanceof SSLException) {
      return new ProbeResult.Failed(TlsFailure.of(failure).reason());
    }
    return new ProbeResult.Failed(reason(failure.getMessage()));
  }

  private static String reason(@Nullable String message) {
    String said = message == null ? "connection failed" : message.toLowerCase(Locale.ROOT);
    for (String known :
        new String[] {
          "connection refused", "connection reset", "no route to host", "network is unreachable"
        }) {
      if (said.contains(known)) {
        return known;
      }
    }
    return said;
  }
}
