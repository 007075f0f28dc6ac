package io.fairlead.scaling;

import io.fairlead.config.ScaleConfig;
import io.fairlead.config.ScaleSchedule;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Division;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Makes the number of nodes of one service what it should be. Control thread; what waits is done by
 * others and comes back here.
 *
 * <p>A node is <i>starting</i> until it passes a probe, then it <i>serves</i>. One that is to go
 * gets no new requests (<i>draining</i>); when nothing is in flight there, or its time is over, it
 * leaves the service and is <i>stopping</i>. Should more be needed meanwhile, one that drains is
 * taken back before one is started. Nodes that are down, ejected or drained by somebody else do not
 * count as there: another takes their place at once, as far as {@code max} allows.
 *
 * <p>A start that fails is tried again after 1, 2, 4 s and so on up to a minute; so is one of a
 * node that ends soon after it began to serve.
 */
final class ServiceScaler {
  /** Decisions that are remembered. */
  static final int KEPT = 32;

  private static final Duration SECOND = Duration.ofSeconds(1);

  /** How often it is looked whether a node that drains is empty. */
  private static final Duration DRAIN_LOOK = Duration.ofMillis(100);

  /** A loop may have picked it just before: it must have been empty so many times in a row. */
  private static final int EMPTY_LOOKS = 3;

  /** Where others send requests, too, they have that long to see that a node drains. */
  private static final long SEEN_NANOS = Duration.ofSeconds(3).toNanos();

  /** How soon it is tried again to stop a node, at first and at most. */
  private static final Duration STOP_AGAIN = Duration.ofSeconds(5);

  private static final Duration MOST_STOP_AGAIN = Duration.ofMinutes(1);

  private static final int STARTS_AT_ONCE = 16;

  /** After so many failed starts nobody is asked to wait for one. */
  private static final int HOPELESS = 3;

  private static final long BACKOFF_NANOS = SECOND.toNanos();
  private static final long MOST_BACKOFF_NANOS = Duration.ofMinutes(1).toNanos();

  /** One that has served for less is taken for one that cannot. */
  private static final long SETTLED_NANOS = Duration.ofSeconds(30).toNanos();

  /**
   * Whether one that does not answer any more has ended is asked so often beside once a second: its
   * connections are closed before it has, and an answer may be of a moment ago.
   */
  private static final int LOOKS = 2;

  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private static final double FIRST_GUESS_OF_START = 10;
  private static final double NEW_SHARE = 0.3;

  /** Of the address and draining; its source. */
  static final String BY = "scaling";

  private enum Phase {
    STARTING,
    SERVING,
    DRAINING,
    STOPPING
  }

  private static final class Member {
    final String name;
    final long sinceNanos;
    Phase phase;
    @Nullable Started started;
    @Nullable Node node;
    Release release = Release.PLAIN;
    int generation;
    boolean found;
    boolean met; // somebody else has started it
    boolean hasServed;
    long servesSince;
    long drainsSince;
    long downSince = -1;
    int emptyLooks;

    Member(String name, Phase phase, long now) {
      this.name = name;
      this.phase = phase;
      this.sinceNanos = now;
    }
  }

  private final Service service;
  private final Scheduler control;
  private final Driver driver;
  private final Scaling.Members members;
  private final Executor waiting;
  private final Consumer<Event> events;
  private final RandomGenerator random;
  private final Demand demand;
  private final Map<String, Member> nodes = new LinkedHashMap<>();
  private final ArrayDeque<ScaleView.Change> changes = new ArrayDeque<>();
  private final Autoscaler autoscaler;
  private final Versions versions;
  private final Runnable unsubscribe;
  private Plan plan;
  private int failedBeside;
  private String whyFailedBeside = "";
  private ScaleConfig config;
  private int manual;
  private Autoscaler.Decision decision;
  private int told = -1;
  private double startSeconds = FIRST_GUESS_OF_START;
  private int failures;
  private long retryAt;
  private boolean acting;
  private boolean held;
  private boolean following;
  private int generation;
  private boolean forgotten;
  private boolean looking;

  /** Further looks at one that does not answer any more. */
  private int looks;

