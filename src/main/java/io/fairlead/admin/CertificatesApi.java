package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.telemetry.Event;
import java.util.List;
import java.util.Map;

/**
 * Certificates that are ordered from an authority, and what an operator may have done with them.
 */
final class CertificatesApi {
  @Doc("Certificates that are ordered.")
  record Certificates(List<Certificate> certificates) {}

  @Doc("A certificate that is ordered.")
  record Certificate(
      @Doc("What it is called.") String id,
      @Doc("What it is for.") List<String> names,
      @Doc("The authority's directory.") String authority,
      @Doc("Whether this instance orders it, and not another one of the group.") boolean here,
      @Doc("When something is to be done about it, milliseconds since 1970; 0: now, or not here.")
          long next,
      @Doc("What is wrong, as a sentence; empty: nothing.") String trouble) {
    static Certificate of(OrderedView view) {
      return new Certificate(
          view.id(), view.names(), view.authority(), view.here(), view.next(), view.trouble());
    }
  }

  private final Instance instance;

  CertificatesApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Api.get(
            "/api/v1/certificates",
            "Certificates that are ordered from an authority (tls.acme of listeners).",
            List.of(),
            Certificates.class,
            _ -> Answer.json(all())),
        new Endpoint(
            "POST",
            "/api/v1/certificates/{certificate}/revoke",
            Role.OPERATOR,
            "Orders another one with another key, shows it, and then has the authority revoke the one"
                + " that is shown now.",
            List.of(
                new Parameter(
                    "reason",
                    "unspecified (default), key-compromise, superseded or cessation-of-operation"
                        + " (RFC 5280, 5.3.1).",
                    false,
                    false)),
            Body.NONE,
            Map.of(Api.JSON, Certificates.class),
            this::revoke));
  }

  private Certificates all() {
    return new Certificates(instance.ordered().stream().map(Certificate::of).toList());
  }

  private Answer revoke(Call call) {
    String id = call.path("certificate");
    String given = call.query("reason");
    String reason = given == null ? "unspecified" : given;
    List<String> ids = instance.ordered().stream().map(OrderedView::id).toList();
    if (!ids.contains(id)) {
      throw Refusal.notFound("No certificate " + id + " is ordered.", ids, id);
    }
    String wrong = instance.revoke(id, reason);
    if (wrong != null) {
      throw Refusal.of(409, wrong);
    }
    instance
        .events()
        .add(new Event.Audit(call.who(), "had certificate " + id + " revoked: " + reason));
    return Answer.json(all());
  }
}
