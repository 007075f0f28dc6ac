package io.fairlead.replication.manage;

import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.ManageConfig;
import io.fairlead.replication.manage.Failover.Answer;
import io.fairlead.replication.manage.Failover.Candidate;
import io.fairlead.replication.manage.Failover.Command;
import io.fairlead.replication.manage.Failover.Phase;
import io.fairlead.replication.manage.Failover.Position;
import io.fairlead.replication.manage.MemberSql.Account;
import io.fairlead.replication.manage.MemberSql.Member;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.TaskThread;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides about one managed database while this instance has the role to: asks all members ten
 * times a second what they are, and has {@link Steady} and {@link Failover} say what follows.
 *
 * <p>Its thread decides and waits for nothing but the state's disk; what is said to members is said
 * by virtual threads, whose answers come back to it. Whatever is wrong with an answer that comes
 * late: it carries a term, and is of no term that counts any more.
 */
final class Coordinator extends TaskThread implements Leadership.Candidate {
  private static final System.Logger LOG = System.getLogger(Coordinator.class.getName());

  private static final Duration LOOK = Duration.ofMillis(50);
  private static final Duration ASK = Duration.ofMillis(100);

  /** So long voters are waited for when there are enough of them. */
  private static final long ENOUGH_NANOS = Duration.ofMillis(400).toNanos();

  /** So long the old primary is, where nothing can be acknowledged without it. */
  private static final long OLD_NANOS = Duration.ofSeconds(3).toNanos();

  /** The same where its server is known to be starting. */
  private static final long OLD_STARTS_NANOS = Duration.ofSeconds(6).toNanos();

  /** The same where somebody else is there who would have to get what he lacks. */
  private static final long FOUND_NANOS = Duration.ofSeconds(1).toNanos();

  /** A step of a failover that takes longer is tried anew, with the next term. */
  private static final long STEP_NANOS = Duration.ofSeconds(8).toNanos();

  /** The last may: it is others who have to come. */
  private static final long SEAL_NANOS = Duration.ofSeconds(40).toNanos();

  /** So long a server may start without letting us in before it is taken for one that cannot. */
  private static final long UNREADY_NANOS = Duration.ofMinutes(5).toNanos();

  /** Behind a change of voters all senders begin anew, so that for a moment nobody follows. */
  private static final long FOLLOWS_AGAIN_NANOS = Duration.ofSeconds(2).toNanos();

  /** So soon a voter that has not promised yet is asked again. */
  private static final long AGAIN_NANOS = Duration.ofMillis(100).toNanos();

  private static final Duration SOON = Duration.ofMillis(500);
  private static final Duration LATER = Duration.ofSeconds(5);

  /** One that takes longer goes on by itself, and what it has written need not be written again. */
  static final Duration CHECKPOINT = Duration.ofSeconds(60);

  /** So long all is well before the role is left to another instance. */
  private static final long ASIDE_NANOS = Duration.ofSeconds(2).toNanos();

  /** So long after that it is not tried again: others may be there and not stand. */
  private static final long ASIDE_AGAIN_NANOS = Duration.ofMinutes(2).toNanos();

  /** So long after a damaged primary was to hand over that one is not tried again. */
  private static final long HAND_AGAIN_NANOS = Duration.ofSeconds(30).toNanos();

  /** So long nobody can be elected before an operator may have it begin with one member. */
  private static final long SURE_NANOS = Duration.ofSeconds(5).toNanos();

  /** So long it takes until it is said what there is to do if those do not come back. */
  private static final long LOST_NANOS = Duration.ofMinutes(1).toNanos();

  private static final String BOOTSTRAP = "fairlead db bootstrap";
  private static final String LOST =
      "; if others are lost for good, " + BOOTSTRAP + " begins with one that is left";

  /** So long an operator waits for an order to be taken. */
  private static final Duration FORCE = Duration.ofSeconds(5);

  /** Within that it is known whether passwords could be changed. */
  private static final long COMMITS_NANOS = Duration.ofMinutes(2).toNanos();

  /** So many questions in a row one that is being promoted elsewhere may leave without answer. */
  private static final int SILENT = 10;

  /** What it tells the rest of the instance. Any thread; nothing waits. */
  interface World {
    /** Clients who write go there, if that is what it says of itself, and nowhere else. */
    void admit(String member, int timeline);

    /** They go nowhere. */
    void admitNobody(String why);

    void event(Event event);

    /** Nothing new goes to that member, and sessions end between two transactions; or again. */
    void drain(String member, boolean on);

    /** A member that another instance runs cannot follow as it is. */
    void rejoin(String member);

    /** Another instance had better decide. */
    void resign();

    /** The writes are to go to another member, in order. */
    void handOver(String from);
  }

  /** Who votes with the log alone, on whatever machine. Any thread. */
  interface Witness {
    String name();

    /** What it says of itself; null: nothing is heard of it. Does not wait. */
    LogWitness.@Nullable Report report();

    /** Has a member have what it has. Waits. */
    Answer bring(Member member, long term);

    /** Something has changed that it goes by. */
    void wake();
  }

  private static final class Tracked {
    Sight sight = Sight.none(System.nanoTime(), "has not been asked yet");
    @Nullable Sight told;
    Ancestry ancestry = Ancestry.UNKNOWN;
    int misses;

    /** What was asked before is not true any more. */
    long from = System.nanoTime();

    final Following following = new Following(System.nanoTime());
    long here = System.nanoTime();
    long startingSince;
    long followedAt;
    long rejoinedAt = System.nanoTime() - Steady.IDLE.toNanos();
  }

  /** A failover that goes on. */
  private static final class Run {
    final Failover failover;
    final long term;
    final long began;
    final String old;
    Phase phase = Phase.BEGINNING;
    long phaseSince = System.nanoTime();
    final Map<String, Long> askedAt = new HashMap<>();
    final Set<String> asking = new HashSet<>();
    int timeline;
    long ruledTo;
    long change;
    @Nullable Member promoted;

