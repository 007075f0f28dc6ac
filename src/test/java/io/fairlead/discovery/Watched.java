package io.fairlead.discovery;

import io.fairlead.config.DiscoverSource;
import io.fairlead.config.HostPort;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * A service whose nodes come from one source that is really asked: when the clock says so, which
 * the test turns, or look by look.
 */
final class Watched {
  static final String SHOP = "shop";

  private final ManualScheduler time = new ManualScheduler();
  private final EventLog events = new EventLog(time::epochMillis);
  private final Service service = new Service(SHOP, 1, events, time::epochMillis);
  private final Discovery discovery;

  /** Looks that are to be taken. */
  private final Queue<Runnable> looks = new ArrayDeque<>();

  private Watched(DiscoverSource config, SourceLook look, boolean byClock) {
    discovery =
        new Discovery(
            time,
            new Membership(time),
            events::add,
            task -> {
              if (byClock) {
                task.run();
              } else {
                looks.add(task);
              }
            },
            (_, _) -> look);
    discovery.watch(service, List.of(config));
    time.run();
  }

  /** Asked when the clock says so. */
  static <T extends DiscoverSource> Watched byClock(T config, Function<T, SourceLook> look) {
    return new Watched(config, look.apply(config), true);
  }

  /** Asked by {@link #step}: of looks that wait, and in tests would wait for the test itself. */
  static <T extends DiscoverSource> Watched byStep(T config, Function<T, SourceLook> look) {
    return new Watched(config, look.apply(config), false);
  }

  /** A look that goes on by itself. */
  static CompletableFuture<SourceLook.Found> begin(SourceLook look) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return look.look();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        task -> Thread.ofVirtual().start(task));
  }

  /** Turns the clock until there is a look to take, and takes it. */
  void step() {
    for (int i = 0; i < 1000 && looks.isEmpty(); i++) {
      time.advance(Duration.ofMillis(50));
    }
    looks.remove().run();
    time.run();
  }

  /** What the clock says, in milliseconds. */
  long millis() {
    return time.epochMillis();
  }

  void advance(int seconds) {
    time.advance(Duration.ofSeconds(seconds));
  }

  /** Nodes as ADDRESS, and what else is special about each. */
  List<String> nodes() {
    return Arrays.stream(service.nodes().all())
        .map(node ->
            node.address()
                + (node.facts().weight() == 1 ? "" : " x" + node.facts().weight())
                + (node.facts().draining() ? " draining" : ""))
        .toList();
  }

  Node node(String address) {
    Node found = service.find(HostPort.parse(address));
    if (found == null) {
      throw new AssertionError(address + " is not among " + nodes());
    }
    return found;
  }

  void takeDown(String address) {
    service.setUp(node(address), false, "refused");
  }

  /** What was said of sources, with the second. */
  List<String> told() {
    return events.since(0).stream()
        .map(entry -> entry.epochMillis() / 1000 + " " + entry.event().text())
        .filter(line -> line.contains("nodes of"))
        .map(line ->
            line.replaceFirst("nodes of shop (cannot be|are) found by .*?(: | again)", "$1: "))
        .toList();
  }

  void close() {
    looks.clear(); // or one of them would wait
    discovery.close();
    looks.forEach(Runnable::run);
  }
}
