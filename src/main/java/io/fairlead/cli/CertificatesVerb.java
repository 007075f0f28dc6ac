package io.fairlead.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Certificates that are ordered from an authority. */
@Command(
    description = {
      "Certificates that are ordered from an authority, and how that goes.",
      "With revoke: another one with another key is ordered and shown, and then the authority revokes",
      "the one that is shown now."
    },
    footer = {
      "",
      "  fairlead certificates",
      "  fairlead certificates revoke shop.example --reason key-compromise"
    })
final class CertificatesVerb extends RemoteVerb {
  private static final String PATH = "/api/v1/certificates";

  @Parameters(index = "0", arity = "0..1", paramLabel = "revoke", description = "What to do.")
  private @Nullable String action;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "NAME",
      description = "A name that it is for, or what it is called.")
  private @Nullable String name;

  @Option(
      names = "--reason",
      defaultValue = "unspecified",
      paramLabel = "REASON",
      description = "unspecified (default), key-compromise, superseded, cessation-of-operation.")
  private String reason = "";

  CertificatesVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    String wanted = name;
    if (action != null && (!action.equals("revoke") || wanted == null)) {
      throw new Failure(Cli.USAGE, "say revoke and the certificate's name, or nothing");
    }
    AdminClient client = client();
    AdminClient.Reply all = client.get(PATH);
    if (wanted == null) {
      print(all);
      return Cli.DONE;
    }
    String id = id(all.json(), wanted);
    AdminClient.Reply reply =
        AdminClient.expect(
            client.send(
                "POST",
                PATH
                    + "/"
                    + AdminClient.segment(id)
                    + "/revoke?reason="
                    + AdminClient.segment(reason),
                null,
                null));
    terminal()
        .line(
            json()
                ? reply.body()
                : id + " is revoked once another one is shown: see fairlead status and events");
    return Cli.DONE;
  }

  private static String id(JsonNode all, String wanted) {
    List<String> ids = new ArrayList<>();
    for (JsonNode one : all.get("certificates")) {
      boolean named = one.get("names").valueStream().anyMatch(it -> it.asString().equals(wanted));
      if (named || text(one, "id").equals(wanted)) {
        ids.add(text(one, "id"));
      }
    }
    if (ids.size() > 1) {
      throw new Failure(Cli.USAGE, wanted + " is in several: " + String.join(", ", ids));
    }
    return ids.isEmpty() ? wanted : ids.getFirst();
  }

  private void print(AdminClient.Reply reply) {
    if (json()) {
      terminal().line(reply.body());
      return;
    }
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode one : reply.json().get("certificates")) {
      double left = (number(one, "next") - System.currentTimeMillis()) / 1000.0;
      List<String> names = one.get("names").valueStream().map(JsonNode::asString).toList();
      rows.add(
          List.of(
              text(one, "id"),
              String.join(" ", names),
              text(one, "authority"),
              one.path("here").asBoolean(false) ? "here" : "elsewhere",
              left > 0 ? Terminal.span(left) : "-",
              one.path("trouble").asString("")));
    }
    if (rows.isEmpty()) {
      terminal().line("No certificates are ordered: no listener has tls.acme.");
      return;
    }
    terminal().table(List.of("ID", "NAMES", "AUTHORITY", "ORDERED", ">NEXT IN", ""), rows);
  }
}
