package io.fairlead;

import io.fairlead.DeployFile.Stage;
import io.fairlead.config.DeployConfig;
import io.fairlead.config.ScaleDriver;
import io.fairlead.insight.deploy.Answers;
import io.fairlead.insight.deploy.Judge;
import io.fairlead.insight.deploy.Readings;
import io.fairlead.insight.deploy.Rollout;
import io.fairlead.runtime.Scheduler;
import io.fairlead.scaling.DeployView;
import io.fairlead.scaling.Plan;
import io.fairlead.scaling.Release;
import io.fairlead.service.Division;
import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.NodeAnswers;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The versions of one service: which it has, and the deploy of another one. Reads what nodes have
 * answered, has it judged, and does what comes of it: divides requests, says how many nodes of
 * which version there are to be, tells events. Control thread.
 *
 * <p>What a deploy has learnt is not written down: a process that finds one under way takes its
 * steps anew, from the first on.
 */
final class ServiceDeploys {
  /** Deploys that are remembered. */
  private static final int KEPT = 16;

  /** After so many starts in a row that failed a version is given up. */
  private static final int HOPELESS = 3;

  /** Where more clients than that ask, errors that no others get say nothing. */
  private static final double FEW_CLIENTS = 3;

  /** A version without a node that could be asked for so many seconds is given up. */
  private static final int GONE = 10;

  private static final String FILE = "the configuration";

  /** One that goes on. */
  private static final class Running {
    final Release next;
    final String who;
    final long startedMillis;
    final long startedNanos;
    final Rollout rollout;
    final Judge judge;
    final Readings readings = new Readings();
    int gone;
    boolean alarmed;

    Running(Release next, String who, long startedMillis, long now, Rollout rollout, Judge judge) {
      this.next = next;
      this.who = who;
      this.startedMillis = startedMillis;
      this.startedNanos = now;
      this.rollout = rollout;
      this.judge = judge;
    }
  }

  /** One that is wanted as soon as another has gone. */
  private record Waiting(Release release, String who, long sinceMillis) {}

  private final Service service;
  private final Scheduler control;
  private final DeployKeeper.Hands hands;
  private final ArrayDeque<DeployView.Deploy> past = new ArrayDeque<>();
  private DeployConfig config;
  private boolean scaled;
  private String named = "";
  private Release release = Release.PLAIN;
  private @Nullable Running running;

  /** What lost, until it has gone, where Fairlead has started it. */
  private @Nullable Release leaving;

  /** Whether that is the old version. */
  private boolean won;

  private @Nullable Waiting waiting;

  /** Versions of nodes that others start and stop, which get nothing as long as there are any. */
  private final Set<String> without = new TreeSet<>();

  private long done;
  private long rolledBack;
  private volatile DeployView view;

  /**
   * @param scaled whether Fairlead starts and stops its nodes
   */
  ServiceDeploys(
      Service service,
      DeployConfig config,
      boolean scaled,
      Scheduler control,
      DeployKeeper.Hands hands) {
    this.service = service;
    this.config = config;
    this.scaled = scaled;
    this.control = control;
    this.hands = hands;
    this.view = new DeployView(service.name(), "", DeployView.Deploy.NONE, List.of(), 0, 0);
  }

  @SuppressWarnings("ReferenceEquality") // that very one
  boolean isOf(Service other) {
    return service == other;
  }

  /**
   * Goes on from what another process has written down.
   *
   * @param version that the configuration names
   * @param empty whether there is no node of ours yet, so that nothing has to be replaced
   */
  void begin(DeployFile.@Nullable State found, String version, boolean empty) {
    if (found == null) {
      named = version;
      release = Release.of(version);
      if (!version.isEmpty()) {
        keep();
      }
    } else {
      named = found.named();
      release = found.release();
      without.addAll(found.without());
      Release beside = found.beside();
      if (beside != null) {
        switch (found.stage()) {
          case SETTLED -> {}
          case SHIFTING, FINISHING -> {
            run(beside, found.who(), found.startedMillis());
            Running present = running;
            if (present != null && found.stage() == Stage.FINISHING) {
              present.rollout.goOnFinishing(control.nanoTime());
            }
            divide();
            hands.tell(new Event.DeployResumed(service.name(), beside.version()));
          }
          case LEAVING -> {
            leaving = beside;
            won = !found.who().isEmpty();
            divide();
          }
        }
      }
      divide();
      if (!named.equals(version)) {
        if (empty && running == null && leaving == null) {
          named = version;
          release = Release.of(version);
          keep();
        } else {
          follow(version, null);
        }
      }
    }
    publish();
  }

