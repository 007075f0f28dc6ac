package io.fairlead.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Replaces instances by new processes. */
@Command(
    description = {
      "Replace all instances of the group, one after another, by new processes of the program that is",
      "in their place now; without a group, the instance. Install the new version first.",
      "Nobody is refused and no connection is cut: each new process takes over from the old one. The",
      "next instance follows when the process before it is there. The first that fails ends it, and",
      "goes on as it was."
    },
    footer = {"", "  fairlead upgrade", "  fairlead upgrade edge-2", "  fairlead upgrade --stop"})
final class UpgradeVerb extends RemoteVerb {
  private static final Duration LOOK = Duration.ofMillis(300);

  /** The door is shut while its own process is replaced, and a process needs time to begin. */
  private static final Duration SHUT = Duration.ofSeconds(60);

  private static final int BUSY = 503;
  private static final String PATH = "/api/v1/upgrade";

  @Parameters(
      arity = "0..*",
      paramLabel = "INSTANCE",
      description = "Those to be replaced; default: all that are there.")
  private List<String> instances = new ArrayList<>();

  @Option(names = "--stop", description = "Replace no more than the one whose turn it is.")
  private boolean stop;

  @Option(names = "--no-wait", description = "Do not wait until it is done.")
  private boolean noWait;

  private final Set<String> said = new HashSet<>();

  UpgradeVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() throws InterruptedException {
    AdminClient client = client();
    if (stop) {
      AdminClient.Reply reply = AdminClient.expect(client.send("DELETE", PATH, null, null));
      terminal().line(json() ? reply.body() : "no more instances are replaced");
      return Cli.DONE;
    }
    long old = pid(client);
    StringBuilder query = new StringBuilder();
    add(query, "instances", instances.isEmpty() ? null : String.join(",", instances));
    AdminClient.Reply reply = client.post(PATH + query);
    JsonNode begun = reply.json();
    if (noWait) {
      terminal().line(json() ? reply.body() : "begun");
      return Cli.DONE;
    }
    boolean inGroup = !client.get("/api/v1/instances").json().get("group").isNull();
    say(begun);
    long heard = System.nanoTime();
    while (true) {
      Thread.sleep(LOOK);
      try {
        AdminClient.Reply answer = client.send("GET", PATH, null, null);
        if (answer.status() == BUSY && System.nanoTime() - heard < SHUT.toNanos()) {
          continue; // a new process that does not hear the others yet
        }
        JsonNode now = AdminClient.expect(answer).json();
        heard = System.nanoTime();
        boolean known = !now.get("who").isNull();
        say(now);
        if (!text(now, "failed").isEmpty()) {
          throw new Failure(Cli.FAILED, text(now, "failed"));
        }
        if (inGroup ? known && !now.get("running").booleanValue() : !known && pid(client) != old) {
          done(
              now,
              inGroup ? "all are replaced" : "process " + old + " is replaced by " + pid(client));
          return Cli.DONE;
        }
      } catch (Failure e) {
        if (e.exitCode() != Cli.UNREACHABLE || System.nanoTime() - heard > SHUT.toNanos()) {
          throw e;
        }
      }
    }
  }

  private void done(JsonNode view, String words) {
    terminal().line(json() ? view.toString() : words);
  }

  private void say(@Nullable JsonNode view) {
    if (json() || view == null) {
      return;
    }
    for (JsonNode name : view.get("done")) {
      if (said.add(name.stringValue())) {
        terminal().line(name.stringValue() + " is replaced");
      }
    }
    JsonNode open = view.get("open");
    if (view.get("running").booleanValue()
        && !open.isEmpty()
        && said.add("open " + open.get(0).stringValue())) {
      terminal().line(open.get(0).stringValue() + " is being replaced");
    }
  }

  private static long pid(AdminClient client) {
    return number(client.get("/api/v1/status").json(), "pid");
  }
}
