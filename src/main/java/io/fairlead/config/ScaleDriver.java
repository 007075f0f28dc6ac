package io.fairlead.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What starts and stops nodes of a service. */
public sealed interface ScaleDriver {
  /** Parts of a command, and characters of each. */
  int MOST_PARTS = 100;

  int LONGEST_PART = 65_536;

  /** As the configuration calls it. */
  String word();

  /** What it runs, which only the file may say; empty: that is said elsewhere. */
  List<List<String>> commands();

  /** Stands for the version in what is run. */
  String VERSION = "{version}";

  /** Whether what is run depends on the version. */
  default boolean hasVersion() {
    return commands().stream().flatMap(List::stream).anyMatch(part -> part.contains(VERSION));
  }

  /** Variables of these. */
  Map<String, Secret> environment();

  /** What must not be seen of it. */
  default List<Secret> secrets() {
    return List.copyOf(environment().values());
  }

  /**
   * Programs on this machine.
   *
   * @param command the program and its arguments, in which {@code {port}} and {@code {name}} stand
   *     for those of the node
   * @param environment variables beside ours; {@code PORT} is added
   * @param directory where it runs
   */
  record Program(List<String> command, Map<String, Secret> environment, Path directory)
      implements ScaleDriver {
    public Program {
      command = List.copyOf(command);
      environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
      Require require = new Require();
      check(require, "command", command);
      require.orRefuse();
    }

    @Override
    public String word() {
      return "process";
    }

    @Override
    public List<List<String>> commands() {
      return List.of(command);
    }
  }

  /**
   * Whatever three programs make of it. Each runs with {@code FAIRLEAD_SERVICE}, {@code
   * FAIRLEAD_NAME} and {@code FAIRLEAD_MARK} in its environment.
   *
   * @param list prints a line for each node of that mark: its name, its address, and what else
   *     people find it by
   * @param add makes the node of that name, or finds that it is there, and prints its line
   * @param remove ends the node of that name, and is content if there is none
   * @param environment variables beside ours
   * @param directory where they run
   */
  record Exec(
      List<String> list,
      List<String> add,
      List<String> remove,
      Map<String, Secret> environment,
      Path directory)
      implements ScaleDriver {
    public Exec {
      list = List.copyOf(list);
      add = List.copyOf(add);
      remove = List.copyOf(remove);
      environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
      Require require = new Require();
      check(require, "list", list);
      check(require, "add", add);
      check(require, "remove", remove);
      require.orRefuse();
    }

    @Override
    public String word() {
      return "exec";
    }

    @Override
    public List<List<String>> commands() {
      return List.of(list, add, remove);
    }
  }

  /**
   * Containers of this machine, by Docker or Podman.
   *
   * @param socket where the engine listens
   * @param image that it has
   * @param port on which a container serves; it is published on a free port of 127.0.0.1
   * @param command in place of that of the image; empty: that of the image
   * @param environment variables; {@code PORT} and {@code FAIRLEAD_NAME} are added
   * @param memory bytes that a container may use; 0: any number
   * @param volumes as {@code HOST:CONTAINER}, perhaps with {@code :ro}
   */
  record Docker(
      Path socket,
      String image,
      int port,
      List<String> command,
      Map<String, Secret> environment,
      long memory,
      List<String> volumes)
      implements ScaleDriver {
    static final Path USUAL_SOCKET = Path.of("/var/run/docker.sock");
    static final Range<Integer> PORTS = Range.counts(1, 65_535);
    static final Range<Long> MEMORIES = Range.sizes(6L * 1024 * 1024, Long.MAX_VALUE);

    public Docker {
      command = List.copyOf(command);
      environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
      volumes = List.copyOf(volumes);
      Require require =
          new Require()
              .that(
                  image.replace(VERSION, "1").matches("[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}"),
                  "image",
                  image.isEmpty() ? null : image,
                  image.isEmpty() ? "must be given where driver is docker" : "must name an image")
              .within(PORTS, "port", port);
      if (!command.isEmpty()) {
        check(require, "command", command);
      }
      for (int i = 0; i < volumes.size(); i++) {
        require.that(
            volumes.get(i).matches("/[^:]*:/[^:]+(:[a-z,]+)?"),
            List.of("volumes", "[" + i + "]"),
            volumes.get(i),
            "must be HOST:CONTAINER, absolute paths, perhaps with :ro",
            List.of());
      }
      require.orRefuse();
    }

    @Override
    public String word() {
      return "docker";
    }

    @Override
    public List<List<String>> commands() {
      return List.of(List.of(image));
    }

    @Override
    public boolean hasVersion() {
      return image.contains(VERSION) || command.stream().anyMatch(part -> part.contains(VERSION));
    }
  }

