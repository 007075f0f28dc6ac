package io.fairlead.cli;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** What is asked about databases, and done with them: one class for each verb. */
final class DatabaseVerbs {
  private DatabaseVerbs() {}

  /** In the order of the usage. */
  static Map<String, Supplier<Verb>> all(Cli.World world) {
    Map<String, Supplier<Verb>> verbs = new LinkedHashMap<>();
    verbs.put("status", () -> new Status(world));
    verbs.put("switchover", () -> new ManagedVerbs.Switchover(world));
    verbs.put("pause", () -> new ManagedVerbs.Pause(world));
    verbs.put("resume", () -> new ManagedVerbs.Resume(world));
    verbs.put("reinit", () -> new ManagedVerbs.Reinit(world));
    verbs.put("bootstrap", () -> new ManagedVerbs.Bootstrap(world));
    verbs.put("backup", () -> new BackupVerbs.Backup(world));
    verbs.put("backups", () -> new BackupVerbs.Backups(world));
    verbs.put("drill", () -> new BackupVerbs.Drill(world));
    verbs.put("restore", () -> new RestoreVerb(world));
    return verbs;
  }

  @Command(
      description = "Databases: what they are, and what is done with them.",
      synopsisSubcommandLabel = "VERB")
  static final class Db extends Verb {
    Db(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      throw new Failure(Cli.USAGE, "db needs one of " + String.join(", ", all(world()).keySet()));
    }
  }

  @Command(description = "Who takes the writes, who may be read.")
  static final class Status extends RemoteVerb {
    @Parameters(index = "0", arity = "0..1", paramLabel = "DATABASE", description = "Its name.")
    private @Nullable String database;

    Status(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      AdminClient.Reply reply = client().get("/api/v1/databases");
      List<JsonNode> wanted = new ArrayList<>();
      for (JsonNode each : reply.json().get("databases")) {
        if (database == null || text(each, "name").equals(database)) {
          wanted.add(each);
        }
      }
      if (database != null && wanted.isEmpty()) {
        throw new Failure(Cli.FAILED, "there is no database " + database);
      }
      Terminal out = terminal();
      if (json()) {
        out.line(database == null ? reply.body() : wanted.getFirst().toString());
        return Cli.DONE;
      }
      wanted.forEach(one -> show(out, one));
      if (wanted.isEmpty()) {
        out.line("no database is configured");
      }
      return Cli.DONE;
    }

    private static void show(Terminal out, JsonNode database) {
      String primary = text(database, "primary");
      String term = text(database, "term");
      out.line(
          text(database, "name")
              + " ("
              + text(database, "engine")
              + "): "
              + (primary.equals("-")
                  ? "nobody takes the writes, " + text(database, "why")
                  : text(database, "writers").equals("affinity")
                      ? "each key is written at one member"
                      : primary
                          + " takes the writes"
                          + (term.equals("-") ? "" : ", timeline " + term))
              + (number(database, "waiting") == 0
                  ? ""
                  : "; " + number(database, "waiting") + " clients wait"));
      if (!text(database, "alarm").equals("-")) {
        out.line("ALARM: " + text(database, "alarm"));
      }
      List<List<String>> rows = new ArrayList<>();
      for (JsonNode member : database.get("members")) {
        rows.add(
            List.of(
                text(member, "name"),
                text(member, "address"),
                text(member, "state"),
                text(member, "role"),
                flag(member, "writes"),
                flag(member, "reads"),
                member.get("lagSeconds").isNull()
                    ? "-"
                    : String.format(Locale.ROOT, "%.1f s", real(member, "lagSeconds")),
                text(member, "lagBytes"),
                text(member, "position"),
                text(member, "connections"),
                text(member, "why")));
      }
      out.table(
          List.of(
              "MEMBER",
              "ADDRESS",
              "STATE",
              "ROLE",
              "WRITES",
              "READS",
              ">LAG",
              ">BYTES",
              ">POSITION",
              ">CLIENTS",
              "WHY"),
          rows);
      showKeys(out, database);
      List<List<String>> changes = new ArrayList<>();
      for (JsonNode change : database.get("changes")) {
        changes.add(
            List.of(
                Instant.ofEpochMilli(change.get("epochMillis").asLong()).toString(),
                text(change, "from"),
                text(change, "to"),
                text(change, "term"),
                text(change, "nobodyMillis") + " ms"));
      }
      if (!changes.isEmpty()) {
        out.line("");
        out.table(List.of("WRITES SINCE", "FROM", "TO", ">TIMELINE", ">NOBODY FOR"), changes);
      }
      ManagedVerbs.show(out, database.get("managed"));
    }

    /** Which key is written where. */
    private static void showKeys(Terminal out, JsonNode database) {
      if (!text(database, "writers").equals("affinity")) {
        return;
      }
      out.line("");
      for (JsonNode key : database.get("keys")) {
        String member = text(key, "member");
        out.line(text(key, "key") + " writes to " + (member.equals("-") ? "nobody" : member));
      }
      out.line("clients of routes without a key go by their address");
    }

    private static String flag(JsonNode node, String key) {
      return node.get(key).booleanValue() ? "yes" : "no";
    }
  }
}
