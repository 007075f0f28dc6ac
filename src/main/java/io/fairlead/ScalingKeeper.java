package io.fairlead;

import io.fairlead.config.FairleadConfig;
import io.fairlead.config.LogSource;
import io.fairlead.config.ScaleConfig;
import io.fairlead.config.ServiceConfig;
import io.fairlead.discovery.Membership;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.Scheduler;
import io.fairlead.scaling.Plan;
import io.fairlead.scaling.ScaleView;
import io.fairlead.scaling.Scaling;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The services of this instance that are scaled, and who has to know. */
final class ScalingKeeper {
  /** What a node is named by, beside the file and the API. */
  private static final String SOURCE = "scaling";

  /** Files of nodes' output that are read, over all services. */
  private static final int MOST_OUTPUTS = 200;

  /** Beyond what nodes may take. */
  private static final Duration MORE = Duration.ofSeconds(10);

  private final Path data;
  private final Scaling scaling;

  ScalingKeeper(
      Path data,
      String group,
      Scheduler control,
      Leadership leadership,
      Membership membership,
      Consumer<Event> events,
      RandomGenerator random) {
    this.data = data;
    scaling =
        new Scaling(
            data,
            group,
            control,
            leadership,
            (Service service, List<NodeSpec> nodes, String whyGone) ->
                membership.setSource(service, SOURCE, nodes, whyGone),
            events,
            random);
  }

  /**
   * Looks for nodes of services that begin to be scaled. May wait.
   *
   * @throws IOException if the data folder cannot be read
   */
  Map<String, Scaling.Found> find(FairleadConfig config) throws IOException {
    Map<String, Scaling.Found> found = new HashMap<>();
    for (ServiceConfig service : config.services().values()) {
      ScaleConfig scale = service.scale().orElse(null);
      if (scale != null) {
        Scaling.Found one = scaling.find(service.name(), scale);
        if (one != null) {
          found.put(service.name(), one);
        }
      }
    }
    return found;
  }

  /** The switch. Control thread. */
  void watch(
      Service service,
      Optional<ScaleConfig> config,
      Scaling.@Nullable Found found,
      Plan plan,
      boolean anew) {
    if (config.isPresent()) {
      scaling.watch(service, config.get(), found, plan, anew);
    } else {
      scaling.unwatch(service);
    }
  }

  /** The service is no more. Control thread. */
  void forget(Service service) {
    scaling.forget(service);
  }

  /** Other versions from now on. Control thread. */
  void plan(String service, Plan plan) {
    scaling.plan(service, plan);
  }

  /** Null: the service is not scaled. Control thread. */
  Plan.@Nullable Progress progress(String service) {
    return scaling.progress(service);
  }

  @Nullable ScaleView view(String service) {
    return scaling.view(service);
  }

  /** Control thread. */
  boolean setSize(String service, int size) {
    return scaling.setSize(service, size);
  }

  /** What nodes write, as sources of the nodes' own logs. */
  List<LogSource> outputs(FairleadConfig config) {
    List<LogSource> sources = new ArrayList<>();
    for (ServiceConfig service : config.services().values()) {
      service
          .scale()
          .ifPresent(scale ->
              Scaling.outputs(data, service.name(), scale)
                  .forEach((name, file) -> {
                    if (sources.size() < MOST_OUTPUTS) {
                      sources.add(
                          new LogSource.File(file, LogSource.Format.PLAIN, service.name(), name));
                    }
                  }));
    }
    return sources;
  }

  /** The instance is told to end, and nothing is in flight any more. Waits. */
  void stop(FairleadConfig config) {
    Duration patience = Duration.ZERO;
    for (ServiceConfig service : config.services().values()) {
      Duration its =
          service.scale().map(scale -> scale.drain().plus(scale.grace())).orElse(Duration.ZERO);
      patience = its.compareTo(patience) > 0 ? its : patience;
    }
    scaling.stop(name -> leaves(config, name), patience.plus(MORE));
  }

  private static boolean leaves(FairleadConfig config, String service) {
    ServiceConfig known = config.services().get(service);
    return known != null
        && known.scale().map(s -> s.onExit() == ScaleConfig.OnExit.LEAVE).orElse(false);
  }

  /** Nothing is started or stopped any more. Control thread. */
  void close() {
    scaling.close();
  }
}