  private boolean closed;
  private long starts;
  private long failedStarts;
  private boolean asleep;
  private long replacedAt;
  private volatile @Nullable CompletableFuture<Void> ending;
  private volatile @Nullable ScaleView view;

  /**
   * @param found what there is already
   * @param manual a size that somebody has asked for; negative: none
   * @param versions which version each is of
   * @param plan which versions there are to be
   * @param waiting runs what may wait
   */
  ServiceScaler(
      Service service,
      ScaleConfig config,
      Driver driver,
      List<Started> found,
      int manual,
      Versions versions,
      Plan plan,
      Scheduler control,
      Scaling.Members members,
      Executor waiting,
      Consumer<Event> events,
      RandomGenerator random) {
    this.service = service;
    this.config = config;
    this.driver = driver;
    this.manual = manual;
    this.versions = versions;
    this.plan = plan;
    this.control = control;
    this.members = members;
    this.waiting = waiting;
    this.events = events;
    this.random = random;
    this.demand = new Demand(service, control.nanoTime());
    this.replacedAt = control.nanoTime() - config.startTimeout().toNanos();
    found.forEach(this::put);
    int first = Math.clamp(count(member -> !isBeside(member)), config.min(), config.max());
    autoscaler = new Autoscaler(first);
    decision =
        new Autoscaler.Decision(
            first,
            0,
            config.target(),
            Why.of(nodes.isEmpty() ? "the least there may be" : "as many as were found"));
    tellMembers("");
    unsubscribe = service.subscribe(_ -> control.execute(this::nodesChanged));
    control.schedule(SECOND, this::second);
    control.schedule(DRAIN_LOOK, this::sample);
    hold();
    publish();
  }

  private void put(Started one) {
    long now = control.nanoTime();
    Member member = new Member(one.name(), Phase.SERVING, now);
    member.started = one;
    member.found = true;
    member.servesSince = now - SETTLED_NANOS;
    member.hasServed = true;
    member.generation = generation;
    member.release = release(version(one.name()));
    nodes.put(one.name(), member);
  }

  /** One that runs, and that nobody here has started: it has to pass a probe first. */
  private void meet(Started one) {
    Member member = new Member(one.name(), Phase.STARTING, control.nanoTime());
    member.started = one;
    member.met = true;
    member.generation = generation;
    member.release = release(version(one.name()));
    nodes.put(one.name(), member);
  }

  private @Nullable String version(String name) {
    String told = driver.version(name);
    return told == null ? versions.of(name) : told;
  }

  /**
   * By its name: of what nothing was written down is of the version there was before there were
   * any.
   */
  private Release release(@Nullable String version) {
    Release beside = plan.beside();
    String its = version == null ? "" : version;
    if (its.equals(plan.release().version())) {
      return plan.release();
    }
    if (beside != null && its.equals(beside.version())) {
      return beside;
    }
    return version == null ? plan.release() : Release.of(version);
  }

  /** Other versions from now on. */
  void plan(Plan next) {
    Release before = plan.beside();
    Release beside = next.beside();
    if (beside == null || before == null || !before.version().equals(beside.version())) {
      failedBeside = 0;
      whyFailedBeside = "";
    }
    plan = next;
    nodes.values().forEach(member -> member.release = release(member.release.version()));
    tellMembers("");
    reconcile();
  }

  Plan.Progress progress() {
    int present = 0;
    int serving = 0;
    for (Member member : nodes.values()) {
      if (isBeside(member)) {
        present++;
        serving += member.phase == Phase.SERVING && isGood(member) ? 1 : 0;
      }
    }
    return new Plan.Progress(
        wantedBeside(), serving, present, failedBeside, whyFailedBeside, acting);
  }

  private int wantedBeside() {
    if (plan.beside() == null || plan.share() <= 0) {
      return 0;
    }
    int size = Math.max(1, decision.size());
    return Math.clamp((long) Math.ceil(plan.share() * size - 1e-9), 1, size);
  }

  private boolean isBeside(Member member) {
    Release beside = plan.beside();
    return beside != null && member.release.version().equals(beside.version());
  }

  /** Whether it is what is wanted now; not beside, but in place of it. */
  private boolean isCurrent(Member member) {
    return isBeside(member)
        || (member.generation == generation
            && (member.started == null || driver.isWanted(member.started))
            && member.release.version().equals(plan.release().version()));
  }