  void configure(DeployConfig next, boolean isScaled) {
    config = next;
    scaled = isScaled;
  }

  /**
   * The configuration names another version.
   *
   * @param before how nodes were started until now; null: as they are now
   */
  void follow(String version, @Nullable ScaleDriver before) {
    if (version.isEmpty()) {
      named = version;
      keep(); // from now on others say it
      return;
    }
    if (release.command().isEmpty() && release.image().isEmpty() && before != null) {
      release =
          switch (before) {
            case ScaleDriver.Program program ->
                new Release(release.version(), program.command(), "");
            case ScaleDriver.Docker docker ->
                new Release(release.version(), docker.command(), docker.image());
            case ScaleDriver.Exec _, ScaleDriver.Agents _, ScaleDriver.Kubernetes _ -> release;
          };
    }
    Running present = running;
    waiting = null;
    if (present != null && !present.next.version().equals(version)) {
      boolean back = version.equals(release.version());
      if (back) {
        named = version;
      } else {
        // What the configuration names is written down as soon as it begins.
        waiting = new Waiting(Release.of(version), FILE, control.epochMillis());
      }
      present.rollout.rollBack(
          back
              ? FILE + " names version " + version + " again"
              : "version " + version + " is wanted instead");
      follow(present);
    } else if (present == null) {
      String _ = want(Release.of(version), FILE);
    }
    if (waiting == null) {
      named = version;
    }
    keep();
    publish();
  }

  /** Null: it begins, now or when what lost before has gone; otherwise why not. */
  @Nullable String want(Release wanted, String who) {
    Running present = running;
    if (present != null) {
      return "version "
          + present.next.version()
          + " of "
          + service.name()
          + " is being deployed; abort or promote it first";
    }
    if (wanted.version().equals(release.version())) {
      return service.name() + " has version " + release.version() + " already";
    }
    if (leaving != null) {
      waiting = new Waiting(wanted, who, control.epochMillis());
      publish();
      return null;
    }
    without.remove(wanted.version());
    if (release.version().isEmpty() && scaled && hasNoOldNode()) {
      release = wanted; // nothing that could be replaced
      keep();
      hands.plan(plan());
      publish();
      return null;
    }
    run(wanted, who, control.epochMillis());
    hands.tell(new Event.Deploying(service.name(), wanted.version(), release.version(), who));
    divide();
    keepThen(() -> hands.plan(plan()));
    publish();
    return null;
  }

  private boolean hasNoOldNode() {
    return service.nodes().all().length == 0;
  }

  private void run(Release next, String who, long startedMillis) {
    long now = control.nanoTime();
    running =
        new Running(
            next,
            who,
            startedMillis,
            now,
            new Rollout(
                new Rollout.Terms(
                    config.steps(),
                    config.hold().toNanos(),
                    config.patience().toNanos(),
                    config.exposure()),
                now),
            new Judge(service.answers()::routesOf, config.errors(), config.slower()));
  }

  @Nullable String abort(String who) {
    Running present = running;
    if (present == null) {
      return "no version of " + service.name() + " is being deployed";
    }
    present.rollout.rollBack("aborted by " + who);
    follow(present);
    return null;
  }

  @Nullable String promote(String who) {
    Running present = running;
    if (present == null) {
      return "no version of " + service.name() + " is being deployed";
    }
    present.rollout.promote();
    hands.plan(plan());
    publish();
    return null;
  }

  // --- once a second -------------------------------------------------------------------------

  void second() {
    if (!without.isEmpty() && without.retainAll(labels())) {
      divide();
      keep();
    }
    Running present = running;
    if (present != null) {
      go(present);
    } else if (leaving != null && hasLeft()) {
      leaving = null;
      divide();
      keep();
      hands.plan(plan());
      publish();
    }
    Waiting next = waiting;
    if (next != null && running == null && leaving == null) {
      waiting = null;
      if (next.who().equals(FILE)) {
        named = next.release().version();
      }
      String _ = want(next.release(), next.who());
      publish();
    }
  }

