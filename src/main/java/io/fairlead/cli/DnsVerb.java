package io.fairlead.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** What is answered to questions of the DNS, and what an operator says of members. */
@Command(
    description = "Balanced names and their members; what a name is answered with; what counts.",
    footer = {
      "",
      "  fairlead dns                                    all balanced names",
      "  fairlead dns www.example.com --client 192.0.2.7 what that client would get",
      "  fairlead dns www.example.com --set 192.0.2.11=down"
    })
final class DnsVerb extends RemoteVerb {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NAME",
      description = "What is asked for; without it: all balanced names.")
  private @Nullable String name;

  @Option(names = "--type", paramLabel = "TYPE", description = "Such as AAAA; default A.")
  private @Nullable String type;

  @Option(names = "--client", paramLabel = "IP", description = "Address of the client.")
  private @Nullable String client;

  @Option(
      names = "--set",
      paramLabel = "ADDRESS=STATE",
      description = {
        "What counts of a member, whatever probes say: up, down, drain,",
        "or auto, what probes say."
      })
  private @Nullable String set;

  DnsVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    String asked = name;
    if (set != null) {
      return set(set);
    }
    AdminClient.Reply reply =
        asked == null
            ? client().get("/api/v1/dns")
            : client().get("/api/v1/dns/answer" + query(asked));
    if (json()) {
      terminal().line(reply.body());
    } else if (asked == null) {
      zones(reply.json());
    } else {
      answer(reply.json());
    }
    return Cli.DONE;
  }

  private Integer set(String wanted) {
    String of = name;
    int equals = wanted.indexOf('=');
    if (of == null || equals <= 0) {
      throw new Failure(Cli.USAGE, "--set needs NAME and ADDRESS=STATE");
    }
    AdminClient.Reply reply =
        client()
            .post(
                "/api/v1/dns/names/"
                    + AdminClient.segment(of)
                    + "/members/"
                    + AdminClient.segment(wanted.substring(0, equals))
                    + "/"
                    + AdminClient.segment(wanted.substring(equals + 1)));
    if (json()) {
      terminal().line(reply.body());
    } else {
      zones(reply.json());
    }
    return Cli.DONE;
  }

  private String query(String asked) {
    StringBuilder query = new StringBuilder();
    add(query, "name", asked);
    add(query, "type", type);
    add(query, "client", client);
    return query.toString();
  }

  private void zones(JsonNode answer) {
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode zone : answer.get("zones")) {
      for (JsonNode each : zone.get("names")) {
        int number = 0;
        for (JsonNode pool : each.get("pools")) {
          number++;
          for (JsonNode member : pool.get("members")) {
            String forced = text(member, "forced");
            rows.add(
                List.of(
                    text(each, "name"),
                    text(each, "policy"),
                    number + " " + text(pool, "from"),
                    text(member, "address"),
                    terminal().state(text(member, "state")),
                    forced.equals("auto") ? "-" : forced,
                    String.format(Locale.ROOT, "%.3g", real(member, "weight")),
                    member.get("answered").booleanValue()
                        ? each.get("failOpen").booleanValue() ? "yes, for want of others" : "yes"
                        : "no",
                    text(each, "ttl") + " s"));
          }
        }
      }
    }
    terminal()
        .table(
            List.of(
                "NAME", "POLICY", "POOL", "ADDRESS", "STATE", "SET", ">WEIGHT", "ANSWERED", ">TTL"),
            rows);
  }

  private void answer(JsonNode answer) {
    terminal()
        .line(
            text(answer, "code")
                + (answer.get("authoritative").booleanValue() ? "" : ", not authoritative"));
    for (String section : List.of("answers", "authority")) {
      for (JsonNode record : answer.get(section)) {
        terminal().line("  " + record.asString().replaceAll("\\p{C}", "·"));
      }
    }
  }
}