  /** It has been found out what there is, before anything was started here. */
  void adopt(List<Started> found) {
    if (found.stream().allMatch(one -> nodes.containsKey(one.name()))) {
      return;
    }
    for (Started one : found) {
      if (!nodes.containsKey(one.name())) {
        put(one);
      }
    }
    int size = Math.clamp(count(member -> !isBeside(member)), config.min(), config.max());
    autoscaler.setSize(size);
    decision =
        new Autoscaler.Decision(
            size, decision.demand(), decision.perNode(), Why.of("as many as were found"));
    tellMembers("");
    reconcile();
  }

  /** Orders are of that term from now on. */
  void lead(long term) {
    driver.lead(term);
  }

  /** From now on nodes are started and stopped, or no longer. */
  void setActing(boolean now) {
    held = now;
    if (now && driver.isShared()) {
      catchUp();
    } else {
      act(now);
    }
  }

  /** What another instance did until now is seen first. */
  private void catchUp() {
    if (!held || acting || closed) {
      return;
    }
    waiting.execute(() -> {
      List<Started> found;
      try {
        found = driver.find();
      } catch (IOException | RuntimeException e) {
        control.schedule(SECOND, this::catchUp);
        return;
      }
      control.execute(() -> {
        if (held && !acting && !closed) {
          follow(found);
          act(true);
        }
      });
    });
  }

  /** Another instance starts and stops: sees what there is. */
  private void lookAtOthers() {
    if (acting || following || ending != null || !driver.isShared()) {
      return;
    }
    following = true;
    waiting.execute(() -> {
      List<Started> found = null;
      try {
        found = driver.find();
      } catch (IOException | RuntimeException e) {
        // Not known: they stay.
      }
      List<Started> known = found;
      control.execute(() -> {
        following = false;
        if (known != null && !acting && !closed) {
          follow(known);
        }
      });
    });
  }

  private void follow(List<Started> found) {
    Set<String> names = new HashSet<>();
    Set<String> drained = driver.draining();
    boolean changed = false;
    for (Started one : found) {
      names.add(one.name());
      Member known = nodes.get(one.name());
      if (known == null || !one.equals(known.started)) {
        meet(one);
        changed = true;
        continue;
      }
      Node node = node(known);
      boolean drains = drained.contains(one.name());
      if (node != null && drains && known.phase == Phase.SERVING) {
        known.phase = Phase.DRAINING;
        known.drainsSince = control.nanoTime();
        known.emptyLooks = 0;
        service.setDraining(node, true, BY);
      } else if (node != null && !drains && known.phase == Phase.DRAINING) {
        known.phase = Phase.SERVING;
        service.setDraining(node, false, BY);
      }
    }
    changed |= nodes.keySet().retainAll(names);
    if (changed) {
      tellMembers("another instance has stopped it");
    }
    publish();
  }

  private void act(boolean now) {
    acting = now;
    if (now && told < 0) {
      tell();
    }
    reconcile();
  }

  /** Whether a change to that needs no other driver. */
  boolean canBe(ScaleConfig next) {
    return next.driver().getClass() == config.driver().getClass();
  }

  /**
   * What is started otherwise from now on replaces what there is, one after another.
   *
   * @param anew false: what there is stays, as it is of another version, and a deploy replaces it
   */
  void configure(ScaleConfig next, boolean anew) {
    if (!next.driver().equals(config.driver())) {
      generation += anew && driver.renews(config.driver(), next.driver()) ? 1 : 0;
      driver.use(next.driver());
    }
    config = next;
    decide(Seen.NOTHING, false);
  }

  /** So many from now on; negative: as many as needed. */
  void setManual(int size) {
    manual = size;
    if (size >= 0) {
      autoscaler.setSize(size);
    }
    decide(Seen.NOTHING, false);
  }

  int manual() {
    return manual;
  }

  /** Any thread. */
  ScaleView view() {
    ScaleView present = view;
    if (present == null) {
      throw new IllegalStateException("asked before it was made");
    }
    return present;
  }

  // --- what is seen ------------------------------------------------------------------------

