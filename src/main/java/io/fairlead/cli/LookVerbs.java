package io.fairlead.cli;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Verbs that ask a running instance. */
final class LookVerbs {
  private LookVerbs() {}

  @Command(description = "How the instance is, on one screen.")
  static final class Status extends RemoteVerb {
    Status(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      AdminClient.Reply reply = client().get("/api/v1/status");
      Terminal out = terminal();
      if (json()) {
        out.line(reply.body());
        return Cli.DONE;
      }
      JsonNode status = reply.json();
      out.line(text(status, "headline"));
      for (JsonNode note : status.get("notes")) {
        out.line(note.asString());
      }
      out.line("");
      String state =
          status.get("draining").booleanValue()
              ? "draining"
              : status.get("ready").booleanValue() ? "ready" : "not ready";
      out.line(
          "fairlead "
              + text(status, "version")
              + ", "
              + out.state(state)
              + ", up for "
              + Terminal.span(real(status, "uptimeSeconds"))
              + (status.get("predecessor").isNull()
                  ? ""
                  : ", process "
                      + number(status, "pid")
                      + " (took over from "
                      + number(status, "predecessor")
                      + ")")
              + ", configuration "
              + number(status.get("config"), "version")
              + " from "
              + text(status.get("config"), "source"));
      out.line(
          Terminal.rate(real(status, "rate"))
              + " requests/s, "
              + Terminal.share(real(status, "errorShare"))
              + " failed, p50 "
              + millis(status, "p50Millis")
              + ", p99 "
              + millis(status, "p99Millis"));
      out.line("");
      List<List<String>> listeners = new ArrayList<>();
      List<List<String>> certificates = new ArrayList<>();
      for (JsonNode each : status.get("listeners")) {
        List<String> addresses = new ArrayList<>();
        each.get("addresses").forEach(address -> addresses.add(address.asString()));
        listeners.add(
            List.of(
                text(each, "name"),
                text(each, "protocol"),
                String.join(" ", addresses),
                text(each, "connections"),
                Terminal.rate(real(each, "rate")),
                Terminal.share(real(each, "errorShare"))));
        for (JsonNode certificate : each.get("certificates")) {
          certificates.add(
              List.of(
                  text(each, "name"),
                  text(certificate, "file"),
                  String.join(
                      " ", certificate.get("names").valueStream().map(JsonNode::asString).toList()),
                  text(certificate, "daysLeft")));
        }
      }
      out.table(
          List.of("LISTENER", "PROTOCOL", "ADDRESS", ">CLIENTS", ">REQUESTS/S", ">FAILED"),
          listeners);
      if (!certificates.isEmpty()) {
        out.line("");
        out.table(List.of("LISTENER", "CERTIFICATE", "NAMES", ">DAYS LEFT"), certificates);
      }
      out.line("");
      List<List<String>> services = new ArrayList<>();
      for (JsonNode each : status.get("services")) {
        services.add(
            List.of(
                text(each, "name"),
                text(each, "state"),
                text(each, "available") + "/" + text(each, "total"),
                text(each, "inFlight"),
                Terminal.rate(real(each, "rate")),
                Terminal.share(real(each, "errorShare")),
                millis(each, "p50Millis"),
                millis(each, "p99Millis")));
      }
      out.table(
          List.of(
              "SERVICE", "STATE", ">NODES", ">IN FLIGHT", ">REQUESTS/S", ">FAILED", ">P50", ">P99"),
          services);
      return Cli.DONE;
    }
  }

  @Command(description = "The nodes of a service, or of all.")
  static final class Nodes extends RemoteVerb {
    @Parameters(index = "0", arity = "0..1", paramLabel = "SERVICE", description = "Its name.")
    private @Nullable String service;

    @Option(
        names = "--history",
        description = "When and why they went up and down, instead; at most 32 times each.")
    private boolean history;

    Nodes(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      AdminClient client = client();
      List<String> names = new ArrayList<>();
      if (service != null) {
        names.add(service);
      } else {
        for (JsonNode each : client.get("/api/v1/services").json().get("services")) {
          names.add(text(each, "name"));
        }
      }
      List<List<String>> rows = new ArrayList<>();
      List<String> bodies = new ArrayList<>();
      List<JsonNode> services = new ArrayList<>();
      for (String name : names) {
        AdminClient.Reply reply =
            client.get("/api/v1/services/" + AdminClient.segment(name) + "/nodes");
        bodies.add(reply.body());
        services.add(reply.json());
        for (JsonNode node : services.getLast().get("nodes")) {
          rows.add(row(node));
        }
      }
      if (history) {
        return history(client, services);
      }
      if (json()) {
        // One service: its object. All: a list of such objects.
        terminal().line(service != null ? bodies.getFirst() : "[" + String.join(",", bodies) + "]");
        return Cli.DONE;
      }
      terminal()
          .table(
              List.of(
                  "SERVICE",
                  "NODE",
                  "STATE",
                  ">WEIGHT",
                  "ZONE",
                  ">IN FLIGHT",
                  ">REQUESTS/S",
                  ">P50",
                  ">P99",
                  "REASON",
                  "CHOICE"),
              rows);
      return Cli.DONE;
    }

