package io.fairlead;

import io.fairlead.config.ConfigReader;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.FilterConfig;
import io.fairlead.extension.FilterLoader;
import io.fairlead.extension.FilterRefused;
import io.fairlead.extension.LoadedFilter;
import io.fairlead.proxy.DataPlane;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.FilterCounter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Keeps the filters of the configuration in force. Makes those of the next one before it is, and
 * ends the others when the last request that they had to decide about is decided. Used under the
 * lock of {@link Fairlead} for changes, but where it says otherwise.
 */
final class FilterKeeper {
  /** How often it is asked whether anybody still needs a filter. */
  private static final Duration LOOK = Duration.ofMillis(20);

  /** For calls that nobody waits for any more, and for the end of a filter. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** A filter that has not failed for so long works. */
  private static final long QUIET_SECONDS = 10;

  /** What the events of a filter have told. */
  private static final class Told {
    long failures;
    long before;
    long slow;
    long quietSeconds;
    boolean failing;
    long quietSlow = QUIET_SECONDS;
  }

  private final DataPlane dataPlane;
  private final Consumer<Event> events;
  private volatile Map<String, LoadedFilter> filters = Map.of();

  /** Control thread only. */
  private final Map<String, Told> told = new HashMap<>();

  FilterKeeper(DataPlane dataPlane, Consumer<Event> events) {
    this.dataPlane = dataPlane;
    this.events = events;
  }

  /** Those in force, in the order of the configuration. Any thread. */
  List<LoadedFilter> all() {
    return List.copyOf(filters.values());
  }

  /**
   * Makes what the configuration wants, or tells everything that is wrong with that.
   *
   * @param text of the configuration
   * @param source what it is called
   */
  Map<String, LoadedFilter> prepare(FairleadConfig config, String text, String source)
      throws RefusedConfig {
    if (config.filters().isEmpty()) {
      return Map.of();
    }
    Map<String, LoadedFilter> ready = new LinkedHashMap<>();
    List<ConfigReader.Problem> problems =
        load(new FilterLoader(filters.values(), dataPlane.loops()), config, text, source, ready);
    if (!problems.isEmpty()) {
      discard(ready);
      throw new RefusedConfig(problems);
    }
    return ready;
  }

  private static List<ConfigReader.Problem> load(
      FilterLoader loader,
      FairleadConfig config,
      String text,
      String source,
      Map<String, LoadedFilter> ready) {
    List<ConfigReader.Problem> problems = new ArrayList<>();
    for (FilterConfig filter : config.filters().values()) {
      try {
        ready.put(filter.name(), loader.load(filter));
      } catch (FilterRefused e) {
        problems.add(ConfigReader.problemAt(source, text, e.path(), e.rule(), e.was()));
      }
    }
    return problems;
  }

  /** What is wrong with the filters of a configuration that no instance of this process has. */
  static List<ConfigReader.Problem> problems(FairleadConfig config, String text, String source) {
    Map<String, LoadedFilter> ready = new LinkedHashMap<>();
    List<ConfigReader.Problem> problems =
        load(new FilterLoader(List.of(), 1), config, text, source, ready);
    ready.values().forEach(FilterKeeper::end);
    return problems;
  }

  /** They will not be used, as far as they are not already. */
  void discard(Map<String, LoadedFilter> ready) {
    for (LoadedFilter filter : ready.values()) {
      if (isNew(filter, filters)) {
        Thread _ = Thread.ofVirtual().name("filter end").start(() -> end(filter));
      }
    }
  }

  @SuppressWarnings("ReferenceEquality") // that very one
  private static boolean isNew(LoadedFilter filter, Map<String, LoadedFilter> than) {
    return than.get(filter.config().name()) != filter;
  }

  /** Routes ask these from now on. */
  void show(Map<String, LoadedFilter> ready) {
    Map<String, LoadedFilter> before = filters;
    filters = ready;
    for (LoadedFilter filter : ready.values()) {
      if (isNew(filter, before)) {
        events.accept(
            new Event.FilterLoaded(
                filter.config().name(),
                filter.config().factory(),
                String.valueOf(filter.config().jar().getFileName()),
                filter.version(),
                digest(filter)));
      }
    }
    for (LoadedFilter filter : before.values()) {
      if (isNew(filter, ready)) {
        dataPlane.afterEachLoop(() -> {
          // Whoever comes from now on meets the new one.
          Thread _ = Thread.ofVirtual().name("filter end").start(() -> retire(filter));
        });
      }
    }
  }

  private static String digest(LoadedFilter filter) {
    return filter.digest().substring(0, 12);
  }

  private void retire(LoadedFilter filter) {
    try {
      while (filter.requests() > 0) { // each is decided in its time, or its client goes
        Thread.sleep(LOOK);
      }
      long until = System.nanoTime() + PATIENCE.toNanos();
      while (filter.calls() > 0 && System.nanoTime() < until) {
        Thread.sleep(LOOK);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    String trouble = end(filter);
    events.accept(new Event.FilterEnded(filter.config().name(), digest(filter), trouble));
  }

  private static String end(LoadedFilter filter) {
    try {
      Thread.currentThread().setContextClassLoader(filter.loader());
      filter.filter().close();
      return filter.calls() > 0
          ? filter.calls() + " of its calls go on, though nobody waits for them"
          : "";
    } catch (Throwable e) { // whatever it is, it is theirs
      return "its close() has failed: " + FilterLoader.words(e);
    } finally {
      Thread.currentThread().setContextClassLoader(FilterKeeper.class.getClassLoader());
    }
  }

  /** Once a second, on the control thread: tells what filters do wrong, once for each burst. */
  void tick() {
    Collection<LoadedFilter> present = filters.values();
    if (present.isEmpty()) {
      return;
    }
    for (LoadedFilter filter : present) {
      look(filter, told.computeIfAbsent(filter.config().name(), _ -> new Told()));
    }
    told.keySet().retainAll(filters.keySet());
  }

  private void look(LoadedFilter filter, Told last) {
    String name = filter.config().name();
    long failures = filter.stats().failures();
    long more = failures - last.failures;
    last.failures = failures;
    if (more > 0) {
      last.quietSeconds = 0;
      if (!last.failing) {
        last.failing = true;
        last.before = failures - more;
        boolean passes = filter.config().onError() == FilterConfig.OnError.PASS;
        events.accept(new Event.FilterFailing(name, more, passes, filter.stats().lastFailure()));
      }
    } else if (last.failing && ++last.quietSeconds >= QUIET_SECONDS) {
      last.failing = false;
      events.accept(new Event.FilterWorks(name, failures - last.before));
    }
    long slow = filter.stats().counters().get(FilterCounter.SLOW);
    long moreSlow = slow - last.slow;
    last.slow = slow;
    if (moreSlow == 0) {
      last.quietSlow++;
      return;
    }
    long longest = TimeUnit.NANOSECONDS.toMillis(filter.stats().takeSlowest());
    if (last.quietSlow >= QUIET_SECONDS) {
      events.accept(new Event.FilterSlow(name, moreSlow, longest));
    }
    last.quietSlow = 0;
  }

  /** The instance stops, and no event loop asks any more. */
  void close() {
    Map<String, LoadedFilter> last = filters;
    filters = Map.of();
    CountDownLatch ended = new CountDownLatch(last.size());
    for (LoadedFilter filter : last.values()) {
      Thread _ =
          Thread.ofVirtual()
              .name("filter end")
              .start(() -> {
                String _ = end(filter);
                ended.countDown();
              });
    }
    try {
      boolean _ = ended.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
