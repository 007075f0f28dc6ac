package io.fairlead.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import tools.jackson.databind.JsonNode;

/** Who owns which virtual IP. */
@Command(description = "Virtual IPs: who owns them, since when and why.")
final class VipsVerb extends RemoteVerb {
  VipsVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    AdminClient.Reply reply = client().get("/api/v1/vips");
    if (json()) {
      terminal().line(reply.body());
      return Cli.DONE;
    }
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode vip : reply.json().get("vips")) {
      List<String> addresses = vip.get("addresses").valueStream().map(JsonNode::asString).toList();
      String vrid = text(vip, "vrid");
      rows.add(
          List.of(
              text(vip, "name"),
              String.join(" ", addresses),
              text(vip, "networkInterface"),
              vrid.equals("-") ? text(vip, "elect") : text(vip, "elect") + " " + vrid,
              text(vip, "elect").equals("bgp") ? "-" : text(vip, "priority"),
              text(vip, "state"),
              text(vip, "owner"),
              text(vip, "term"),
              Terminal.span((System.currentTimeMillis() - number(vip, "since")) / 1000.0),
              text(vip, "why")));
    }
    if (rows.isEmpty()) {
      terminal().line("There are no virtual IPs: the configuration has no vips.");
      return Cli.DONE;
    }
    terminal()
        .table(
            List.of(
                "VIP",
                "ADDRESS",
                "INTERFACE",
                "ELECT",
                ">PRIORITY",
                "STATE",
                "OWNER",
                "TERM",
                ">FOR",
                "WHY"),
            rows);
    routers(reply.json().get("routers"));
    return Cli.DONE;
  }

  /** Those that are told by BGP, where there are any. */
  private void routers(JsonNode routers) {
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode router : routers) {
      List<String> announced =
          router.get("announced").valueStream().map(JsonNode::asString).toList();
      rows.add(
          List.of(
              text(router, "name"),
              text(router, "address"),
              text(router, "as"),
              text(router, "state"),
              announced.isEmpty() ? "-" : String.join(" ", announced),
              text(router, "holdTime"),
              Terminal.span((System.currentTimeMillis() - number(router, "since")) / 1000.0),
              text(router, "why")));
    }
    if (!rows.isEmpty()) {
      terminal().line("");
      terminal()
          .table(
              List.of("ROUTER", "ADDRESS", ">AS", "STATE", "ANNOUNCED", ">HOLD", ">FOR", "WHY"),
              rows);
    }
  }
}
