package io.fairlead;

import io.fairlead.config.Probe;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.ServiceLimits;
import io.fairlead.health.Probed;
import io.fairlead.insight.Answered;
import io.fairlead.insight.Detector;
import io.fairlead.insight.ServiceAlarm;
import io.fairlead.insight.Subject;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import io.fairlead.service.NodeSet;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.takeover.HandedService.HandedStanding;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Has a {@link Detector} look at every service that gets requests, twice a second, and does what it
 * says: tells the service, the events and whoever asks. What a node is like stays known through a
 * change of configuration. Control thread.
 *
 * <p>A look at 10,000 nodes that all got requests was seen to take 9 ms; services without requests
 * are passed over.
 */
final class OutlierWatch implements AutoCloseable {
  private static final Duration PACE = Duration.ofMillis(500);

  /** Event loops count what waits too long first; that takes them a moment. */
  private static final Duration SWEEPING = Duration.ofMillis(20);

  /** Of what a predecessor says no more is believed, in milliseconds. */
  private static final long LONGEST_EJECTION = Duration.ofDays(1).toMillis();

  /** Without a request for so long, all windows are empty. */
  private static final long IDLE = Duration.ofSeconds(61).toNanos();

  private final Scheduler control;
  private final EventLog events;
  private final Consumer<List<Service>> sweep;
  private final Function<Node, List<Probed>> probes;
  private final Map<Service, Watched> services = new HashMap<>();
  private Scheduler.Cancellable next = () -> {};
  private boolean closed;
  private int toTell;

  private final class Watched {
    final Service service;
    final Detector detector;
    final Map<Node, Subject> subjects = new HashMap<>();
    final Map<Subject, Node> nodes = new HashMap<>();
    final Map<Node, NodeFacts> known = new HashMap<>();
    final Runnable unsubscribe;
    Node[] members = {};
    private @Nullable Map<String, Subject> byName;
    ServiceConfig config;
    double capacity = Double.POSITIVE_INFINITY;
    int requests;
    long lastRequest = control.nanoTime();

    Watched(Service service, ServiceConfig config) {
      this.service = service;
      this.config = config;
      detector = new Detector(service.answers(), config.outlier());
      unsubscribe = service.subscribe(this::follow);
    }

    void configure(ServiceConfig next) {
      config = next;
      detector.configure(next.outlier());
      subjects.values().forEach(this::tellProbed);
    }

    private void tellProbed(Subject subject) {
      subject.setProbed(!(config.health().probe() instanceof Probe.None));
    }

    private void follow(NodeSet set) {
      if (!Arrays.equals(set.all(), members)) {
        join(set.all());
      }
      boolean relabelled = false;
      for (Node node : set.all()) {
        Subject subject = subjects.get(node);
        if (subject != null) {
          NodeFacts facts = node.facts();
          subject.setPresent(facts.up() && !facts.draining() && facts.weight() > 0);
          NodeFacts before = known.put(node, facts);
          if (before != null) {
            if (facts.up() && !before.up()) {
              subject.started(control.nanoTime());
            }
            if (!before.labels().equals(facts.labels()) || !before.zone().equals(facts.zone())) {
              subject.setLabels(labels(facts));
              relabelled = true;
            }
          }
        }
      }
      if (relabelled) {
        detector.regroup();
      }
    }

    private void join(Node[] all) {
      Map<Node, Subject> before = new HashMap<>(subjects);
      subjects.clear();
      nodes.clear();
      List<Subject> list = new ArrayList<>(all.length);
      for (Node node : all) {
        Subject subject = before.get(node);
        if (subject == null) {
          subject = Detector.subject(node.name(), labels(node.facts()), node.answers());
          tellProbed(subject);
          subject.setCapacity(capacity);
        }
        subjects.put(node, subject);
        nodes.put(subject, node);
        list.add(subject);
      }
      known.keySet().retainAll(subjects.keySet());
      members = all;
      byName = null;
      detector.replace(list, control.nanoTime());
    }

    private static Map<String, String> labels(NodeFacts facts) {
      Map<String, String> labels = new HashMap<>(facts.labels());
      if (!facts.zone().isEmpty()) {
        labels.putIfAbsent("zone", facts.zone());
      }
      return labels;
    }

    /** Whether there is anything to look at. */
    boolean isBusy(long now) {
      int counted = service.answers().requests();
      if (counted != requests) {
        requests = counted;
        lastRequest = now;
      }
      return now - lastRequest < IDLE || !detector.isQuiet();
    }

