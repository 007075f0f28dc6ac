package io.fairlead.scaling;

import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleDriver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Nodes by three programs of somebody else: one that lists, one that adds, one that removes. What
 * there is they know; nothing is written down here.
 */
final class ExecDriver implements Driver {
  private static final Duration LIST = Duration.ofSeconds(30);
  private static final Duration MORE = Duration.ofSeconds(60);

  /** How often it is asked what there is. */
  private static final long LOOK_NANOS = Duration.ofSeconds(10).toNanos();

  private final String mark;
  private final String service;
  private volatile ScaleDriver.Exec config;
  private final Duration startTimeout;

  /** Those that the last list did not have: one list may be wrong. */
  private final Set<String> missing = new HashSet<>();

  /** Names of nodes that are being started or stopped. */
  private final Set<String> busy = ConcurrentHashMap.newKeySet();

  /** Nodes that nobody knew of at the last look. */
  private Set<String> strays = new HashSet<>();

  private long lookedNanos = System.nanoTime();

  /**
   * @param instance mark of this data folder
   * @param startTimeout time that adding a node may take
   */
  ExecDriver(String instance, String service, ScaleDriver.Exec config, Duration startTimeout) {
    this.mark = instance + "-" + service;
    this.service = service;
    this.config = config;
    this.startTimeout = startTimeout;
  }

  @Override
  public void use(ScaleDriver other) {
    config = (ScaleDriver.Exec) other;
  }

  @Override
  public List<Started> find() throws IOException {
    List<Started> nodes = new ArrayList<>();
    for (String line : run(config, config.list(), "", LIST, Map.of())) {
      nodes.add(parse(line));
    }
    return nodes;
  }

  @Override
  public Started start(String name, Release release) throws IOException {
    busy.add(name);
    try {
      return add(name, (ScaleDriver.Exec) release.on(config));
    } finally {
      busy.remove(name);
    }
  }

  private Started add(String name, ScaleDriver.Exec present) throws IOException {
    List<String> lines = run(present, present.add(), name, startTimeout, Map.of());
    if (lines.isEmpty()) {
      throw new IOException(present.add().getFirst() + " did not say where " + name + " is");
    }
    Started node = parse(lines.getLast());
    if (!node.name().equals(name)) {
      throw new IOException(
          present.add().getFirst() + " was asked for " + name + " and told of " + node.name());
    }
    return node;
  }

  @Override
  public void stop(Started node, Duration grace) throws IOException {
    busy.add(node.name());
    try {
      remove(node.name(), grace);
    } finally {
      busy.remove(node.name());
    }
  }

  private void remove(String name, Duration grace) throws IOException {
    List<String> _ =
        run(
            config,
            config.remove(),
            name,
            grace.plus(MORE),
            Map.of("FAIRLEAD_GRACE", Long.toString(grace.toSeconds())));
  }

  @Override
  public synchronized Map<Started, String> ended(Collection<Started> known) throws IOException {
    long now = System.nanoTime();
    if (now - lookedNanos < LOOK_NANOS) {
      return Map.of();
    }
    lookedNanos = now;
    return look(known);
  }

  /** The same at once; what nobody knows of at two looks in a row goes. */
  synchronized Map<Started, String> look(Collection<Started> known) throws IOException {
    Map<Started, String> ended = new HashMap<>();
    Set<String> there = new HashSet<>();
    Set<String> names = new HashSet<>();
    known.forEach(node -> names.add(node.name()));
    Set<String> unknown = new HashSet<>();
    for (Started node : find()) {
      there.add(node.name());
      if (!names.contains(node.name()) && !busy.contains(node.name())) {
        unknown.add(node.name());
        if (strays.contains(node.name())) {
          remove(node.name(), Duration.ZERO);
        }
      }
    }
    strays = unknown;
    for (Started node : known) {
      if (there.contains(node.name())) {
        missing.remove(node.name());
      } else if (!missing.add(node.name())) {
        missing.remove(node.name());
        ended.put(node, "is not in two lists of " + config.list().getFirst());
      }
    }
    return ended;
  }

  private List<String> run(
      ScaleDriver.Exec present,
      List<String> command,
      String name,
      Duration timeout,
      Map<String, String> more)
      throws IOException {
    Map<String, String> environment = new HashMap<>(more);
    present.environment().forEach((key, value) -> environment.put(key, value.value()));
    environment.put("FAIRLEAD_SERVICE", service);
    environment.put("FAIRLEAD_MARK", mark);
    environment.put("FAIRLEAD_NAME", name);
    return Command.run(
        command.stream().map(part -> part.replace("{name}", name)).toList(),
        present.directory(),
        environment,
        timeout);
  }

  /** NAME HOST:PORT, and behind that whatever people find it by. */
  static Started parse(String line) throws IOException {
    String[] parts = line.strip().split("\\s+", 3);
    try {
      if (parts.length >= 2 && parts[0].matches("[A-Za-z0-9._-]{1,128}")) {
        HostPort address = HostPort.parse(parts[1]);
        if (address.port() > 0) {
          return new Started(parts[0], address, parts.length > 2 ? parts[2] : parts[0]);
        }
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new IOException("a line must be NAME HOST:PORT and perhaps more (was " + line + ")");
  }
}