    Run(Failover failover, long term, String old, long began) {
      this.failover = failover;
      this.term = term;
      this.old = old;
      this.began = began;
    }
  }

  private final DatabaseConfig config;
  private final ManageConfig manage;
  private final Map<String, Member> members = new TreeMap<>();
  private final Map<String, MemberAgent> agents;
  private final @Nullable Witness witness;

  /** Members, and the witness. */
  private final Set<String> voters;

  /** Who never becomes primary. */
  private final Set<String> never;

  private final MemberSql sql;
  private final StateStore store;
  private final World world;
  private final Supplier<@Nullable ManagedState> founding;

  private final Map<String, Tracked> tracked = new HashMap<>();
  private final List<Eye> eyes = new ArrayList<>();
  private volatile boolean leads;
  private volatile long leaseEnd;
  private volatile boolean closed;
  private volatile @Nullable Member upstream;
  private volatile List<ManagedView.Step> steps = List.of();
  private volatile String doing = "";
  private String admitted = "";
  private int admittedTimeline;
  private @Nullable Run run;
  private boolean changing;
  private long notBefore = System.nanoTime();
  private int failures;

  /** That one that was given up wanted; 0: none was, or for something else. */
  private long wantedTerm;

  private String stuck = "";

  /** Since when too few can be asked; 0: that is not so. */
  private long stuckSince;

  private String target = "";
  private @Nullable CompletableFuture<String> moved;
  private volatile boolean holds;
  private volatile long heldAt = System.nanoTime();
  private String draining = "";
  private long wellSince;
  private long asideAt = System.nanoTime() - ASIDE_AGAIN_NANOS;

  private final List<Account> accounts;

  /** In which term it was seen to that those may log in. */
  private long accountsOf;

  private long accountsAt = System.nanoTime() - LATER.toNanos();
  private String accountsTrouble = "";
  private String handedFrom = "";
  private long handedAt = System.nanoTime();

  /**
   * @param agents of the members that this instance runs
   * @param witness null: there is none
   * @param founding the state of a database of which nothing is remembered; null: it is not for us
   *     to found
   */
  Coordinator(
      DatabaseConfig config,
      ManageConfig manage,
      Map<String, MemberAgent> agents,
      @Nullable Witness witness,
      MemberSql sql,
      StateStore store,
      Supplier<@Nullable ManagedState> founding,
      World world) {
    super("database " + config.name());
    this.config = config;
    this.manage = manage;
    this.agents = agents;
    this.witness = witness;
    this.voters = config.voters();
    this.never = new TreeSet<>(voters);
    never.removeAll(config.members().keySet());
    never.addAll(manage.neverPromote());
    this.sql = sql;
    this.store = store;
    this.founding = founding;
    this.world = world;
    this.accounts = accounts(config, manage);
    config.members().forEach((name, address) -> members.put(name, new Member(name, address)));
    voters.forEach(name -> tracked.put(name, new Tracked()));
    schedule(LOOK, this::tick);
  }

  // --- the role ----------------------------------------------------------------------------

  @Override
  public void elected(long term) {
    execute(() -> {
      leads = true;
      tracked.replaceAll((_, _) -> new Tracked());
      members.values().forEach(member -> eyes.add(new Eye(member)));
    });
  }

  @Override
  public void renewed(long sentNanos, Duration ttl) {
    leaseEnd = sentNanos + ttl.toNanos();
  }

  @Override
  public void deposed() {
    execute(() -> {
      leads = false;
      eyes.forEach(eye -> eye.ended = true);
      eyes.clear();
      run = null;
      sql.keep(false);
      changing = false;
      upstream = null;
      doing = "";
      endMove("another instance decides from now on");
    });
  }

  /** Whether this instance has the role now. Any thread. */
  boolean decides() {
    return mayAct();
  }

  /** Whether other instances run members, too. */
  private boolean isShared() {
    return agents.size() < members.size();
  }

  private boolean mayAct() {
    return leads && !closed && System.nanoTime() - leaseEnd < 0;
  }

  /** From whom copies are made, and whom others go back to; null: from nobody now. */
  @Nullable Member source() {
    Member promoted = upstream;
    if (promoted != null) {
      return promoted;
    }
    try {
      ManagedState state = store.read();
      return state == null
          ? null
          : members.get(state.isSettled() ? state.primary() : state.promoted());
    } catch (IOException _) {
      return null;
    }
  }

  // --- looking -----------------------------------------------------------------------------

  /** Asks one member, again and again, over one login as long as that is good. */
  private final class Eye {
    volatile boolean ended;

    Eye(Member member) {
      Thread _ = Thread.ofVirtual().name("watch " + member.name()).start(() -> watch(member));
    }

    private void watch(Member member) {
      Sql.Session session = null;
      Duration timeout = config.probe().timeout();
      Ancestry ancestry = Ancestry.UNKNOWN;
      while (!ended && !closed) {
        long asked = System.nanoTime();
        Sight sight;
        try {
          session = session == null ? sql.open(member, timeout) : session;
          sight = MemberSql.look(session, timeout);
          if (sight.isPrimary() && sight.timeline() != ancestry.timeline()) {
            ancestry = MemberSql.ancestry(session, sight.timeline(), timeout);
          }
        } catch (IOException e) {
          sight = Sight.none(System.nanoTime(), String.valueOf(e.getMessage()));
          if (session != null) {
            session.close();
            session = null;
          }
        }
        Sight seen = sight;
        Ancestry known = ancestry;
        execute(() -> {
          if (!ended) {
            saw(member.name(), asked, seen, known);
          }
        });
        LockSupport.parkNanos(ASK.toNanos());
      }
      if (session != null) {
        session.close();
      }
    }
  }

