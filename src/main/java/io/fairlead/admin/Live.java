package io.fairlead.admin;

import io.fairlead.admin.LiveView.ConfigBrief;
import io.fairlead.admin.LiveView.Figures;
import io.fairlead.admin.LiveView.ListenerLive;
import io.fairlead.admin.LiveView.NodeLive;
import io.fairlead.admin.LiveView.Reason;
import io.fairlead.admin.LiveView.RecordsBrief;
import io.fairlead.admin.LiveView.ServiceLive;
import io.fairlead.record.RecordStats;
import io.fairlead.scaling.ScaleView;
import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.NodeCounter;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The dashboard's figures: ticks once a second, makes one picture of everything when somebody wants
 * it, and sends that picture to all who watch. However many nodes there are, the picture holds at
 * most {@value #MAX_NODES} of them.
 */
final class Live implements AutoCloseable {
  /** Nodes shown in all, shared out between the services. */
  static final int MAX_NODES = 400;

  /** Nodes shown of one service. */
  static final int MAX_NODES_PER_SERVICE = 200;

  /** Services shown. */
  static final int MAX_SERVICES = 100;

  private static final System.Logger LOG = System.getLogger(Live.class.getName());
  private static final int EVENTS = 30;
  private static final int HISTORY = 60;
  private static final int RATE_SECONDS = 3;
  private static final int ERROR_SECONDS = 10;
  private static final int SHARE_SECONDS = 10;

  /** Verdicts shown of a node before somebody asks for all. */
  private static final int VERDICTS = 3;

  private static final int WAITING_PICTURES = 5;

  private final Instance instance;
  private final LongSupplier epochMillis;
  private final Rates rates;
  private final Set<EventStream> watchers = ConcurrentHashMap.newKeySet();
  private @Nullable LiveView picture;
  private byte[] pictureJson = {};
  private long pictureTick = -1;

  /** When counters were looked at: a picture may be made of them much later, and is of then. */
  private long tickedMillis;

  private @Nullable Thread ticker;

  Live(Instance instance, LongSupplier epochMillis) {
    this.instance = instance;
    this.epochMillis = epochMillis;
    this.rates = new Rates(System.nanoTime());
    tickedMillis = epochMillis.getAsLong();
  }

  /** Begins to tick. */
  void start() {
    tick(System.nanoTime());
    ticker = Thread.ofVirtual().name("admin rates").start(this::run);
  }

  @Override
  public void close() {
    if (ticker != null) {
      ticker.interrupt();
    }
    watchers.forEach(EventStream::drop);
  }

  /** A stream that gets the picture at once and then after every tick. */
  EventStream stream() {
    return new EventStream(
        WAITING_PICTURES,
        stream -> {
          stream.offer(EventStream.message(null, "live", json()));
          watchers.add(stream);
          return () -> watchers.remove(stream);
        });
  }

  /** Looks at the counters and tells whoever watches. */
  void tick(long nowNanos) {
    synchronized (rates) {
      rates.tick(instance, nowNanos);
      tickedMillis = epochMillis.getAsLong();
    }
    if (!watchers.isEmpty()) {
      byte[] message = EventStream.message(null, "live", json());
      watchers.forEach(watcher -> watcher.offer(message));
    }
  }

  /** The picture as JSON, made at most once per tick. */
  byte[] json() {
    synchronized (rates) {
      refresh();
      return pictureJson;
    }
  }

  LiveView view() {
    synchronized (rates) {
      return refresh();
    }
  }

  /** All services with their figures but without their nodes, in the order of the configuration. */
  List<ServiceLive> services() {
    synchronized (rates) {
      return instance.services().stream()
          .map(service -> service(service, 0, new Distribution()))
          .toList();
    }
  }

  Figures figures(Node node) {
    synchronized (rates) {
      return figures(rates.node(node), rates.latencies(node));
    }
  }

  private LiveView refresh() {
    LiveView current = picture;
    if (current == null || pictureTick != rates.now()) {
      current = make();
      picture = current;
      pictureJson = Json.bytes(current);
      pictureTick = rates.now();
    }
    return current;
  }

  private void run() {
    long next = System.nanoTime();
    while (!Thread.currentThread().isInterrupted()) {
      // After a stall the next look waits half a second: too short a second would show a spike.
      next = Math.max(next + 1_000_000_000L, System.nanoTime() + 500_000_000L);
      try {
        Thread.sleep(Duration.ofNanos(next - System.nanoTime()));
        tick(System.nanoTime());
      } catch (InterruptedException _) {
        return;
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "the dashboard's figures could not be made", e);
      }
    }
  }

  private LiveView make() {
    long now = tickedMillis;
    ConfigState config = instance.config();
    ConfigBrief brief =
        new ConfigBrief(
            config.version(),
            config.applied().toEpochMilli(),
            config.source(),
            config.lastReloadSucceeded());
    List<ListenerLive> listeners = instance.listeners().stream().map(this::listener).toList();
    List<Service> all = instance.services();
    int perService = Math.clamp(MAX_NODES / Math.max(1, all.size()), 4, MAX_NODES_PER_SERVICE);
    Distribution latencies = new Distribution();
    List<ServiceLive> services = new ArrayList<>();
    for (Service service : all) {
      services.add(service(service, perService, latencies));
    }
    services.sort(Comparator.comparingInt(Live::serviceRank));
    Figures total = total(listeners, latencies);
    Headline headline =
        Headline.of(
            instance.ready(),
            instance.draining(),
            brief,
            services,
            all.stream()
                .map(Service::name)
                .filter(name -> instance.scale(name) != null)
                .collect(Collectors.toSet()),
            Stream.concat(
                    all.stream()
                        .flatMap(service ->
                            service.alarms().stream()
                                .map(alarm -> service.name() + ": " + alarm + ".")),
                    instance.ordered().stream()
                        .map(OrderedView::trouble)
                        .filter(trouble -> !trouble.isEmpty()))
                .toList(),
            total.rate(),
            now);
    return new LiveView(
        now,
        instance.version(),
        instance.uptime().toMillis() / 1000.0,
        instance.ready(),
        instance.draining(),
        headline.level(),
        headline.text(),
        headline.notes(),
        brief,
        instance.controlLag().toNanos() / 1e6,
        total,
        listeners,
        services.size() > MAX_SERVICES ? List.copyOf(services.subList(0, MAX_SERVICES)) : services,
        Math.max(0, services.size() - MAX_SERVICES),
        records(instance.recordStats()),
        events());
  }

  private static @Nullable RecordsBrief records(RecordStats stats) {
    return stats == RecordStats.NONE
        ? null
        : new RecordsBrief(
            stats.isWriting(),
            stats.oldestMillis() == 0 ? null : stats.oldestMillis(),
            stats.droppedOrdinary() + stats.droppedValuable() + stats.notWritten() + stats.failed(),
            stats.lagMillis());
  }

  private List<EventView> events() {
    List<EventLog.Entry> kept = instance.events().since(0);
    return kept.subList(Math.max(0, kept.size() - EVENTS), kept.size()).reversed().stream()
        .map(EventView::of)
        .toList();
  }

  private ListenerLive listener(ListenerView listener) {
    List<Reason> reasons = new ArrayList<>();
    listener
        .errors()
        .forEach(
            (reason, count) -> reasons.add(new Reason(reason.wireName(), count, reason.meaning())));
    reasons.sort(Comparator.comparingLong(Reason::count).reversed());
    return new ListenerLive(
        listener.name(),
        listener.protocol(),
        listener.addresses(),
        listener.counters().get(ListenerCounter.CONNECTIONS)
            - listener.counters().get(ListenerCounter.CONNECTIONS_CLOSED),
        reasons,
        listener.routes().size(),
        Views.Certificate.of(listener),
        figures(rates.listener(listener.name()), null));
  }

  /** Adds the service's latencies to {@code everywhere}. */
  private ServiceLive service(Service service, int maxNodes, Distribution everywhere) {
    Node[] all = service.nodes().all();
    int available = 0;
    int up = 0;
    int draining = 0;
    long inFlight = 0;
    Distribution latencies = new Distribution();
    List<Ranked> ranked = new ArrayList<>(all.length);
    for (Node node : all) {
      available += node.isAvailable() ? 1 : 0;
      draining += node.facts().draining() ? 1 : 0;
      up += node.facts().up() && !node.facts().draining() ? 1 : 0;
      inFlight += node.inFlight();
      Distribution window = rates.latencies(node);
      if (window != null) {
        latencies.add(window);
      }
      Series series = rates.node(node);
      double errors = series == null ? 0 : series.errorRate(rates.now(), ERROR_SECONDS);
      ranked.add(new Ranked(node, nodeRank(node, errors), window));
    }
    everywhere.add(latencies);
    ranked.sort(Comparator.comparingInt(Ranked::rank)); // stable: else as they were named
    List<NodeLive> nodes = new ArrayList<>();
    for (Ranked each : ranked.subList(0, Math.min(ranked.size(), maxNodes))) {
      nodes.add(node(each.node(), each.latencies()));
    }
    ScaleView scale = instance.scale(service.name());
    boolean asleep = scale != null && scale.size() == 0; // it has no node as it should
    String state =
        asleep ? "up" : available == 0 ? "down" : available < all.length ? "degraded" : "up";
    return new ServiceLive(
        service.name(),
        state,
        available,
        up,
        all.length - up - draining,
        draining,
        all.length,
        inFlight,
        figures(rates.service(service.name()), latencies),
        nodes,
        all.length - nodes.size());
  }

  private record Ranked(Node node, int rank, @Nullable Distribution latencies) {}

  private NodeLive node(Node node, @Nullable Distribution latencies) {
    NodeFacts facts = node.facts();
    Standing standing = facts.standing();
    List<VerdictView> verdicts = instance.verdicts(node);
    return new NodeLive(
        node.name(),
        node.address().toString(),
        facts.state(),
        facts.why(),
        facts.sinceMillis(),
        facts.reason(),
        Views.word(standing.state()),
        standing.reason(),
        standing.share(),
        Views.until(standing),
        instance.choice(node),
        requestShare(node),
        verdicts.subList(Math.max(0, verdicts.size() - VERDICTS), verdicts.size()),
        facts.weight(),
        facts.zone(),
        facts.tier(),
        facts.labels(),
        facts.source(),
        node.inFlight(),
        node.connections(),
        instance.idleConnections(node),
        node.counters().get(NodeCounter.RETRIED),
        figures(rates.node(node), latencies));
  }

  /** The node's part of what was sent to all nodes of its service; null: nothing was. */
  @Nullable Double requestShare(Node node) {
    synchronized (rates) {
      Series all = rates.service(node.service());
      Series own = rates.node(node);
      double sent = all == null ? 0 : all.rate(rates.now(), SHARE_SECONDS);
      if (sent == 0) {
        return null;
      }
      // A node that left takes its part of the sum along.
      double part = own == null ? 0 : own.rate(rates.now(), SHARE_SECONDS) / sent;
      return Math.round(1000 * Math.min(1, part)) / 1000.0;
    }
  }

  private static int nodeRank(Node node, double errorRate) {
    return switch (node.facts().state()) {
      case "down", "ejected" -> 0;
      case "probation" -> 1;
      case "draining", "starting" -> 2;
      default -> errorRate > 0 ? 1 : 3;
    };
  }

  private static int serviceRank(ServiceLive service) {
    return switch (service.state()) {
      case "down" -> 0;
      case "degraded" -> 1;
      default -> service.figures().errorRate() > 0 ? 2 : 3;
    };
  }

  private static Figures total(List<ListenerLive> listeners, Distribution latencies) {
    int[] requests = new int[HISTORY];
    int[] errors = new int[HISTORY];
    double rate = 0;
    for (ListenerLive listener : listeners) {
      addTo(requests, listener.figures().rates());
      addTo(errors, listener.figures().errors());
      rate += listener.figures().rate();
    }
    return new Figures(
        round(rate),
        round(last(errors) / (double) ERROR_SECONDS),
        share(last(errors), last(requests)),
        quantile(latencies, 0.5),
        quantile(latencies, 0.99),
        Arrays.stream(requests).boxed().toList(),
        Arrays.stream(errors).boxed().toList());
  }

  private Figures figures(@Nullable Series series, @Nullable Distribution latencies) {
    long now = rates.now();
    double errorRate = series == null ? 0 : series.errorRate(now, ERROR_SECONDS);
    double wideRate = series == null ? 0 : series.rate(now, ERROR_SECONDS);
    return new Figures(
        series == null ? 0 : round(series.rate(now, RATE_SECONDS)),
        round(errorRate),
        share(errorRate, wideRate),
        quantile(latencies, 0.5),
        quantile(latencies, 0.99),
        series == null ? List.of() : series.requests(now, HISTORY),
        series == null ? List.of() : series.errors(now, HISTORY));
  }

  private static @Nullable Double quantile(@Nullable Distribution latencies, double share) {
    return latencies == null || latencies.count() == 0
        ? null
        : latencies.quantileMicros(share) / 1000.0;
  }

  /** Attempts that failed before a request was written count as requests here. */
  private static double share(double errors, double requests) {
    return errors == 0 ? 0 : Math.round(1000 * errors / Math.max(errors, requests)) / 1000.0;
  }

  private static int last(int[] history) {
    int sum = 0;
    for (int i = HISTORY - ERROR_SECONDS; i < HISTORY; i++) {
      sum += history[i];
    }
    return sum;
  }

  private static void addTo(int[] sum, List<Integer> more) {
    for (int i = 0; i < more.size(); i++) {
      sum[i] += more.get(i);
    }
  }

  private static double round(double value) {
    return Math.round(value * 10) / 10.0;
  }
}