  private void sample() {
    if (closed) {
      return;
    }
    demand.sample();
    boolean draining = false;
    for (Member member : List.copyOf(nodes.values())) {
      if (member.phase == Phase.DRAINING) {
        draining = true;
        if (acting || !driver.isShared()) {
          look(member);
        }
      }
    }
    if (draining) {
      publish();
    }
    control.schedule(DRAIN_LOOK, this::sample);
  }

  private void second() {
    if (closed) {
      return;
    }
    decide(demand.second(control.nanoTime()), true);
    lookForEnded();
    lookAtOthers();
    long now = control.nanoTime();
    for (Member member : nodes.values()) {
      if (member.phase == Phase.SERVING
          && member.downSince < 0
          && now - member.servesSince > SETTLED_NANOS) {
        failures = 0;
      }
    }
    control.schedule(SECOND, this::second);
  }

  private void decide(Seen seen, boolean counts) {
    if (counts) {
      int own = count(Phase.SERVING);
      int available = service.nodes().available().length;
      ScaleSchedule span = scheduled();
      int least = Math.max(config.min(), span == null ? 0 : span.min());
      Autoscaler.Terms terms =
          new Autoscaler.Terms(
              plan.beside() == null ? least : Math.max(1, least),
              config.max(),
              config.target(),
              config.spare(),
              (int) config.downAfter().toSeconds(),
              (int) config.idle().toSeconds(),
              span == null || span.min() < least ? "" : " by the schedule, " + span);
      Autoscaler.Around around =
          new Autoscaler.Around(
              Math.max(0, available - good(own)), count(Phase.STARTING), startSeconds, trouble());
      decision = autoscaler.tick(seen, terms, around);
    }
    if (manual >= 0) {
      int size = Math.clamp(manual, config.min(), config.max());
      autoscaler.setSize(size);
      decision =
          new Autoscaler.Decision(
              size,
              decision.demand(),
              decision.perNode(),
              Why.of(
                  "set by hand to "
                      + manual
                      + (size == manual ? "" : ", within min and max " + size)));
    }
    if (acting && decision.size() != told) {
      tell();
    }
    reconcile();
  }

  /** The span that asks for most, now or when what is started now would serve; null: none does. */
  private @Nullable ScaleSchedule scheduled() {
    if (config.schedule().isEmpty()) {
      return null;
    }
    Instant now = Instant.ofEpochMilli(control.epochMillis());
    Instant soon = now.plusMillis((long) (1000 * startSeconds));
    ScaleSchedule found = null;
    for (ScaleSchedule span : config.schedule()) {
      if ((span.contains(now) || span.contains(soon))
          && (found == null || span.min() > found.min())) {
        found = span;
      }
    }
    return found;
  }

  private void tell() {
    int from = told < 0 ? count(Phase.SERVING) : told;
    told = decision.size();
    if (from != told || changes.isEmpty()) {
      changes.addLast(new ScaleView.Change(control.epochMillis(), from, told, decision.why()));
      if (changes.size() > KEPT) {
        changes.removeFirst();
      }
    }
    if (from != told) {
      events.accept(new Event.Scaled(service.name(), from, told, config.dryRun(), decision.why()));
    }
  }

  /** Why no node should stop now. */
  private String trouble() {
    if (plan.beside() != null) {
      return "there are two versions";
    }
    int ejected = 0;
    for (Node node : service.nodes().all()) {
      ejected += node.facts().standing().state() == Standing.State.EJECTED ? 1 : 0;
    }
    if (ejected > 0) {
      return ejected == 1 ? "a node is ejected" : ejected + " nodes are ejected";
    }
    List<String> alarms = service.alarms();
    return alarms.isEmpty() ? "" : alarms.getFirst();
  }

  private int count(Phase phase) {
    return count(member -> member.phase == phase);
  }

  private int count(Predicate<Member> which) {
    int count = 0;
    for (Member member : nodes.values()) {
      count += which.test(member) ? 1 : 0;
    }
    return count;
  }

  /** Of those that serve the ones that requests can go to. */
  private int good(int serving) {
    int good = serving;
    for (Member member : nodes.values()) {
      good -= member.phase == Phase.SERVING && !isGood(member) ? 1 : 0;
    }
    return good;
  }

  private boolean isGood(Member member) {
    Node node = node(member);
    return node != null && node.isAvailable();
  }