  private void saw(String name, long asked, Sight sight, Ancestry ancestry) {
    Tracked known = tracked.computeIfAbsent(name, _ -> new Tracked());
    if (asked - known.from < 0) {
      return;
    }
    if (sight.told() && !known.sight.told()) {
      known.here = sight.at();
    }
    known.sight = sight;
    known.ancestry = ancestry;
    if (sight.told()) {
      known.told = sight;
      known.misses = 0;
      known.startingSince = 0;
    } else {
      known.misses++;
    }
    known.following.told(sight);
    if (sight.isPrimary() && name.equals(admitted)) {
      tracked.forEach((other, one) -> one.following.toldOf(other, sight));
    }
    decide();
  }

  /** What it says is known here as what members say is, though nobody has to log in for that. */
  private void lookAtWitness() {
    Witness its = witness;
    if (its == null) {
      return;
    }
    LogWitness.Report said = its.report();
    long now = System.nanoTime();
    Sight sight =
        said == null || !said.votes()
            ? Sight.none(now, said == null ? "is not heard of" : said.trouble())
            : new Sight(
                now,
                null,
                true,
                "",
                0,
                0,
                said.promise(),
                said.follows(),
                said.receives(),
                -1,
                Set.of(),
                true);
    Tracked known = tracked.computeIfAbsent(its.name(), _ -> new Tracked());
    if (sight.told() && !known.sight.told()) {
      known.here = now;
    }
    known.sight = sight;
    known.told = sight.told() ? sight : known.told;
    known.misses = sight.told() ? 0 : known.misses + 1;
    known.following.told(sight);
  }

  private boolean isWitness(String name) {
    return witness != null && witness.name().equals(name);
  }

  private Map<String, Steady.Known> known() {
    Map<String, Steady.Known> all = new TreeMap<>();
    tracked.forEach((name, one) -> {
      MemberAgent agent = agents.get(name);
      boolean down = agent != null && agent.isDown();
      if (down) {
        one.startingSince = 0;
        one.told = null;
      } else if (agent != null && one.told == null && one.startingSince == 0) {
        one.startingSince = System.nanoTime();
      }
      all.put(
          name,
          new Steady.Known(
              one.sight,
              one.told,
              one.misses,
              one.following.since(),
              one.here,
              down,
              one.startingSince));
    });
    return all;
  }

  private void tick() {
    schedule(LOOK, this::tick);
    decide();
  }

  /** Something may have changed. */
  void look() {
    execute(this::decide);
  }

  // --- deciding ----------------------------------------------------------------------------

  private void decide() {
    try {
      lookAtWitness();
      ManagedState state = store.read();
      drain(state == null ? "" : state.leaving());
      if (!mayAct()) {
        follow(state);
        return;
      }
      if (state == null) {
        ManagedState first = founding.get();
        if (first != null) {
          boolean _ = store.replace(null, first);
        } else {
          doing = "waits for instances that run members to say what they have";
        }
        return;
      }
      if (!state.leaving().isEmpty() && !holds && moved == null) {
        boolean _ = store.replace(state, state.withLeaving("")); // whoever moved it has gone
        return;
      }
      if (!state.isFounded()) {
        doing = state.primary() + " makes the database";
        return;
      }
      Run going = run;
      if (going != null) {
        watch(going, state);
      } else if (state.paused()) {
        doing = "is left to an operator";
        follow(state);
      } else {
        steady(state);
      }
    } catch (IOException e) {
      doing = "its state cannot be known: " + e.getMessage();
    }
  }

  /** Somebody else decides: what is remembered is what counts. */
  private void follow(@Nullable ManagedState state) {
    if (state != null && state.isSettled()) {
      admit(state.primary(), state.timeline());
    } else {
      admitNobody("a primary is being elected");
    }
  }

  /** Of all instances: each sees to its own clients. */
  private void drain(String member) {
    if (!draining.equals(member)) {
      String before = draining;
      draining = member;
      if (!before.isEmpty()) {
        world.drain(before, false);
      }
      if (!member.isEmpty()) {
        world.drain(member, true);
      }
    }
  }

  private void admit(String member, int timeline) {
    if (!admitted.equals(member) || admittedTimeline != timeline) {
      admitted = member;
      admittedTimeline = timeline;
      world.admit(member, timeline);
    }
  }

  private void admitNobody(String why) {
    if (!admitted.isEmpty() || admittedTimeline == 0) {
      admitted = "";
      admittedTimeline = -1;
      world.admitNobody(why);
    }
  }

  private void steady(ManagedState state) throws IOException {
    long now = System.nanoTime();
    Steady steady = new Steady(state, known(), config.probe().fall(), now);
    String why = steady.whyElect();
    if (why.isEmpty()) {
      settled(state, steady, now);
      return;
    }
    if (holds || now < notBefore) {
      return; // a move elects when it is time
    }
    String not = steady.whyNot();
    if (not.isEmpty()) {
      not = steady.whyNobody(never);
    }
    if (not.isEmpty()) {
      begin(state, why);
    } else {
      stuck(why + ", and " + not);
    }
  }

  private void stuck(String why) {
    long now = System.nanoTime();
    stuckSince = stuckSince == 0 ? now : stuckSince;
    doing = now - stuckSince > LOST_NANOS && !why.contains(BOOTSTRAP) ? why + LOST : why;
    if (!stuck.equals(why)) {
      stuck = why;
      if (System.nanoTime() - notBefore > LATER.toNanos()) {
        world.event(new Event.DatabaseFailoverStuck(config.name(), why));
      }
    }
  }

