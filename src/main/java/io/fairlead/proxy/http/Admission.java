package io.fairlead.proxy.http;

import io.fairlead.config.Importance;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.ServiceLimits;
import io.fairlead.limit.AdaptiveLimit;
import io.fairlead.limit.AdmissionLevel;
import io.fairlead.limit.MetastabilityAlarm;
import io.fairlead.limit.Shedding;
import io.fairlead.limit.WaitQueue;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.service.ServiceLoad;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.ShedReason;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Whether a request may go to a node of its service now, has to wait, or is turned away.
 *
 * <p>Limits are exact over all event loops: what is in flight, at a node or in all, is one number
 * that loops change by compare-and-set; there is no lock. Requests that find no room wait with
 * their own loop, since that is where their connection is, and one number bounds the queues of all
 * loops together. Each loop makes known when the first of its queue came; so whoever gives room
 * back knows which loop's turn it is, and tells that one, at most once at a time. A loop that is
 * told serves the first of its queue while it comes before those of the others, else passes the
 * word on. Whoever comes while others wait waits with them; {@link WaitQueue} says whose turn it
 * is.
 *
 * <p>No word can be lost: who begins to wait counts itself first and then looks for room again; who
 * gives back does so first and then looks for those who wait. Should nodes alone have been full,
 * where the second look goes to a few of them only, {@link #tick} is the remedy after a tenth of a
 * second.
 */
final class Admission implements Shedding {
  private static final int CLASSES = Importance.values().length;
  private static final long LEVEL_WINDOW = 500_000_000;

  /** Overload by DAGOR's measure: those who were let in had waited so long on average. */
  private static final long LONG_WAIT = 20_000_000;

  /** After the last request turned away nothing is repeated for so long. */
  private static final long SHEDDING_LASTS = 1_000_000_000;

  /** After which an overload is said to be over. */
  private static final long CALM = 10_000_000_000L;

  /** Nodes looked at by who begins to wait. */
  private static final int LOOKED_AT = 32;

  private static final int LEAST = 1;

  /**
   * What is allowed.
   *
   * @param perNode requests in flight at one node
   * @param relayed connections or sessions relayed to one node, and requests beside
   * @param total requests in flight
   * @param queue requests that may wait
   * @param patience for which one may
   * @param adaptive whether a limit is found
   */
  private record Terms(
      int perNode, int relayed, int total, int queue, long patience, boolean adaptive) {
    static Terms of(ServiceConfig config) {
      ServiceLimits limits = config.limits();
      boolean shared = config.protocol() == NodeProtocol.H2; // many requests on one connection
      return new Terms(
          shared
              ? limits.requestsPerNode()
              : Math.min(limits.requestsPerNode(), limits.connectionsPerNode()),
          Math.min(limits.requestsPerNode(), limits.connectionsPerNode()),
          limits.requests(),
          limits.queue(),
          limits.queueTimeout().toNanos(),
          limits.adaptiveLimit());
    }

    boolean counts() {
      return adaptive || total != ServiceLimits.UNLIMITED;
    }

    boolean isNone() {
      return perNode == ServiceLimits.UNLIMITED && !counts();
    }
  }

  /** Those who wait with one loop; touched by its thread only, but for what others must see. */
  private static final class LoopQueue implements Runnable {
    private final Admission gate;
    private final int index;
    private final WaitQueue queue = new WaitQueue(CLASSES);
    private final AtomicInteger told = new AtomicInteger();
    private volatile @Nullable HttpLoop loop;

    LoopQueue(Admission gate, int index) {
      this.gate = gate;
      this.index = index;
    }

    @Override
    public void run() {
      told.set(0);
      gate.serve(this);
    }
  }

  private final Service service;
  private final ServiceLoad load;
  private final AtomicInteger inFlight;
  private final AtomicInteger waiting;
  private final LoopQueue[] queues;

  /** By loop: {@link WaitQueue#key}. */
  private final AtomicLongArray firsts;

  /** By loop: {@link WaitQueue#least}. */
  private final AtomicIntegerArray leasts;

  private final AdmissionLevel level;
  private final LatencyHistogram latency;
  private final MetastabilityAlarm alarm = new MetastabilityAlarm();
  private volatile Terms terms;
  private volatile int limit;
  private volatile boolean limited;
  private volatile boolean waitedSince;
  private boolean wasHalfFull; // control thread only
  private boolean held; // control thread only
  private volatile boolean shedding;
  private volatile long lastShed;
  private volatile ShedReason lastReason = ShedReason.QUEUE_FULL;

  // Control thread only.
  private AdaptiveLimit adaptive = new AdaptiveLimit(LEAST, ServiceLimits.UNLIMITED);
  private Distribution seen = new Distribution();
  private long lastTick;
  private int peak;
  private long levelClosed;
  private long shedsBefore;
  private long shedsSaid;
  private boolean overloaded;
  private Distribution waitsSeen = new Distribution();
  private long triesBefore;
  private long retriesBefore;
  private long goodBefore;
  private long turnedAwayBefore;

  Admission(Service service, ServiceConfig config) {
    this.service = service;
    load = service.load();
    inFlight = load.inFlight();
    waiting = load.waiting();
    queues = new LoopQueue[service.loops()];
    firsts = new AtomicLongArray(queues.length);
    leasts = new AtomicIntegerArray(queues.length);
    for (int i = 0; i < queues.length; i++) {
      queues[i] = new LoopQueue(this, i);
      firsts.set(i, WaitQueue.NOBODY);
      leasts.set(i, -1);
    }
    level = new AdmissionLevel(CLASSES, queues.length);
    latency = new LatencyHistogram(queues.length);
    terms = Terms.of(config);
    limit = terms.total();
    load.setLimit(limit);
  }

  /** Whether there is nothing to ask for. */
  boolean isOpen() {
    return terms.isNone() && !load.isHolding();
  }

  /** Whether who finds no node waits for one. */
  boolean holds() {
    return load.holdNanos() > 0;
  }

  /** Requests that may be in flight at one node. */
  int perNode() {
    return terms.perNode();
  }

  // --- on event loops ----------------------------------------------------------------------

  boolean enter(Turn turn, long who) {
    if (!level.isOpen()
        && !level.admits(turn.loop().index(), AdmissionLevel.rank(turn.importance(), who))) {
      shed(turn, ShedReason.IMPORTANCE);
      return false;
    }
    if (waiting.get() == 0 && take(turn)) {
      return true;
    }
    queueUp(turn);
    return false;
  }

  /** Counts it in if there is room. */
  private boolean take(Turn turn) {
    if (!terms.counts()) {
      turn.entered(this, false);
      return true;
    }
    while (true) {
      int now = inFlight.get();
      if (now >= limit) {
        limited = true;
        return false;
      }
      if (inFlight.compareAndSet(now, now + 1)) {
        turn.entered(this, true);
        return true;
      }
    }
  }

  /**
   * The node, counted in, or another with room if it is full.
   *
   * @return null if all are full
   */
  @Nullable Node claim(Node picked, RandomGenerator random) {
    return claim(picked, null, terms.perNode(), random);
  }

  /**
   * The same for a connection that is relayed, or a session of datagrams.
   *
   * @param avoid a node that has just failed; null: none has
   */
  @Nullable Node claimRelayed(Node picked, @Nullable Node avoid, RandomGenerator random) {
    return claim(picked, avoid, terms.relayed(), random);
  }

  @SuppressWarnings("ReferenceEquality") // that very node
  private @Nullable Node claim(
      Node picked, @Nullable Node avoid, int most, RandomGenerator random) {
    if (picked.requestStarted(most)) {
      return picked;
    }
    Node[] all = service.nodes().available();
    int from = all.length == 0 ? 0 : random.nextInt(all.length);
    for (int i = 0; i < all.length; i++) {
      Node node = all[from + i < all.length ? from + i : from + i - all.length];
      if (node != avoid && node.inFlight() < most && node.requestStarted(most)) {
        return node;
      }
    }
    return null;
  }

  void queueUp(Turn turn) {
    Terms now = terms;
    waitedSince = true;
    LoopQueue own = queues[turn.loop().index()];
    if (load.beginWait() > now.queue()) {
      if (now.queue() == 0 || !makeRoom(own, turn.importance())) {
        waiting.decrementAndGet();
        shed(turn, ShedReason.QUEUE_FULL);
        return;
      }
    }
    own.loop = turn.loop();
    turn.waits(this);
    long since = turn.loop().now();
    long hold = service.nodes().available().length == 0 ? load.holdNanos() : 0;
    long patience = Math.max(now.patience(), hold);
    own.queue.add(turn, turn.importance(), since, patience, level.isOpen());
    publish(own);
    turn.exchange.waits(patience);
    if (hasRoom(now)) {
      tell(own);
    }
  }

  /**
   * Has somebody less important give up its place, if there is one. With another loop that takes a
   * moment, in which one more than may waits.
   */
  private boolean makeRoom(LoopQueue own, int importance) {
    int least = own.queue.least();
    LoopQueue from = own;
    for (int i = 0; i < queues.length; i++) {
      int there = leasts.get(i);
      if (there > least) {
        least = there;
        from = queues[i];
      }
    }
    boolean older = least == importance && from == own && own.queue.isNewestFirst();
    if (least <= importance && !older) {
      return false;
    }
    if (from.index == own.index) {
      displace(own, importance);
      return true;
    }
    HttpLoop loop = from.loop;
    LoopQueue other = from;
    if (loop == null) {
      return false;
    }
    loop.loop()
        .eventLoop()
        .execute(() -> {
          loop.touch();
          displace(other, importance);
        });
    return true;
  }

  private static void displace(LoopQueue from, int importance) {
    if (from.queue.lesser(importance) instanceof Turn lesser) {
      lesser.displace();
    }
  }

  void withdraw(Turn turn) {
    LoopQueue own = queues[turn.loop().index()];
    own.queue.remove(turn, turn.loop().now());
    waiting.decrementAndGet();
    publish(own);
  }

  /** Only a guess where nodes have limits of their own. */
  private boolean hasRoom(Terms now) {
    if (holds() && service.nodes().available().length == 0) {
      return false;
    }
    if (now.counts() && inFlight.get() >= limit) {
      return false;
    }
    if (now.perNode() == ServiceLimits.UNLIMITED) {
      return true;
    }
    Node[] all = service.nodes().available();
    for (int i = 0; i < Math.min(LOOKED_AT, all.length); i++) {
      if (all[i].inFlight() < now.perNode()) {
        return true;
      }
    }
    return all.length == 0;
  }

  private void publish(LoopQueue own) {
    firsts.set(own.index, own.queue.key());
    leasts.set(own.index, own.queue.least());
  }

  /** Gives room back. */
  void leave(Turn turn) {
    if (turn.isCounted()) {
      inFlight.decrementAndGet();
    }
    if (waiting.get() > 0) {
      tellFirst();
    }
  }

  /** The loop whose turn it is, if anybody waits. */
  private @Nullable LoopQueue first() {
    long best = WaitQueue.NOBODY;
    LoopQueue first = null;
    for (int i = 0; i < queues.length; i++) {
      long key = firsts.get(i);
      if (key < best) {
        best = key;
        first = queues[i];
      }
    }
    return first;
  }

  private void tellFirst() {
    LoopQueue first = first();
    if (first != null) {
      tell(first);
    }
  }

  private static void tell(LoopQueue queue) {
    HttpLoop loop = queue.loop;
    if (loop != null && queue.told.compareAndSet(0, 1)) {
      try {
        loop.loop().eventLoop().execute(queue);
      } catch (RejectedExecutionException _) {
        queue.told.set(0); // the instance has ended
      }
    }
  }

  /** On the loop of that queue. */
  @SuppressWarnings("ReferenceEquality") // that very queue
  private void serve(LoopQueue own) {
    HttpLoop loop = own.loop;
    if (loop == null) {
      return;
    }
    loop.touch();
    while (own.queue.late(loop.now()) instanceof Turn late) {
      late.giveUp(ShedReason.QUEUE_TIMEOUT);
    }
    for (Turn next = (Turn) own.queue.peek(); next != null; next = (Turn) own.queue.peek()) {
      LoopQueue first = first();
      if (first != own && first != null) {
        tell(first);
        return;
      }
      if (!take(next)) {
        return;
      }
      long waited = loop.now() - next.since();
      if (!next.exchange.takeTurn()) {
        if (next.isCounted()) {
          inFlight.decrementAndGet();
        }
        next.waitsOn();
        return; // all nodes are full
      }
      load.waits().record(own.index, waited / 1000);
    }
    if (waiting.get() > 0) {
      tellFirst();
    }
  }

  void shed(Turn turn, ShedReason reason) {
    load.sheds().increment(turn.loop().index(), reason);
    lastShed = turn.loop().now();
    if (!shedding) {
      lastReason = reason;
      shedding = true;
    }
    turn.exchange.shed();
  }

  void answered(int loop, long nanos) {
    if (terms.adaptive()) {
      latency.record(loop, nanos / 1000);
    }
  }

  /** While this is so nothing is tried twice. */
  @Override
  public boolean isShedding() {
    return shedding || load.retriesOff();
  }

  // --- on the control thread ---------------------------------------------------------------

  void configure(ServiceConfig config) {
    Terms next = Terms.of(config);
    Terms before = terms;
    if (next.equals(before)) {
      return;
    }
    if (next.adaptive() && (!before.adaptive() || next.total() != before.total())) {
      adaptive = new AdaptiveLimit(LEAST, next.total());
      seen = distribution(latency);
    }
    terms = next;
    setLimit(next.adaptive() ? Math.min(next.total(), adaptive.limit()) : next.total());
    tellAll();
  }

  /** Nodes have come or gone: whoever waits may find room, or learn that there is none. */
  void nodesChanged() {
    tellAll();
  }

  private void tellAll() {
    if (waiting.get() > 0) {
      for (LoopQueue queue : queues) {
        tell(queue);
      }
    }
  }

  private void setLimit(int next) {
    limit = next;
    load.setLimit(next);
  }

  /** To be called ten times a second. */
  void tick(long now, Consumer<Event> events) {
    Terms present = terms;
    held |= load.isHolding();
    if (present.isNone() && waiting.get() == 0 && !shedding && !overloaded && !held) {
      lastTick = now;
      return;
    }
    peak = Math.max(peak, inFlight.get());
    boolean atLimit = limited;
    limited = false;
    if (present.adaptive()) {
      adapt(now, atLimit, present);
    }
    peak = inFlight.get();
    lastTick = now;
    long sheds = sheds();
    wasHalfFull |= !level.isOpen() && isHalfFull(present);
    if (now - levelClosed >= LEVEL_WINDOW) {
      closeLevel(now, sheds);
    }
    if (shedding && now - lastShed >= SHEDDING_LASTS) {
      shedding = false;
    }
    say(now, sheds, events);
    if (waiting.get() > 0) {
      tellFirst();
    }
  }

  private void adapt(long now, boolean held, Terms present) {
    Distribution all = distribution(latency);
    Distribution window = all.since(seen);
    seen = all;
    int found =
        adaptive.update(
            new AdaptiveLimit.Window(
                now - lastTick,
                window.count(),
                window.quantileMicros(0.5) * 1000,
                window.meanNanos(),
                peak,
                held,
                shedding || !level.isOpen()));
    setLimit(Math.min(present.total(), found));
  }

  private static Distribution distribution(LatencyHistogram histogram) {
    Distribution all = new Distribution();
    histogram.addTo(all);
    return all;
  }

  private void closeLevel(long now, long sheds) {
    levelClosed = now;
    Distribution all = distribution(load.waits());
    Distribution window = all.since(waitsSeen);
    waitsSeen = all;
    long refused = sheds - load.sheds().get(ShedReason.IMPORTANCE);
    boolean longWait = window.meanNanos() > LONG_WAIT;
    boolean waited = waitedSince;
    waitedSince = false;
    boolean forNode = held; // to wait for the first node is no overload
    held = load.isHolding();
    level.close(
        forNode
            ? AdmissionLevel.Window.IDLE
            : longWait || (level.isOpen() && isQueueStanding())
                ? AdmissionLevel.Window.OVERLOADED
                : waited
                    ? AdmissionLevel.Window.BUSY
                    : wasHalfFull ? AdmissionLevel.Window.CALM : AdmissionLevel.Window.IDLE,
        refused - shedsBefore);
    wasHalfFull = false;
    shedsBefore = refused;
    load.setOpenness(level.openness());
  }

  /**
   * Whether there has been a queue for more than a moment, however short the last to come waits.
   */
  private boolean isQueueStanding() {
    for (int i = 0; i < queues.length; i++) {
      if (WaitQueue.isNewestFirst(firsts.get(i))) {
        return true;
      }
    }
    return false;
  }

  /** Whether half of the room is in use, or more. */
  private boolean isHalfFull(Terms present) {
    if (present.counts() && 2L * inFlight.get() >= limit) {
      return true;
    }
    if (present.perNode() == ServiceLimits.UNLIMITED) {
      return false;
    }
    long used = 0;
    Node[] all = service.nodes().available();
    for (Node node : all) {
      used += node.inFlight();
    }
    return 2 * used >= (long) present.perNode() * all.length;
  }

  private long sheds() {
    long sum = 0;
    for (ShedReason reason : ShedReason.values()) {
      sum += load.sheds().get(reason);
    }
    return sum;
  }

  private void say(long now, long sheds, Consumer<Event> events) {
    if (shedding && !overloaded) {
      overloaded = true;
      shedsSaid = sheds - 1;
      events.accept(new Event.Overloaded(service.name(), lastReason.wireName()));
    } else if (overloaded && !shedding && now - lastShed >= CALM) {
      overloaded = false;
      events.accept(new Event.OverloadOver(service.name(), sheds - shedsSaid));
    }
  }

  /** To be called once a second. */
  void second(long now, Consumer<Event> events) {
    long tries = 0;
    long retries = 0;
    long good = 0;
    for (Node node : service.nodes().all()) {
      tries += node.counters().get(NodeCounter.REQUESTS);
      retries += node.counters().get(NodeCounter.RETRIED);
      good +=
          node.counters().get(NodeCounter.RESPONSES_2XX)
              + node.counters().get(NodeCounter.RESPONSES_3XX)
              + node.counters().get(NodeCounter.RESPONSES_4XX);
    }
    long turnedAway = sheds();
    long repeated = Math.max(0, retries - retriesBefore);
    long asked = Math.max(0, tries - triesBefore - repeated) + turnedAway - turnedAwayBefore;
    boolean raised = alarm.second(now, asked, Math.max(0, good - goodBefore), repeated);
    triesBefore = tries;
    retriesBefore = retries;
    goodBefore = good;
    turnedAwayBefore = turnedAway;
    load.setRetriesOff(alarm.isRaised(now));
    if (raised) {
      events.accept(new Event.RetriesStopped(service.name(), MetastabilityAlarm.OFF_SECONDS));
    }
  }
}
