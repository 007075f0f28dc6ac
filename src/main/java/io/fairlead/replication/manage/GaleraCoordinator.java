package io.fairlead.replication.manage;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.ManageConfig;
import io.fairlead.config.Secret;
import io.fairlead.replication.manage.GaleraBootstrap.Begin;
import io.fairlead.replication.manage.GaleraBootstrap.Wait;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Decides about a Galera cluster: who begins it anew when no part has a quorum, and who may write.
 *
 * <p>A member is let in as the writer after it has proved that it has all that was acknowledged
 * before: the last writer cannot acknowledge any more (it lets nobody write, has ended, or is left
 * out by the others), and then a question was answered that waits for all changes that were before
 * it (wsrep_sync_wait). Its name is on disk before the first write can be acknowledged by it. So
 * everything that ever was acknowledged is on the disks of the {@link GaleraState#holders}.
 */
final class GaleraCoordinator implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(GaleraCoordinator.class.getName());

  private static final Duration LOOK = Duration.ofMillis(50);

  /** What was said longer ago than that says nothing. */
  private static final long FRESH_NANOS = Duration.ofMillis(1500).toNanos();

  /** So long parts that all are there may take to become one again by themselves. */
  static final long MERGE_NANOS = Duration.ofSeconds(10).toNanos();

  /** So long somebody who says nothing is waited for while there is no quorum. */
  static final long SILENT_NANOS = Duration.ofSeconds(1).toNanos();

  /** So long it is where nobody says anything: it may be we who do not get round to asking. */
  static final long ALL_SILENT_NANOS = Duration.ofSeconds(10).toNanos();

  /** A server that has said something and then nothing for that long is ended. */
  private static final long FROZEN_NANOS = Duration.ofSeconds(30).toNanos();

  private static final long STUCK_NANOS = Duration.ofSeconds(5).toNanos();

  /** So long somebody who speaks may take to let nobody write any more. */
  private static final long BUSY_NANOS = Duration.ofSeconds(10).toNanos();

  /** So long an operator waits until it has been looked at what members have. */
  private static final long LOOKING_NANOS = Duration.ofSeconds(30).toNanos();

  private static final Duration CLOSE = Duration.ofMillis(500);
  private static final Duration CLOSE_IN_ORDER = Duration.ofSeconds(5);
  private static final Duration PROOF = Duration.ofSeconds(8);
  private static final int MOST_STEPS = 16;

  /** The rest of the instance. Any thread; nothing waits. */
  interface World {
    void admit(String member);

    void admitNobody(String why);

    void event(Event event);
  }

  /**
   * A proof that is being asked for.
   *
   * @param member of whom
   * @param unable who could acknowledge nothing any more when it was asked
   */
  private record Proof(String member, long pid, Set<String> unable) {}

  /** A process that lets people write since then, in nanoseconds of no certain origin. */
  private record Opened(long pid, long since) {}

  private final DatabaseConfig config;
  private final Map<String, GaleraAgent> agents;
  private final GaleraStore store;
  private final World world;
  private final Semaphore told = new Semaphore(0);
  private final Thread thread;

  /** Who was let in last. */
  private final Map<String, Opened> opened = new ConcurrentHashMap<>();

  /** Who is being had to let nobody write, and since when. */
  private final Map<String, Long> shuttingSince = new ConcurrentHashMap<>();

  private final Set<String> closing = ConcurrentHashMap.newKeySet();
  private final Map<String, Long> spokeAt = new HashMap<>();
  private final Map<String, Long> stuckSince = new HashMap<>();
  private final Map<String, Long> leftSince = new HashMap<>();
  private volatile @Nullable Proof proof;
  private volatile boolean proved;
  private volatile boolean canJoin;
  private volatile String copies = "";
  private volatile boolean closed;
  private volatile String doing = "is just beginning";
  private volatile String wanted = "";
  private volatile List<ManagedView.Step> steps = List.of();
  private volatile String admitted = "";

  // Of the thread.
  private long alone;
  private long troubleSince;
  private String stuck = "";
  private long toldAgain;
  private int failures;

  GaleraCoordinator(
      DatabaseConfig config, Map<String, GaleraAgent> agents, GaleraStore store, World world) {
    this.config = config;
    this.agents = agents;
    this.store = store;
    this.world = world;
    this.thread =
        Thread.ofPlatform().name("galera " + config.name()).daemon(true).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Something has changed. Any thread. */
  void look() {
    told.release();
  }

  /** Whether there is a part of the cluster that has a quorum, and may be joined. Any thread. */
  boolean canJoin() {
    return canJoin;
  }

  /**
   * Whether that member may get all of the data: one after the other does, so that the next has
   * somebody else than the writer to get it from. Any thread.
   */
  boolean canCopy(String member) {
    return copies.equals(member);
  }

  /**
   * Whoever copies; else the first that has nothing, and of these rather one that can be started.
   */
  private String copying() {
    String next = "";
    String troubled = "";
    for (Map.Entry<String, GaleraAgent> one : agents.entrySet()) {
      GaleraAgent agent = one.getValue();
      if (!agent.isDown() && agent.isNew()) {
        return one.getKey();
      }
      if (agent.isDown() && agent.report() instanceof GaleraReport.Empty) {
        if (agent.status().trouble().isEmpty()) {
          next = next.isEmpty() ? one.getKey() : next;
        } else {
          troubled = troubled.isEmpty() ? one.getKey() : troubled;
        }
      }
    }
    return next.isEmpty() ? troubled : next;
  }

  @Override
  public void close() {
    closed = true;
    look();
    try {
      thread.join(10_000);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (!closed) {
      try {
        boolean _ = told.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS);
        int _ = told.drainPermits();
        if (!closed) {
          tick();
        }
        failures = 0;
      } catch (IOException e) {
        say(String.valueOf(e.getMessage()));
        pause();
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "deciding about " + config.name() + " failed", e);
        pause();
      } catch (InterruptedException _) {
        return;
      }
    }
  }

  private void pause() {
    failures = Math.min(failures + 1, 6);
    LockSupport.parkNanos(Duration.ofMillis(50L << failures).toNanos());
  }

  private void say(String what) {
    doing = what;
    if (!what.isEmpty() && !what.equals(stuck)) {
      stuck = what;
      world.event(new Event.DatabaseFailoverStuck(config.name(), what));
    }
    if (what.isEmpty()) {
      stuck = "";
    }
  }

  private void tick() throws IOException {
    GaleraState state = store.read();
    if (state == null) {
      beginWith();
      return;
    }
    if (!state.known().containsAll(agents.keySet())) {
      boolean _ = store.replace(state, state.withKnown(agents.keySet()));
      return;
    }
    if (state.paused()) {
      canJoin = false;
      doing = "";
      return;
    }
    Map<String, GaleraFacts> facts = facts();
    if (state.order().isPresent()) {
      canJoin = false;
      obey(state, state.order().get(), facts);
    } else if (!state.isFounded()) {
      found(state, facts);
    } else {
      Map<String, GaleraFacts> current = current(state, facts);
      if (current.isEmpty()) {
        lost(state, facts);
      } else {
        alone = 0;
        canJoin = true;
        copies = copying();
        lead(state, current, facts);
      }
    }
  }

  /** What servers have said lately. */
  private Map<String, GaleraFacts> facts() {
    long now = System.nanoTime();
    Map<String, GaleraFacts> all = new LinkedHashMap<>();
    agents.forEach((name, agent) -> {
      GaleraFacts facts = agent.facts();
      if (facts != null) {
        spokeAt.put(name, facts.asked());
        if (now - facts.asked() < FRESH_NANOS) {
          all.put(name, facts);
        }
      }
    });
    return all;
  }

  private Map<String, GaleraReport> reports() {
    Map<String, GaleraReport> all = new LinkedHashMap<>();
    agents.forEach((name, agent) -> {
      GaleraReport report = agent.report();
      if (report != null && agent.isDown()) {
        all.put(name, report);
      }
    });
    return all;
  }

  /** Nothing is remembered: it is a new database, or the memory was lost. */
  private void beginWith() throws IOException {
    Map<String, GaleraReport> reports = reports();
    if (reports.size() < agents.size()) {
      doing = "it is being looked at what the members have";
      return;
    }
    if (reports.values().stream().allMatch(one -> one instanceof GaleraReport.Empty)) {
      String first = config.members().keySet().iterator().next();
      boolean _ = store.replace(null, GaleraState.founding(first, agents.keySet()));
      return;
    }
    Set<String> clusters = new TreeSet<>();
    List<String> without = new ArrayList<>();
    reports.forEach((name, report) -> {
      if (report instanceof GaleraReport.At(GaleraPosition at)) {
        clusters.add(at.cluster());
      } else {
        without.add(name);
      }
    });
    if (clusters.size() == 1 && without.isEmpty()) {
      boolean _ =
          store.replace(null, GaleraState.found(clusters.iterator().next(), agents.keySet()));
      return;
    }
    say(
        "nothing is remembered of it, and its members have data "
            + (without.isEmpty()
                ? "of different clusters " + clusters
                : "but for " + String.join(" and ", without))
            + ": who has everything cannot be known; say so by fairlead db bootstrap");
  }

  private void found(GaleraState state, Map<String, GaleraFacts> facts) throws IOException {
    GaleraFacts founder = facts.get(state.writer());
    doing = state.writer() + " makes the database";
    if (founder != null && founder.isSynced() && !founder.cluster().isEmpty()) {
      boolean _ = store.replace(state, state.with(founder.cluster()));
      look();
    }
  }

  /** Somebody begins the cluster anew. Nobody joins and nobody writes before that is done. */
  private void obey(GaleraState state, GaleraState.Order order, Map<String, GaleraFacts> facts)
      throws IOException {
    GaleraAgent agent = agents.get(order.member());
    if (agent == null) {
      throw new IOException(
          order.member() + " was to begin the cluster anew, and is not in the configuration");
    }
    doing = order.member() + " begins the cluster anew at " + order.position();
    GaleraFacts its = facts.get(order.member());
    if (its != null && its.isSynced() && its.cluster().equals(state.cluster())) {
      step(order.member() + " has begun the cluster anew");
      boolean _ = store.replace(state, state.withoutOrder());
      agents.values().forEach(GaleraAgent::wake);
      look();
    } else if (!order.running()
        && agent.isDown()
        && agent.report() != null
        && !(agent.report() instanceof GaleraReport.At(GaleraPosition at)
            && at.cluster().equals(state.cluster()))) {
      boolean _ = store.replace(state, state.withoutOrder()); // it has lost its data meanwhile
    } else if (order.running() && agent.isDown()) {
      boolean _ =
          store.replace(
              state,
              state.withOrderOf(new GaleraState.Order(order.member(), order.position(), false)));
    } else if (order.running() && its != null && !its.primary()) {
      long now = System.nanoTime();
      if (now - toldAgain > FRESH_NANOS || toldAgain == 0) {
        toldAgain = now;
        aside(
            "begins " + order.member(),
            () -> {
              try (MariadbSql.Session session = agent.open(CLOSE)) {
                session.order("SET GLOBAL wsrep_provider_options='pc.bootstrap=YES'", PROOF);
              } catch (IOException e) {
                LOG.log(Level.DEBUG, "{0} does not begin: {1}", order.member(), e.getMessage());
              }
              look();
            });
      }
    }
  }

  /** Those with a quorum, as far as they know and nobody who knows more contradicts. */
  private Map<String, GaleraFacts> current(GaleraState state, Map<String, GaleraFacts> facts) {
    Map<String, GaleraFacts> all = new LinkedHashMap<>();
    facts.forEach((name, its) -> {
      boolean past =
          facts.values().stream()
              .anyMatch(other ->
                  other.primary()
                      && other.cluster().equals(its.cluster())
                      && other.view() > its.view()
                      && !other.members().contains(address(name)));
      if (its.primary() && its.cluster().equals(state.cluster()) && !past) {
        all.put(name, its);
      }
    });
    return all;
  }

  private String address(String member) {
    HostPort address = config.members().get(member);
    return address == null ? "" : address.toString();
  }

  /** No part has a quorum. */
  private void lost(GaleraState state, Map<String, GaleraFacts> facts) throws IOException {
    canJoin = false;
    long now = System.nanoTime();
    if (alone == 0) {
      alone = now;
      steps = List.of();
      troubleSince = now;
      step("no part of the cluster has a quorum");
      doing = "no part of the cluster has a quorum";
    }
    nobody("no part of the cluster has a quorum");
    Map<String, GaleraPosition> running = new HashMap<>();
    boolean all = true;
    boolean waits = false;
    for (Map.Entry<String, GaleraAgent> one : agents.entrySet()) {
      GaleraAgent agent = one.getValue();
      if (agent.isDown()) {
        all = false;
        continue;
      }
      GaleraFacts its = facts.get(one.getKey());
      GaleraPosition position = its == null ? null : its.position();
      if (position != null) {
        running.put(one.getKey(), position);
      } else if (its != null && its.primary() && !its.cluster().equals(state.cluster())) {
        say(one.getKey() + " runs in another cluster, " + its.cluster());
        return;
      } else if (now - alone > patience(its, agent.wasFit(), !facts.isEmpty())) {
        CompletableFuture<Boolean> _ = agent.end(false); // it joins nobody, or is frozen
        waits = true;
      } else {
        waits = true;
      }
    }
    if (all && now - alone < MERGE_NANOS) {
      doing = "no part of the cluster has a quorum, and all members run: they may find each other";
      return;
    }
    if (waits) {
      doing = "no part of the cluster has a quorum; it is waited for what servers do";
      return;
    }
    Map<String, GaleraReport> reports = reports();
    if (reports.size() + running.size() < agents.size()) {
      doing = "no part of the cluster has a quorum; it is being looked at what members have";
      return;
    }
    switch (GaleraBootstrap.decide(state, config.members().keySet(), reports, running)) {
      case Wait(String why) -> say(why);
      case Begin begin -> begin(state, begin, running, facts);
    }
  }

  /**
   * So long a server without a position is waited for while no part has a quorum. A cluster that is
   * well must not be ended because this machine had no time for the questions, as when another
   * process or configuration takes over under load.
   *
   * @param its what it has said lately; null: nothing
   * @param wasFit whether it may have had a quorum: it said so, or ran before we did
   * @param speaks whether anybody has said anything lately
   */
  static long patience(@Nullable GaleraFacts its, boolean wasFit, boolean speaks) {
    if (its != null && its.connected()) {
      return MERGE_NANOS;
    }
    return its == null && wasFit && !speaks ? ALL_SILENT_NANOS : SILENT_NANOS;
  }

  /**
   * All but who begins have ended before; of who runs on, those that it is together with may stay.
   */
  private void begin(
      GaleraState state,
      Begin begin,
      Map<String, GaleraPosition> running,
      Map<String, GaleraFacts> facts)
      throws IOException {
    String member = begin.order().member();
    GaleraFacts its = facts.get(member);
    boolean ends = false;
    for (String name : running.keySet()) {
      boolean stays =
          begin.order().running()
              && its != null
              && (name.equals(member) || its.members().contains(address(name)));
      if (!stays) {
        ends = true;
        CompletableFuture<Boolean> _ = Objects.requireNonNull(agents.get(name)).end(false);
      }
    }
    if (ends) {
      doing = "servers without a quorum end, so that the cluster can begin anew";
      return;
    }
    if (store.replace(state, begin.state())) {
      step(member + " has the most: " + begin.order().position());
      toldAgain = 0;
      world.event(
          new Event.DatabaseFailover(
              config.name(),
              state.writer().isEmpty() ? "nobody" : state.writer(),
              begin.state().number(),
              "no part of the cluster had a quorum, and "
                  + member
                  + " begins it anew at "
                  + begin.order().position()));
      agents.values().forEach(GaleraAgent::wake);
    }
  }

  /** There is a part with a quorum: somebody takes the writes. */
  private void lead(
      GaleraState state, Map<String, GaleraFacts> current, Map<String, GaleraFacts> facts)
      throws IOException {
    endFrozen(current);
    endStuck(current);
    endLeft();
    if (config.writers().areSeveral()) {
      leadAll(state, current, facts);
      return;
    }
    String writer = state.writer();
    GaleraFacts its = current.get(writer);
    String moves = wanted;
    boolean moving = !moves.isEmpty() && !moves.equals(writer) && isFit(current.get(moves));
    if (isStillFit(its) && its != null && !moving) {
      if (state.holders().contains(writer) && isOpen(writer, its)) {
        admit(writer);
        clean(state, writer, facts);
      } else {
        prove(state, writer, current, facts);
      }
      return;
    }
    if (troubleSince == 0 && !moving) {
      troubleSince = System.nanoTime();
      steps = List.of();
      GaleraAgent agent = agents.get(writer);
      step(
          agent == null || agent.isDown()
              ? writer + " has ended"
              : writer + " takes no writes any more");
      look();
    }
    if (!moving) {
      nobody(writer + " takes no writes any more, and nobody else yet");
    }
    String next = moving ? moves : candidate(writer, current);
    if (next.isEmpty()) {
      say("no member is fit to take the writes");
      return;
    }
    if (!moving) {
      doing = writer + " takes no writes any more, and nobody else yet";
    }
    prove(state, next, current, facts);
  }

  /** The first that has everything, and gives its data to nobody if there is a choice. */
  private String candidate(String writer, Map<String, GaleraFacts> current) {
    Proof asked = proof;
    if (asked != null && isFit(current.get(asked.member())) && !asked.member().equals(writer)) {
      return asked.member();
    }
    for (String name : config.members().keySet()) {
      if (!name.equals(writer) && isFit(current.get(name))) {
        return name;
      }
    }
    return "";
  }

  private static boolean isFit(@Nullable GaleraFacts its) {
    return its != null
        && its.ready()
        && (its.isSynced()
            || (its.state().equals("Donor/Desynced") && its.method().equals("mariabackup")));
  }

  /** One that gives its data to another by what blocks it goes on soon. */
  private static boolean isStillFit(@Nullable GaleraFacts its) {
    return isFit(its) || (its != null && its.ready() && its.state().equals("Donor/Desynced"));
  }

  /** Whether we had it let people write, and it did not say since that it does not. */
  private boolean isOpen(String member, GaleraFacts its) {
    Opened known = opened.get(member);
    return known != null
        && known.pid() == its.pid()
        && (!its.readOnly() || its.asked() - known.since() < 0);
  }

  /** Whether it cannot acknowledge anything: it has ended, or lets nobody write. */
  private boolean isUnable(String member, Map<String, GaleraFacts> facts) {
    GaleraAgent agent = agents.get(member);
    if (agent == null || agent.isDown()) {
      return true; // of those not configured the servers were ended at the beginning
    }
    GaleraFacts its = facts.get(member);
    Opened known = opened.get(member);
    return its != null
        && its.readOnly()
        && (known == null || known.pid() != its.pid() || its.asked() - known.since() > 0);
  }

  /** Has a member prove that it has everything, remembers it, and then lets people write there. */
  private void prove(
      GaleraState state,
      String next,
      Map<String, GaleraFacts> current,
      Map<String, GaleraFacts> facts)
      throws IOException {
    GaleraAgent agent = Objects.requireNonNull(agents.get(next));
    GaleraFacts its = Objects.requireNonNull(current.get(next));
    Set<String> unable = new HashSet<>();
    boolean all = true;
    for (String holder : state.holders()) {
      if (holder.equals(next)) {
        continue;
      }
      if (isUnable(holder, facts)) {
        unable.add(holder);
      } else if (its.members().contains(address(holder))) {
        all = false;
        if (facts.containsKey(holder)) {
          shut(holder, !wanted.isEmpty());
        }
      }
    }
    Proof asked = proof;
    if (!all) {
      doing = "it is waited until " + state.holders() + " cannot acknowledge anything any more";
      return;
    }
    if (asked == null
        || !asked.member().equals(next)
        || asked.pid() != agent.pid()
        || !unable.containsAll(asked.unable())) {
      ask(new Proof(next, agent.pid(), Set.copyOf(unable)), agent);
    } else if (proved) {
      proof = null;
      proved = false;
      step(next + " has all that was acknowledged before");
      Set<String> held = new TreeSet<>(state.holders());
      held.removeAll(asked.unable());
      held.add(next);
      GaleraState after = state.withWriter(next, held);
      if (after.equals(state) || store.replace(state, after)) {
        letIn(state, next, agent);
      }
      look();
    }
  }

  private void ask(Proof wantedProof, GaleraAgent agent) {
    proof = wantedProof;
    proved = false;
    aside(
        "proof of " + wantedProof.member(),
        () -> {
          try (MariadbSql.Session session = agent.open(PROOF)) {
            session.order("SET SESSION wsrep_sync_wait=1", PROOF);
            List<List<String>> _ = session.rows("SELECT COUNT(*) FROM mysql.global_priv", PROOF);
            if (wantedProof.equals(proof)) {
              proved = true;
            }
          } catch (IOException e) {
            LOG.log(Level.DEBUG, "{0} proves nothing: {1}", wantedProof.member(), e.getMessage());
            if (wantedProof.equals(proof)) {
              proof = null;
            }
          }
          look();
        });
  }

  private void letIn(GaleraState before, String next, GaleraAgent agent) throws IOException {
    open(next, agent);
    step(next + " lets people write");
    if (!before.writer().equals(next) && !before.holders().isEmpty() && wanted.isEmpty()) {
      world.event(
          new Event.DatabaseFailover(
              config.name(),
              before.writer(),
              before.number(),
              next + " has everything and takes the writes"));
    }
    admitted = "";
    admit(next);
  }

  private void open(String member, GaleraAgent agent) throws IOException {
    long pid = agent.pid();
    opened.put(member, new Opened(pid, System.nanoTime())); // before: it may be heard of at once
    try (MariadbSql.Session session = agent.open(CLOSE_IN_ORDER)) {
      session.order("SET GLOBAL read_only=0", CLOSE_IN_ORDER);
    } catch (IOException e) {
      opened.remove(member); // not known: so it is asked again
      throw e;
    }
    opened.put(member, new Opened(pid, System.nanoTime()));
    letLogIn(member, agent);
  }

  /**
   * Sees to it that whoever is in the configuration may log in as it says, and that who makes
   * backups is there and has the rights for it. All members have what one of them is told.
   */
  private void letLogIn(String member, GaleraAgent agent) {
    aside(
        "accounts",
        () -> {
          try (MariadbSql.Session session = agent.open(PROOF)) {
            BackupConfig backup = config.backup().orElse(null);
            String archivist = backup == null ? "" : backup.user();
            if (backup != null) {
              setPassword(session, archivist, backup.password(), true);
              letArchive(session, archivist);
            }
            if (!config.probe().user().equals(archivist)) {
              setPassword(session, config.probe().user(), config.probe().password(), false);
            }
            ManageConfig.Application own =
                config.manage().flatMap(ManageConfig::application).orElse(null);
            if (own != null && !own.user().equals(config.probe().user())) {
              setPassword(session, own.user(), own.password(), false);
            }
          } catch (IOException e) {
            world.event(
                new Event.DatabaseMemberTrouble(
                    config.name(),
                    member,
                    "does not take the passwords that are configured: " + e.getMessage()));
          }
        });
  }

  private static void setPassword(
      MariadbSql.Session session, String user, Secret password, boolean creates)
      throws IOException {
    String hash = MariadbSql.hash(password);
    List<List<String>> known =
        session.rows(
            "SELECT JSON_VALUE(Priv, '$.authentication_string') FROM mysql.global_priv"
                + " WHERE User='"
                + user
                + "' AND Host='%'",
            PROOF);
    if (!known.equals(List.of(List.of(hash))) && (creates || !known.isEmpty())) {
      session.order(
          (known.isEmpty() ? "CREATE USER IF NOT EXISTS '" : "ALTER USER '")
              + user
              + "'@'%' IDENTIFIED VIA mysql_native_password USING '"
              + hash
              + "'",
          PROOF);
    }
  }

  private static void letArchive(MariadbSql.Session session, String user) throws IOException {
    String grants = session.rows("SHOW GRANTS FOR '" + user + "'@'%'", PROOF).toString();
    if (!grants.contains("LOCK TABLES")) {
      session.order(
          "GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR, REPLICATION SLAVE,"
              + " SLAVE MONITOR ON *.* TO '"
              + user
              + "'@'%'",
          PROOF);
    }
  }

  private void admit(String member) {
    troubleSince = 0;
    say("");
    if (!admitted.equals(member)) {
      admitted = member;
      world.admit(member);
    }
  }

  private void nobody(String why) {
    if (!admitted.isEmpty()) {
      admitted = "";
      world.admitNobody(why);
    }
  }

  /** Those who took writes before let nobody write any more, and are forgotten after that. */
  private void clean(GaleraState state, String writer, Map<String, GaleraFacts> facts)
      throws IOException {
    for (String name : agents.keySet()) {
      GaleraAgent agent = Objects.requireNonNull(agents.get(name));
      if (!name.equals(writer)
          && !agent.isDown()
          && !isUnable(name, facts)
          && (state.holders().contains(name) || facts.containsKey(name))) {
        shut(name, false);
      }
    }
    Set<String> gone = new HashSet<>(state.holders());
    gone.remove(writer);
    gone.removeIf(name -> !isUnable(name, facts));
    if (gone.isEmpty()) {
      return;
    }
    GaleraAgent agent = Objects.requireNonNull(agents.get(writer));
    Proof asked = proof;
    if (asked == null || !asked.member().equals(writer) || !gone.containsAll(asked.unable())) {
      ask(new Proof(writer, agent.pid(), Set.copyOf(gone)), agent);
    } else if (proved) {
      proof = null;
      proved = false;
      Set<String> held = new TreeSet<>(state.holders());
      held.removeAll(asked.unable());
      boolean _ = store.replace(state, state.withHolders(held));
    }
  }

  /** All that are fit take writes. */
  private void leadAll(
      GaleraState state, Map<String, GaleraFacts> current, Map<String, GaleraFacts> facts)
      throws IOException {
    Set<String> fit = new TreeSet<>(current.keySet());
    fit.removeIf(name -> !isFit(current.get(name)));
    if (fit.isEmpty()) {
      nobody("no member is fit to take writes");
      doing = "no member is fit to take writes";
      return;
    }
    troubleSince = 0;
    say("");
    Set<String> held = new TreeSet<>(state.holders());
    held.addAll(fit);
    if (!held.equals(state.holders())) {
      boolean _ = store.replace(state, state.withWriter(fit.iterator().next(), held));
      look();
      return;
    }
    for (String name : fit) {
      if (!isOpen(name, Objects.requireNonNull(current.get(name)))) {
        open(name, Objects.requireNonNull(agents.get(name)));
      }
    }
    Set<String> gone = new TreeSet<>(state.holders());
    gone.removeAll(fit);
    gone.removeIf(name -> !isUnable(name, facts));
    if (gone.isEmpty()) {
      return;
    }
    String witness = fit.iterator().next();
    GaleraAgent agent = Objects.requireNonNull(agents.get(witness));
    Proof asked = proof;
    if (asked == null || !fit.contains(asked.member()) || !gone.containsAll(asked.unable())) {
      ask(new Proof(witness, agent.pid(), Set.copyOf(gone)), agent);
    } else if (proved) {
      proof = null;
      proved = false;
      Set<String> rest = new TreeSet<>(state.holders());
      rest.removeAll(asked.unable());
      boolean _ = store.replace(state, state.withHolders(rest));
    }
  }

  /** It lets nobody write any more; one that does not do so is ended. */
  private void shut(String member, boolean inOrder) {
    GaleraAgent agent = agents.get(member);
    if (agent == null || !closing.add(member)) {
      return;
    }
    Duration patience = inOrder ? CLOSE_IN_ORDER : CLOSE;
    aside(
        member + " shuts",
        () -> {
          try (MariadbSql.Session session = agent.open(patience)) {
            session.order("SET GLOBAL read_only=1", patience);
            boolean _ = shuttingSince.remove(member) == null;
          } catch (IOException e) {
            fence(member, agent);
          } finally {
            boolean _ = closing.remove(member);
          }
          look();
        });
  }

  /** One that speaks may only be busy: it gives its data to another, or has a long transaction. */
  private void fence(String member, GaleraAgent agent) {
    GaleraFacts facts = agent.facts();
    long now = System.nanoTime();
    long since = shuttingSince.computeIfAbsent(member, _ -> now);
    boolean speaks = facts != null && now - facts.asked() < FRESH_NANOS && facts.primary();
    if (!agent.isDown() && (!speaks || now - since > BUSY_NANOS)) {
      GaleraState state = stateOrNull();
      world.event(
          new Event.DatabaseMemberFenced(
              config.name(), member, state == null ? 0 : state.number()));
      boolean _ = agent.end(false).completeOnTimeout(false, 20, TimeUnit.SECONDS).join();
      boolean _ = shuttingSince.remove(member) == null;
    }
  }

  private @Nullable GaleraState stateOrNull() {
    try {
      return store.read();
    } catch (IOException _) {
      return null;
    }
  }

  /** One that has spoken and says nothing any more is started again, while others go on. */
  private void endFrozen(Map<String, GaleraFacts> current) {
    long now = System.nanoTime();
    agents.forEach((name, agent) -> {
      Long spoke = spokeAt.get(name);
      GaleraFacts facts = agent.facts();
      if (spoke != null
          && !current.containsKey(name)
          && !agent.isDown()
          && facts != null
          && now - spoke > FROZEN_NANOS) {
        spokeAt.remove(name);
        CompletableFuture<Boolean> _ = agent.end(false);
      }
    });
  }

  /** One that believes to be giving its data away, and is not, is started again. */
  private void endStuck(Map<String, GaleraFacts> current) {
    long now = System.nanoTime();
    agents.forEach((name, agent) -> {
      GaleraFacts its = current.get(name);
      boolean stuck =
          its != null
              && its.isStuck()
              && agents.entrySet().stream()
                  .allMatch(other ->
                      other.getKey().equals(name)
                          || other.getValue().isDown()
                          || isFit(current.get(other.getKey())));
      if (!stuck) {
        boolean _ = stuckSince.remove(name) == null;
      } else if (now - stuckSince.computeIfAbsent(name, _ -> now) > STUCK_NANOS) {
        stuckSince.remove(name);
        world.event(
            new Event.DatabaseMemberTrouble(
                config.name(),
                name,
                "gives its data to nobody and cannot know it: it is restarted"));
        CompletableFuture<Boolean> _ = agent.end(true);
      }
    });
  }

  /**
   * One that has left the cluster because something went wrong, such as a state transfer, runs on
   * and never comes back. It is killed, so that it is found out what it has by the database itself:
   * what it would write down at its end is what it was to get.
   */
  private void endLeft() {
    long now = System.nanoTime();
    agents.forEach((name, agent) -> {
      GaleraFacts its = agent.facts();
      if (its == null || its.connected() || agent.isDown()) {
        boolean _ = leftSince.remove(name) == null;
      } else if (now - leftSince.computeIfAbsent(name, _ -> now) > STUCK_NANOS) {
        leftSince.remove(name);
        world.event(
            new Event.DatabaseMemberTrouble(
                config.name(),
                name,
                "has left the cluster and does not come back by itself: it is restarted"));
        CompletableFuture<Boolean> _ = agent.end(false);
      }
    });
  }

  private void step(String what) {
    long since = troubleSince == 0 ? System.nanoTime() : troubleSince;
    List<ManagedView.Step> all = new ArrayList<>(steps);
    if (all.size() < MOST_STEPS) {
      all.add(new ManagedView.Step(what, (System.nanoTime() - since) / 1_000_000));
    }
    steps = List.copyOf(all);
  }

  private static void aside(String name, Runnable what) {
    Thread _ = Thread.ofVirtual().name(name).start(what);
  }

  /** Who takes the writes as far as is remembered; empty: nobody. */
  String writer() throws IOException {
    GaleraState state = store.read();
    return state == null ? "" : state.writer();
  }

  /** Whether clients are sent to that member. */
  boolean admits(String member) {
    return admitted.equals(member);
  }

  /** From now on the writes are wanted there; empty: it does not matter. */
  void want(String member) {
    wanted = member;
    look();
  }

  /** Whether that member is fit to take the writes. */
  boolean isFit(String member) {
    GaleraAgent agent = agents.get(member);
    GaleraFacts facts = agent == null ? null : agent.facts();
    return facts != null && System.nanoTime() - facts.asked() < FRESH_NANOS && isFit(facts);
  }

  void pause(boolean stop, String who) throws IOException {
    GaleraState state = store.read();
    if (state == null) {
      throw new IOException(doing);
    }
    if (state.paused() != stop) {
      if (!store.replace(state, state.withPaused(stop))) {
        throw new IOException("it has changed meanwhile: say it again");
      }
      world.event(new Event.DatabasePaused(config.name(), stop, who));
      look();
    }
  }

  /** Begins it anew with what that member has, whatever is lost by that. */
  void force(String member) throws IOException {
    GaleraState state = store.read();
    Map<String, GaleraFacts> facts = facts();
    GaleraState from = state == null ? GaleraState.founding("", agents.keySet()) : state;
    if (!current(from, facts).isEmpty()) {
      throw new IOException("it has a quorum: there is nothing to begin");
    }
    if (from.paused()) {
      throw new IOException("it is left to an operator: resume it first");
    }
    endAll();
    switch (GaleraBootstrap.force(from, config.members().keySet(), reports(), Map.of(), member)) {
      case Wait(String why) -> throw new IOException(why);
      case Begin begin -> {
        if (!store.replace(state, begin.state())) {
          throw new IOException("it has changed meanwhile: say it again");
        }
        world.event(
            new Event.DatabaseFailover(
                config.name(),
                from.writer().isEmpty() ? "nobody" : from.writer(),
                begin.state().number(),
                "an operator said that "
                    + member
                    + " begins the cluster anew at "
                    + begin.order().position()
                    + ", whatever is lost"));
        look();
      }
    }
  }

  /** Servers without a quorum end, so that it can be looked at what they have. */
  private void endAll() throws IOException {
    List<CompletableFuture<Boolean>> ending =
        agents.values().stream()
            .filter(agent -> !agent.isDown())
            .map(agent -> agent.end(false))
            .toList();
    for (CompletableFuture<Boolean> one : ending) {
      boolean _ = one.completeOnTimeout(false, 30, TimeUnit.SECONDS).join();
    }
    long end = System.nanoTime() + LOOKING_NANOS;
    while (reports().size() < agents.size()) {
      if (System.nanoTime() > end || closed) {
        throw new IOException("it is being looked at what the members have: say it again later");
      }
      LockSupport.parkNanos(LOOK.toNanos());
    }
  }

  /** Whether it may have acknowledged something that others do not have. */
  boolean holds(String member) throws IOException {
    GaleraState state = store.read();
    return state != null && state.holders().contains(member);
  }

  ManagedView view() {
    GaleraState state = stateOrNull();
    List<ManagedView.Own> own = new ArrayList<>();
    agents.forEach((name, agent) -> {
      GaleraAgent.Status status = agent.status();
      own.add(
          new ManagedView.Own(name, "", status.doing().words(), status.trouble(), status.pid()));
    });
    return new ManagedView(
        true,
        state != null && state.paused(),
        state == null ? 0 : state.number(),
        "",
        doing,
        own,
        steps);
  }
}