  private @Nullable Node node(Member member) {
    Started started = member.started;
    Node present = started == null ? null : service.find(started.address());
    if (present != null) {
      member.node = present;
    }
    return member.node; // one that has left may have requests in flight
  }

  /** Whether a node is left that was started as nobody wants it any more. */
  private boolean hasOld() {
    for (Member member : nodes.values()) {
      if (member.phase == Phase.SERVING && isGood(member) && !isCurrent(member)) {
        return true;
      }
    }
    return false;
  }

  // --- making it so ------------------------------------------------------------------------

  private void nodesChanged() {
    if (closed) {
      return;
    }
    long now = control.nanoTime();
    boolean changed = false;
    boolean ended = false;
    for (Member member : nodes.values()) {
      Node node = node(member);
      if (node == null) {
        continue;
      }
      boolean up = node.facts().up();
      if (member.phase == Phase.STARTING && up) {
        member.phase = Phase.SERVING;
        member.hasServed = true;
        member.servesSince = now;
        changed = true;
        if (!member.met) {
          double took = (now - member.sinceNanos) / 1e9;
          startSeconds = starts == 0 ? took : startSeconds + NEW_SHARE * (took - startSeconds);
          starts++;
        }
      }
      boolean down = member.phase == Phase.SERVING && !up;
      if (down != (member.downSince >= 0)) {
        member.downSince = down ? now : -1;
        changed = true;
        ended |= down;
      }
    }
    if (ended) {
      looks = LOOKS;
      lookForEnded(); // it may be more than slow
    }
    if (changed) {
      reconcile();
    } else {
      hold();
    }
  }

  private void reconcile() {
    if (closed) {
      return;
    }
    if (acting && !config.dryRun() && ending == null) {
      replaceWhatCannot();
      if (plan.beside() != null) {
        keep(decision.size(), member -> !isBeside(member), plan.release());
        keep(wantedBeside(), this::isBeside, plan.beside());
        hold();
        publish();
        return;
      }
      boolean renewing = decision.size() > 0 && hasOld();
      int missing = missing() + (renewing ? 1 : 0);
      if (missing > 0) {
        takeBack(missing, _ -> true);
        start(missing() + (renewing ? 1 : 0), config.max() + (renewing ? 1 : 0), plan.release());
      } else if (missing < 0) {
        drain(-missing, _ -> true);
      } else if (renewing && count(Phase.STARTING) == 0) {
        drain(1, _ -> true);
      }
    }
    hold();
    publish();
  }

  /** So many nodes of one of two versions. */
  private void keep(int wanted, Predicate<Member> which, Release release) {
    if (wanted == 0) {
      drain(nodes.size(), which);
      return;
    }
    int missing = missing(wanted, which);
    if (missing > 0) {
      takeBack(missing, which);
      // A version that cannot be started is given up; the other may wait a moment.
      start(missing(wanted, which), 2 * config.max(), release);
    } else if (missing < 0) {
      drain(-missing, which);
    }
  }

  private int missing(int wanted, Predicate<Member> which) {
    return wanted
        - count(member ->
            which.test(member)
                && (member.phase == Phase.STARTING
                    || (member.phase == Phase.SERVING && isGood(member))));
  }

  private int missing() {
    return decision.size() - good(count(Phase.SERVING)) - count(Phase.STARTING);
  }

  /**
   * A start that takes too long, a node that stays down: what is needed is another one. Of those
   * that are down one goes at a time: where all are, it may be something else that is wrong.
   */
  private void replaceWhatCannot() {
    long now = control.nanoTime();
    long patience = config.startTimeout().toNanos();
    for (Member member : List.copyOf(nodes.values())) {
      if (member.phase == Phase.STARTING
          && member.started != null
          && now - member.sinceNanos > patience) {
        failed(member, "it does not serve after " + config.startTimeout().toSeconds() + " s");
        stop(member, "did not start");
      } else if (member.phase == Phase.SERVING
          && member.downSince >= 0
          && now - member.downSince > patience
          && now - replacedAt > patience) {
        replacedAt = now;
        stop(member, "down for " + config.startTimeout().toSeconds() + " s");
      }
    }
  }