  private void settled(ManagedState state, Steady steady, long now) throws IOException {
    stuck = "";
    stuckSince = 0;
    Tracked primary = tracked.get(state.primary());
    Member source = members.get(state.primary());
    if (primary == null || source == null || !primary.sight.isPrimary()) {
      return;
    }
    failures = 0;
    doing = changing ? "commits are about to wait for others" : "";
    if (primary.sight.promise() == state.term()) {
      admit(state.primary(), state.timeline());
      letLogIn(state.term(), source, now);
    }
    lead(state.term(), source, steady.lost(state.primary(), source.address().toString()), now);
    for (String name :
        steady.stuck(state.primary(), source.address().toString(), primary.ancestry)) {
      rejoin(name, now);
    }
    tracked.forEach((name, one) -> {
      if (one.startingSince != 0 && now - one.startingSince > UNREADY_NANOS) {
        one.startingSince = now;
        rejoin(name, now); // what it went back to is no more, and it waits for that
      }
    });
    Set<String> voters = steady.voters(manage.acknowledgements());
    int acks = Math.min(manage.acknowledgements(), voters.size());
    VoterRule wanted = VoterRule.of(voters, acks);
    if (witness != null
        && state.ruled().term() != state.sealed()
        && primary.sight.timeline() == state.timeline()) {
      boolean _ = store.replace(state, state.withRuled(ruledUntil(state, primary.sight)));
      return;
    }
    if (!changing && !holds && !wanted.equals(state.rule())) {
      change(state, source, state.rule().stepsTo(voters, acks));
    }
    stepAside(state, now);
    handOver(state, now);
  }

  /** Of a database that had no witness before: its rule is somewhere before that. */
  private static ManagedState.Ruled ruledUntil(ManagedState state, Sight primary) {
    return new ManagedState.Ruled(state.sealed(), state.timeline(), primary.position());
  }

  /** Whoever is in the configuration may log in as it says: looked at once for each primary. */
  private void letLogIn(long term, Member primary, long now) {
    if (accountsOf == term || now - accountsAt < LATER.toNanos()) {
      return;
    }
    accountsAt = now + COMMITS_NANOS;
    background(
        "accounts",
        () -> {
          String wrong = "";
          try {
            sql.letLogIn(primary, accounts);
          } catch (IOException e) {
            wrong = "does not take the passwords that are configured: " + e.getMessage();
          }
          String what = wrong;
          execute(() -> {
            accountsAt = System.nanoTime();
            accountsOf = what.isEmpty() ? term : 0;
            if (!what.isEmpty() && !what.equals(accountsTrouble)) {
              world.event(new Event.DatabaseMemberTrouble(config.name(), primary.name(), what));
            }
            accountsTrouble = what;
          });
        });
  }

  private static List<Account> accounts(DatabaseConfig config, ManageConfig manage) {
    Map<String, Account> all = new TreeMap<>(); // several may be one
    all.put(
        config.probe().user(),
        new Account(config.probe().user(), config.probe().password(), false));
    manage
        .application()
        .ifPresent(own -> all.put(own.user(), new Account(own.user(), own.password(), false)));
    config
        .backup()
        .ifPresent(own -> all.put(own.user(), new Account(own.user(), own.password(), true)));
    return List.copyOf(all.values());
  }

  /**
   * A primary that is damaged leaves the writes to a replica that is not: what is there came by the
   * log, and not from that disk. Then it can be copied itself.
   */
  private void handOver(ManagedState state, long now) {
    if (isDamaged(state.primary())
        && !holds
        && !changing
        && (!state.primary().equals(handedFrom) || now - handedAt > HAND_AGAIN_NANOS)
        && !fit(state).isEmpty()) {
      handedFrom = state.primary();
      handedAt = now;
      world.handOver(state.primary());
    }
  }

  /**
   * Whoever decides had better not be on the machine of the primary: should that be lost, others
   * would first have to wait until the role is free.
   */
  private void stepAside(ManagedState state, long now) {
    boolean others = false;
    for (Map.Entry<String, Tracked> one : tracked.entrySet()) {
      others |=
          !agents.containsKey(one.getKey())
              && !isWitness(one.getKey())
              && one.getValue().sight.isReplica();
    }
    if (!others || !agents.containsKey(state.primary()) || changing || holds) {
      wellSince = 0;
    } else if (wellSince == 0) {
      wellSince = now;
    } else if (now - wellSince > ASIDE_NANOS && now - asideAt > ASIDE_AGAIN_NANOS) {
      wellSince = 0;
      asideAt = now;
      world.resign();
    }
  }

  private void lead(long term, Member source, Set<String> names, long now) {
    for (String name : names) {
      Tracked one = tracked.get(name);
      Member member = members.get(name);
      if (one != null && member != null && now - one.followedAt > SOON.toNanos()) {
        one.followedAt = now;
        one.following.begin(now);
        background(
            "follow " + name,
            () -> {
              if (MemberSql.STRAYS.equals(sql.follow(member, source, term))) {
                execute(() -> rejoin(name, System.nanoTime()));
              }
            });
      }
    }
  }

  private void rejoin(String name, long now) {
    MemberAgent agent = agents.get(name);
    Tracked one = tracked.get(name);
    if (one != null && !isWitness(name) && now - one.rejoinedAt >= Steady.IDLE.toNanos()) {
      one.following.begin(now); // it gets time for that
      one.rejoinedAt = now;
      if (agent != null) {
        agent.rejoin();
      } else {
        world.rejoin(name);
      }
    }
  }

  private static void background(String name, Runnable task) {
    Thread _ = Thread.ofVirtual().name(name).start(task);
  }

  // --- whose word counts -------------------------------------------------------------------

  /**
   * One step after the other, each in force before the next. It begins with a change of the state
   * in any case: by its number the primary tells this order from one of an instance that had the
   * role before, and that comes late.
   */
  private void change(ManagedState state, Member primary, List<VoterRule.Step> steps) {
    changing = true;
    ArrayDeque<VoterRule.Step> all = new ArrayDeque<>(steps);
    if (!(all.peek() instanceof VoterRule.Step.State)) {
      all.addFirst(new VoterRule.Step.State(state.rule()));
    }
    next(state.term(), state.change(), primary, all);
  }

