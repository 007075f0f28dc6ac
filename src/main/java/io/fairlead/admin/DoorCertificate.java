package io.fairlead.admin;

import io.fairlead.telemetry.Event;
import io.fairlead.trust.DoorIdentity;
import java.io.IOException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Tells what becomes of the certificate that the door shows: that another one is shown, that new
 * files were refused, and once for each step how little time is left. In events the door is the
 * listener {@value #LISTENER}. One thread.
 */
final class DoorCertificate {
  static final String LISTENER = "admin";

  /** Days before the end at which an event says so, the latest first. */
  private static final List<Integer> WARN_DAYS = List.of(0, 7, 21);

  /** Names of servers in a certificate (RFC 5280, 4.2.1.6). */
  private static final Set<Integer> SERVERS = Set.of(2, 7);

  private final DoorIdentity identity;
  private final LongSupplier epochMillis;
  private final Consumer<Event> events;
  private final Set<String> warned = new HashSet<>();

  DoorCertificate(DoorIdentity identity, LongSupplier epochMillis, Consumer<Event> events) {
    this.identity = identity;
    this.epochMillis = epochMillis;
    this.events = events;
  }

  /** Looks whether there is anything to tell. */
  void look() {
    try {
      if (identity.lookAgain()) {
        events.accept(
            new Event.CertificateLoaded(
                LISTENER, identity.file().toString(), names(identity.certificate())));
      }
    } catch (IOException e) {
      events.accept(
          new Event.CertificatesRefused("listener " + LISTENER, String.valueOf(e.getMessage())));
    }
    warn(identity.certificate());
  }

  private void warn(X509Certificate certificate) {
    long days =
        Math.floorDiv(
            certificate.getNotAfter().toInstant().toEpochMilli() - epochMillis.getAsLong(),
            Duration.ofDays(1).toMillis());
    for (int step : WARN_DAYS) {
      if (days < step) {
        if (warned.add(certificate.getSerialNumber() + " " + step)) {
          events.accept(
              new Event.CertificateExpires(
                  LISTENER, identity.file().toString(), names(certificate), days));
        }
        return;
      }
    }
  }

  private static String names(X509Certificate certificate) {
    try {
      Collection<List<?>> all = certificate.getSubjectAlternativeNames();
      List<String> names =
          all == null
              ? List.of()
              : all.stream()
                  .filter(name -> name.get(0) instanceof Integer kind && SERVERS.contains(kind))
                  .map(name -> String.valueOf(name.get(1)))
                  .toList();
      return names.isEmpty()
          ? "no name"
          : names.size() == 1
              ? names.getFirst()
              : names.getFirst() + " and " + (names.size() - 1) + " more";
    } catch (CertificateParsingException _) {
      return "no name";
    }
  }
}