  private void go(Running present) {
    read(present);
    double share = present.rollout.share();
    double wanted = present.rollout.wanted();
    int step = present.rollout.step();
    Plan.Progress progress = hands.progress();
    Rollout.Phase phase =
        present.rollout.tick(
            control.nanoTime(),
            present.judge,
            isReady(present, progress),
            trouble(present, progress));
    if (phase == Rollout.Phase.DONE || phase == Rollout.Phase.ROLLED_BACK) {
      follow(present);
      return;
    }
    if (present.rollout.step() != step) {
      if (phase == Rollout.Phase.FINISHING) {
        present.alarmed = !service.alarms().isEmpty();
      }
      keep();
      hands.tell(
          new Event.DeployStep(
              service.name(),
              present.next.version(),
              present.rollout.share(),
              present.judge.newRequests()));
    }
    if (present.rollout.share() != share) {
      divide();
    }
    if (present.rollout.wanted() != wanted) {
      hands.plan(plan());
    }
    publish();
  }

  /** It has come to an end. */
  private void follow(Running present) {
    Rollout rollout = present.rollout;
    won = rollout.phase() == Rollout.Phase.DONE;
    long seconds = (control.nanoTime() - present.startedNanos) / 1_000_000_000;
    Release gone = won ? release : present.next;
    if (!scaled) {
      without.add(gone.version());
    } else {
      leaving = gone;
    }
    String before = release.version();
    if (won) {
      release = present.next;
    }
    running = null;
    done += won ? 1 : 0;
    rolledBack += won ? 0 : 1;
    past.addLast(deploy(present, before, control.epochMillis()));
    if (past.size() > KEPT) {
      past.removeFirst();
    }
    divide();
    keep();
    hands.plan(plan());
    hands.tell(
        won
            ? new Event.Deployed(service.name(), present.next.version(), before, seconds)
            : new Event.DeployRolledBack(
                service.name(),
                present.next.version(),
                before,
                present.judge.newRequests(),
                present.judge.newRequests() + present.judge.oldRequests(),
                rollout.why()));
    publish();
  }

  private void read(Running present) {
    int classes = service.answers().classCount();
    Answers[] olds = new Answers[classes];
    Answers[] news = new Answers[classes];
    for (int i = 0; i < classes; i++) {
      olds[i] = new Answers();
      news[i] = new Answers();
    }
    Set<NodeAnswers> there = Collections.newSetFromMap(new IdentityHashMap<>());
    long now = control.epochMillis();
    boolean warm = true;
    for (Node node : service.nodes().all()) {
      boolean isNew = isNew(present, node);
      if (!isNew && without.contains(Division.label(node))) {
        continue;
      }
      present.readings.read(node.answers(), isNew ? news : olds);
      there.add(node.answers());
      NodeFacts facts = node.facts();
      warm &= !isNew || !facts.up() || now - facts.sinceMillis() >= config.warmUp().toMillis();
    }
    present.readings.keep(there);
    present.judge.setManyClients(service.answers().clients() >= FEW_CLIENTS);
    for (int i = 0; i < classes; i++) {
      present.judge.see(i, olds[i], news[i], warm);
    }
  }

  private static boolean isNew(Running present, Node node) {
    return present.next.version().equals(Division.label(node));
  }

  private boolean isReady(Running present, Plan.@Nullable Progress progress) {
    if (scaled) {
      return progress != null && progress.serving() > 0 && progress.serving() >= progress.wanted();
    }
    for (Node node : service.nodes().available()) {
      if (isNew(present, node)) {
        return true;
      }
    }
    return false;
  }

