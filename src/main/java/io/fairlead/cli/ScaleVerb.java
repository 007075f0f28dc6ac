package io.fairlead.cli;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** The size of a service. */
@Command(
    description = {
      "How many nodes of a service Fairlead runs, and why.",
      "With a number: so many from now on. With auto: as many as needed again."
    })
final class ScaleVerb extends RemoteVerb {
  @Parameters(index = "0", paramLabel = "SERVICE", description = "Its name.")
  private String service = "";

  @Parameters(index = "1", arity = "0..1", paramLabel = "N|auto", description = "Its size.")
  private @Nullable String size;

  ScaleVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    String wanted = size;
    if (wanted != null && !wanted.matches("[0-9]{1,4}|auto")) {
      throw new Failure(Cli.USAGE, "the size is a number or auto (was " + wanted + ")");
    }
    String path = path(service);
    AdminClient client = client();
    AdminClient.Reply reply =
        wanted == null
            ? client.get(path)
            : AdminClient.expect(
                client.send(
                    "POST",
                    path,
                    "application/json",
                    "{\"size\":" + (wanted.equals("auto") ? "null" : wanted) + "}"));
    print(terminal(), reply, json());
    return Cli.DONE;
  }

  static String path(String service) {
    return "/api/v1/services/" + AdminClient.segment(service) + "/scale";
  }

  static void print(Terminal out, AdminClient.Reply reply, boolean json) {
    if (json) {
      out.line(reply.body());
      return;
    }
    JsonNode scale = reply.json();
    long size = number(scale, "size");
    out.line(
        text(scale, "service")
            + ": "
            + size
            + (size == 1 ? " node" : " nodes")
            + " of "
            + number(scale, "min")
            + " to "
            + number(scale, "max")
            + " by "
            + text(scale, "driver")
            + (scale.path("dryRun").asBoolean(false) ? ", told only (dry-run)" : "")
            + (scale.path("acting").asBoolean(true) ? "" : ", another instance sees to it"));
    out.line("  because " + text(scale, "why"));
    out.line(
        String.format(
            Locale.ROOT,
            "  a start takes %.1f s; %d led to nodes that serve, %d failed",
            real(scale, "startSeconds"),
            number(scale, "starts"),
            number(scale, "failedStarts")));
    List<List<String>> nodes = new ArrayList<>();
    for (JsonNode node : scale.get("nodes")) {
      nodes.add(
          List.of(
              text(node, "name"),
              text(node, "address"),
              text(node, "id"),
              text(node, "state"),
              Terminal.span(real(node, "ageSeconds")),
              text(node, "inFlight")));
    }
    if (!nodes.isEmpty()) {
      out.line("");
      out.table(List.of("NODE", "ADDRESS", "IS", "STATE", ">AGE", ">IN FLIGHT"), nodes);
    }
    printAgents(out, scale.path("agents"));
    List<List<String>> changes = new ArrayList<>();
    for (JsonNode change : scale.get("changes")) {
      changes.add(
          List.of(
              Instant.ofEpochMilli(number(change, "time"))
                  .truncatedTo(ChronoUnit.SECONDS)
                  .toString(),
              text(change, "from"),
              text(change, "to"),
              text(change, "why")));
    }
    if (!changes.isEmpty()) {
      out.line("");
      out.table(List.of("TIME", ">FROM", ">TO", "WHY"), changes);
    }
  }

  private static void printAgents(Terminal out, JsonNode agents) {
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode agent : agents) {
      double memory = real(agent, "memory");
      double load = real(agent, "load");
      rows.add(
          List.of(
              text(agent, "name"),
              text(agent, "nodes"),
              load < 0 ? "-" : String.format(Locale.ROOT, "%.2f", load),
              number(agent, "cores") == 0 ? "-" : text(agent, "cores"),
              memory <= 0
                  ? "-"
                  : String.format(Locale.ROOT, "%.0f %%", 100 * real(agent, "memoryFree") / memory),
              real(agent, "diskFree") < 0
                  ? "-"
                  : String.format(Locale.ROOT, "%.1f GiB", real(agent, "diskFree") / (1 << 30)),
              text(agent, "words")));
    }
    if (!rows.isEmpty()) {
      out.line("");
      out.table(
          List.of("AGENT", ">NODES", ">LOAD", ">CORES", ">MEMORY FREE", ">DISK FREE", ""), rows);
    }
  }
}