  private void takeBack(int missing, Predicate<Member> which) {
    int left = missing;
    for (Member member : nodes.values()) {
      Node node = node(member);
      if (left > 0
          && member.phase == Phase.DRAINING
          && which.test(member)
          && isCurrent(member)
          && node != null
          && node.facts().up()) {
        member.phase = Phase.SERVING;
        setDraining(member, node, false);
        left--;
      }
    }
  }

  private void start(int missing, int limit, Release release) {
    long now = control.nanoTime();
    if (missing <= 0 || now - retryAt < 0) {
      return;
    }
    int room = limit - count(Phase.SERVING) - count(Phase.STARTING);
    int most = failures > 0 ? 1 : STARTS_AT_ONCE;
    int begin = Math.min(Math.min(missing, room), most - count(Phase.STARTING));
    for (int i = 0; i < begin; i++) {
      Member member = new Member(freeName(), Phase.STARTING, now);
      member.generation = generation;
      member.release = release;
      start(member);
    }
  }

  private String freeName() {
    for (int i = 1; ; i++) {
      String name = service.name() + "-" + i;
      if (!nodes.containsKey(name)) {
        return name;
      }
    }
  }

  private void start(Member member) {
    nodes.put(member.name, member);
    Release release = member.release;
    Set<String> names = names();
    waiting.execute(() -> {
      Started started;
      try {
        versions.put(member.name, release.version(), names);
        started = driver.start(member.name, release);
      } catch (IOException | RuntimeException e) {
        control.execute(() -> notStarted(member, String.valueOf(e.getMessage())));
        return;
      }
      control.execute(() -> started(member, started));
    });
  }

  private void notStarted(Member member, String why) {
    nodes.remove(member.name, member);
    failed(member, why);
    ended();
    reconcile();
  }

  private void started(Member member, Started started) {
    member.started = started;
    if (closed) {
      return; // it is found again
    }
    if (ending != null) {
      stop(member, "Fairlead ends");
      return;
    }
    tellMembers("");
    publish();
  }

  private void failed(Member member, String why) {
    if (isBeside(member)) {
      failedBeside++;
      whyFailedBeside = why;
    }
    failedStarts++;
    failures++;
    long pause = Math.min(MOST_BACKOFF_NANOS, BACKOFF_NANOS << Math.min(6, failures - 1));
    pause += (long) (pause * 0.2 * random.nextDouble());
    retryAt = control.nanoTime() + pause;
    events.accept(
        new Event.NodeNotStarted(
            service.name(), member.name, why, Math.max(1, pause / 1_000_000_000)));
    control.schedule(Duration.ofNanos(pause), this::reconcile);
  }

  /** Those first that do not serve, then those with the least to do. */
  private void drain(int surplus, Predicate<Member> which) {
    List<Member> candidates = new ArrayList<>();
    for (Member member : nodes.values()) {
      boolean counted =
          member.phase == Phase.STARTING
              || (member.phase == Phase.SERVING && (isGood(member) || surplus >= nodes.size()));
      if (counted && member.started != null && which.test(member)) {
        candidates.add(member);
      }
    }
    candidates.sort(
        Comparator.comparing((Member member) -> member.phase == Phase.SERVING)
            .thenComparing(this::isCurrent)
            .thenComparing(member -> hasSessions(node(member)))
            .thenComparingInt(member -> inFlight(node(member)))
            .thenComparingLong(member -> -member.sinceNanos));
    for (Member member : candidates.subList(0, Math.min(surplus, candidates.size()))) {
      Node node = node(member);
      if (member.phase == Phase.STARTING || node == null) {
        stop(member, "no longer needed");
      } else {
        member.phase = Phase.DRAINING;
        member.drainsSince = control.nanoTime();
        member.emptyLooks = 0;
        setDraining(member, node, true);
      }
    }
  }

  private void setDraining(Member member, Node node, boolean on) {
    service.setDraining(node, on, BY);
    Started started = member.started;
    if (started != null && driver.isShared()) {
      waiting.execute(() -> {
        try {
          driver.drain(started, on);
        } catch (IOException | RuntimeException e) {
          // They see it when it ends.
        }
      });
    }
  }

  private static boolean hasSessions(@Nullable Node node) {
    return node != null && !node.sessions().quiet();
  }