  /** Why it cannot go on, as far as answers do not tell. */
  private @Nullable String trouble(Running present, Plan.@Nullable Progress progress) {
    String version = "version " + present.next.version();
    if (progress != null && progress.failed() >= HOPELESS) {
      return version + " does not start: " + progress.why();
    }
    Rollout.Phase phase = present.rollout.phase();
    if (phase == Rollout.Phase.PREPARING) {
      boolean late =
          control.nanoTime() - present.startedNanos > config.patience().toNanos()
              && (!scaled || (progress != null && progress.acting()));
      return late ? "no node of " + version + " is up" : null;
    }
    int all = 0;
    int bad = 0;
    String why = "there is none";
    for (Node node : service.nodes().all()) {
      NodeFacts facts = node.facts();
      if (isNew(present, node) && !facts.state().equals("starting")) {
        all++;
        if (!facts.up() || facts.standing().state() == Standing.State.EJECTED) {
          bad++;
          why = facts.state() + ", " + facts.why();
        }
      }
    }
    present.gone = 2 * bad > all || all == 0 ? present.gone + 1 : 0;
    if (present.gone >= GONE) {
      return String.format(
          Locale.ROOT, "%d of %d nodes of %s do not serve: %s", bad, all, version, why);
    }
    if (phase == Rollout.Phase.FINISHING && !present.alarmed && !service.alarms().isEmpty()) {
      return service.alarms().getFirst();
    }
    return null;
  }

  /** Whether nothing is left of what lost. */
  private boolean hasLeft() {
    Plan.Progress progress = hands.progress();
    return !scaled || (progress != null && progress.present() == 0);
  }

  /** Versions that there are nodes of. */
  private Set<String> labels() {
    Set<String> labels = new TreeSet<>();
    for (Node node : service.nodes().all()) {
      labels.add(Division.label(node));
    }
    return labels;
  }

  // --- what comes of it ----------------------------------------------------------------------

  private void divide() {
    Running present = running;
    Release gone = leaving;
    Division division = null;
    if (present != null) {
      division = new Division(present.next.version(), present.rollout.share(), without);
    } else if (gone != null) {
      division =
          won
              ? new Division(release.version(), 1, without)
              : new Division(gone.version(), 0, without);
    } else if (!without.isEmpty()) {
      division = new Division(null, 0, without);
    }
    service.setDivision(division);
  }

  Plan plan() {
    Running present = running;
    if (present != null) {
      return new Plan(release, present.next, present.rollout.wanted());
    }
    Release gone = leaving;
    return gone == null ? new Plan(release) : new Plan(release, gone, 0);
  }

  private void keep() {
    keepThen(() -> {});
  }

  /** Writes down how far it is, and goes on then. */
  private void keepThen(Runnable then) {
    Running present = running;
    Release gone = leaving;
    DeployFile.State state;
    if (present != null) {
      state =
          new DeployFile.State(
              named,
              release,
              present.next,
              present.rollout.phase() == Rollout.Phase.FINISHING ? Stage.FINISHING : Stage.SHIFTING,
              present.who,
              present.startedMillis,
              List.copyOf(without));
    } else if (gone != null) {
      state =
          new DeployFile.State(
              named, release, gone, Stage.LEAVING, won ? "won" : "", 0, List.copyOf(without));
    } else {
      state =
          new DeployFile.State(named, release, null, Stage.SETTLED, "", 0, List.copyOf(without));
    }
    hands.keep(state, then);
  }

  private DeployView.Deploy deploy(Running present, String from, long endedMillis) {
    Rollout rollout = present.rollout;
    Plan.Progress progress = hands.progress();
    return new DeployView.Deploy(
        rollout.phase().name().toLowerCase(Locale.ROOT).replace('_', '-'),
        from,
        present.next.version(),
        present.who,
        present.startedMillis,
        endedMillis,
        rollout.step(),
        rollout.steps(),
        rollout.share(),
        present.judge.possible(),
        present.judge.oldRequests(),
        present.judge.newRequests(),
        progress == null ? 0 : progress.wanted(),
        progress == null ? 0 : progress.serving(),
        rollout.why());
  }

  private void publish() {
    view =
        new DeployView(
            service.name(), release.version(), latest(), List.copyOf(past), done, rolledBack);
  }

  private DeployView.Deploy latest() {
    Running present = running;
    Waiting next = waiting;
    Release gone = leaving;
    if (present != null) {
      return deploy(present, release.version(), 0);
    }
    if (next != null) {
      return new DeployView.Deploy(
          "waiting",
          release.version(),
          next.release().version(),
          next.who(),
          next.sinceMillis(),
          0,
          0,
          config.steps().size(),
          0,
          1,
          0,
          0,
          0,
          0,
          gone == null ? "it begins" : "nodes of version " + gone.version() + " stop first");
    }
    return past.isEmpty() ? DeployView.Deploy.NONE : past.getLast();
  }

  /** Any thread. */
  DeployView view() {
    return view;
  }
}