    /** Whether another instance has said something of a node and a route that are known. */
    boolean hear(String instance, String node, String route, Answered answered) {
      Map<String, Subject> known = byName;
      if (known == null) {
        known = new HashMap<>();
        Set<String> twice = new HashSet<>();
        for (Subject each : nodes.keySet()) {
          if (known.put(each.name(), each) != null) {
            twice.add(each.name());
          }
        }
        known.keySet().removeAll(twice); // nobody can say which of them
        byName = known;
      }
      Subject subject = known.get(node);
      int routeClass = service.answers().knownClass(route);
      if (subject == null
          || routeClass < 0
          || !detector.hear(instance, subject, routeClass, answered)) {
        return false;
      }
      lastRequest = control.nanoTime(); // what others see has to be looked at, too
      return true;
    }

    void look(long now) {
      hearProbes(now);
      limitCapacity();
      Detector.News news = detector.tick(now);
      if (!news.changes().isEmpty()) {
        service.changing(() -> news.changes().forEach(change -> publish(change, now)));
        news.changes().forEach(change -> report(change, now));
      }
      if (!news.raised().isEmpty() || !news.over().isEmpty()) {
        service.setAlarms(detector.alarms().stream().map(ServiceAlarm::text).toList());
        news.raised()
            .forEach(alarm ->
                events.add(
                    new Event.ServiceAlarm(
                        service.name(), alarm.label(), alarm.majority(), alarm.text())));
        news.over()
            .forEach(alarm ->
                events.add(
                    new Event.ServiceAlarmOver(service.name(), alarm.label(), alarm.text())));
      }
    }

    /** A node whose time is over comes back once a probe of it has passed since. */
    private void hearProbes(long now) {
      subjects.forEach((node, subject) -> {
        if (subject.ejectedUntil() != 0 && now >= subject.ejectedUntil()) {
          List<Probed> history = probes.apply(node);
          if (!history.isEmpty()
              && history.getLast().result().passed()
              && history.getLast().epochMillis() >= node.facts().standing().untilMillis()) {
            subject.passedProbe(now);
          }
        }
      });
    }

    /** So many requests at once, each taking so long: what a node can take in a second. */
    private void limitCapacity() {
      int atOnce = config.limits().requestsPerNode();
      long median = atOnce == ServiceLimits.UNLIMITED ? 0 : detector.medianNanos();
      double perSecond = median == 0 ? Double.POSITIVE_INFINITY : atOnce * 1e9 / median;
      if (perSecond != capacity) {
        capacity = perSecond;
        subjects.values().forEach(subject -> subject.setCapacity(perSecond));
      }
    }

    private void publish(Detector.Change change, long now) {
      Node node = nodes.get(change.subject());
      if (node != null) {
        service.setStanding(node, dated(change.after(), change.subject(), now));
      }
    }

    private void report(Detector.Change change, long now) {
      String node = change.subject().name();
      Standing before = change.before();
      Standing after = change.after();
      switch (after.state()) {
        case EJECTED -> {
          long seconds = (change.subject().ejectedUntil() - now) / 1_000_000_000;
          events.add(new Event.NodeEjected(service.name(), node, seconds, after.reason()));
        }
        case GOOD -> events.add(new Event.NodeReinstated(service.name(), node));
        case PROBATION -> {
          // The further steps of the way back are in the table; as events they would be many.
          if (before.state() != after.state() || after.share() < before.share()) {
            events.add(
                new Event.NodeProbation(service.name(), node, after.share(), after.reason()));
          }
        }
      }
    }

    void end() {
      unsubscribe.run();
      service.changing(() ->
          subjects
              .keySet()
              .forEach(node -> {
                if (node.facts().standing().state() != Standing.State.GOOD) {
                  service.setStanding(node, Standing.GOOD);
                  events.add(new Event.NodeReinstated(service.name(), node.name()));
                }
              }));
      service.setAlarms(List.of());
    }
  }

  /**
   * @param sweep has every event loop count what waits at these services, soon
   * @param probes the last results of a node's probes, oldest first
   */
  OutlierWatch(
      Scheduler control,
      EventLog events,
      Consumer<List<Service>> sweep,
      Function<Node, List<Probed>> probes) {
    this.control = control;
    this.events = events;
    this.sweep = sweep;
    this.probes = probes;
  }