  /**
   * @param change what the last step left; if it is another by now, somebody else has changed it
   */
  private void next(long term, long change, Member primary, ArrayDeque<VoterRule.Step> steps) {
    try {
      ManagedState state = store.read();
      if (!changing || state == null || !isStill(state, term, change) || !mayAct()) {
        changing = false;
        return;
      }
      switch (steps.poll()) {
        case VoterRule.Step.State(VoterRule rule) -> {
          ManagedState changed = state.withRule(rule);
          if (store.replace(state, changed)) {
            next(term, changed.change(), primary, steps);
          } else {
            changing = false;
          }
        }
        case VoterRule.Step.Names(VoterRule rule) ->
            background(
                "names of " + config.name(),
                () -> {
                  String wrong = sql.changeNames(primary, rule, voters, term, change);
                  execute(() -> {
                    if (wrong == null) {
                      world.event(
                          new Event.DatabaseVoters(config.name(), rule.synchronousStandbyNames()));
                      named(term, change, primary, rule, steps);
                    } else {
                      changing = false;
                    }
                  });
                });
        case null -> changing = false;
      }
    } catch (IOException e) {
      changing = false;
    }
  }

  private boolean isStill(ManagedState state, long term, long change) {
    return state.term() == term && state.change() == change && run == null;
  }

  /** The primary waits for these; then they are remembered with what is asked of electors. */
  private void named(
      long term, long change, Member primary, VoterRule rule, ArrayDeque<VoterRule.Step> steps) {
    long last = change;
    try {
      ManagedState state = store.read();
      if (steps.isEmpty() && state != null && isStill(state, term, change)) {
        ManagedState changed = state.withRule(rule);
        if (store.replace(state, changed)) {
          last = changed.change();
        }
      }
    } catch (IOException _) {
      // what is remembered holds for both
    }
    next(term, last, primary, steps);
  }

  // --- failing over ------------------------------------------------------------------------

  private void begin(ManagedState state, String why) throws IOException {
    long term = Math.max(state.term() + 1, wantedTerm);
    List<Candidate> candidates = new ArrayList<>();
    Set<String> barred =
        new Steady(state, known(), config.probe().fall(), System.nanoTime()).barred(never);
    int order = members.size();
    for (String name : config.members().keySet()) { // the first in the file is preferred
      order--;
      candidates.add(
          new Candidate(
              name, barred.contains(name) ? -1 : name.equals(target) ? Integer.MAX_VALUE : order));
    }
    changing = false;
    stuckSince = 0;
    Failover failover =
        new Failover(
            term,
            state.primary(),
            new Failover.Sealed(state.sealed(), state.timeline()),
            candidates);
    boolean planned = moved != null;
    Run begun = new Run(failover, term, state.primary(), planned ? heldAt : System.nanoTime());
    run = begun;
    sql.keep(true);
    if (!planned) {
      steps = List.of();
    }
    doing = "a primary is elected: " + why;
    admitNobody("a primary is being elected: " + why);
    world.event(new Event.DatabaseFailover(config.name(), state.primary(), term, why));
    execute(begun, failover.begin());
  }

  private void watch(Run going, ManagedState state) throws IOException {
    long now = System.nanoTime();
    Phase phase = going.failover.phase();
    if (phase != going.phase) {
      note(going, phase);
      going.phase = phase;
      going.phaseSince = now;
    }
    switch (phase) {
      case DONE -> {} // until it is let in
      case GIVEN_UP -> failed(going, going.failover.why());
      case RECRUITING, SEEKING, AWAITING -> {
        if (witness != null && going.failover.missing().contains(witness.name())) {
          askWitness(going, witness);
        }
        for (String name : going.failover.missing()) {
          Tracked one = tracked.get(name);
          if (one != null && one.sight.isReplica() && one.sight.at() > going.phaseSince) {
            revoke(going, name, now); // one that was just starting may have come
          }
        }
        if (now - going.phaseSince > patience(going)) {
          execute(going, going.failover.on(new Answer.EnoughWaited(going.term)));
        }
      }
      case SEALING -> {
        Member promoted = going.promoted;
        if (promoted != null) {
          if (isShared() && !state.promoted().equals(promoted.name())) {
            boolean _ = store.replace(state, state.withPromoted(promoted.name()));
          }
          Steady steady = new Steady(state, known(), config.probe().fall(), now);
          String address = promoted.address().toString();
          // The old primary as well: where nobody else is left it is its word that is waited for.
          Tracked known = tracked.get(promoted.name());
          Ancestry ancestry =
              known == null || !known.sight.isPrimary() ? Ancestry.UNKNOWN : known.ancestry;
          Set<String> unfit = steady.ahead(promoted.name(), ancestry);
          unfit.retainAll(going.failover.awaited()); // others can wait, and would be in the way
          Set<String> lost = steady.lost(promoted.name(), address);
          lost.removeAll(unfit);
          lead(going.term, promoted, lost, now);
          unfit.addAll(steady.stuck(promoted.name(), address, ancestry));
          unfit.forEach(name -> rejoin(name, now));
        }
      }
      case BEGINNING, ADVANCING, PREPARING, NAMING, PROMOTING -> {}
    }
    boolean founds = state.sealed() == 0 && phase == Phase.SEALING;
    long most = phase == Phase.SEALING ? SEAL_NANOS : STEP_NANOS;
    boolean lost = going.promoted != null && isLost(going.promoted.name());
    if (run == going && (lost || (!founds && now - going.phaseSince > most))) {
      failed(going, lost ? "the one that was promoted has ended" : "no progress in " + phase);
    }
  }

  private long patience(Run going) {
    if (going.phase == Phase.RECRUITING) {
      return ENOUGH_NANOS;
    }
    if (going.failover.isFound()) {
      return FOUND_NANOS;
    }
    MemberAgent agent = agents.get(going.old);
    return agent != null && !agent.isDown() ? OLD_STARTS_NANOS : OLD_NANOS;
  }

