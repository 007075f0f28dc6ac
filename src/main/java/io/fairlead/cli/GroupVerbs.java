package io.fairlead.cli;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Verbs about the group of instances and its configurations. */
final class GroupVerbs {
  private GroupVerbs() {}

  @Command(
      description = "The instances of the group: who is there, who votes, who leads.",
      footer = {"", "  fairlead instances", "  fairlead instances --remove edge-3"})
  static final class Instances extends RemoteVerb {
    @Option(
        names = "--remove",
        paramLabel = "INSTANCE",
        description = "Take one out of the group; it should be stopped before.")
    private @Nullable String remove;

    Instances(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      if (remove != null) {
        AdminClient.Reply reply =
            AdminClient.expect(
                client()
                    .send(
                        "DELETE", "/api/v1/instances/" + AdminClient.segment(remove), null, null));
        terminal().line(json() ? reply.body() : remove + " is out of the group");
        return Cli.DONE;
      }
      AdminClient.Reply reply = client().get("/api/v1/instances");
      if (json()) {
        terminal().line(reply.body());
        return Cli.DONE;
      }
      JsonNode all = reply.json();
      if (all.get("group").isNull()) {
        terminal().line("this instance is in no group");
        return Cli.DONE;
      }
      terminal()
          .line(
              "group "
                  + text(all, "group")
                  + (all.get("connected").booleanValue()
                      ? ", configuration " + number(all, "configVersion")
                      : ": no majority in reach; requests are served, nothing is changed"));
      if (!text(all, "trouble").isEmpty()) {
        terminal().line(text(all, "trouble"));
      }
      terminal().line("");
      List<List<String>> rows = new ArrayList<>();
      for (JsonNode each : all.get("instances")) {
        long started = number(each, "started");
        rows.add(
            List.of(
                text(each, "name") + (each.get("self").booleanValue() ? " (this)" : ""),
                text(each, "address"),
                text(each, "state"),
                text(each, "role"),
                each.get("leader").booleanValue()
                    ? "leader"
                    : each.get("votes").booleanValue()
                        ? "voter"
                        : text(each, "standing").equals("following") ? "-" : "observer",
                text(each, "version"),
                started == 0 ? "-" : Instant.ofEpochMilli(started).toString(),
                text(each, "configVersion"),
                text(each, "lag")));
      }
      terminal()
          .table(
              List.of(
                  "INSTANCE",
                  "ADDRESS",
                  "STATE",
                  "ROLE",
                  "VOTE",
                  "VERSION",
                  "STARTED",
                  ">CONFIG",
                  ">BEHIND"),
              rows);
      return Cli.DONE;
    }
  }

  @Command(
      description = {
        "Configurations of the group, the youngest first.",
        "Without a group, those that were in force since the process began."
      })
  static final class History extends RemoteVerb {
    History(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      AdminClient.Reply reply = client().get("/api/v1/config/history");
      if (json()) {
        terminal().line(reply.body());
        return Cli.DONE;
      }
      List<List<String>> rows = new ArrayList<>();
      for (JsonNode each : reply.json().get("versions")) {
        rows.add(
            List.of(
                text(each, "version"),
                Instant.ofEpochMilli(number(each, "time")).toString(),
                text(each, "who"),
                each.get("current").booleanValue() ? "in force" : ""));
      }
      terminal().table(List.of(">VERSION", "TIME", "BY", ""), rows);
      return Cli.DONE;
    }
  }

  @Command(description = "Put an earlier configuration into force again.")
  static final class Rollback extends RemoteVerb {
    @Parameters(index = "0", paramLabel = "VERSION", description = "Its number in the history.")
    private long version;

    Rollback(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      return ConfigVerbs.tell(
          this,
          client()
              .patient()
              .send("POST", "/api/v1/config/rollback?version=" + version, null, null));
    }
  }
}