  private static int inFlight(@Nullable Node node) {
    return node == null ? 0 : node.inFlight();
  }

  private void look(Member member) {
    Node node = node(member);
    member.emptyLooks = node == null || node.isEmpty() ? member.emptyLooks + 1 : 0;
    long since = control.nanoTime() - member.drainsSince;
    boolean late = since > config.drain().toNanos();
    boolean seen = !driver.isShared() || since > SEEN_NANOS;
    if (late || (seen && member.emptyLooks >= EMPTY_LOOKS)) {
      stop(member, late && inFlight(node) > 0 ? "scaled down, its time is over" : "scaled down");
    }
  }

  private void stop(Member member, String why) {
    member.phase = Phase.STOPPING;
    Started started = member.started;
    tellMembers(why);
    if (started != null) {
      stop(member, started, STOP_AGAIN);
    }
  }

  /**
   * @param again how soon it is tried once more if it fails
   */
  private void stop(Member member, Started started, Duration again) {
    if (driver.isShared() && !acting) {
      nodes.remove(member.name, member); // the others see to it
      ended();
      return;
    }
    Duration grace = config.grace();
    waiting.execute(() -> {
      try {
        driver.stop(started, grace);
      } catch (IOException | RuntimeException e) {
        control.execute(() -> {
          if (again.equals(STOP_AGAIN)) { // once is enough
            events.accept(
                new Event.NodeNotStopped(
                    service.name(), member.name, String.valueOf(e.getMessage())));
          }
          if (ending == null) {
            Duration next = again.multipliedBy(2);
            control.schedule(
                again,
                () ->
                    stop(
                        member,
                        started,
                        next.compareTo(MOST_STOP_AGAIN) > 0 ? MOST_STOP_AGAIN : next));
          } else {
            stopped(member);
          }
        });
        return;
      }
      control.execute(() -> stopped(member));
    });
  }

  private void stopped(Member member) {
    nodes.remove(member.name, member);
    ended();
    reconcile();
  }

  private void lookForEnded() {
    List<Started> there = new ArrayList<>();
    for (Member member : nodes.values()) {
      if (member.started != null) {
        there.add(member.started);
      }
    }
    if (looking || !acting) {
      return;
    }
    looking = true;
    waiting.execute(() -> {
      Map<Started, String> gone = new HashMap<>();
      try {
        gone.putAll(driver.ended(there));
      } catch (IOException | RuntimeException e) {
        // Not known: they stay.
      }
      List<Started> strays = driver.strays();
      control.execute(() -> {
        ended(gone);
        strays(strays);
      });
    });
  }

  private void lookAgain() {
    looking = false;
    if (!closed) {
      lookForEnded();
    }
  }

  private void ended(Map<Started, String> gone) {
    looking = false;
    for (Member member : List.copyOf(nodes.values())) {
      Started started = member.started;
      String why = started == null ? null : gone.get(started);
      if (why == null || member.phase == Phase.STOPPING || closed) {
        continue;
      }
      long served = control.nanoTime() - member.servesSince;
      if (!member.hasServed) {
        failed(member, why);
      } else if (served < SETTLED_NANOS) {
        failed(member, "it served for " + served / SECOND.toNanos() + " s only, " + why);
      }
      stop(member, why); // its children may be there still
    }
    if (looks > 0 && !closed) {
      looks--;
      looking = true;
      control.schedule(LOOK_AGAIN, this::lookAgain);
    }
    if (gone.isEmpty()) {
      hold(); // nothing replaces what is only slow
    } else {
      reconcile();
    }
  }

  private void strays(List<Started> strays) {
    boolean some = false;
    for (Started one : strays) {
      if (!closed && ending == null && !nodes.containsKey(one.name())) {
        meet(one);
        some = true;
      }
    }
    if (some) {
      tellMembers("");
      reconcile();
    }
  }

  private void tellMembers(String whyGone) {
    if (forgotten) {
      return;
    }
    List<NodeSpec> specs = new ArrayList<>();
    for (Member member : nodes.values()) {
      Started started = member.started;
      if (started != null && member.phase != Phase.STOPPING) {
        specs.add(
            new NodeSpec(
                started.address(),
                started.name(),
                1,
                started.zone(),
                0,
                member.release.version().isEmpty()
                    ? Map.of()
                    : Map.of(Division.LABEL, member.release.version()),
                config.driver().word(),
                member.found || member.hasServed));
      }
    }
    members.set(service, specs, whyGone);
  }