  private boolean isLost(String promoted) {
    MemberAgent agent = agents.get(promoted);
    Tracked one = tracked.get(promoted);
    return agent != null
        ? agent.isDown()
        : one != null && one.misses >= Math.max(SILENT, config.probe().fall());
  }

  private void note(Run going, Phase phase) {
    step(
        switch (phase) {
          case BEGINNING -> "begun";
          case RECRUITING -> "term begun, voters asked";
          case SEEKING -> "who has everything has no data, or may not be promoted";
          case AWAITING -> "commits will need the old primary, which is waited for";
          case ADVANCING -> "one lacks what another has";
          case PREPARING, NAMING -> "enough voters take nothing from the old primary";
          case PROMOTING -> "knows whom it waits for";
          case SEALING -> "promoted";
          case DONE -> "voters acknowledge its commits";
          case GIVEN_UP -> "given up";
        },
        going.began);
  }

  private void step(String what, long began) {
    List<ManagedView.Step> more = new ArrayList<>(steps);
    more.add(new ManagedView.Step(what, (System.nanoTime() - began) / 1_000_000));
    steps = List.copyOf(more);
  }

  private void failed(Run going, String why) {
    wantedTerm = going.failover.wanted();
    run = null;
    upstream = null;
    sql.keep(false);
    failures++;
    notBefore = System.nanoTime() + Math.min(LATER.toNanos(), SOON.toNanos() * failures);
    doing = "no primary could be elected: " + why;
    world.event(new Event.DatabaseFailoverStuck(config.name(), why));
    if (going.old.isEmpty()) {
      return;
    }
    endMove(why);
  }

  private void execute(Run going, List<Command> commands) {
    for (Command command : commands) {
      obey(going, command);
    }
    Phase phase = going.failover.phase();
    if (phase != going.phase) {
      note(going, phase);
      going.phase = phase;
      going.phaseSince = System.nanoTime();
    }
  }

  private void answer(Run going, Answer answer) {
    if (run == going) {
      if (answer instanceof Answer.Promoted(String member, long _, int timeline)) {
        going.timeline = timeline;
        going.promoted = members.get(member);
        upstream = going.promoted;
        outdate(member);
      } else if (answer instanceof Answer.RuleWritten(String _, long _, long end)) {
        going.ruledTo = end;
      }
      execute(going, going.failover.on(answer));
    }
  }

  /** What it was seen as before it was promoted would be taken for what it has come back as. */
  private void outdate(String promoted) {
    Tracked one = tracked.get(promoted);
    if (one != null && !one.sight.isPrimary()) {
      one.from = System.nanoTime();
      one.sight = Sight.none(one.from, "has just been promoted");
      one.misses = 0;
    }
  }

  /** Has it said to the member, by a thread that may wait. */
  private void say(Run going, String member, Function<Member, Answer> what) {
    Member one = members.get(member);
    if (one == null) {
      answer(going, new Answer.Failed(member, going.term, "is no member"));
      return;
    }
    background(
        "order " + member,
        () -> {
          Answer said = what.apply(one);
          execute(() -> answer(going, said));
        });
  }

  /**
   * Not again while it is being told: whoever came second would have the member's lock when others
   * need it.
   */
  private void revoke(Run going, String name, long now) {
    Long before = going.askedAt.get(name);
    if (!going.asking.contains(name) && (before == null || now - before > AGAIN_NANOS)) {
      going.askedAt.put(name, now);
      going.asking.add(name);
      say(
          going,
          name,
          member -> {
            try {
              return sql.revoke(member, going.term);
            } finally {
              execute(() -> going.asking.remove(name));
            }
          });
    }
  }

  /** It keeps its promise by itself, and tells. */
  private void askWitness(Run going, Witness its) {
    LogWitness.Report said = its.report();
    Position has = said == null ? null : said.position();
    if (said != null && said.promise() > going.term) {
      answer(going, new Answer.Outvoted(said.promise()));
    } else if (said != null && has != null && said.promise() == going.term) {
      answer(going, new Answer.Revoked(its.name(), going.term, has));
    }
  }

  private void obey(Run going, Command command) {
    if (!mayAct()) {
      return; // another instance will
    }
    try {
      switch (command) {
        case Command.BeginTerm(long term) -> {
          ManagedState state = store.read();
          if (state == null || state.term() >= term) {
            failed(going, "another term has begun");
            return;
          }
          ManagedState begun = state.withTerm(term);
          if (state.sealed() == 0) {
            begun = begun.withRule(founders(state.primary()));
          }
          if (store.replace(state, begun)) {
            going.change = begun.change();
            wake();
            answer(going, new Answer.TermBegun(term, begun.rule()));
          } else {
            failed(going, "another term has begun");
          }
        }
        case Command.Revoke(String member, long _) -> {
          if (!isWitness(member)) { // else it does so by itself
            revoke(going, member, System.nanoTime());
          }
        }
        case Command.Stop _ -> {} // its agent does, by the term that has begun
        case Command.FastForward(String member, String from, long term) -> {
          Member source = members.get(from);
          Witness its = witness;
          if (its != null && its.name().equals(from)) {
            say(going, member, one -> its.bring(one, term));
          } else if (source != null) {
            say(going, member, one -> sql.fastForward(one, source, term));
          }
        }
        case Command.WriteState(VoterRule expected, VoterRule rule, long term) -> {
          ManagedState state = store.read();
          ManagedState next = state == null ? null : state.withRule(rule);
          if (state != null
              && next != null
              && state.term() == term
              && state.change() == going.change // nobody else has changed it, and changed it back
              && state.rule().equals(expected)
              && store.replace(state, next)) {
            going.change = next.change();
            answer(going, new Answer.StateWritten(term));
          }
        }
        case Command.SetNames(String member, VoterRule rule, long term) ->
            say(going, member, one -> sql.setNames(one, rule, term));
        case Command.Promote(String member, long term, int timeline) ->
            say(going, member, one -> sql.promote(one, term, timeline));
        case Command.Follow(String member, String primary, long term) -> {
          Member source = members.get(primary);
          if (source != null) {
            lead(term, source, Set.of(member), System.nanoTime() + SOON.toNanos());
          }
        }
        case Command.WriteRule(String member, VoterRule rule, long term) ->
            say(going, member, one -> sql.writeRule(one, rule, term));
        case Command.Publish(String member, long term) -> letIn(going, member, term);
      }
    } catch (IOException e) {
      failed(going, "its state cannot be kept: " + e.getMessage());
    }
  }