    /** Asks for each node, since lists do not tell. */
    private int history(AdminClient client, List<JsonNode> services) {
      List<List<String>> rows = new ArrayList<>();
      List<String> bodies = new ArrayList<>();
      for (JsonNode known : services) {
        for (JsonNode node : known.get("nodes")) {
          AdminClient.Reply reply =
              client.get(
                  "/api/v1/services/"
                      + AdminClient.segment(text(known, "service"))
                      + "/nodes/"
                      + AdminClient.segment(text(node, "address")));
          bodies.add(reply.body());
          for (JsonNode verdict : reply.json().get("verdicts")) {
            rows.add(
                List.of(
                    Instant.ofEpochMilli(verdict.get("epochMillis").asLong()).toString(),
                    text(node, "service"),
                    text(node, "name"),
                    verdict.get("up").asBoolean() ? "up" : "down",
                    text(verdict, "why")));
          }
        }
      }
      if (json()) {
        terminal().line("[" + String.join(",", bodies) + "]");
      } else {
        terminal().table(List.of("TIME", "SERVICE", "NODE", "VERDICT", "WHY"), rows);
      }
      return Cli.DONE;
    }

    private static List<String> row(JsonNode node) {
      String name = text(node, "name");
      String address = text(node, "address");
      String zone = text(node, "zone");
      return List.of(
          text(node, "service"),
          name.equals(address) ? name : name + " " + address,
          text(node, "state"),
          text(node, "weight"),
          zone.isEmpty() ? "-" : zone,
          text(node, "inFlight"),
          Terminal.rate(real(node, "rate")),
          millis(node, "p50Millis"),
          millis(node, "p99Millis"),
          text(node, "reason") + rest(node) + left(node),
          text(node, "choice"));
    }

    /** What keeps a draining node from being empty. */
    private static String left(JsonNode node) {
      if (!text(node, "state").equals("draining")) {
        return "";
      }
      return node.path("empty").asBoolean(false) ? "; empty" : DrainVerbs.sessions(node, "; ");
    }

    /** How long an ejection still takes. */
    private static String rest(JsonNode node) {
      JsonNode until = node.get("ejectedUntil");
      if (until == null || until.isNull()) {
        return "";
      }
      long left = (until.asLong() - System.currentTimeMillis() + 999) / 1000;
      return left > 0 ? "; for " + left + " s more" : "; until a probe passes";
    }
  }

  @Command(
      description = {
        "Which listener, route, service and node a request would get now, and why.",
        "explain scaling SERVICE: why a service has as many nodes as it has.",
        "explain deploy SERVICE: why the deploy of a version is where it is."
      })
  static final class Explain extends RemoteVerb {
    @Parameters(index = "0", paramLabel = "METHOD", description = "Such as GET; or scaling.")
    private String method = "GET";

    @Parameters(
        index = "1",
        paramLabel = "URL",
        description = "Such as http://shop.example/a; or a service.")
    private String url = "/";

    @Option(
        names = {"-H", "--header"},
        paramLabel = "'K: V'",
        description = "A field of the request; may be repeated.")
    private List<String> headers = List.of();

    @Option(names = "--client", paramLabel = "IP", description = "Address it comes from.")
    private @Nullable String client;

    Explain(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      if (method.equals("scaling")) {
        AdminClient.Reply scale = client().get(ScaleVerb.path(url));
        ScaleVerb.print(terminal(), scale, json());
        return Cli.DONE;
      }
      if (method.equals("deploy")) {
        DeployVerb.print(terminal(), client().get(DeployVerb.path(url)), json());
        return Cli.DONE;
      }
      StringBuilder query = new StringBuilder("/api/v1/explain?method=");
      query.append(encode(method)).append("&url=").append(encode(url));
      for (String header : headers) {
        if (header.indexOf(':') <= 0) {
          throw new Failure(Cli.USAGE, "-H needs NAME: VALUE (was " + header + ")");
        }
        query.append("&header=").append(encode(header));
      }
      if (client != null) {
        query.append("&client=").append(encode(client));
      }
      AdminClient.Reply reply = client().get(query.toString());
      if (json()) {
        terminal().line(reply.body());
        return Cli.DONE;
      }
      JsonNode answer = reply.json();
      for (String part : List.of("listener", "route", "service", "node")) {
        terminal().line(String.format(Locale.ROOT, "%-9s %s", part, text(answer, part)));
      }
      if (!text(answer, "error").equals("-")) {
        terminal().line("answer    " + text(answer, "status") + ", " + text(answer, "error"));
      }
      terminal().line("why");
      int step = 1;
      for (JsonNode why : answer.get("why")) {
        terminal().line("  " + step++ + ". " + why.asString());
      }
      return Cli.DONE;
    }

    private static String encode(String text) {
      return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
  }
}
