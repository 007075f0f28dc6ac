package io.fairlead.cli;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Verbs that take a node out gracefully and back in. */
final class DrainVerbs {
  private static final Duration LOOK = Duration.ofMillis(200);

  private DrainVerbs() {}

  @Command(
      description = {
        "Take a node out gracefully: nothing new is sent to it.",
        "Waits until nothing is in flight any more and says how much is left meanwhile."
      })
  static final class Drain extends RemoteVerb {
    @Parameters(index = "0", paramLabel = "SERVICE", description = "Its name.")
    private String service = "";

    @Parameters(index = "1", paramLabel = "NODE", description = "Its address or name.")
    private String node = "";

    @Option(names = "--no-wait", description = "Do not wait until it is empty.")
    private boolean noWait;

    @Option(
        names = "--timeout",
        paramLabel = "SECONDS",
        defaultValue = "300",
        description = "How long to wait; then exit 1. Default: ${DEFAULT-VALUE}.")
    private int timeout;

    Drain(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() throws InterruptedException {
      AdminClient client = client();
      String path = path(service, node);
      AdminClient.Reply reply = client.post(path + "/drain");
      JsonNode now = reply.json();
      if (!json()) {
        terminal()
            .line(
                service
                    + "/"
                    + text(now, "node")
                    + (now.get("changed").booleanValue() ? " is draining" : " was draining already")
                    + left(now));
      }
      long last = number(now, "inFlight");
      long deadline = System.nanoTime() + Duration.ofSeconds(timeout).toNanos();
      while (!noWait && last > 0) {
        if (System.nanoTime() >= deadline) {
          throw new Failure(
              Cli.FAILED, last + " requests are still in flight after " + timeout + " s");
        }
        Thread.sleep(LOOK);
        JsonNode look = look(client, path);
        long left = look == null ? 0 : number(look, "inFlight");
        if (left != last && !json()) {
          terminal().line("  " + left + " in flight");
        }
        last = left;
      }
      if (json()) {
        terminal().line(noWait ? reply.body() : client.post(path + "/drain").body());
      } else if (last == 0) {
        terminal().line(service + "/" + text(now, "node") + " is empty");
      }
      return Cli.DONE;
    }

    /** The node, or null if it has left meanwhile. */
    private static @Nullable JsonNode look(AdminClient client, String path) {
      AdminClient.Reply reply = client.send("GET", path, null, null);
      return reply.status() == 404 ? null : AdminClient.expect(reply).json();
    }

    private static String left(JsonNode now) {
      return ", "
          + number(now, "inFlight")
          + " in flight, "
          + number(now, "connections")
          + " connections";
    }
  }

  @Command(description = "Let a node take requests again.")
  static final class Undrain extends RemoteVerb {
    @Parameters(index = "0", paramLabel = "SERVICE", description = "Its name.")
    private String service = "";

    @Parameters(index = "1", paramLabel = "NODE", description = "Its address or name.")
    private String node = "";

    Undrain(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      AdminClient.Reply reply = client().post(path(service, node) + "/undrain");
      JsonNode now = reply.json();
      terminal()
          .line(
              json()
                  ? reply.body()
                  : service
                      + "/"
                      + text(now, "node")
                      + (now.get("changed").booleanValue()
                          ? " takes requests again"
                          : " was not draining")
                      + ": "
                      + text(now, "state"));
      return Cli.DONE;
    }
  }

  private static String path(String service, String node) {
    return "/api/v1/services/"
        + AdminClient.segment(service)
        + "/nodes/"
        + AdminClient.segment(node);
  }
}