  /** Of an ejection people want to know how long it takes. */
  private Standing dated(Standing standing, Subject subject, long now) {
    return standing.state() != Standing.State.EJECTED
        ? standing
        : new Standing(
            standing.state(),
            standing.share(),
            standing.reason(),
            control.epochMillis() + (subject.ejectedUntil() - now) / 1_000_000);
  }

  /** Begins to look. */
  void start() {
    next = control.schedule(PACE, this::sweep);
  }

  /** Judges the service's nodes from now on as the configuration says, or no longer. */
  void watch(Service service, ServiceConfig config) {
    Watched known = services.get(service);
    if (!config.outlier().enabled()) {
      forget(service);
    } else if (known == null) {
      services.put(service, new Watched(service, config));
    } else {
      known.configure(config);
    }
  }

  void forget(Service service) {
    Watched known = services.remove(service);
    if (known != null) {
      known.end();
    }
  }

  /** What a successor has to know of that node; null: nothing. */
  @Nullable HandedStanding known(Service service, Node node) {
    Subject subject = subject(service, node);
    if (subject == null) {
      return null;
    }
    Standing standing = subject.standing();
    if (standing.state() == Standing.State.GOOD && subject.ejections() == 0) {
      return null;
    }
    long until = subject.ejectedUntil();
    return new HandedStanding(
        standing.state().name().toLowerCase(Locale.ROOT),
        standing.share(),
        standing.reason(),
        until == 0 ? 0 : Math.max(0, (until - control.nanoTime()) / 1_000_000),
        subject.ejections());
  }

  /** What the predecessor knew of that node holds on, if its service's nodes are judged at all. */
  void inherit(Service service, Node node, HandedStanding handed) {
    Subject subject = subject(service, node);
    if (subject == null) {
      return;
    }
    for (Standing.State state : Standing.State.values()) {
      if (state.name().toLowerCase(Locale.ROOT).equals(handed.state())) {
        Standing found = new Standing(state, Math.clamp(handed.share(), 0, 1), handed.reason());
        long left = Math.clamp(handed.leftMillis(), 0, LONGEST_EJECTION) * 1_000_000;
        long now = control.nanoTime();
        subject.goOn(found, left, handed.ejections(), now);
        service.setStanding(node, dated(found, subject, now));
      }
    }
  }

  /** Is told what has been counted of a node on a route. */
  interface Teller {
    void tell(String service, String node, String route, Answered answered);
  }

  /**
   * Tells what has been counted here since it was asked last; the first time nothing.
   *
   * @param most of so many nodes and routes, about; what is left is told first the next time
   */
  void tell(int most, Teller teller) {
    int left = most;
    List<Watched> all = List.copyOf(services.values());
    for (int i = 0; i < all.size() && left > 0; i++) {
      toTell = toTell + 1 >= all.size() ? 0 : toTell + 1;
      Watched its = all.get(toTell);
      String name = its.service.name();
      left -=
          its.detector.tell(
              left,
              (node, routeClass, answered) ->
                  teller.tell(
                      name, node.name(), its.service.answers().routesOf(routeClass), answered));
    }
  }

  /**
   * What another instance has counted.
   *
   * @return whether there is such a node, and a route of that name
   */
  boolean hear(String instance, String service, String node, String route, Answered answered) {
    for (Watched each : services.values()) {
      if (each.service.name().equals(service)) {
        return each.hear(instance, node, route, answered);
      }
    }
    return false;
  }

  /** That instance says nothing more. */
  void forget(String instance) {
    services.values().forEach(each -> each.detector.forget(instance));
  }

  /** There are no other instances. */
  void beAlone() {
    services.values().forEach(each -> each.detector.beAlone());
  }

  private @Nullable Subject subject(Service service, Node node) {
    Watched watched = services.get(service);
    return watched == null ? null : watched.subjects.get(node);
  }

  private void sweep() {
    long now = control.nanoTime();
    List<Watched> busy = services.values().stream().filter(each -> each.isBusy(now)).toList();
    if (busy.isEmpty()) {
      start();
      return;
    }
    sweep.accept(busy.stream().map(each -> each.service).toList());
    next = control.schedule(SWEEPING, () -> look(busy));
  }

  private void look(List<Watched> busy) {
    long now = control.nanoTime();
    for (Watched each : busy) {
      if (services.containsKey(each.service)) {
        each.look(now);
      }
    }
    if (!closed) {
      next = control.schedule(PACE.minus(SWEEPING), this::sweep);
    }
  }

  @Override
  public void close() {
    closed = true;
    next.cancel();
  }
}
