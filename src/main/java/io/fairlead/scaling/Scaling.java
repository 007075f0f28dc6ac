package io.fairlead.scaling;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.fairlead.config.ScaleConfig;
import io.fairlead.config.ScaleDriver;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The services whose nodes Fairlead starts and stops itself. What is there already is looked for
 * before a service begins ({@link #find}), so that after a start or a takeover requests find the
 * nodes at once; the first start or stop waits until no other process of this data folder does so.
 */
public final class Scaling implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Scaling.class.getName());
  private static final Duration TURN = Duration.ofMillis(100);

  /** How often it is tried to find out what there is, where that failed. */
  private static final Duration AGAIN = Duration.ofSeconds(5);

  /** What there is of a service, and what goes on with it. */
  public static final class Found {
    private final Driver driver;
    private final @Nullable List<Started> nodes;
    private final int manual;
    private final Versions versions;

    /** Whether it is known that there is none. */
    public boolean isEmpty() {
      return nodes != null && nodes.isEmpty();
    }

    private Found(Driver driver, @Nullable List<Started> nodes, int manual, Versions versions) {
      this.driver = driver;
      this.nodes = nodes;
      this.manual = manual;
      this.versions = versions;
    }
  }

  /** Who is told which nodes there are; an empty list: none. */
  public interface Members {
    void set(Service service, List<NodeSpec> nodes, String whyGone);
  }

  private static final class Scaled {
    final Service service;
    final ServiceScaler scaler;
    @Nullable Seat seat;

    Scaled(Service service, ServiceScaler scaler) {
      this.service = service;
      this.scaler = scaler;
    }
  }

  private final Path folder;
  private final Path data;
  private final String group;
  private final Scheduler control;
  private final Leadership leadership;
  private final Members members;
  private final Consumer<Event> events;
  private final RandomGenerator random;
  private final Executor waiting = task -> Thread.ofVirtual().name("scaling").start(task);
  private final Map<String, Scaled> services = new ConcurrentHashMap<>();
  private final CompletableFuture<FileChannel> turn = new CompletableFuture<>();
  private boolean waits;
  private volatile boolean closed;
  private @Nullable String mark;

  /**
   * @param data the instance's folder for state
   * @param group of instances that have the same nodes at agents; empty: there is none
   * @param control the control thread
   * @param leadership who of several instances acts
   */
  public Scaling(
      Path data,
      String group,
      Scheduler control,
      Leadership leadership,
      Members members,
      Consumer<Event> events,
      RandomGenerator random) {
    this.data = data;
    this.group = group;
    this.folder = data.resolve("scaling");
    this.control = control;
    this.leadership = leadership;
    this.members = members;
    this.events = events;
    this.random = random;
  }

  /**
   * Where nodes of a service write, by their names; empty where Fairlead does not see it. As many
   * as may be read at once.
   */
  public static Map<String, Path> outputs(Path data, String service, ScaleConfig config) {
    Map<String, Path> outputs = new HashMap<>();
    if (config.driver() instanceof ScaleDriver.Program
        || config.driver() instanceof ScaleDriver.Agents) {
      for (int i = 1; i <= config.max(); i++) {
        String name = service + "-" + i;
        outputs.put(name, ProcessDriver.output(data, service, name));
      }
    }
    return outputs;
  }

  /**
   * Looks for what there is of a service that begins to be scaled, or is from now on by another
   * driver. May wait.
   *
   * @return null: nothing has to be looked for
   * @throws IOException if the data folder cannot be read
   */
  public @Nullable Found find(String service, ScaleConfig config) throws IOException {
    Scaled known = services.get(service);
    if (known != null && known.scaler.canBe(config) && !known.scaler.isEnding()) {
      return null;
    }
    Driver driver = driver(service, config);
    List<Started> nodes;
    try {
      nodes = driver.find();
    } catch (IOException e) {
      events.accept(new Event.ScalingBlind(service, String.valueOf(e.getMessage())));
      nodes = null;
    }
    return new Found(
        driver,
        nodes,
        readManual(service),
        new Versions(folder.resolve(service).resolve("versions")));
  }

  private Driver driver(String service, ScaleConfig config) throws IOException {
    return switch (config.driver()) {
      case ScaleDriver.Program process -> new ProcessDriver(data, mark(), service, process);
      case ScaleDriver.Agents agents ->
          new AgentDriver(
              data, group.isEmpty() ? mark() : AgentDriver.GROUP + group, service, agents, events);
      case ScaleDriver.Docker docker -> new DockerDriver(mark(), service, docker);
      case ScaleDriver.Kubernetes kubernetes ->
          new KubernetesDriver(mark(), service, kubernetes, config.startTimeout());
      case ScaleDriver.Exec exec -> new ExecDriver(mark(), service, exec, config.startTimeout());
    };
  }

  /** Tells this data folder from all others. */
  private synchronized String mark() throws IOException {
    String known = mark;
    if (known == null) {
      Files.createDirectories(folder);
      Path file = folder.resolve("mark");
      try {
        known = Files.readString(file).strip();
      } catch (NoSuchFileException e) {
        known = String.format("%016x", random.nextLong());
        write(file, known);
      }
      mark = known;
    }
    return known;
  }

  static void write(Path file, String text) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.createDirectories(file.getParent());
    Files.writeString(next, text + "\n");
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private Path manualFile(String service) {
    return folder.resolve(service).resolve("size");
  }

  private int readManual(String service) throws IOException {
    try {
      String text = Files.readString(manualFile(service)).strip();
      return text.matches("[0-9]{1,4}") ? Integer.parseInt(text) : -1;
    } catch (NoSuchFileException e) {
      return -1;
    }
  }

  // --- control thread ----------------------------------------------------------------------

  /**
   * Scales the service from now on as the configuration says.
   *
   * @param found by {@link #find} for this
   * @param plan which versions there are to be
   * @param anew whether nodes that were started otherwise are replaced, though of no other version
   */
  public void watch(
      Service service, ScaleConfig config, @Nullable Found found, Plan plan, boolean anew) {
    Scaled known = services.get(service.name());
    if (known != null && found == null) {
      known.scaler.configure(config, anew);
      known.scaler.plan(plan);
      return;
    }
    if (found == null) {
      throw new IllegalStateException("nobody has looked for nodes of " + service.name());
    }
    if (known != null) {
      leave(known);
    }
    ServiceScaler scaler =
        new ServiceScaler(
            service,
            config,
            found.driver,
            found.nodes == null ? List.of() : found.nodes,
            found.manual,
            found.versions,
            plan,
            control,
            members,
            waiting,
            events,
            random);
    Scaled scaled = new Scaled(service, scaler);
    services.put(service.name(), scaled);
    awaitTurn();
    if (found.nodes != null && turn.isDone()) {
      control.execute(() -> begin(scaled));
    } else {
      CompletableFuture<Void> _ =
          turn.thenRun(() -> control.execute(() -> findLater(scaled, found.driver)));
    }
  }

  /**
   * Nothing is started before it is known what there is; a predecessor may have started something
   * until it was our turn.
   */
  private void findLater(Scaled scaled, Driver driver) {
    if (closed || services.get(scaled.service.name()) != scaled) {
      return;
    }
    waiting.execute(() -> {
      try {
        List<Started> nodes = driver.find();
        control.execute(() -> {
          scaled.scaler.adopt(nodes);
          begin(scaled);
        });
      } catch (IOException | RuntimeException e) {
        control.schedule(AGAIN, () -> findLater(scaled, driver));
      }
    });
  }

  private void begin(Scaled scaled) {
    if (!closed && services.get(scaled.service.name()) == scaled && scaled.seat == null) {
      scaled.seat =
          new Seat(
              leadership,
              scaled.service.name(),
              control,
              scaled.scaler::lead,
              scaled.scaler::setActing);
    }
  }

  private static void leave(Scaled scaled) {
    Seat seat = scaled.seat;
    if (seat != null) {
      seat.close();
    }
    scaled.scaler.close();
  }

  /** The service is scaled no longer: what was started for it drains and stops. */
  public void unwatch(Service service) {
    Scaled known = services.get(service.name());
    if (known != null && !known.scaler.isEnding()) {
      end(known);
    }
  }

  /** The same, and the service is no more. */
  public void forget(Service service) {
    Scaled known = services.get(service.name());
    if (known != null) {
      unwatch(service);
      known.scaler.forget();
    }
  }

  private CompletableFuture<Void> end(Scaled scaled) {
    if (!turn.isDone()) {
      leave(scaled);
      services.remove(scaled.service.name(), scaled);
      return CompletableFuture.completedFuture(null);
    }
    return scaled
        .scaler
        .end()
        .thenRun(() -> {
          if (services.remove(scaled.service.name(), scaled)) {
            leave(scaled);
          }
        });
  }

  /**
   * So many nodes from now on, also after a restart.
   *
   * @param size negative: as many as needed
   */
  public boolean setSize(String service, int size) {
    Scaled known = services.get(service);
    if (known == null) {
      return false;
    }
    boolean changed = known.scaler.manual() != size;
    known.scaler.setManual(size);
    waiting.execute(() -> {
      try {
        if (size < 0) {
          Files.deleteIfExists(manualFile(service));
        } else {
          write(manualFile(service), Integer.toString(size));
        }
      } catch (IOException e) {
        LOG.log(Level.WARNING, "the size of {0} is not kept: {1}", service, e.getMessage());
      }
    });
    return changed;
  }

  /** Other versions from now on. */
  public void plan(String service, Plan plan) {
    Scaled known = services.get(service);
    if (known != null) {
      known.scaler.plan(plan);
    }
  }

  /** How far the plan is true; null: the service is not scaled. */
  public Plan.@Nullable Progress progress(String service) {
    Scaled known = services.get(service);
    return known == null ? null : known.scaler.progress();
  }

  // --- any thread --------------------------------------------------------------------------

  /** How that service is scaled; null: it is not. */
  public @Nullable ScaleView view(String service) {
    Scaled known = services.get(service);
    return known == null ? null : known.scaler.view();
  }

  /** One process of a data folder acts at a time: in a takeover the one that leaves goes first. */
  private void awaitTurn() {
    if (waits) {
      return;
    }
    waits = true;
    waiting.execute(() -> {
      try {
        Files.createDirectories(folder);
        FileChannel channel = FileChannel.open(folder.resolve("lock"), CREATE, WRITE);
        while (!closed) {
          FileLock lock = null;
          try {
            lock = channel.tryLock();
          } catch (OverlappingFileLockException e) {
            // Another instance in this very process.
          }
          if (lock != null) {
            turn.complete(channel);
            return;
          }
          Thread.sleep(TURN);
        }
        channel.close();
      } catch (IOException e) {
        LOG.log(Level.ERROR, "nothing is scaled: " + folder + " cannot be locked", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
  }

  /**
   * The process is to end: stops nodes, but for those that are to be left. Not for the control
   * thread: waits for it, and for the nodes.
   *
   * @param leaves whether those of a service stay
   * @param patience for all of it
   */
  public void stop(Predicate<String> leaves, Duration patience) {
    CompletableFuture<CompletableFuture<Void>> asked = new CompletableFuture<>();
    control.execute(() -> {
      CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
      for (Scaled scaled : List.copyOf(services.values())) {
        if (!leaves.test(scaled.service.name()) && !scaled.scaler.isShared()) {
          all = CompletableFuture.allOf(all, end(scaled));
        }
      }
      asked.complete(all);
    });
    asked
        .thenCompose(all -> all)
        .completeOnTimeout(null, patience.toMillis(), TimeUnit.MILLISECONDS)
        .join();
  }

  /** Nothing is started or stopped any more; the nodes go on. Control thread. */
  @Override
  public void close() {
    closed = true;
    services.values().forEach(Scaling::leave);
    services.clear();
    FileChannel channel = turn.getNow(null);
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "the lock of {0}: {1}", folder, e.toString());
      }
    }
  }
}
