package io.fairlead.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** What is done with databases that Fairlead manages, and how they are shown. */
final class ManagedVerbs {
  private ManagedVerbs() {}

  /** One of them. */
  abstract static class Ask extends RemoteVerb {
    @Parameters(index = "0", paramLabel = "DATABASE", description = "Its name.")
    private String database = "";

    Ask(Cli.World world) {
      super(world);
    }

    /** Behind the name of the database. */
    abstract String what();

    @Override
    public Integer call() {
      String path = "/api/v1/databases/" + AdminClient.segment(database) + what();
      AdminClient.Reply done = AdminClient.expect(client().send("POST", path, null, null));
      terminal().line(json() ? done.body() : database + ": " + done.json().get("text").asString());
      return Cli.DONE;
    }
  }

  @Command(description = "Have another member take the writes, with no transaction torn.")
  static final class Switchover extends Ask {
    @Option(
        names = "--to",
        paramLabel = "MEMBER",
        description = "Whom the writes go to; default: whoever is fit.")
    private @Nullable String to;

    Switchover(Cli.World world) {
      super(world);
    }

    @Override
    String what() {
      return "/switchover" + (to == null ? "" : "?to=" + AdminClient.segment(to));
    }
  }

  @Command(description = "Leave a database to an operator: nothing is started or promoted.")
  static final class Pause extends Ask {
    Pause(Cli.World world) {
      super(world);
    }

    @Override
    String what() {
      return "/pause";
    }
  }

  @Command(description = "Manage a database again.")
  static final class Resume extends Ask {
    Resume(Cli.World world) {
      super(world);
    }

    @Override
    String what() {
      return "/resume";
    }
  }

  @Command(description = "Copy a member anew from the primary.")
  static final class Reinit extends Ask {
    @Parameters(index = "1", paramLabel = "MEMBER", description = "Its name.")
    private String member = "";

    Reinit(Cli.World world) {
      super(world);
    }

    @Override
    String what() {
      return "/members/" + AdminClient.segment(member) + "/reinit";
    }
  }

  @Command(
      description = {
        "Have a database begin anew with what one member has.",
        "Only where it waits for what cannot be had any more: a Galera cluster without a quorum,"
            + " PostgreSQL where too few members are left to know who has everything, or whoever"
            + " could be promoted is damaged. What only others have is lost."
      })
  static final class Bootstrap extends Ask {
    @Option(
        names = "--member",
        required = true,
        paramLabel = "MEMBER",
        description = "Whose data it begins with.")
    private String member = "";

    @Option(
        names = "--allow-data-loss",
        required = true,
        description = "What only other members have may be lost.")
    private boolean allowsLoss;

    Bootstrap(Cli.World world) {
      super(world);
    }

    @Override
    String what() {
      return "/bootstrap?member=" + AdminClient.segment(member) + "&allow-data-loss=" + allowsLoss;
    }
  }

  private static String inTheWay(JsonNode trouble, @Nullable JsonNode damage) {
    List<String> words = new ArrayList<>();
    if (damage != null && !damage.isNull()) { // instances of older versions say nothing of it
      words.add("DAMAGED: " + damage.asString());
    }
    if (!trouble.isNull()) {
      words.add(trouble.asString());
    }
    return String.join("; ", words);
  }

  static void show(Terminal out, @Nullable JsonNode managed) {
    if (managed == null || managed.isNull()) {
      return;
    }
    out.line("");
    out.line(
        "managed here, term "
            + managed.get("term").asLong()
            + (managed.get("waitsFor").asString().isEmpty()
                ? ""
                : "; a commit waits for " + managed.get("waitsFor").asString())
            + (managed.get("paused").booleanValue() ? "; PAUSED" : ""));
    if (!managed.get("doing").isNull()) {
      out.line("  now: " + managed.get("doing").asString());
    }
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode one : managed.get("members")) {
      rows.add(
          List.of(
              one.get("name").asString(),
              one.get("instance").isNull() ? "-" : one.get("instance").asString(),
              one.get("doing").asString(),
              one.get("pid").isNull() ? "-" : one.get("pid").asString(),
              inTheWay(one.get("trouble"), one.get("damage"))));
    }
    if (!rows.isEmpty()) {
      out.table(List.of("MEMBER", "RUN BY", "SERVER", ">PROCESS", "IN THE WAY"), rows);
    }
    List<List<String>> steps = new ArrayList<>();
    for (JsonNode step : managed.get("steps")) {
      steps.add(List.of(step.get("millis").asLong() + " ms", step.get("what").asString()));
    }
    if (!steps.isEmpty()) {
      out.line("");
      out.table(List.of(">LAST FAILOVER", "STEP"), steps);
    }
  }
}
