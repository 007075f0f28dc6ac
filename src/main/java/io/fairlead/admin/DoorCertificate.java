package io.fairlead.admin;

import io.fairlead.telemetry.Event;
import io.fairlead.trust.CertificateNames;
import io.fairlead.trust.DoorIdentity;
import io.fairlead.trust.ExpiryWarnings;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Tells what becomes of the certificate that the door shows: that another one is shown, that new
 * files were refused, and once for each step how little time is left. In events the door is the
 * listener {@value #LISTENER}. One thread.
 */
final class DoorCertificate {
  static final String LISTENER = "admin";

  private final DoorIdentity identity;
  private final LongSupplier epochMillis;
  private final Consumer<Event> events;
  private final ExpiryWarnings warnings = new ExpiryWarnings();

  DoorCertificate(DoorIdentity identity, LongSupplier epochMillis, Consumer<Event> events) {
    this.identity = identity;
    this.epochMillis = epochMillis;
    this.events = events;
  }

  /** Looks whether there is anything to tell. */
  void look() {
    try {
      if (identity.lookAgain()) {
        events.accept(new Event.CertificateLoaded(LISTENER, identity.file().toString(), names()));
      }
    } catch (IOException e) {
      events.accept(
          new Event.CertificatesRefused("listener " + LISTENER, String.valueOf(e.getMessage())));
    }
    warnings
        .due(identity.file().toString(), identity.certificate(), epochMillis.getAsLong())
        .ifPresent(days ->
            events.accept(
                new Event.CertificateExpires(LISTENER, identity.file().toString(), names(), days)));
  }

  private String names() {
    return CertificateNames.brief(CertificateNames.of(identity.certificate()));
  }
}
