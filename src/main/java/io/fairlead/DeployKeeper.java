package io.fairlead;

import io.fairlead.config.DeployConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.ScaleConfig;
import io.fairlead.config.ScaleDriver;
import io.fairlead.config.ServiceConfig;
import io.fairlead.runtime.Scheduler;
import io.fairlead.scaling.DeployView;
import io.fairlead.scaling.Plan;
import io.fairlead.scaling.Release;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The versions of this instance's services: sees what the configuration wants, has deploys go on
 * once a second, and writes down how far they are before anything is done. Control thread, but for
 * what says otherwise.
 */
final class DeployKeeper {
  private static final System.Logger LOG = System.getLogger(DeployKeeper.class.getName());
  private static final Duration PACE = Duration.ofSeconds(1);

  /**
   * What there is to be of a service.
   *
   * @param anew whether nodes that are started otherwise from now on are replaced at once
   */
  record Wanted(Plan plan, boolean anew) {}

  private final DeployFile file;
  private final Scheduler control;
  private final ScalingKeeper scaling;
  private final Consumer<Event> events;
  private final BooleanSupplier paused;
  private final Map<String, ServiceDeploys> services = new ConcurrentHashMap<>();

  private final Executor waiting = task -> Thread.ofVirtual().name("deploys").start(task);

  /** One after another: what was written last holds. */
  private CompletableFuture<Void> written = CompletableFuture.completedFuture(null);

  private boolean closed;

  /**
   * @param paused another process is about to take over: nothing goes on
   */
  DeployKeeper(
      Path data,
      Scheduler control,
      ScalingKeeper scaling,
      Consumer<Event> events,
      BooleanSupplier paused) {
    this.file = new DeployFile(data);
    this.control = control;
    this.scaling = scaling;
    this.events = events;
    this.paused = paused;
  }

  /** Begins to look. */
  void start() {
    control.schedule(PACE, this::second);
  }

  private void second() {
    if (closed) {
      return;
    }
    if (!paused.getAsBoolean()) {
      services.values().forEach(ServiceDeploys::second);
    }
    control.schedule(PACE, this::second);
  }

  /**
   * What was written down of services that are new to this process. May wait; any thread.
   *
   * @throws IOException if the data folder cannot be read
   */
  Map<String, DeployFile.State> find(FairleadConfig config) throws IOException {
    Map<String, DeployFile.State> found = new HashMap<>();
    for (String name : config.services().keySet()) {
      DeployFile.State state = services.containsKey(name) ? null : file.read(name);
      if (state != null) {
        found.put(name, state);
      }
    }
    return found;
  }

  /**
   * The service is configured so from now on.
   *
   * @param before how it was; null: it was not
   * @param found by {@link #find}
   * @param empty whether Fairlead runs no node of it yet
   */
  Wanted watch(
      Service service,
      ServiceConfig config,
      @Nullable ServiceConfig before,
      DeployFile.@Nullable State found,
      boolean empty) {
    DeployConfig deploy = config.deploy();
    ServiceDeploys known = services.get(service.name());
    if (known == null || !known.isOf(service)) {
      known =
          new ServiceDeploys(
              service,
              deploy,
              config.scale().isPresent(),
              control,
              new Hands() {
                @Override
                public void plan(Plan plan) {
                  scaling.plan(service.name(), plan);
                }

                @Override
                public Plan.@Nullable Progress progress() {
                  return scaling.progress(service.name());
                }

                @Override
                public void keep(DeployFile.State state, Runnable then) {
                  write(service.name(), state, then);
                }

                @Override
                public void tell(Event event) {
                  events.accept(event);
                }
              });
      services.put(service.name(), known);
      known.begin(found, deploy.version(), empty);
      return new Wanted(known.plan(), true);
    }
    boolean other = before != null && !before.deploy().version().equals(deploy.version());
    known.configure(deploy, config.scale().isPresent());
    if (other) {
      ScaleDriver was =
          before == null ? null : before.scale().map(ScaleConfig::driver).orElse(null);
      known.follow(deploy.version(), was);
    }
    return new Wanted(known.plan(), !other);
  }

  /** What a service's deploys need done. */
  interface Hands {
    void plan(Plan plan);

    Plan.@Nullable Progress progress();

    /** Has it written down, and then goes on here. */
    void keep(DeployFile.State state, Runnable then);

    void tell(Event event);
  }

  private void write(String service, DeployFile.State state, Runnable then) {
    if (closed) {
      return;
    }
    Runnable task =
        () -> {
          try {
            file.write(service, state);
          } catch (IOException e) {
            LOG.log(
                Level.WARNING,
                "how far the deploy of {0} is cannot be written down: {1}",
                service,
                e.getMessage());
          }
          control.execute(then);
        };
    written = written.thenRunAsync(task, waiting);
  }

  /** The service is no more. */
  void forget(Service service) {
    ServiceDeploys known = services.get(service.name());
    if (known != null && known.isOf(service)) {
      services.remove(service.name(), known);
    }
  }

  /** Any thread; null: there is no such service. */
  @Nullable DeployView view(String service) {
    ServiceDeploys known = services.get(service);
    return known == null ? null : known.view();
  }

  /** Null: it begins; otherwise why not. */
  @Nullable String begin(String service, Release release, String who) {
    ServiceDeploys known = services.get(service);
    return known == null ? "there is no service " + service : known.want(release, who);
  }

  /** The same for the end of one. */
  @Nullable String abort(String service, String who) {
    ServiceDeploys known = services.get(service);
    return known == null ? "there is no service " + service : known.abort(who);
  }

  /** The same for the rest of its steps. */
  @Nullable String promote(String service, String who) {
    ServiceDeploys known = services.get(service);
    return known == null ? "there is no service " + service : known.promote(who);
  }

  /** Nothing goes on any more; the next process does. */
  void close() {
    closed = true;
  }
}
