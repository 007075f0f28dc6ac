package io.fairlead.scaling;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.fairlead.config.AgentConfig;
import io.fairlead.config.ScaleDriver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Starts and stops nodes on this machine for front ends elsewhere. They name a service; what is run
 * then is said in the agent's own file.
 *
 * <p>Each front end, or group of them, is an <i>owner</i> and sees its own nodes only; {@code most}
 * of a service counts all of them. Nodes are processes as {@link ProcessDriver} has them: they
 * outlive the agent, whichever way it ends, and the next one of the same folder finds them.
 */
public final class Agent implements AutoCloseable {
  /** Front ends that it keeps apart. */
  static final int MOST_OWNERS = 100;

  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,99}");
  private static final Pattern NODE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern VERSION = Pattern.compile("([A-Za-z0-9_-][A-Za-z0-9._+-]{0,127})?");

  private final AgentConfig config;
  private final Path owners;
  private final String mark;
  private final FileChannel lock;
  private final Consumer<String> say;
  private final @Nullable ControlGroups groups;
  private final String unbounded;
  private final Map<String, Crew> crews = new TreeMap<>();
  private final Thread look;
  private @Nullable AgentDoor door;

  private Agent(
      AgentConfig config,
      Path owners,
      String mark,
      FileChannel lock,
      @Nullable ControlGroups groups,
      String unbounded,
      Consumer<String> say) {
    this.config = config;
    this.owners = owners;
    this.mark = mark;
    this.lock = lock;
    this.groups = groups;
    this.unbounded = unbounded;
    this.say = say;
    this.look = Thread.ofVirtual().name("agent look").unstarted(this::look);
  }

  /**
   * Finds what runs and opens the door.
   *
   * @param random for what tells its folder from all others
   * @param say is told what happens, in sentences
   * @throws IOException if that cannot be, in words
   */
  public static Agent start(AgentConfig config, RandomGenerator random, Consumer<String> say)
      throws IOException {
    Path data = config.data().toAbsolutePath();
    Path owners = data.resolve("owners");
    Files.createDirectories(owners);
    FileChannel lock = lock(data);
    try {
      ControlGroups groups = null;
      String unbounded = "";
      if (config.services().values().stream().anyMatch(one -> one.memory() > 0 || one.cpus() > 0)) {
        try {
          groups = ControlGroups.open();
        } catch (IOException e) {
          unbounded = "memory and cpus cannot be kept: " + e.getMessage();
          say.accept("warning: " + unbounded + "; nodes run without bounds");
        }
      }
      Agent agent = new Agent(config, owners, mark(data, random), lock, groups, unbounded, say);
      agent.find();
      agent.door = AgentDoor.open(agent, config);
      agent.look.start();
      return agent;
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static FileChannel lock(Path data) throws IOException {
    FileChannel channel = FileChannel.open(data.resolve("lock"), CREATE, WRITE);
    FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Another one in this very process.
    }
    if (lock == null) {
      channel.close();
      throw new IOException("another agent has the folder " + data);
    }
    return channel;
  }

  private static String mark(Path data, RandomGenerator random) throws IOException {
    Path file = data.resolve("mark");
    try {
      return Files.readString(file).strip();
    } catch (NoSuchFileException e) {
      String made = String.format("%016x", random.nextLong());
      Scaling.write(file, made);
      return made;
    }
  }

  private void find() throws IOException {
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(owners)) {
      for (Path owner : folders) {
        try (DirectoryStream<Path> services = Files.newDirectoryStream(owner.resolve("scaling"))) {
          for (Path service : services) {
            Crew crew = crew(String.valueOf(owner.getFileName()), name(service));
            if (crew != null && crew.size() > 0) {
              say.accept(
                  "found "
                      + crew.size()
                      + (crew.size() == 1 ? " node of " : " nodes of ")
                      + crew.service()
                      + " for "
                      + crew.owner());
            }
          }
        } catch (NoSuchFileException e) {
          // Nothing was ever started for it.
        }
      }
    }
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }

  /** What is bound, with the real port. */
  public InetSocketAddress address() {
    AgentDoor present = door;
    if (present == null) {
      throw new IllegalStateException("asked before it was opened");
    }
    return present.address();
  }

  String name() {
    return config.name();
  }

  void say(String sentence) {
    say.accept(sentence);
  }

  /** What its machine is like now. */
  HostFigures host() {
    return HostFigures.read(owners);
  }

  /** Why bounds are not kept; empty: they are, or there are none. */
  String unbounded() {
    return unbounded;
  }

  /** Services that it may run, with how many, and how many run. */
  Map<String, int[]> services() {
    Map<String, int[]> services = new TreeMap<>();
    config
        .services()
        .forEach((name, program) -> services.put(name, new int[] {program.most(), runs(name)}));
    return services;
  }

  /** Nodes that it may run of it; 0: it may not. */
  int most(String service) {
    AgentConfig.Program program = config.services().get(service);
    return program == null ? 0 : program.most();
  }

  /** Nodes of it that run, of all owners. */
  int runs(String service) {
    return crews().stream()
        .filter(crew -> crew.service().equals(service))
        .mapToInt(Crew::size)
        .sum();
  }

  private List<Crew> crews() {
    synchronized (crews) {
      return List.copyOf(crews.values());
    }
  }

  static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  static boolean isNode(String text) {
    return NODE.matcher(text).matches();
  }

  /** A version is a part of a command: it must not lead out of a folder. */
  static boolean isVersion(String text) {
    return VERSION.matcher(text).matches() && !text.contains("..");
  }

  /** What there is of it; null: nothing was ever started. */
  @Nullable Crew known(String owner, String service) {
    synchronized (crews) {
      return crews.get(owner + "/" + service);
    }
  }

  /** Makes it if need be; null: there are too many owners, or names that are none. */
  private @Nullable Crew crew(String owner, String service) throws IOException {
    if (!isName(owner) || !isName(service)) {
      return null;
    }
    synchronized (crews) {
      Crew known = crews.get(owner + "/" + service);
      if (known == null) {
        Set<String> all = new HashSet<>(Set.of(owner));
        crews.values().forEach(crew -> all.add(crew.owner()));
        if (all.size() > MOST_OWNERS) {
          return null;
        }
        AgentConfig.Program program = config.services().get(service);
        Path data = owners.resolve(owner);
        known =
            new Crew(
                owner,
                service,
                data,
                new ProcessDriver(
                    data,
                    mark + "-" + owner,
                    service,
                    program == null
                        ? new ScaleDriver.Program(List.of("false"), Map.of(), data) // never started
                        : program.run(),
                    place(owner, service, Optional.ofNullable(program))),
                say);
        crews.put(owner + "/" + service, known);
      }
      return known;
    }
  }

  private ProcessDriver.Place place(
      String owner, String service, Optional<AgentConfig.Program> program) {
    return new ProcessDriver.Place() {
      @Override
      public String host() {
        return config.address();
      }

      @Override
      public int freePort() throws IOException {
        AgentConfig.Ports range = program.flatMap(AgentConfig.Program::ports).orElse(null);
        return range == null ? ProcessDriver.freePort() : port(range);
      }

      @Override
      public List<String> within(String name) throws IOException {
        long memory = program.map(AgentConfig.Program::memory).orElse(0L);
        double cpus = program.map(AgentConfig.Program::cpus).orElse(0.0);
        return groups == null || (memory == 0 && cpus == 0)
            ? List.of()
            : groups.within(owner + "-" + service + "-" + name, memory, cpus);
      }
    };
  }

  /** One of the range that no node has and that can be bound. */
  private int port(AgentConfig.Ports range) throws IOException {
    Set<Integer> taken = new HashSet<>();
    crews().forEach(crew -> taken.addAll(crew.ports()));
    for (int port = range.from(); port <= range.to(); port++) {
      if (!taken.contains(port)) {
        try (ServerSocket socket = new ServerSocket()) {
          socket.setReuseAddress(false);
          socket.bind(new InetSocketAddress(port));
          return port;
        } catch (IOException e) {
          // Somebody else has it.
        }
      }
    }
    throw new IOException("none of the ports " + range + " is free");
  }

  /** Starts that node for that owner, or finds that it runs. */
  Crew.Outcome start(String owner, String service, String name, String version, long term)
      throws IOException {
    AgentConfig.Program program = config.services().get(service);
    if (program == null) {
      return new Crew.Outcome.Refused(
          "the file of agent "
              + config.name()
              + " has no service "
              + service
              + "; it has "
              + String.join(", ", config.services().keySet()));
    }
    if (version.isEmpty() && program.run().hasVersion()) {
      return new Crew.Outcome.Refused(
          "what agent " + config.name() + " runs of " + service + " needs a version");
    }
    synchronized (owners) { // so that most, and no port twice, holds over all crews
      Crew crew = crew(owner, service);
      if (crew == null) {
        return new Crew.Outcome.Refused(
            "agent " + config.name() + " has " + MOST_OWNERS + " owners already");
      }
      boolean full = runs(service) >= program.most();
      return crew.start(
          name,
          version,
          term,
          full
              ? "agent "
                  + config.name()
                  + " runs "
                  + program.most()
                  + " of "
                  + service
                  + ", and its file allows no more"
              : "");
    }
  }

  private void look() {
    try {
      while (true) {
        Thread.sleep(LOOK);
        crews().forEach(Crew::look);
        ControlGroups present = groups;
        if (present != null) {
          present.clear();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the agent ends
    } catch (IOException e) {
      say.accept("groups of nodes cannot be cleared away: " + e.getMessage());
    }
  }

  /** Shuts the door and has all nodes end. */
  public void stopNodes() {
    AgentDoor present = door;
    if (present != null) {
      present.close();
    }
    List<Thread> threads =
        crews().stream().map(crew -> Thread.ofVirtual().start(() -> crew.stopAll(GRACE))).toList();
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Shuts the door; nodes go on. */
  @Override
  public void close() {
    AgentDoor present = door;
    if (present != null) {
      present.close();
    }
    look.interrupt();
    try {
      lock.close();
    } catch (IOException e) {
      say.accept("the folder cannot be let go of: " + e.getMessage());
    }
  }
}
