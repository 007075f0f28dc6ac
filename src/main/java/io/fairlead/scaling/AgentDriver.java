package io.fairlead.scaling;

import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleDriver;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Nodes on other machines, by the {@link Agent} of each.
 *
 * <p>What runs is asked of the agents, once a second while somebody wants to know. One that does
 * not answer says nothing: its nodes are taken to be there until it does, and no new ones are
 * started there. Which nodes there were is written down as well, so that a front end that starts
 * while an agent is away has them nevertheless.
 *
 * <p>A node that turns out to run without anybody here knowing of it (an order whose answer was
 * lost, an agent that comes back) is {@link #strays() handed over}; if there is another of its name
 * it is stopped.
 */
final class AgentDriver implements Driver {
  private static final System.Logger LOG = System.getLogger(AgentDriver.class.getName());

  /** What owners that are groups begin with. */
  static final String GROUP = "group-";

  /** For what an agent answers from memory. */
  private static final Duration ASK = Duration.ofSeconds(3);

  /** For what starts a process, or waits for one to end. */
  private static final Duration ORDER = Duration.ofSeconds(10);

  /** Nobody waits longer than that for all agents: those that are late count as silent. */
  private static final Duration ROUND = Duration.ofMillis(1500);

  /** Beyond the time that a node may take to end. */
  private static final Duration MORE = Duration.ofSeconds(15);

  /** One that has been taken out of the configuration and is silent for so long is given up. */
  private static final long GIVEN_UP_NANOS = Duration.ofSeconds(60).toNanos();

  /** Failures in a row after which it is told. */
  private static final int TELLING = 2;

  /** One agent. */
  private static final class Station {
    final String name;
    final AtomicBoolean copying = new AtomicBoolean();

    /** The question that is out, or the last one. */
    CompletableFuture<Void> question = CompletableFuture.completedFuture(null);

    volatile String url;
    volatile String zone;

    /** Whether the configuration names it. */
    volatile boolean wanted = true;

    volatile AgentClient.@Nullable Survey survey;

    /** When the question was asked that survey answers. */
    volatile long askedNanos;

    /** Since when it does not answer; meaningless while it does. */
    volatile long silentNanos;

    final AtomicInteger failures = new AtomicInteger();
    volatile String why = "not asked yet";
    volatile boolean told;

    Station(String name, String url, String zone) {
      this.name = name;
      this.url = url;
      this.zone = zone;
    }

    /** Whether it answered the last question. */
    boolean answers() {
      return survey != null && failures.get() == 0;
    }
  }

  /** Where a node is, as far as is known. */
  private record Placed(Station at, Started started, String version, long sinceNanos) {}

  private final Path folder;
  private final String owner;
  private final String service;
  private final Consumer<Event> events;
  private volatile ScaleDriver.Agents config;
  private final Object making = new Object();

  /** The configuration was given anew since the client was made. */
  private final AtomicBoolean stale = new AtomicBoolean();

  private AgentClient client;
  private final Map<String, Station> stations = new ConcurrentHashMap<>();
  private final Map<String, Placed> places = new ConcurrentHashMap<>();
  private final Map<String, Long> read = new ConcurrentHashMap<>();

  /** Names of nodes that are being started, with where. */
  private final Map<String, Station> busy = new ConcurrentHashMap<>();

  private final Set<String> stopping = ConcurrentHashMap.newKeySet();

  /** When nodes were gone: answers to older questions may still have them. */
  private final Map<String, Long> gone = new ConcurrentHashMap<>();

  private Map<String, Started> doubles = new HashMap<>();
  private volatile List<Started> strays = List.of();
  private volatile long term;
  private boolean loaded;
  private final Object lock = new Object();
  private Map<String, String> saved = Map.of();

  /**
   * @param data the instance's folder for state
   * @param owner tells the nodes of this front end, or of its group, from those of others
   */
  AgentDriver(
      Path data, String owner, String service, ScaleDriver.Agents config, Consumer<Event> events)
      throws IOException {
    this.folder = ProcessDriver.folder(data, service);
    this.owner = owner;
    this.service = service;
    this.events = events;
    this.config = config;
    this.client = new AgentClient(config);
    stations(config);
  }

  private void stations(ScaleDriver.Agents config) {
    config
        .agents()
        .forEach((name, agent) -> {
          Station known =
              stations.computeIfAbsent(name, _ -> new Station(name, agent.url(), agent.zone()));
          known.url = agent.url();
          known.zone = agent.zone();
          known.wanted = true;
        });
    stations
        .values()
        .forEach(station -> station.wanted = config.agents().containsKey(station.name));
  }

  @Override
  public void use(ScaleDriver other) {
    config = (ScaleDriver.Agents) other;
    stale.set(true);
    stations(config);
  }

  /** That of the present configuration; its files are read by whoever asks first. */
  private AgentClient client() throws IOException {
    synchronized (making) {
      if (stale.get()) {
        stale.set(false); // before it is read: a change from here on is not missed
        try {
          AgentClient next = new AgentClient(config);
          client.close();
          client = next;
        } catch (IOException e) {
          stale.set(true);
          throw e;
        }
      }
      return client;
    }
  }

  @Override
  public boolean renews(ScaleDriver before, ScaleDriver after) {
    return false; // what runs is said elsewhere
  }

  @Override
  public boolean isWanted(Started node) {
    Placed placed = places.get(node.name());
    return placed == null || placed.at().wanted;
  }

  @Override
  public boolean isShared() {
    return owner.startsWith(GROUP);
  }

  @Override
  public void lead(long orders) {
    term = orders;
  }

  // --- asking ------------------------------------------------------------------------------

  private String path(String rest) {
    return "/v1/owners/" + owner + "/services/" + service + rest;
  }

  private static String url(Station station, String path) {
    String base = station.url;
    return (base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + path;
  }

  /** Asks all of them what runs; each at most once at a time, however long it takes. */
  private void askAll(Duration patience, boolean copies) {
    List<CompletableFuture<Void>> answers = new ArrayList<>();
    for (Station station : stations.values()) {
      answers.add(question(station, copies));
    }
    try {
      CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
          .get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      // What is known is used.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One that is out already counts, however long it takes. */
  private CompletableFuture<Void> question(Station station, boolean copies) {
    CompletableFuture<Void> question = new CompletableFuture<>();
    synchronized (station) {
      if (!station.question.isDone()) {
        return station.question;
      }
      station.question = question;
    }
    Thread.ofVirtual()
        .name("agent " + station.name)
        .start(() -> {
          boolean answered = false;
          try {
            answered = ask(station);
          } finally {
            question.complete(null);
          }
          if (answered && copies && station.copying.compareAndSet(false, true)) {
            try {
              copyOutputs(station);
            } finally {
              station.copying.set(false);
            }
          }
        });
    return question;
  }

  private boolean ask(Station station) {
    long asked = System.nanoTime();
    AgentClient.Survey survey;
    try {
      survey =
          AgentClient.survey(
              client().call("GET", url(station, path("")), term, ASK), station.name, station.zone);
    } catch (IOException | RuntimeException e) {
      failed(station, String.valueOf(e.getMessage()), asked);
      return false;
    }
    boolean back = station.told;
    station.askedNanos = asked;
    station.survey = survey;
    station.failures.set(0);
    station.told = false;
    if (back) {
      events.accept(
          new Event.AgentBack(service, station.name, (asked - station.silentNanos) / 1_000_000));
    }
    return true;
  }

  private void failed(Station station, String why, long asked) {
    if (station.failures.get() == 0) {
      station.silentNanos = asked;
    }
    station.why = why;
    int failures = station.failures.incrementAndGet();
    if (failures >= TELLING && !station.told && station.wanted) {
      station.told = true;
      events.accept(new Event.AgentSilent(service, station.name, why, count(station)));
    }
  }

  private int count(Station station) {
    return (int) places.values().stream().filter(placed -> placed.at() == station).count();
  }

  // --- finding -----------------------------------------------------------------------------

  @Override
  public List<Started> find() throws IOException {
    load();
    askAll(ASK, false);
    return found();
  }

  private synchronized List<Started> found() throws IOException {
    boolean answered = false;
    Map<String, Placed> found = new TreeMap<>();
    for (Station station : stations.values()) {
      AgentClient.Survey survey = station.survey;
      if (station.answers() && survey != null) {
        answered = true;
        for (AgentClient.Seen seen : survey.nodes()) {
          if (!seen.hasEnded()) {
            Placed known = places.get(seen.started().name());
            boolean better = known != null && known.at() == station;
            Placed placed = new Placed(station, seen.started(), seen.version(), station.askedNanos);
            if (better) {
              found.put(seen.started().name(), placed);
            } else {
              found.putIfAbsent(seen.started().name(), placed);
            }
          }
        }
      }
    }
    places.forEach((name, placed) -> {
      boolean later = placed.sinceNanos() - placed.at().askedNanos > 0;
      if (!placed.at().answers() || later || busy.containsKey(name)) {
        found.put(name, placed); // nobody says that it is gone
      }
    });
    if (!answered && found.isEmpty() && !stations.isEmpty()) {
      List<String> whys = new ArrayList<>();
      stations.values().forEach(station -> whys.add(station.name + ": " + station.why));
      throw new IOException("no agent answers; " + String.join("; ", whys));
    }
    places.keySet().retainAll(found.keySet());
    places.putAll(found);
    save();
    return found.values().stream().map(Placed::started).toList();
  }

  @Override
  public Set<String> draining() {
    Set<String> names = new HashSet<>();
    places.forEach((name, placed) -> {
      AgentClient.Seen seen = seen(placed);
      if (seen != null && (seen.draining() || seen.state().equals("ending"))) {
        names.add(name);
      }
    });
    return names;
  }

  @Override
  public @Nullable String version(String name) {
    Placed placed = places.get(name);
    return placed == null ? null : placed.version();
  }

  /** As its agent has last told; null: it has not. */
  private static AgentClient.@Nullable Seen seen(Placed placed) {
    AgentClient.Survey survey = placed.at().survey;
    if (survey != null) {
      for (AgentClient.Seen seen : survey.nodes()) {
        if (seen.started().name().equals(placed.started().name())) {
          return seen;
        }
      }
    }
    return null;
  }

  @Override
  public Map<Started, String> ended(Collection<Started> known) {
    askAll(ROUND, true);
    return look(known);
  }

  private synchronized Map<Started, String> look(Collection<Started> known) {
    Map<Started, String> ended = new HashMap<>();
    Set<String> names = new HashSet<>();
    for (Started node : known) {
      names.add(node.name());
      Placed placed = places.get(node.name());
      if (placed == null || busy.containsKey(node.name())) {
        continue;
      }
      Station station = placed.at();
      if (!station.answers()) {
        if (isGivenUp(station)) {
          ended.put(
              node,
              "agent "
                  + station.name
                  + " is not in the configuration any more, and does not answer");
        }
        continue; // its checks judge it
      }
      if (station.askedNanos - placed.sinceNanos() <= 0) {
        continue; // the answer is older than the node
      }
      AgentClient.Seen seen = seen(placed);
      if (seen == null) {
        ended.put(node, "agent " + station.name + " does not have it any more");
      } else if (seen.hasEnded()) {
        ended.put(node, seen.words());
      } else if (!seen.started().address().equals(node.address())) {
        ended.put(node, "agent " + station.name + " has another one of that name");
      }
    }
    lookForOthers(names);
    stations.values().removeIf(station -> !station.wanted && count(station) == 0);
    return ended;
  }

  private static boolean isGivenUp(Station station) {
    return !station.wanted
        && !station.answers()
        && station.failures.get() > 0
        && System.nanoTime() - station.silentNanos > GIVEN_UP_NANOS;
  }

  /** What runs and is not known: it is handed over, or stopped if it is one too many. */
  private void lookForOthers(Set<String> names) {
    List<Started> others = new ArrayList<>();
    Map<String, Started> twice = new HashMap<>();
    for (Station station : stations.values()) {
      AgentClient.Survey survey = station.survey;
      if (!station.answers() || survey == null) {
        continue;
      }
      for (AgentClient.Seen seen : survey.nodes()) {
        String name = seen.started().name();
        Long since = gone.get(name);
        if (!seen.state().equals("running")
            || busy.containsKey(name)
            || stopping.contains(name)
            || (since != null && station.askedNanos - since <= 0)) {
          continue;
        }
        Placed placed = places.get(name);
        if (placed == null && !names.contains(name)) {
          places.put(name, new Placed(station, seen.started(), seen.version(), station.askedNanos));
          others.add(seen.started());
        } else if (placed != null && placed.at() == station) {
          if (!names.contains(name)) {
            others.add(seen.started()); // it was told of before, and nobody took it
          }
        } else {
          String key = station.name + " " + name;
          twice.put(key, seen.started());
          if (doubles.containsKey(key)) {
            Thread.ofVirtual().start(() -> stopDouble(station, name));
          }
        }
      }
    }
    long now = System.nanoTime();
    gone.values().removeIf(since -> now - since > GIVEN_UP_NANOS);
    doubles = twice;
    strays = List.copyOf(others);
    if (!others.isEmpty()) {
      save();
    }
  }

  private void stopDouble(Station station, String name) {
    try {
      AgentClient.Reply reply =
          client()
              .call("DELETE", url(station, path("/nodes/" + name + "?grace=10000")), term, ORDER);
      LOG.log(
          Level.INFO,
          "agent {0} had another {1} of {2}, which is told to end: {3}",
          station.name,
          name,
          service,
          reply.status());
    } catch (IOException e) {
      // It is tried again.
    }
  }

  @Override
  public List<Started> strays() {
    return strays;
  }

  // --- orders ------------------------------------------------------------------------------

  @Override
  public Started start(String name, Release release) throws IOException {
    if (!release.command().isEmpty() || !release.image().isEmpty()) {
      throw new IOException("agents run what their own files say, not the command of a deploy");
    }
    List<String> whys = new ArrayList<>();
    Set<Station> tried = new HashSet<>();
    for (Station next = choose(name, tried); next != null; next = choose(name, tried)) {
      tried.add(next);
      try {
        Started started = start(next, name, release.version());
        busy.remove(name);
        return started;
      } catch (IOException e) {
        whys.add(next.name + ": " + e.getMessage());
      } catch (RuntimeException e) {
        busy.remove(name);
        throw e;
      }
    }
    busy.remove(name);
    for (Station station : stations.values()) {
      if (station.wanted && !tried.contains(station)) {
        whys.add(station.name + ": " + silence(station));
      }
    }
    throw new IOException("no agent starts it; " + String.join("; ", whys));
  }

  private Started start(Station station, String name, String version) throws IOException {
    String query = "?version=" + URLEncoder.encode(version, StandardCharsets.UTF_8);
    AgentClient.Reply reply;
    try {
      reply = client().call("PUT", url(station, path("/nodes/" + name + query)), term, ORDER);
    } catch (IOException e) {
      failed(station, String.valueOf(e.getMessage()), System.nanoTime());
      throw e;
    }
    if (!reply.ok()) {
      throw new IOException(reply.words());
    }
    AgentClient.Seen seen = AgentClient.node(reply, station.name, station.zone);
    places.put(name, new Placed(station, seen.started(), version, System.nanoTime()));
    read.put(name, 0L);
    save();
    return seen.started();
  }

  /**
   * Where it is best started: an agent that answers and has room, in the zone and at the agent with
   * the fewest nodes of the service, then with the most room.
   */
  private synchronized @Nullable Station choose(String name, Set<Station> without) {
    Map<String, Integer> zones = new HashMap<>();
    Map<Station, Integer> counts = new HashMap<>();
    List<Station> all = new ArrayList<>();
    places.forEach((other, placed) -> {
      if (!busy.containsKey(other)) {
        all.add(placed.at());
      }
    });
    busy.remove(name);
    all.addAll(busy.values());
    for (Station station : all) {
      zones.merge(station.zone, 1, Integer::sum);
      counts.merge(station, 1, Integer::sum);
    }
    Station best =
        stations.values().stream()
            .filter(station -> station.wanted && station.answers() && !without.contains(station))
            .min(
                Comparator.comparing((Station station) -> free(station) <= 0)
                    .thenComparingInt(station -> zones.getOrDefault(station.zone, 0))
                    .thenComparingInt(station -> counts.getOrDefault(station, 0))
                    .thenComparingInt(station -> -free(station))
                    .thenComparing(station -> station.name))
            .orElse(null);
    if (best != null) {
      busy.put(name, best);
    }
    return best;
  }

  private static int free(Station station) {
    AgentClient.Survey survey = station.survey;
    return survey == null ? 0 : survey.most() - survey.runs();
  }

  @Override
  public void drain(Started node, boolean on) throws IOException {
    Placed placed = places.get(node.name());
    if (placed != null) {
      AgentClient.Reply _ =
          client()
              .call(
                  on ? "PUT" : "DELETE",
                  url(placed.at(), path("/nodes/" + node.name() + "/draining")),
                  term,
                  ASK);
    }
  }

  @Override
  public void stop(Started node, Duration grace) throws IOException {
    Placed placed = places.get(node.name());
    if (placed == null) {
      return;
    }
    stopping.add(node.name());
    try {
      stop(placed, grace);
      gone.put(node.name(), System.nanoTime());
      places.remove(node.name(), placed);
      read.remove(node.name());
      save();
    } finally {
      stopping.remove(node.name());
    }
  }

  private void stop(Placed placed, Duration grace) throws IOException {
    Station station = placed.at();
    String order =
        url(station, path("/nodes/" + placed.started().name() + "?grace=" + grace.toMillis()));
    long end = System.nanoTime() + grace.plus(MORE).toNanos();
    do {
      if (isGivenUp(station)) {
        return;
      }
      AgentClient.Reply reply;
      try {
        reply = client().call("DELETE", order, term, ORDER);
      } catch (IOException e) {
        throw new IOException("agent " + station.name + " cannot be told: " + e.getMessage(), e);
      }
      if (reply.status() == 404 || reply.status() == 204) {
        return;
      }
      if (reply.status() != 202) {
        throw new IOException("agent " + station.name + ": " + reply.words());
      }
    } while (System.nanoTime() < end);
    throw new IOException("agent " + station.name + " has not ended it yet");
  }

  // --- what is shown -----------------------------------------------------------------------

  private static String silence(Station station) {
    return station.failures.get() == 0
        ? station.why
        : "has not answered for "
            + Math.max(1, (System.nanoTime() - station.silentNanos) / 1_000_000_000)
            + " s ("
            + station.why
            + ")";
  }

  @Override
  public List<ScaleView.AgentView> agents() {
    List<ScaleView.AgentView> views = new ArrayList<>();
    for (Station station : new TreeMap<>(stations).values()) {
      AgentClient.Survey survey = station.survey;
      int nodes = count(station);
      HostFigures host = survey == null ? HostFigures.UNKNOWN : survey.host();
      views.add(
          new ScaleView.AgentView(
              station.name,
              station.url,
              station.zone,
              station.answers(),
              station.failures.get() == 0 ? 0 : (System.nanoTime() - station.silentNanos) / 1e9,
              nodes,
              survey == null ? 0 : survey.runs(),
              survey == null ? 0 : survey.most(),
              host.cores(),
              host.load(),
              host.memory(),
              host.memoryFree(),
              host.diskFree(),
              words(station, survey, nodes)));
    }
    return views;
  }

  private static String words(Station station, AgentClient.@Nullable Survey survey, int nodes) {
    String what = "agent " + station.name;
    if (!station.answers()) {
      String of =
          nodes == 0
              ? "no node is known there"
              : nodes == 1
                  ? "1 node there is judged by its checks"
                  : nodes + " nodes there are judged by their checks";
      return what + " " + silence(station) + "; " + of;
    }
    if (!station.wanted) {
      return what + " is not in the configuration any more; its nodes go";
    }
    if (survey == null) {
      return what + " has not been asked yet";
    }
    if (survey.most() == 0) {
      return what + " runs no such service by its file";
    }
    String note = survey.note().isEmpty() ? "" : "; " + survey.note();
    return what
        + " runs "
        + survey.runs()
        + " of at most "
        + survey.most()
        + (survey.runs() > nodes ? ", " + (survey.runs() - nodes) + " of them for others" : "")
        + note;
  }

  // --- the nodes' output -------------------------------------------------------------------

  /** What nodes have written since: appended here, where it is read as that of own processes. */
  private void copyOutputs(Station station) {
    AgentClient.Survey survey = station.survey;
    if (survey == null) {
      return;
    }
    try {
      for (AgentClient.Seen seen : survey.nodes()) {
        Placed placed = places.get(seen.started().name());
        if (placed != null && placed.at() == station) {
          copyOutput(station, seen);
        }
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "output at {0} is not copied: {1}", station.name, e.getMessage());
    }
  }

  private void copyOutput(Station station, AgentClient.Seen seen) throws IOException {
    String name = seen.started().name();
    Long from = read.putIfAbsent(name, seen.outputBytes());
    if (from == null || from == seen.outputBytes()) {
      return; // what was written before it was met is not fetched
    }
    long begin = from > seen.outputBytes() ? 0 : from; // it was emptied
    AgentClient.Reply reply =
        client()
            .call("GET", url(station, path("/nodes/" + name + "/output?from=" + begin)), term, ASK);
    if (!reply.ok() || reply.body().length > AgentDoor.MOST_OUTPUT) {
      return;
    }
    Path file = folder.resolve(name + ".log");
    Files.createDirectories(folder);
    boolean full = Files.exists(file) && Files.size(file) > ProcessDriver.MOST_OUTPUT;
    Files.write(
        file,
        reply.body(),
        StandardOpenOption.CREATE,
        full ? StandardOpenOption.TRUNCATE_EXISTING : StandardOpenOption.APPEND,
        StandardOpenOption.WRITE);
    read.put(name, begin + reply.body().length);
  }

  // --- what is written down ----------------------------------------------------------------

  private Path file() {
    return folder.resolve("agents");
  }

  private synchronized void load() throws IOException {
    if (loaded) {
      return;
    }
    loaded = true;
    try {
      for (String line : Files.readAllLines(file())) {
        String[] parts = line.split(" ", 6);
        if (parts.length != 6) {
          continue;
        }
        try {
          Station station =
              stations.computeIfAbsent(
                  parts[1],
                  name -> {
                    Station gone = new Station(name, parts[2], name);
                    gone.wanted = false;
                    return gone;
                  });
          places.put(
              parts[0],
              new Placed(
                  station,
                  new Started(parts[0], HostPort.parse(parts[3]), parts[5], station.zone),
                  parts[4].substring(1),
                  System.nanoTime()));
        } catch (IllegalArgumentException e) {
          // Nothing that we wrote.
        }
      }
    } catch (NoSuchFileException e) {
      // None has been started.
    }
  }

  private void save() {
    Map<String, String> lines = new LinkedHashMap<>();
    new TreeMap<>(places)
        .forEach((name, placed) ->
            lines.put(
                name,
                String.join(
                    " ",
                    name,
                    placed.at().name,
                    placed.at().url,
                    placed.started().address().toString(),
                    "v" + placed.version(),
                    placed.started().id())));
    try {
      synchronized (lock) {
        if (lines.equals(saved)) {
          return;
        }
        WholeFile.write(file(), lines.values());
        saved = lines;
      }
    } catch (IOException e) {
      // Agents say it themselves; this is for when they do not.
      LOG.log(Level.WARNING, "nodes of {0} are not written down: {1}", service, e.getMessage());
    }
  }
}
