package io.fairlead.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** Verbs that change the configuration of a running instance. */
final class ConfigVerbs {
  private ConfigVerbs() {}

  @Command(description = "Make the instance read its configuration file again.")
  static final class Reload extends RemoteVerb {
    Reload(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      return tell(this, client().patient().send("POST", "/api/v1/config/reload", null, null));
    }
  }

  @Command(description = "Put a configuration into force.")
  static final class Apply extends RemoteVerb {
    @Option(
        names = {"-c", "--config"},
        required = true,
        paramLabel = "FILE",
        description = "The configuration.")
    private Path config = Path.of("fairlead.yaml");

    Apply(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      String yaml;
      try {
        yaml = Files.readString(config);
      } catch (IOException _) {
        throw new Failure(Cli.FAILED, "cannot read " + config);
      }
      return tell(this, client().patient().send("PUT", "/api/v1/config", "application/yaml", yaml));
    }
  }

  static int tell(RemoteVerb verb, AdminClient.Reply reply) {
    if (verb.json() && (reply.ok() || reply.status() == 422)) {
      verb.terminal().line(reply.body());
      return reply.ok() ? Cli.DONE : Cli.FAILED;
    }
    JsonNode problems = reply.status() == 422 ? reply.json().get("problems") : null;
    if (problems != null) {
      for (JsonNode problem : problems) {
        verb.world().err().println(RemoteVerb.text(problem, "text"));
      }
      throw new Failure(Cli.FAILED, RemoteVerb.text(reply.json(), "detail"));
    }
    JsonNode change = AdminClient.expect(reply).json();
    verb.terminal().line("version " + RemoteVerb.number(change, "version") + " is in force");
    JsonNode changes = change.get("changes");
    if (changes == null || changes.isEmpty()) {
      verb.terminal().line("  nothing changed");
    } else {
      for (JsonNode line : changes) {
        verb.terminal().line("  " + line.asString());
      }
    }
    return Cli.DONE;
  }
}
