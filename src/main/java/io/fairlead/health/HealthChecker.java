package io.fairlead.health;

import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.Probe;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import io.fairlead.service.Service;
import io.fairlead.service.Sighting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that every node of every watched service is probed, and tells the service the verdict.
 *
 * <p>First probes are spread over the interval by chance and later ones keep that distance, so ten
 * thousand nodes are an even stream. One node has one probe at a time. After a failed probe the
 * next ones follow after 100, 200, 400 ms and so on up to the interval: with three failures wanted,
 * a killed node is down 300 ms after the first probe that missed it. A node that stays down may be
 * asked less and less often; one that is to serve again, by an operator's word or its own, is asked
 * at once.
 *
 * <p>What requests see counts too. A refused connection takes the node down at once, a time-out
 * counts as a failed probe; either is followed by a probe 100 ms later. A service without probes is
 * asked by TCP after such a failure, until it passes. A node that joined as one that is starting is
 * asked at once and often, more often while requests wait for it, and serves with the first probe
 * that it passes.
 *
 * <p>Where more than {@value #MAX_PER_SECOND} regular probes a second would be due, intervals are
 * stretched: 10,000 nodes are probed every 5 s if 1 s was asked for. Probes after a failure are
 * doubled up to the same interval, and what requests see counts at once as ever.
 *
 * <p>A node that this instance does not use, since others do (a subset), is asked a hundredth as
 * often, so that what there is of probes goes to those that it uses.
 *
 * <p>Bounds: one waiting probe, {@value #KEPT} remembered results and {@value #VERDICTS} verdicts
 * per node, one signal per node at a time.
 */
public final class HealthChecker implements AutoCloseable {
  /** Results kept per node. */
  public static final int KEPT = 16;

  /** Verdicts kept per node. */
  public static final int VERDICTS = 32;

  /**
   * Regular probes a second over all services. A TCP probe was seen to cost 0.15 ms of CPU, so this
   * is a third of a core at most.
   */
  static final int MAX_PER_SECOND = 2_000;

  /** How much longer the interval of a node is that is not used. */
  static final int UNUSED = 100;

  static final Duration QUICK = Duration.ofMillis(100);

  /** The least time between probes of a node that is starting. */
  static final Duration STARTING = Duration.ofMillis(40);

  /** The same while requests wait for it, as there is no other. */
  static final Duration AWAITED = Duration.ofMillis(5);

  /** The most time between probes of such a node, however long it starts. */
  static final Duration AWAITED_LONG = Duration.ofMillis(20);

  /** How often a host name is looked up. */
  static final Duration LOOKUP_INTERVAL = Duration.ofSeconds(30);

  /** Where the waiting is done. */
  interface Launcher {
    /** Asks the node, at some time, and answers once, on any thread. */
    void probe(
        Node node, HealthCheckConfig config, @Nullable ProbeTls tls, Consumer<ProbeResult> then);

    /** Looks the node's name up and tells the node. */
    void resolve(Node node);

    /** The node will not be asked any more. */
    default void forget(Node node) {}

    /** How many probes began late. */
    long late();

    /** Gives back what it holds. */
    void close();
  }

  private enum Source {
    PROBE,
    REFUSED_REQUEST,
    FAILED_REQUEST
  }

  private record Finding(NodeCheck check, ProbeResult result, Source source) {}

  private static final class Watch {
    HealthCheckConfig config;
    @Nullable ProbeTls tls;

    /** Null: requests may go to all nodes. */
    @Nullable Predicate<Node> uses;

    Runnable unsubscribe = () -> {};
    Node[] members = {};

    Watch(HealthCheckConfig config, @Nullable ProbeTls tls) {
      this.config = config;
      this.tls = tls;
    }
  }

  private final Scheduler control;
  private final RandomGenerator random;
  private final Launcher launcher;
  private final Map<Service, Watch> watches = new HashMap<>();
  private final Map<Node, NodeCheck> checks = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Finding> findings = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean handlingPlanned = new AtomicBoolean();
  private volatile ProbeListener listener = (_, _, _, _, _) -> {};
  private SightingListener sightings = (_, _, _) -> {};

  /** Of the nodes that are watched. */
  private int unused;

  HealthChecker(Scheduler control, RandomGenerator random, Launcher launcher) {
    this.control = control;
    this.random = random;
    this.launcher = launcher;
  }

  /**
   * A checker that asks over the network.
   *
   * @param control the control thread
   * @param random used on the control thread
   */
  public static HealthChecker of(Scheduler control, RandomGenerator random) {
    return new HealthChecker(control, random, ProbeRunner.ofSystem());
  }

  /** Hears what members of databases tell of themselves. */
  public interface SightingListener {
    /** On the control thread, once the verdict has been told. */
    void saw(Service service, Node node, Sighting sighting);
  }

  /** From now on that one hears what members of databases tell. Before the first is watched. */
  public void setSightingListener(SightingListener other) {
    sightings = other;
  }

  /** From now on that one hears of every probe. */
  public void setListener(ProbeListener other) {
    listener = other;
  }

  /** Watches a service whose nodes are asked in the clear. Control thread. */
  public void watch(Service service, HealthCheckConfig config) {
    watch(service, config, null);
  }

  /**
   * Watches the service from now on, or goes on with another configuration; verdicts, counts and
   * history stay. Control thread.
   *
   * @param tls how nodes are asked by TLS; null: in the clear
   */
  public void watch(Service service, HealthCheckConfig config, @Nullable ProbeTls tls) {
    watch(service, config, tls, null);
  }

  /**
   * The same for a service of which not all nodes may be used.
   *
   * @param uses whether requests may go to a node, should it be up; asked whenever nodes change,
   *     and taken from the first time on; null: they may go to all
   */
  public void watch(
      Service service,
      HealthCheckConfig config,
      @Nullable ProbeTls tls,
      @Nullable Predicate<Node> uses) {
    Watch known = watches.get(service);
    if (known == null) {
      Watch watch = new Watch(config, tls);
      watch.uses = uses;
      watches.put(service, watch);
      watch.unsubscribe = service.subscribe(nodes -> follow(service, watch, nodes));
      return;
    }
    known.tls = tls;
    boolean other = !known.config.equals(config);
    known.config = config;
    for (Node node : known.members) {
      NodeCheck check = checks.get(node);
      if (check != null) {
        check.tls = tls;
        if (other) {
          reconfigure(check, config);
        }
      }
    }
  }

  /**
   * Goes on with another process's verdict as if it were our own. Control thread; nothing happens
   * if the node is not watched.
   *
   * @param reason of the verdict, for people
   */
  public void inherit(Node node, boolean up, String reason) {
    NodeCheck check = checks.get(node);
    if (check == null) {
      return;
    }
    check.tracker.inherit(up);
    if (up) {
      check.hasServed();
    }
    check.service.setUp(node, up, reason);
    check.remember(new Verdict(control.epochMillis(), up, reason));
    if (!check.isRunning) {
      planFirst(check); // a service without probes is asked only while a node is down
    }
  }

  /** Watches the service no longer; its nodes keep their last verdict. Control thread. */
  public void forget(Service service) {
    Watch watch = watches.remove(service);
    if (watch != null) {
      watch.unsubscribe.run();
      for (Node node : watch.members) {
        drop(node);
      }
    }
  }

  /**
   * A request could not connect. Any thread; cheap however often it is called.
   *
   * @param reason for people
   * @param refused the node, or the way to it, said no at once; otherwise it was silent
   */
  public void connectionFailed(Node node, String reason, boolean refused) {
    NodeCheck check = checks.get(node);
    if (check == null || !node.facts().up() || !check.signalled.compareAndSet(false, true)) {
      return; // unknown, known to be down, or being told already
    }
    found(
        new Finding(
            check,
            new ProbeResult.Failed(reason + " (seen by a request)"),
            refused ? Source.REFUSED_REQUEST : Source.FAILED_REQUEST));
  }

  /** The last results of a node, oldest first; empty if it is not watched. Any thread. */
  public List<Probed> history(Node node) {
    NodeCheck check = checks.get(node);
    return check == null ? List.of() : check.history();
  }

  /** When and why a node went up and down, oldest first. Any thread. */
  public List<Verdict> verdicts(Node node) {
    NodeCheck check = checks.get(node);
    return check == null ? List.of() : check.verdicts();
  }

  /** The node is to serve again: whether it does is asked now. Control thread. */
  public void askNow(Node node) {
    NodeCheck check = checks.get(node);
    if (check != null && !check.tracker.isSettled()) {
      check.hurry();
      if (!check.isRunning) {
        plan(check, Duration.ZERO);
      }
    }
  }

  /** Whatever is known of the node is asked again now. Control thread. */
  public void askAgain(Node node) {
    NodeCheck check = checks.get(node);
    if (check != null && !check.isRunning && !(check.config.probe() instanceof Probe.None)) {
      plan(check, Duration.ZERO);
    }
  }

  /** How many probes began more than 100 ms late because too many were due at once. */
  public long lateProbes() {
    return launcher.late();
  }

  /** Forgets all services. Control thread. */
  @Override
  public void close() {
    List.copyOf(watches.keySet()).forEach(this::forget);
    launcher.close();
  }

  private void follow(Service service, Watch watch, NodeSet nodes) {
    for (Node node : nodes.all()) {
      NodeCheck check = checks.get(node);
      if (check != null && check.wasDraining != node.facts().draining()) {
        check.wasDraining = node.facts().draining();
        if (!check.wasDraining) {
          askNow(node);
        }
      }
    }
    Predicate<Node> uses = watch.uses;
    if (uses != null) {
      control.execute(() -> lookWhoIsUsed(watch, uses)); // when all have heard of the change
    }
    if (Arrays.equals(nodes.all(), watch.members)) {
      return; // only facts have changed
    }
    Set<Node> gone = new HashSet<>(List.of(watch.members));
    watch.members = nodes.all();
    for (Node node : nodes.all()) {
      if (!gone.remove(node)) {
        join(service, node, watch);
      }
    }
    gone.forEach(this::drop);
  }

  /** Those that are used from now on are asked within an interval, and not when it suits. */
  private void lookWhoIsUsed(Watch watch, Predicate<Node> uses) {
    for (Node node : watch.members) {
      NodeCheck check = checks.get(node);
      if (check != null && check.isUsed != uses.test(node)) {
        check.isUsed = !check.isUsed;
        unused += check.isUsed ? -1 : 1;
        if (check.isUsed && !check.isRunning) {
          planFirst(check);
        }
      }
    }
  }

  private void join(Service service, Node node, Watch watch) {
    NodeCheck check = new NodeCheck(service, node, watch.config, control.nanoTime());
    check.tls = watch.tls;
    check.wasDraining = node.facts().draining();
    checks.put(node, check);
    if (node.isNamed()) {
      lookUp(check);
    }
    if (check.isStarting()) {
      plan(check, Duration.ZERO);
    } else {
      planFirst(check);
    }
  }

  private void drop(Node node) {
    NodeCheck check = checks.remove(node);
    if (check != null) {
      check.hasLeft = true;
      unused -= check.isUsed ? 0 : 1;
      check.nextProbe.cancel();
      check.nextLookup.cancel();
      launcher.forget(node);
    }
  }

  private void reconfigure(NodeCheck check, HealthCheckConfig config) {
    boolean otherPace = !check.config.interval().equals(config.interval());
    boolean wasProbed = check.needsProbe();
    check.config = config;
    check.setThresholds();
    if (!check.isRunning && (otherPace || wasProbed != check.needsProbe())) {
      planFirst(check);
    }
  }

  private void lookUp(NodeCheck check) {
    launcher.resolve(check.node);
    check.nextLookup = control.schedule(LOOKUP_INTERVAL, () -> lookUp(check));
  }

  /** At any time within an interval, so that nodes that joined together are not probed together. */
  private void planFirst(NodeCheck check) {
    plan(check, Duration.ofNanos(random.nextLong(check.interval(leastInterval()).toNanos())));
  }

  private Duration leastInterval() {
    long weight = (long) UNUSED * (checks.size() - unused) + unused;
    return Duration.ofNanos(TimeUnit.SECONDS.toNanos(weight) / (UNUSED * (long) MAX_PER_SECOND));
  }

  private void planNext(NodeCheck check) {
    plan(check, check.untilNext(control.nanoTime(), leastInterval()));
  }

  private void plan(NodeCheck check, Duration delay) {
    check.nextProbe.cancel();
    check.nextProbe = check.needsProbe() ? control.schedule(delay, () -> probe(check)) : () -> {};
  }

  private void probe(NodeCheck check) {
    check.started(control.nanoTime());
    launcher.probe(
        check.node,
        check.config,
        check.tls,
        result -> found(new Finding(check, result, Source.PROBE)));
  }

  /** Any thread. Findings that come together are handled together. */
  private void found(Finding finding) {
    findings.add(finding);
    if (handlingPlanned.compareAndSet(false, true)) {
      control.execute(this::handleAll);
    }
  }

  private void handleAll() {
    handlingPlanned.set(false); // before looking: what comes from now on plans the next round
    Map<Service, List<Finding>> byService = new HashMap<>();
    for (Finding next = findings.poll(); next != null; next = findings.poll()) {
      byService.computeIfAbsent(next.check().service, _ -> new ArrayList<>()).add(next);
    }
    byService.forEach((service, news) -> {
      service.changing(() -> news.forEach(this::handle));
      news.forEach(this::tell); // when what they say of the nodes has been published
    });
  }

  private void tell(Finding finding) {
    if (finding.result() instanceof ProbeResult.Passed(_, Sighting sighting)
        && sighting != null
        && !finding.check().hasLeft) {
      sightings.saw(finding.check().service, finding.check().node, sighting);
    }
  }

  private void handle(Finding finding) {
    NodeCheck check = finding.check();
    boolean ofProbe = finding.source() == Source.PROBE;
    if (ofProbe) {
      check.isRunning = false;
    } else {
      // Requests that failed together are one failure; the probe that follows tells more.
      control.schedule(QUICK, () -> check.signalled.set(false));
    }
    if (check.hasLeft) {
      return;
    }
    if (ofProbe) {
      listener.probed(
          check.service.name(),
          check.node.name(),
          check.config.probe(),
          finding.result(),
          control.nanoTime() - check.startedNanos());
    }
    boolean changed =
        finding.source() == Source.REFUSED_REQUEST
            ? check.tracker.takeDown()
            : check.tracker.observe(finding.result().passed());
    boolean up = check.tracker.isUp();
    if (changed && !up) {
      check.wentDown(control.nanoTime());
    } else if (up && check.isStarting()) {
      check.hasServed();
    }
    String reason = check.reason(finding.result().text());
    if (changed) {
      check.remember(new Verdict(control.epochMillis(), up, reason));
    }
    check.remember(new Probed(control.epochMillis(), finding.result(), up));
    // One failure says nothing of an up node, and many say nothing of one that starts.
    boolean saysWhy = finding.result().passed() == up && !check.isStarting();
    if (changed || (saysWhy && !(up && isKnownUp(check)))) {
      check.service.setUp(check.node, up, reason);
    }
    if (ofProbe) {
      planNext(check);
    } else {
      check.hurry();
      if (!check.isRunning) {
        plan(check, check.nextStep(leastInterval()));
      }
    }
  }

  /** Its first answer is worth a word, the ones after that are not. */
  private static boolean isKnownUp(NodeCheck check) {
    return check.node.facts().up() && !check.node.facts().reason().equals(Service.NOT_PROBED);
  }
}