  /** The founder alone is asked as long as nobody was ever let in. */
  private VoterRule founders(String founder) {
    return founders(founder, voters, manage.acknowledgements());
  }

  static VoterRule founders(String founder, Set<String> voters, int acks) {
    TreeSet<String> others = new TreeSet<>(voters);
    others.remove(founder);
    return new VoterRule(others, acks, new TreeSet<>(Set.of(founder)), 1);
  }

  private void wake() {
    agents.values().forEach(MemberAgent::wake);
    if (witness != null) {
      witness.wake();
    }
  }

  /** So that the witness can tell, whose word may be all there is of what is acknowledged next. */
  private boolean rememberRule(Run going, long term) {
    if (witness == null) {
      return true;
    }
    try {
      ManagedState state = store.read();
      if (state != null
          && state.term() == term
          && store.replace(
              state,
              state.withRuled(new ManagedState.Ruled(term, going.timeline, going.ruledTo)))) {
        return true;
      }
      failed(going, "another term has begun");
    } catch (IOException e) {
      failed(going, "its state cannot be kept: " + e.getMessage());
    }
    return false;
  }

  private void letIn(Run going, String name, long term) {
    Member member = members.get(name);
    if (member == null || !rememberRule(going, term)) {
      return;
    }
    background(
        "let in " + name,
        () -> {
          String wrong = sql.letIn(member, term);
          execute(() -> {
            if (run != going) {
              return;
            }
            try {
              ManagedState state = store.read();
              if (wrong != null || state == null || state.term() != term) {
                failed(going, wrong == null ? "another term has begun" : wrong);
              } else if (store.replace(state, state.withPrimary(name, going.timeline))) {
                admit(name, going.timeline);
                step("clients are let in", going.began);
                run = null;
                upstream = null;
                wantedTerm = 0;
                sql.keep(false);
                failures = 0;
                doing = "";
                wake();
                endMove(
                    target.isEmpty() || target.equals(name)
                        ? ""
                        : name + " had more, and took over");
              }
            } catch (IOException e) {
              failed(going, "its state cannot be kept: " + e.getMessage());
            }
          });
        });
  }

  // --- what operators ask for --------------------------------------------------------------

  private void endMove(String wrong) {
    CompletableFuture<String> waiting = moved;
    moved = null;
    holds = false;
    target = "";
    if (waiting != null) {
      waiting.complete(wrong);
    }
  }

  /** Whom the writes could go to, or why they can go to nobody: an exception in words. */
  String chooseSuccessor(String wanted) throws IOException {
    long end = System.nanoTime() + FOLLOWS_AGAIN_NANOS;
    while (true) {
      ManagedState state = store.read();
      if (state == null || !state.isSettled()) {
        throw new IOException("there is no primary now");
      }
      if (!mayAct()) {
        throw new IOException("another instance decides about it now: ask that one");
      }
      Set<String> fit = fit(state);
      if (fit.contains(wanted)) {
        return wanted;
      }
      if (wanted.isEmpty()) {
        for (String name : config.members().keySet()) {
          if (fit.contains(name)) {
            return name;
          }
        }
      }
      if (System.nanoTime() > end) {
        throw new IOException(
            (wanted.isEmpty() ? "nobody follows" : wanted + " does not follow")
                + " closely enough, with no page damaged; who does: "
                + (fit.isEmpty() ? "nobody" : String.join(", ", fit)));
      }
      LockSupport.parkNanos(ASK.toNanos());
    }
  }

  /** Who may take over now without anything being lost. */
  private Set<String> fit(ManagedState state) {
    Tracked primary = tracked.get(state.primary());
    Set<String> fit = new TreeSet<>();
    if (primary != null && primary.sight.isPrimary() && canElect(state)) {
      for (String name : state.rule().names()) {
        if (primary.sight.followers().contains(name) && !never.contains(name) && !isDamaged(name)) {
          fit.add(name);
        }
      }
    }
    return fit;
  }

  /** Else the primary would end, and nobody could be elected before others are back. */
  private boolean canElect(ManagedState state) {
    int here = 0;
    for (String name : state.rule().voters()) {
      Tracked one = tracked.get(name);
      MemberAgent agent = agents.get(name);
      if (one != null && one.sight.isReplica() && (agent == null || !agent.isDown())) {
        here++;
      }
    }
    return here >= state.rule().recruits();
  }

  /** What is found here is known before it is seen. */
  boolean isDamaged(String name) {
    Tracked one = tracked.get(name);
    MemberAgent agent = agents.get(name);
    Sight told = one == null ? null : one.told;
    return (told != null && told.damage() != null) || (agent != null && !agent.damage().isEmpty());
  }

  /**
   * Has a primary that is to end soon write what it has changed, while clients go on: it writes all
   * that is left before it ends, and nobody can write meanwhile. Any thread; waits.
   */
  void checkpoint(String primary) throws IOException {
    Member member = members.get(primary);
    if (member != null) {
      sql.checkpoint(member, CHECKPOINT);
    }
  }

  /** Does before anybody waits for it what can be done before. Any thread; waits. */
  void ready(String primary) {
    sql.keep(true);
    for (Member member : members.values()) {
      try {
        if (member.name().equals(primary)) {
          sql.beginFile(member);
        } else {
          sql.ready(member);
        }
      } catch (IOException e) { // then it takes longer
        LOG.log(Level.DEBUG, "{0} is not made ready: {1}", member.name(), e.getMessage());
      }
    }
  }

