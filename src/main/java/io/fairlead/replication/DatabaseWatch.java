package io.fairlead.replication;

import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.DatabaseConfig.Writers;
import io.fairlead.config.DatabaseEngine;
import io.fairlead.runtime.Scheduler;
import io.fairlead.runtime.Scheduler.Cancellable;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import io.fairlead.service.Role;
import io.fairlead.service.Service;
import io.fairlead.service.Sighting;
import io.fairlead.telemetry.Event;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Gives the members of one database their roles. Whenever a member has told something, or went up
 * or down, all are judged anew; the nodes get their roles, and connections to a member that has
 * lost its own are cut.
 *
 * <p>A primary that does not answer keeps the connections that it has until another takes the
 * writes: should it come back they go on, and should it not, they could not be served anyway; but
 * no longer than for {@link #SILENCE}, or for as long as new ones wait. One that says itself that
 * it is none any more, or is disputed, loses them at once.
 *
 * <p>While nobody takes writes all members are asked ten times a second, for half a minute; then as
 * often as ever.
 *
 * <p>Control thread, but for {@link #view}.
 */
public final class DatabaseWatch {
  /** How often members are asked while none takes writes. */
  static final Duration HURRY = Duration.ofMillis(100);

  /** For how long. */
  static final Duration HURRY_FOR = Duration.ofSeconds(30);

  /**
   * How long nobody may take writes before connections are cut that a primary has which does not
   * answer. Where it is we who are cut off, we do not hear of its successor.
   */
  static final Duration SILENCE = Duration.ofSeconds(30);

  /** How long a member may be down before connections that read are cut. */
  static final Duration READERS_STAY = Duration.ofSeconds(2);

  /** How long a session may write at another member than the one that its key has now. */
  static final Duration STRAYS_STAY = Duration.ofSeconds(10);

  /** Changes that are remembered. */
  static final int CHANGES = 16;

  /** Whom it tells what, and whom it asks. */
  public interface World {
    /** The node is asked what it is, as soon as possible. */
    void askAgain(Node node);

    void event(Event event);

    /** What must not be forgotten; does not wait. */
    void remember(Term term);
  }

  private static final class Tracked {
    @Nullable Sighting sighting;
    long seen;
    long changed;
    OptionalLong replayed = OptionalLong.empty();
    OptionalLong behind = OptionalLong.empty();
    boolean wasUp = true;
    boolean wasDraining;

    /** It must not be read, and nobody reads from it any more. */
    boolean shunned;
  }

  private final Service service;
  private final Scheduler time;
  private final DatabaseSessions sessions;
  private final World world;
  private final Map<Node, Tracked> tracked = new HashMap<>();

  /** Of the present primary. */
  private final WriteHistory writes = new WriteHistory();

  /** Nodes to which there may be connections that write. */
  private final Set<Node> holders = new HashSet<>();

  /** Among whom keys are divided. */
  private Set<Node> takers = Set.of();

  private final ArrayDeque<DatabaseView.Change> changes = new ArrayDeque<>();
  private DatabaseConfig config;
  private Admission admission = Admission.nobody("it is just beginning");

  /** Whether it was ever said who is. */
  private boolean admitted;

  private Term term;
  private @Nullable Node primary;
  private String lastPrimary = "";
  private String alarm = "";
  private long nobodySince;
  private long handovers;
  private boolean complained;
  private boolean judging;
  private Cancellable nextAsk = () -> {};
  private Runnable unsubscribe = () -> {};
  private volatile DatabaseView view;

  /**
   * @param service the members as nodes, which have no role yet
   * @param term what is known from before
   */
  public DatabaseWatch(
      Service service,
      DatabaseConfig config,
      Term term,
      Scheduler time,
      DatabaseSessions sessions,
      World world) {
    this.service = service;
    this.config = config;
    this.term = term;
    this.time = time;
    this.sessions = sessions;
    this.world = world;
    this.nobodySince = time.nanoTime();
    this.lastPrimary = term.writer();
    this.view =
        new DatabaseView(
            config.name(),
            config.engine(),
            "",
            "nobody has been asked yet",
            "",
            term.number(),
            List.of(),
            List.of(),
            0);
  }

  /** Begins. */
  public void start() {
    unsubscribe = service.subscribe(this::nodesChanged);
    hurry();
  }

  /** Goes by another configuration from now on. */
  public void configure(DatabaseConfig next) {
    if (!config.equals(next)) {
      config = next;
      judge();
      settle();
    }
  }

  /** Where Fairlead manages the database: that is the primary, as soon as it says so itself. */
  public void admit(String member, long timeline) {
    admission = new Admission(member, timeline, "");
    admitted = true;
    judge();
    hurry();
  }

  /** Nobody is. */
  public void admitNobody(String why) {
    admission = Admission.nobody(why);
    admitted = true;
    judge();
  }

  /** Stops; nodes keep their roles. */
  public void close() {
    unsubscribe.run();
    nextAsk.cancel();
  }

  /** As it was judged last. Any thread. */
  public DatabaseView view() {
    return view;
  }

  /** A member has told what it is. */
  public void saw(Node node, Sighting sighting) {
    Tracked known = tracked.computeIfAbsent(node, _ -> new Tracked());
    long now = time.nanoTime();
    if (known.sighting == null || isOther(known.sighting, sighting)) {
      known.changed = now;
      if (node.equals(primary)) {
        writes.forget();
      }
    }
    known.sighting = sighting;
    known.seen = now;
    if (sighting instanceof Sighting.Postgresql told) {
      if (told.recovering()) {
        known.replayed = OptionalLong.of(told.position());
        known.sighting = told.withLag(lag(told, now));
      }
      known.behind = told.recovering() ? behind(told) : OptionalLong.empty();
    }
    judge();
    if (sighting instanceof Sighting.Postgresql told && node.equals(primary)) {
      writes.wrote(told.position(), now);
    }
  }

  private OptionalDouble lag(Sighting.Postgresql replica, long now) {
    return replica.lag().isEmpty()
        ? OptionalDouble.empty()
        : OptionalDouble.of(writes.lag(replica.lag().getAsDouble(), replica.position(), now));
  }

  private static boolean isOther(Sighting before, Sighting now) {
    return switch (now) {
      case Sighting.Postgresql told ->
          !(before instanceof Sighting.Postgresql old)
              || old.recovering() != told.recovering()
              || old.timeline() != told.timeline();
      case Sighting.Galera told ->
          !(before instanceof Sighting.Galera old) || old.view() != told.view();
    };
  }

  /** By what the primary had written when it was asked last, which was a moment before. */
  private OptionalLong behind(Sighting.Postgresql replica) {
    Tracked first = primary == null ? null : tracked.get(primary);
    return first != null && first.sighting instanceof Sighting.Postgresql told
        ? OptionalLong.of(Math.max(0, told.position() - replica.position()))
        : OptionalLong.empty();
  }

  private void nodesChanged(NodeSet nodes) {
    tracked.keySet().retainAll(Set.of(nodes.all()));
    for (Node node : nodes.all()) {
      Tracked known = tracked.get(node);
      boolean up = node.facts().up();
      if (known != null && known.wasUp != up) {
        known.wasUp = up;
        if (!up) {
          wentDown(node);
        }
      }
    }
    judge();
    for (Node node : nodes.all()) { // when nothing new goes there any more
      Tracked known = tracked.get(node);
      boolean draining = node.facts().draining();
      if (known != null && known.wasDraining != draining) {
        known.wasDraining = draining;
        if (draining) {
          sessions.retire(node);
        }
      }
    }
    settle();
  }

  /** After it has been published who takes writes: by that keys have their members. */
  private void settle() {
    if (config.writers() != Writers.AFFINITY) {
      takers = Set.of();
      return;
    }
    Set<Node> present =
        Arrays.stream(service.nodes().available())
            .filter(node -> node.facts().role().writes())
            .collect(Collectors.toUnmodifiableSet());
    if (!present.equals(takers)) {
      takers = present;
      long grace = STRAYS_STAY.toNanos();
      sessions.settle(time.nanoTime(), grace);
      time.schedule(STRAYS_STAY, () -> sessions.settle(time.nanoTime(), grace));
    }
  }

  private void wentDown(Node node) {
    sessions.moveReaders(node);
    time.schedule(
        READERS_STAY,
        () -> {
          if (!node.facts().up()) {
            sessions.cutReaders(node);
          }
        });
  }

  /** Giving roles publishes the nodes anew, which says nothing that is not known. */
  private void judge() {
    if (!judging) {
      judging = true;
      try {
        judgeOnce();
      } finally {
        judging = false;
      }
    }
  }

  private void judgeOnce() {
    Node[] nodes = service.nodes().all();
    List<Member> members = Arrays.stream(nodes).map(this::member).toList();
    Judgement judgement =
        switch (config.engine()) {
          case POSTGRESQL ->
              config.manage().isEmpty()
                  ? PostgresqlJudge.judge(members, term, config.readOnly())
                  : PostgresqlJudge.judge(members, term, config.readOnly(), admission);
          case GALERA ->
              GaleraJudge.judge(
                  members, term, config.writers(), config.readOnly(), admitted ? admission : null);
        };
    Node next = judgement.primary() < 0 ? null : nodes[judgement.primary()];
    boolean rolesChanged = give(nodes, judgement);
    takeAway(nodes, next, judgement);
    if (!judgement.term().equals(term)) {
      term = judgement.term();
      world.remember(term);
    }
    tell(next, judgement);
    publish(nodes, judgement);
    if (rolesChanged) {
      sessions.wake();
    }
  }

  private Member member(Node node) {
    Tracked known = tracked.computeIfAbsent(node, _ -> new Tracked());
    return new Member(
        node.name(),
        node.facts().up(),
        node.facts().draining(),
        known.sighting,
        known.seen,
        known.changed,
        known.replayed,
        known.behind);
  }

  private boolean give(Node[] nodes, Judgement judgement) {
    boolean[] changed = new boolean[1];
    service.changing(() -> {
      for (int i = 0; i < nodes.length; i++) {
        Role before = nodes[i].facts().role();
        Role role = judgement.roles().get(i);
        if (!before.equals(role)) {
          changed[0] |= before.writes() != role.writes() || before.reads() != role.reads();
          service.setRole(nodes[i], role);
        }
      }
    });
    return changed[0];
  }

  /** Cuts what must not go on. After roles are given, so that nobody comes back. */
  @SuppressWarnings("ReferenceEquality") // that very node
  private void takeAway(Node[] nodes, @Nullable Node next, Judgement judgement) {
    for (Node node : nodes) {
      Role role = node.facts().role();
      if (role.writes()) {
        holders.add(node);
      } else if (holders.contains(node) && mustLose(node, next, judgement)) {
        holders.remove(node);
        if (!node.facts().draining() || role.kind() == Role.Kind.NONE) {
          sessions.cutWriters(node);
        }
      }
      Tracked known = tracked.get(node);
      if (known != null) {
        boolean shunned =
            role.kind() == Role.Kind.NONE && known.sighting != null && isShunned(node, judgement);
        if (shunned && !known.shunned) {
          sessions.cutReaders(node);
        }
        known.shunned = shunned;
      }
    }
    holders.retainAll(Set.of(nodes));
  }

  /** Not one that is only being asked again. */
  private boolean isShunned(Node node, Judgement judgement) {
    return node.facts().up()
        && (config.engine() == DatabaseEngine.GALERA || !judgement.alarm().isEmpty());
  }

  private boolean mustLose(Node node, @Nullable Node next, Judgement judgement) {
    if (next != null || !judgement.alarm().isEmpty()) {
      return true;
    }
    Tracked known = tracked.get(node);
    return node.facts().up()
        && known != null
        && switch (known.sighting) {
          case Sighting.Postgresql told -> told.recovering();
          case Sighting.Galera told -> !told.ready().isEmpty();
          case null -> false;
        };
  }

  @SuppressWarnings("ReferenceEquality") // that very node
  private void tell(@Nullable Node next, Judgement judgement) {
    long now = time.nanoTime();
    if (!judgement.alarm().equals(alarm)) {
      alarm = judgement.alarm();
      world.event(
          alarm.isEmpty()
              ? new Event.DatabaseAlarmOver(config.name())
              : new Event.DatabaseAlarm(config.name(), alarm));
    }
    if (next == primary) {
      if (next == null && !complained && now - nobodySince > HURRY_FOR.toNanos()) {
        complained = true;
        world.event(new Event.DatabaseWithoutPrimary(config.name(), judgement.why()));
      }
      return;
    }
    if (primary != null) {
      lastPrimary = primary.name();
    }
    if (next == null) {
      nobodySince = now;
      complained = true;
      world.event(new Event.DatabaseWithoutPrimary(config.name(), judgement.why()));
      primary = null;
      writes.forget();
      time.schedule(silence(), () -> endWaiting(now));
      hurry();
      return;
    }
    if (!lastPrimary.isEmpty() && !lastPrimary.equals(next.name())) {
      handovers++;
    }
    long nobody = primary == null ? (now - nobodySince) / 1_000_000 : 0;
    primary = next;
    writes.forget();
    complained = false;
    nextAsk.cancel();
    if (changes.size() == CHANGES) {
      changes.removeFirst();
    }
    changes.addLast(
        new DatabaseView.Change(
            time.epochMillis(), lastPrimary, next.name(), judgement.term().number(), nobody));
    world.event(
        new Event.DatabasePrimary(
            config.name(),
            next.name(),
            lastPrimary,
            judgement.term().number(),
            lastPrimary.isEmpty() ? 0 : nobody));
  }

  private Duration silence() {
    return config.patience().compareTo(SILENCE) > 0 ? config.patience() : SILENCE;
  }

  /**
   * Nobody has taken writes since then: whoever still waits for an answer is told that none comes.
   */
  private void endWaiting(long since) {
    if (primary == null && nobodySince == since) {
      holders.forEach(sessions::cutWriters);
      holders.clear();
    }
  }

  private void hurry() {
    nextAsk.cancel();
    nextAsk = time.schedule(HURRY, this::askAll);
  }

  private void askAll() {
    if (primary != null || time.nanoTime() - nobodySince > HURRY_FOR.toNanos()) {
      if (primary == null) {
        judge(); // to complain, if need be
      }
      return;
    }
    for (Node node : service.nodes().all()) {
      world.askAgain(node);
    }
    hurry();
  }

  private void publish(Node[] nodes, Judgement judgement) {
    List<DatabaseView.MemberView> members = new ArrayList<>();
    for (int i = 0; i < nodes.length; i++) {
      Tracked known = tracked.get(nodes[i]);
      Sighting told = known == null || !nodes[i].facts().up() ? null : known.sighting;
      boolean replica = told instanceof Sighting.Postgresql one && one.recovering();
      members.add(
          new DatabaseView.MemberView(
              nodes[i],
              judgement.roles().get(i),
              replica && told instanceof Sighting.Postgresql one
                  ? one.lag()
                  : OptionalDouble.empty(),
              replica && known != null ? known.behind : OptionalLong.empty(),
              told instanceof Sighting.Postgresql one
                  ? OptionalLong.of(one.position())
                  : OptionalLong.empty()));
    }
    view =
        new DatabaseView(
            config.name(),
            config.engine(),
            judgement.primary() < 0 ? "" : nodes[judgement.primary()].name(),
            judgement.why(),
            judgement.alarm(),
            judgement.term().number(),
            members,
            List.copyOf(changes),
            handovers);
  }
}
