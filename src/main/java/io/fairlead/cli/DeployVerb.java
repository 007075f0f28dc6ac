package io.fairlead.cli;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Another version of a service. */
@Command(
    description = {
      "Deploy another version of a service, step by step, and back by itself if it is worse.",
      "Without --version, or with status: which version there is, and how far a deploy is.",
      "With abort: the old version has all requests again. With promote: the new one, at once."
    })
final class DeployVerb extends RemoteVerb {
  @Parameters(
      index = "0..1",
      arity = "1..2",
      paramLabel = "[status|abort|promote] SERVICE",
      description = "What is to be done, and the service's name.")
  private List<String> words = List.of();

  @Option(names = "--version", paramLabel = "V", description = "The version it is to have.")
  private @Nullable String version;

  @Option(
      names = "--command",
      paramLabel = "PART",
      description = {
        "What its nodes run in place of scale.command, part by part: may be repeated.",
        "Needs admin.allow-commands."
      })
  private List<String> command = List.of();

  @Option(names = "--image", paramLabel = "IMAGE", description = "The same for scale.image.")
  private @Nullable String image;

  DeployVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    String action = words.size() > 1 ? words.getFirst() : "status";
    String path = path(words.getLast());
    Map<String, Object> body = new LinkedHashMap<>();
    String wanted = version;
    String from = image;
    if (wanted != null && words.size() == 1) {
      body.put("version", wanted);
      if (!command.isEmpty()) {
        body.put("command", command);
      }
      if (from != null) {
        body.put("image", from);
      }
    } else if (wanted != null || from != null || !command.isEmpty()) {
      throw new Failure(
          Cli.USAGE, "--command and --image go with --version, and it with a service");
    } else if (action.equals("abort") || action.equals("promote")) {
      body.put("action", action);
    } else if (!action.equals("status")) {
      throw new Failure(Cli.USAGE, "there are status, abort and promote (was " + action + ")");
    }
    AdminClient client = client();
    AdminClient.Reply reply =
        body.isEmpty()
            ? client.get(path)
            : AdminClient.expect(
                client.send(
                    "POST", path, "application/json", new JsonMapper().writeValueAsString(body)));
    print(terminal(), reply, json());
    return Cli.DONE;
  }

  static String path(String service) {
    return "/api/v1/services/" + AdminClient.segment(service) + "/deploy";
  }

  static void print(Terminal out, AdminClient.Reply reply, boolean json) {
    if (json) {
      out.line(reply.body());
      return;
    }
    JsonNode all = reply.json();
    JsonNode deploy = all.get("deploy");
    String version = text(all, "version");
    out.line(text(all, "service") + (version.isEmpty() ? ": no version" : ": version " + version));
    if (deploy != null && !deploy.isNull()) {
      out.line(
          String.format(
              Locale.ROOT,
              "  %s of version %s: step %d of %d, %s of all requests",
              text(deploy, "state"),
              text(deploy, "to"),
              number(deploy, "step"),
              number(deploy, "steps"),
              percent(real(deploy, "share"))));
      out.line("  because " + text(deploy, "why"));
      out.line(
          String.format(
              Locale.ROOT,
              "  compared by %d requests of the old and %d of the new version%s",
              number(deploy, "oldRequests"),
              number(deploy, "newRequests"),
              number(deploy, "wanted") == 0
                  ? ""
                  : "; "
                      + number(deploy, "serving")
                      + " of "
                      + number(deploy, "wanted")
                      + " nodes serve"));
    }
    List<List<String>> past = new ArrayList<>();
    for (JsonNode one : all.get("past")) {
      past.add(
          List.of(
              Instant.ofEpochMilli(number(one, "started"))
                  .truncatedTo(ChronoUnit.SECONDS)
                  .toString(),
              text(one, "from").isEmpty() ? "-" : text(one, "from"),
              text(one, "to"),
              text(one, "state"),
              text(one, "who"),
              text(one, "why")));
    }
    if (!past.isEmpty()) {
      out.line("");
      out.table(List.of("TIME", "FROM", "TO", "STATE", "BY", "WHY"), past);
    }
  }

  private static String percent(double share) {
    double percent = Math.rint(share * 10_000) / 100;
    return (percent == Math.rint(percent)
            ? Long.toString((long) percent)
            : Double.toString(percent))
        + " %";
  }
}