  /** Keeps from electing anybody until the primary is out of the way. Any thread. */
  void hold(boolean on) {
    if (on) {
      heldAt = System.nanoTime();
      execute(() -> steps = List.of());
    } else {
      execute(() -> {
        if (run == null) {
          sql.keep(false);
        }
      });
    }
    holds = on;
  }

  /** How far a move is for which it was held: clients wait. Any thread. */
  void held(String what) {
    long since = heldAt;
    execute(() -> {
      if (holds && run == null) {
        step(what, since);
      }
    });
  }

  /** Has nothing new go to that member at all instances; empty: all is as ever. It may wait. */
  void leave(String member) throws IOException {
    for (int tries = 0; tries < 10; tries++) {
      ManagedState state = store.read();
      if (state == null || state.leaving().equals(member)) {
        return;
      }
      if (store.replace(state, state.withLeaving(member))) {
        look();
        return;
      }
    }
    throw new IOException("its state keeps changing");
  }

  /** Whether anybody is logged in to that member, of whatever instance. Waits. */
  boolean hasClients(String name) {
    Member member = members.get(name);
    try {
      return member != null && sql.clients(member, config.probe().user()) > 0;
    } catch (IOException _) {
      return false; // who does not answer has none that could end in order
    }
  }

  /**
   * Elects that one, now that the primary has ended in order; tells what went wrong, or nothing.
   */
  CompletableFuture<String> move(String to) {
    CompletableFuture<String> done = new CompletableFuture<>();
    execute(() -> {
      try {
        ManagedState state = store.read();
        if (state == null || run != null || !mayAct()) {
          holds = false;
          done.complete("the writes are going elsewhere already");
          return;
        }
        target = to;
        moved = done;
        begin(state, "an operator wants " + to);
      } catch (IOException e) {
        holds = false;
        done.complete(String.valueOf(e.getMessage()));
      }
    });
    return done;
  }

  /**
   * Has the database begin with what that member has, whatever others may have beside, where too
   * few are left to know. Any thread; waits.
   *
   * @return why nobody can be elected; empty: somebody is primary or can be, and nothing was done
   * @throws IOException if it cannot begin with that one either
   */
  String force(String member) throws IOException {
    CompletableFuture<String> done = new CompletableFuture<>();
    execute(() -> {
      try {
        done.complete(forced(member));
      } catch (IOException e) {
        done.completeExceptionally(e);
      }
    });
    try {
      return done.get(FORCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (TimeoutException e) {
      throw new IOException("its state cannot be kept in time", e);
    } catch (ExecutionException e) {
      throw new IOException(
          String.valueOf(e.getCause() == null ? e : e.getCause().getMessage()), e);
    }
  }

  private String forced(String member) throws IOException {
    ManagedState state = store.read();
    if (state == null || !state.isFounded()) {
      throw new IOException("the database has not been made yet");
    }
    if (!mayAct()) {
      throw new IOException("another instance decides about it now: ask that one");
    }
    if (state.paused()) {
      throw new IOException("it is left to an operator: resume it first");
    }
    Steady steady = new Steady(state, known(), config.probe().fall(), System.nanoTime());
    String why = steady.whyNot();
    if (why.isEmpty() || (run == null && steady.whyElect().isEmpty())) {
      return "";
    }
    Tracked one = tracked.get(member);
    if (one == null || !one.sight.isReplica()) {
      throw new IOException(
          member + " cannot be asked: " + (one == null ? "no such member" : one.sight.failure()));
    }
    if (manage.neverPromote().contains(member)) {
      throw new IOException(member + " is never promoted: see manage.never-promote");
    }
    if (stuckSince == 0 || System.nanoTime() - stuckSince < SURE_NANOS) {
      throw new IOException("others may be about to come: say it again in some seconds");
    }
    if (!store.replace(state, state.begunWith(member, founders(member)))) {
      throw new IOException("it has changed meanwhile: say it again");
    }
    Run going = run;
    if (going != null) {
      failed(going, "an operator has it begin with " + member);
    }
    notBefore = System.nanoTime();
    world.event(
        new Event.DatabaseFailover(
            config.name(),
            state.primary(),
            state.term() + 1,
            "an operator has it begin with what "
                + member
                + " has, whatever others have beside: "
                + why));
    return why;
  }

  /** Nothing is done any more, or things are again. Any thread. */
  void pause(boolean on, String who) throws IOException {
    for (int tries = 0; tries < 10; tries++) {
      ManagedState state = store.read();
      if (state == null) {
        throw new IOException("the database has not been made yet");
      }
      if (state.paused() == on) {
        return;
      }
      if (store.replace(state, state.withPaused(on))) {
        world.event(new Event.DatabasePaused(config.name(), on, who));
        return;
      }
    }
    throw new IOException("its state keeps changing");
  }

  /** Who takes the writes, or did last; empty: nobody is known. */
  String primary() {
    try {
      ManagedState state = store.read();
      return state == null ? "" : state.primary();
    } catch (IOException _) {
      return "";
    }
  }

  /** What is known here alone. */
  ManagedView view() {
    List<ManagedView.Own> own = new ArrayList<>();
    for (String name : config.members().keySet()) {
      MemberAgent agent = agents.get(name);
      if (agent != null) {
        MemberAgent.Status status = agent.status();
        own.add(
            new ManagedView.Own(
                name, "", status.doing().words(), status.trouble(), status.pid(), agent.damage()));
      }
    }
    ManagedState state;
    try {
      state = store.read();
    } catch (IOException _) {
      state = null;
    }
    return new ManagedView(
        leads,
        state != null && state.paused(),
        state == null ? 0 : state.term(),
        state == null ? "" : state.rule().synchronousStandbyNames(),
        doing,
        own,
        steps);
  }

  @Override
  public void close() {
    closed = true;
    execute(() -> {
      drain("");
      executor.shutdownNow();
    });
  }
}
