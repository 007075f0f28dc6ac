package io.fairlead.service;

import io.fairlead.config.HostPort;
import io.fairlead.telemetry.AffinityCounter;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.ServiceAnswers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Nodes that offer the same. Written by the control thread only; {@link #nodes()} may be read by
 * anybody at any time.
 */
public final class Service {
  /** The reason why a newcomer counts as up. */
  public static final String NOT_PROBED = "not probed yet";

  /** The reason why one that has just been started counts as down. */
  public static final String STARTING = "starting";

  private final String name;
  private final RecordNames names;
  private final int recordName;
  private final int loops;
  private final EventLog events;
  private final LongSupplier epochMillis;
  private final Map<HostPort, Node> members = new HashMap<>();
  private final CopyOnWriteArrayList<Consumer<NodeSet>> listeners = new CopyOnWriteArrayList<>();
  private final ServiceAnswers answers;
  private volatile NodeSet nodes = NodeSet.EMPTY;
  private final ServiceLoad load;
  private final LoopCounters<AffinityCounter> affinity;
  private volatile List<String> alarms = List.of();
  private volatile @Nullable Division division;
  private Role roleOfNewcomers = Role.ANY;
  private boolean collecting;
  private boolean changed;

  /**
   * @param loops how many event loops will count
   * @param epochMillis the time for people
   */
  public Service(String name, int loops, EventLog events, LongSupplier epochMillis) {
    this(name, loops, events, epochMillis, new RecordNames());
  }

  /**
   * @param names where records find what they say about it and its nodes
   */
  public Service(
      String name, int loops, EventLog events, LongSupplier epochMillis, RecordNames names) {
    this.name = name;
    this.names = names;
    this.recordName = names.number(RecordNames.Kind.SERVICE, name);
    this.loops = loops;
    this.load = new ServiceLoad(loops);
    this.affinity = new LoopCounters<>(loops, AffinityCounter.class);
    this.answers = new ServiceAnswers(loops);
    this.events = events;
    this.epochMillis = epochMillis;
  }

  public String name() {
    return name;
  }

  /** Its number in records. */
  public int recordName() {
    return recordName;
  }

  /** Who is let in. */
  public ServiceLoad load() {
    return load;
  }

  /** What became of cookies that name nodes. */
  public LoopCounters<AffinityCounter> affinity() {
    return affinity;
  }

  /** How many event loops count. */
  public int loops() {
    return loops;
  }

  /** The published state. */
  public NodeSet nodes() {
    return nodes;
  }

  /** The member with that address, or null. Control thread. */
  public @Nullable Node find(HostPort address) {
    return members.get(address);
  }

  /**
   * Replaces the membership. A node whose address stays keeps its health, its counters and its
   * connections. A new one counts as up from the start, as with the peers (HAProxy's default): the
   * first failed probe or connection corrects that, while waiting for a first probe would turn
   * every start into an outage. One that has just been started is known not to serve yet, and its
   * spec says so. Of two with the same address the first counts. Control thread.
   */
  public void setMembers(List<NodeSpec> specs) {
    setMembers(specs, "no longer named by any source");
  }

  /**
   * The same.
   *
   * @param whyGone what is said of those that are members no more
   */
  public void setMembers(List<NodeSpec> specs, String whyGone) {
    Map<HostPort, Node> before = new HashMap<>(members);
    Set<HostPort> named = new HashSet<>();
    List<Node> all = new ArrayList<>(specs.size());
    for (NodeSpec spec : specs) {
      if (!named.add(spec.address())) {
        continue;
      }
      Node node = before.remove(spec.address());
      if (node == null) {
        node = new Node(name, spec, loops, newcomer(spec), answers.newNode());
        events.add(new Event.NodeJoined(name, spec.name(), spec.source()));
      } else {
        node.setFacts(node.facts().withSpec(spec));
      }
      node.setRecordName(names.number(RecordNames.Kind.NODE, spec.name()));
      members.put(spec.address(), node);
      all.add(node);
    }
    for (Node gone : before.values()) {
      members.remove(gone.address());
      gone.leave();
      events.add(new Event.NodeLeft(name, gone.name(), whyGone));
    }
    publish(NodeSet.of(all.toArray(Node[]::new)));
  }

  /** Health's verdict; says nothing of a node that has left. Control thread. */
  public void setUp(Node node, boolean up, String reason) {
    if (!node.isMember()) {
      return;
    }
    NodeFacts before = node.facts();
    node.setFacts(before.withUp(up, reason, epochMillis.getAsLong()));
    if (before.up() != up) {
      events.add(
          up
              ? new Event.NodeUp(name, node.name(), reason)
              : new Event.NodeDown(name, node.name(), reason));
      publishFacts();
    }
  }

  /**
   * What holds of the node has held since then: a predecessor has seen it. Control thread.
   *
   * @param millis epoch; not believed if it lies ahead
   */
  public void setSince(Node node, long millis) {
    if (node.isMember() && millis > 0 && millis < node.facts().sinceMillis()) {
      node.setFacts(node.facts().since(millis));
      publishFacts();
    }
  }

  /**
   * Takes a node out gracefully, or back in. Requests in flight go on. Control thread.
   *
   * @param by who asked
   * @return false if it was so already
   */
  public boolean setDraining(Node node, boolean draining, String by) {
    NodeFacts before = node.facts();
    if (before.draining() == draining) {
      return false;
    }
    node.setFacts(before.withDraining(draining, epochMillis.getAsLong()));
    events.add(
        draining
            ? new Event.NodeDraining(name, node.name(), by)
            : new Event.NodeUndrained(name, node.name(), by));
    publishFacts();
    return true;
  }

  /** The outlier detector's verdict; says nothing of a node that has left. Control thread. */
  public void setStanding(Node node, Standing standing) {
    Standing before = node.facts().standing();
    if (!node.isMember() || before.equals(standing)) {
      return;
    }
    node.setFacts(node.facts().withStanding(standing, epochMillis.getAsLong()));
    if (standing.state() == Standing.State.EJECTED && before.state() != standing.state()) {
      node.countEjection();
    }
    if (before.share() != standing.share()) {
      publishFacts();
    }
  }

  /** What nodes may do that join from now on. Control thread. */
  public void setRoleOfNewcomers(Role role) {
    roleOfNewcomers = role;
  }

  /** What replication found out; says nothing of a node that has left. Control thread. */
  public void setRole(Node node, Role role) {
    Role before = node.facts().role();
    if (!node.isMember() || before.equals(role)) {
      return;
    }
    node.setFacts(node.facts().withRole(role));
    if (before.writes() != role.writes() || before.reads() != role.reads()) {
      publishFacts();
    }
  }

  /** How requests are divided between versions; null: they are not. Any thread. */
  public @Nullable Division division() {
    return division;
  }

  /**
   * Divides requests otherwise from now on. Sessions of what gets nothing any more end. Control
   * thread.
   */
  public void setDivision(@Nullable Division wanted) {
    if (Objects.equals(division, wanted)) {
      return;
    }
    division = wanted;
    publishFacts();
  }

  /** What is counted about its answers. */
  public ServiceAnswers answers() {
    return answers;
  }

  /** What somebody should look at, in words; empty if all is well. Any thread. */
  public List<String> alarms() {
    return alarms;
  }

  /** Control thread. */
  public void setAlarms(List<String> raised) {
    alarms = List.copyOf(raised);
  }

  /** Calls the listener now and with every later state, on the control thread. */
  public Runnable subscribe(Consumer<NodeSet> listener) {
    listeners.add(listener);
    listener.accept(nodes);
    return () -> listeners.remove(listener);
  }

  /**
   * Runs several changes and publishes their outcome once: when a thousand nodes fail together, the
   * balancer is made anew once and not a thousand times. Control thread.
   */
  public void changing(Runnable changes) {
    if (collecting) {
      changes.run();
      return;
    }
    collecting = true;
    try {
      changes.run();
    } finally {
      collecting = false;
      if (changed) {
        publishFacts();
      }
    }
  }

  private void publishFacts() {
    changed = collecting;
    if (!collecting) {
      publish(NodeSet.of(nodes.all()));
    }
  }

  private void publish(NodeSet next) {
    Division divided = division;
    for (Node node : next.all()) {
      node.setPassedOver(divided != null && divided.passesOver(node));
    }
    nodes = next;
    listeners.forEach(listener -> listener.accept(next));
  }

  private NodeFacts newcomer(NodeSpec spec) {
    boolean up = spec.joinsUp();
    return NodeFacts.of(spec, up, up ? NOT_PROBED : STARTING, epochMillis.getAsLong())
        .withRole(roleOfNewcomers);
  }
}
