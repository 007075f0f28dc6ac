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

  /** How often it is said when sessions were seen. */
  private static final Duration SAY = Duration.ofSeconds(10);

  /** Seconds for requests to end. */
  private static final long PATIENCE = 300;

  /** Sessions end when their users do. */
  private static final long DAY = 86_400;

  /** From when one instance knows to when all do. */
  private static final Duration TOLD = Duration.ofSeconds(1);

  private static final String INSTANCE = "One of the group, instead of a node of a service.";

  private DrainVerbs() {}

  private static void checkWhat(@Nullable String instance, String service, String node) {
    boolean nothing = service.isEmpty() && node.isEmpty();
    if (instance == null ? node.isEmpty() : !nothing) {
      throw new Failure(Cli.USAGE, "say SERVICE and NODE, or --instance INSTANCE");
    }
  }

  @Command(
      description = {
        "Take a node out gracefully: nothing new is sent to it.",
        "Waits until nothing is in flight any more, and where clients stay with their node until no",
        "session has been seen for affinity.idle; says how much is left meanwhile.",
        "With --instance, an instance of the group: names are not answered with it any more, and it",
        "gives up its virtual IPs. Waits until resolvers have forgotten it."
      },
      footer = {"", "  fairlead drain shop 10.0.0.11:8080", "  fairlead drain --instance edge-2"})
  static final class Drain extends RemoteVerb {
    @Parameters(index = "0", arity = "0..1", paramLabel = "SERVICE", description = "Its name.")
    private String service = "";

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "NODE",
        description = "Its address or name.")
    private String node = "";

    @Option(names = "--instance", paramLabel = "INSTANCE", description = INSTANCE)
    private @Nullable String instance;

    @Option(names = "--no-wait", description = "Do not wait until it is empty.")
    private boolean noWait;

    @Option(
        names = "--timeout",
        paramLabel = "SECONDS",
        description = {
          "How long to wait; then exit 1.",
          "Default: 300, or 86400 where clients stay with their node."
        })
    private @Nullable Integer timeout;

    Drain(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() throws InterruptedException {
      checkWhat(instance, service, node);
      AdminClient client = client();
      if (instance != null) {
        return drain(client, instance);
      }
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
      long patience = timeout != null ? timeout : keepsSessions(now) ? DAY : PATIENCE;
      long deadline = System.nanoTime() + Duration.ofSeconds(patience).toNanos();
      boolean empty = isEmpty(now);
      long inFlight = number(now, "inFlight");
      long said = System.nanoTime();
      while (!noWait && !empty) {
        if (System.nanoTime() >= deadline) {
          throw new Failure(
              Cli.FAILED,
              inFlight > 0
                  ? inFlight + " requests are still in flight after " + patience + " s"
                  : "sessions have been seen lately, after " + patience + " s");
        }
        Thread.sleep(LOOK);
        JsonNode look = look(client, path);
        empty = look == null || isEmpty(look);
        long left = look == null ? 0 : number(look, "inFlight");
        boolean often = System.nanoTime() - said < SAY.toNanos();
        if (look != null && !json() && (left != inFlight || (keepsSessions(look) && !often))) {
          terminal().line("  " + left + " in flight" + sessions(look, ", "));
          said = System.nanoTime();
        }
        inFlight = left;
      }
      if (json()) {
        terminal().line(noWait ? reply.body() : client.post(path + "/drain").body());
      } else if (empty) {
        terminal().line(service + "/" + text(now, "node") + " is empty");
      }
      return Cli.DONE;
    }

    private Integer drain(AdminClient client, String name) throws InterruptedException {
      AdminClient.Reply reply =
          client.post("/api/v1/instances/" + AdminClient.segment(name) + "/drain");
      JsonNode now = reply.json();
      long seconds = number(now, "resolverSeconds");
      if (json()) {
        terminal().line(reply.body());
      } else {
        terminal()
            .line(
                name
                    + (now.get("changed").booleanValue() ? " is out" : " was out already")
                    + (seconds == 0 ? "" : "; resolvers may know it for " + seconds + " s more"));
      }
      if (!noWait && seconds > 0) {
        Thread.sleep(Duration.ofSeconds(seconds).plus(TOLD));
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
          + " connections"
          + sessions(now, ", ");
    }

    private static boolean isEmpty(JsonNode node) {
      return node.path("empty").asBoolean(number(node, "inFlight") == 0);
    }
  }

  @Command(
      description = {
        "Let a node take requests again; with --instance, an instance of the group take clients."
      })
  static final class Undrain extends RemoteVerb {
    @Parameters(index = "0", arity = "0..1", paramLabel = "SERVICE", description = "Its name.")
    private String service = "";

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "NODE",
        description = "Its address or name.")
    private String node = "";

    @Option(names = "--instance", paramLabel = "INSTANCE", description = INSTANCE)
    private @Nullable String instance;

    Undrain(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      checkWhat(instance, service, node);
      if (instance != null) {
        AdminClient.Reply reply =
            client().post("/api/v1/instances/" + AdminClient.segment(instance) + "/undrain");
        terminal()
            .line(
                json()
                    ? reply.body()
                    : instance
                        + (reply.json().get("changed").booleanValue()
                            ? " takes clients again"
                            : " was not out"));
        return Cli.DONE;
      }
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

  private static boolean keepsSessions(JsonNode node) {
    return node.path("sessionRequests").isNumber();
  }

  /**
   * How busy the sessions of a node are, if its service keeps any.
   *
   * @param before stands before it
   */
  static String sessions(JsonNode node, String before) {
    if (!keepsSessions(node)) {
      return "";
    }
    double ago = (System.currentTimeMillis() - node.path("lastSession").asLong(0)) / 1000.0;
    return before
        + node.path("sessionRequests").asLong(0)
        + " requests of sessions in the last minute, the last "
        + Terminal.span(ago)
        + " ago";
  }

  private static String path(String service, String node) {
    return "/api/v1/services/"
        + AdminClient.segment(service)
        + "/nodes/"
        + AdminClient.segment(node);
  }
}