  /**
   * Pods of a Deployment in Kubernetes, whose number is changed. What runs in them is said there.
   *
   * @param cluster where that is
   * @param deployment by its name there
   * @param port on which a pod serves
   */
  record Kubernetes(ClusterConfig cluster, String deployment, int port) implements ScaleDriver {
    public Kubernetes {
      new Require()
          .unless(ClusterConfig.label(deployment), List.of("deployment"), deployment)
          .within(Docker.PORTS, "port", port)
          .orRefuse();
    }

    @Override
    public String word() {
      return "kubernetes";
    }

    /** What is run is said there; which Deployment it is, and who asks, must not change either. */
    @Override
    public List<List<String>> commands() {
      return List.of(List.of(deployment));
    }

    @Override
    public Map<String, Secret> environment() {
      return Map.of();
    }
  }

  /**
   * Programs on other machines, by agents there. What they run is said there, so that whoever takes
   * over a front end runs nothing else.
   *
   * @param agents by name
   * @param token that they ask for; empty: they ask for a certificate
   * @param tls how they are spoken to where their URL says so
   */
  record Agents(Map<String, Agent> agents, Secret token, ServiceTls tls) implements ScaleDriver {
    /** Of one service. */
    static final int MOST = 100;

    /**
     * One of them.
     *
     * @param url of its door
     * @param zone where its nodes stand
     */
    public record Agent(String url, String zone) {
      public Agent {
        String objection = OutboundKeys.base(url, "https://10.0.0.21:9901");
        new Require()
            .unless(objection, List.of("url"), url)
            .unless(Syntax.zone(zone), List.of("zone"), zone)
            .orRefuse();
      }

      boolean isTls() {
        return url.startsWith("https:");
      }

      /** As a key's value is shown. */
      @Override
      public String toString() {
        return url;
      }
    }

    public Agents {
      agents = Collections.unmodifiableMap(new LinkedHashMap<>(agents));
      boolean anyTls = agents.values().stream().anyMatch(Agent::isTls);
      new Require()
          .that(
              !agents.isEmpty() && agents.size() <= MOST,
              "agents",
              agents.size(),
              "must be 1 to " + MOST)
          .that(
              !token.value().isEmpty() || tls.cert().isPresent(),
              "token",
              null,
              "must be given, or tls with cert: agents ask for one of them")
          .that(
              token.value().isEmpty() || AgentConfig.isToken(token),
              "token",
              null,
              AgentConfig.TOKEN_RULE)
          .that(
              anyTls || !tls.enabled(),
              List.of("tls"),
              null,
              "must not be given where no agent has an https URL",
              List.of(List.of("agents")))
          .orRefuse();
    }

    @Override
    public String word() {
      return "agents";
    }

    @Override
    public List<List<String>> commands() {
      return List.of();
    }

    @Override
    public Map<String, Secret> environment() {
      return Map.of();
    }

    @Override
    public List<Secret> secrets() {
      return token.value().isEmpty() ? List.of() : List.of(token);
    }
  }

  /** Refuses what cannot be a command. */
  static void check(Require require, String key, List<String> command) {
    require
        .that(
            !command.isEmpty() && !command.getFirst().isEmpty(),
            key,
            null,
            "must begin with a program")
        .that(
            command.size() <= MOST_PARTS,
            key,
            null,
            "must not have more than " + MOST_PARTS + " parts");
    for (int i = 0; i < command.size(); i++) {
      require.that(
          command.get(i).length() <= LONGEST_PART && command.get(i).indexOf('\0') < 0,
          List.of(key, "[" + i + "]"),
          null,
          "must be at most " + LONGEST_PART + " characters",
          List.of());
    }
  }
}