  // --- requests that wait for the first node ------------------------------------------------

  private void hold() {
    boolean replaces = ending == null && !config.dryRun() && failures < HOPELESS && manual != 0;
    boolean none = service.nodes().available().length == 0;
    boolean holding =
        replaces && none && (count(Phase.STARTING) > 0 || count(Phase.SERVING) == 0 || looking);
    // While there are nodes, too: should the last one end, nobody knows at once what follows.
    long nanos = replaces && (holding || !none) ? config.hold().toNanos() : 0;
    service.load().hold(nanos, holding);
    boolean sleeps = holding && acting && manual < 0 && decision.size() == 0;
    if (sleeps != asleep) {
      asleep = sleeps;
      service.load().setSleeper(sleeps ? () -> control.execute(this::wake) : null);
    }
  }

  private void wake() {
    if (closed || !asleep) {
      return;
    }
    asleep = false;
    if (service.load().waiting().get() > 0) {
      autoscaler.setSize(1);
      decision =
          new Autoscaler.Decision(1, 0, decision.perNode(), Why.of("a request waits for a node"));
      tell();
      reconcile();
    } else {
      hold();
    }
  }

  // --- the end -----------------------------------------------------------------------------

  /** The service is there no longer: nobody is told of its nodes any more. */
  void forget() {
    forgotten = true;
  }

  /** Does nothing more; the nodes go on. */
  void close() {
    closed = true;
    unsubscribe.run();
    asleep = false;
    service.load().setSleeper(null);
    service.load().hold(0, false);
  }

  /** Drains and stops all of them. */
  CompletableFuture<Void> end() {
    CompletableFuture<Void> known = ending;
    if (known != null) {
      return known;
    }
    CompletableFuture<Void> made = new CompletableFuture<>();
    ending = made;
    if (driver.isShared() && !acting) { // the others see to it
      nodes.clear();
      tellMembers("scaled no longer");
    }
    for (Member member : List.copyOf(nodes.values())) {
      Node node = node(member);
      if (member.phase == Phase.SERVING && node != null) {
        member.phase = Phase.DRAINING;
        member.drainsSince = control.nanoTime();
        service.setDraining(node, true, BY);
      } else if (member.phase == Phase.STARTING && member.started != null) {
        stop(member, "no longer needed");
      }
    }
    ended();
    hold();
    return made;
  }

  /** Whether other instances have the same nodes. */
  boolean isShared() {
    return driver.isShared();
  }

  boolean isEnding() {
    return ending != null;
  }

  private void ended() {
    CompletableFuture<Void> told = ending;
    if (told != null && nodes.isEmpty()) {
      told.complete(null);
    }
  }

  private void publish() {
    long now = control.nanoTime();
    List<ScaleView.OwnNode> own = new ArrayList<>();
    for (Member member : nodes.values()) {
      Node node = node(member);
      Started started = member.started;
      own.add(
          new ScaleView.OwnNode(
              member.name,
              started == null ? "" : started.address().toString(),
              started == null ? "" : started.id(),
              state(member, node),
              member.release.version(),
              (now - member.sinceNanos) / 1e9,
              inFlight(node)));
    }
    view =
        new ScaleView(
            service.name(),
            config.driver().word(),
            decision.size(),
            config.min(),
            config.max(),
            manual,
            config.dryRun(),
            acting,
            decision.demand(),
            decision.perNode(),
            startSeconds,
            starts,
            failedStarts,
            decision.why(),
            own,
            List.copyOf(changes),
            driver.agents());
  }

  private static String state(Member member, @Nullable Node node) {
    return switch (member.phase) {
      case STARTING -> "starting";
      case SERVING -> node == null ? "serving" : node.facts().state();
      case DRAINING -> "draining";
      case STOPPING -> "stopping";
    };
  }

  /** Names of nodes that are ours; for tests. */
  Set<String> names() {
    return new HashSet<>(nodes.keySet());
  }
}
