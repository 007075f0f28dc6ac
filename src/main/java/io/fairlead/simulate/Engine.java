package io.fairlead.simulate;

import io.fairlead.config.SimulatedFault;
import io.fairlead.config.SimulatedFault.Kind;
import io.fairlead.config.SimulationConfig;
import io.fairlead.config.SimulationConfig.Discipline;
import io.fairlead.config.SimulationConfig.Route;
import io.fairlead.simulate.Entrance.Guest;
import io.fairlead.simulate.Picker.End;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One run of one policy: takes the next event, moves the clock to it, lets it happen.
 *
 * <p>Events of constant delay wait in lines, the others in a heap. Arrivals, the work they bring
 * and the moves of faults are drawn from sources of their own, so that every policy of a case meets
 * the same requests and the same misfortune: differences between policies are then differences of
 * policies, with a fraction of the noise [1].
 *
 * <p>[1] A. Law, Simulation Modeling and Analysis, chapter on common random numbers.
 */
final class Engine {
  private static final int LOOK = 0;
  private static final int ANSWER = 1;
  private static final int BEGIN = 2;
  private static final int ENDS = 3;
  private static final int MOVE = 4;
  private static final int DECAY = 5;
  private static final int TICK = 6;
  private static final int ENTRANCE = 7;
  private static final int HEDGE = 8;
  private static final int HEDGES = 9;

  /** A generator of its own for each purpose. */
  private final SplittableRandom arrivals;

  private final SplittableRandom works;
  private final SplittableRandom luck;

  private final SimulationConfig config;
  private final EventHeap heap = new EventHeap();
  private final DelayLine there;
  private final DelayLine back;
  private final DelayLine timeouts;
  private final Tries rows = new Tries();
  private final Server[] servers;
  private final int[] present;
  private final boolean[] waits;
  private final Faults faults;
  private final int[] decaySteps;
  private final Picker[] pickers;
  private final Entrance[] entrances;

  /** Of each instance; empty where nothing is hedged. */
  private final Hedges[] hedges;

  /** Those who wait to be let in, by how long they may. */
  private final DelayLine patience = new DelayLine(Entrance.PATIENCE);

  private final Groups groups = new Groups();
  private final Map<Integer, Guest> guests = new HashMap<>();
  private final Tally tally = new Tally();
  private final @Nullable Watch watch;
  private final double[] routeEnds;
  private final double gap;
  private final long warmUp;
  private final long end;
  private final int instances;
  private long now;
  private long nextArrival;
  private long live;

  private Engine(SimulationConfig config, Case run) {
    this.config = config;
    SplittableRandom random = new SplittableRandom(run.seed());
    arrivals = random.split();
    works = random.split();
    faults = new Faults(config, run.faults(), random.split());
    luck = random.split();
    instances = run.instances();
    int nodes = config.nodes().count();
    there = new DelayLine(config.network().toNanos());
    back = new DelayLine(config.network().toNanos());
    timeouts = new DelayLine(config.timeout().toNanos());
    servers = new Server[nodes];
    present = new int[nodes];
    waits = new boolean[nodes];
    decaySteps = new int[faults.count()];
    boolean shared = config.nodes().discipline() == Discipline.SHARED;
    for (int i = 0; i < nodes; i++) {
      servers[i] = new Server(config.nodes().cores(), shared, config.nodes().queue());
    }
    routeEnds = new double[config.routes().size()];
    double ends = 0;
    for (int i = 0; i < routeEnds.length; i++) {
      Route route = config.routes().get(i);
      ends += route.share();
      routeEnds[i] = ends;
    }
    double capacity =
        run.faults() ? config.capacity() : (double) config.nodes().count() * config.nodes().cores();
    gap = config.fanOut() * config.meanWorkNanos() / (run.load() * capacity);
    warmUp = config.warmUp().toNanos();
    end = config.duration().toNanos();
    pickers = new Picker[instances];
    entrances = new Entrance[instances];
    hedges = new Hedges[run.hedges() && config.hedge().isWanted() ? instances : 0];
    watch = config.detect() ? new Watch(config, instances, felt(), tally) : null;
    plan();
    for (int i = 0; i < hedges.length; i++) {
      hedges[i] = new Hedges(config.hedge());
      heap.put(Hedges.TICK, HEDGES, i);
    }
    for (int i = 0; i < instances; i++) {
      entrances[i] = new Entrance(config.limit(), config.retryBudget());
      if (config.limit()) {
        heap.put(Entrance.TICK, ENTRANCE, i);
      }
      pickers[i] = Simulation.picker(config, run.policy(), present, random.split());
      for (int node = 0; node < nodes; node++) {
        if (!waits[node]) {
          pickers[i].join(node);
        }
      }
      pickers[i].joined(0);
      long tick = pickers[i].tickNanos();
      if (tick > 0) {
        heap.put(tick + tick * i / instances, TICK, i); // not all at the same moment
      }
    }
  }

  static Tally run(SimulationConfig config, Case run) {
    return new Engine(config, run).run();
  }

  private void plan() {
    for (int i = 0; i < faults.count(); i++) {
      SimulatedFault fault = faults.get(i);
      heap.put(fault.from().toNanos(), BEGIN, i);
      if (fault.kind() == Kind.JOIN) {
        for (int k = 0; k < fault.nodes().of(waits.length); k++) {
          waits[(fault.first() + k) % waits.length] = true;
        }
      }
    }
  }

  private Tally run() {
    nextArrival = (long) Chance.exponential(arrivals, gap);
    long last = end + config.timeout().toNanos() * config.tries() + 2 * config.network().toNanos();
    while (true) {
      // What happens at the same time happens in this order.
      long time = heap.nextTime();
      int source = 0;
      if (there.nextTime() < time) {
        time = there.nextTime();
        source = 1;
      }
      if (back.nextTime() < time) {
        time = back.nextTime();
        source = 2;
      }
      if (timeouts.nextTime() < time) {
        time = timeouts.nextTime();
        source = 3;
      }
      if (nextArrival < time) {
        time = nextArrival;
        source = 4;
      }
      if (patience.nextTime() < time) {
        time = patience.nextTime();
        source = 5;
      }
      if (time > last || (live == 0 && time > end)) {
        if (watch != null) {
          watch.conclude(pickers, now);
        }
        return tally;
      }
      now = time;
      tally.events++;
      switch (source) {
        case 0 -> happen(heap.take());
        case 1 -> reach(there.take());
        case 2 -> answer(back.take());
        case 3 -> timeOut();
        case 5 -> losePatience();
        default -> arrive();
      }
    }
  }

  /** How many instances feel what goes wrong. */
  private int felt() {
    int felt = 0;
    for (int i = 0; i < faults.count(); i++) {
      int its = faults.get(i).instances();
      felt = Math.max(felt, its == 0 ? instances : Math.min(its, instances));
    }
    return felt;
  }

  private void happen(long event) {
    int subject = (int) event;
    switch ((int) (event >>> 32)) {
      case LOOK -> look(subject);
      case ANSWER -> back.put(now, subject, 0);
      case BEGIN -> begin(subject);
      case ENDS -> end(subject);
      case MOVE -> move(subject);
      case DECAY -> decay(subject);
      case TICK -> {
        pickers[subject].tick(now);
        if (watch != null) {
          watch.look(subject, pickers[subject], now);
        }
        if (now < end) {
          heap.put(now + pickers[subject].tickNanos(), TICK, subject);
        }
      }
      case ENTRANCE -> {
        entrances[subject].tick();
        letIn(subject);
        again(Entrance.TICK, ENTRANCE, subject);
      }
      case HEDGE -> hedge(subject);
      case HEDGES -> {
        hedges[subject].tick();
        again(Hedges.TICK, HEDGES, subject);
      }
      default -> throw new IllegalStateException();
    }
  }

  // requests

  private void arrive() {
    nextArrival = now + (long) Math.ceil(Chance.exponential(arrivals, gap));
    if (nextArrival >= end) {
      nextArrival = Long.MAX_VALUE;
    }
    int fanOut = config.fanOut();
    int group = fanOut > 1 ? groups.take(fanOut) : 0;
    for (int i = 0; i < fanOut; i++) {
      arrive(group);
    }
  }

  private void arrive(int group) {
    int row = rows.take();
    rows.group[row] = group;
    rows.instance[row] = instances == 1 ? 0 : arrivals.nextInt(instances);
    rows.client[row] = arrivals.nextInt(config.clients());
    int route = 0;
    if (routeEnds.length > 1) {
      double point = arrivals.nextDouble();
      while (route < routeEnds.length - 1 && point >= routeEnds[route]) {
        route++;
      }
    }
    rows.route[row] = route;
    rows.work[row] = Chance.draw(config.routes().get(route).time(), works);
    rows.left[row] = config.tries();
    rows.began[row] = now;
    live++;
    if (isMeasured(row)) {
      tally.requests++;
    }
    Entrance entrance = entrances[rows.instance[row]];
    if (entrance.refuses(rows.client[row])) {
      entrance.shed(now);
      goes(row);
    } else if (entrance.enters()) {
      entrance.started(now);
      send(row, -1);
    } else if (entrance.isFull() && !makeRoom(entrance)) {
      turnAway(row);
    } else {
      guests.put(row, entrance.waits(row, now));
      patience.put(now, row, rows.mark[row]);
    }
  }

  private void letIn(int instance) {
    Entrance entrance = entrances[instance];
    Guest guest;
    while ((guest = entrance.late(now)) != null) {
      sendHome(entrance, guest);
    }
    while ((guest = entrance.next()) != null) {
      entrance.letIn(guest, now);
      guests.remove(guest.row);
      send(guest.row, -1);
    }
  }

  private boolean makeRoom(Entrance entrance) {
    Guest lesser = entrance.lesser();
    if (lesser == null) {
      return false;
    }
    sendHome(entrance, lesser);
    return true;
  }

  private void sendHome(Entrance entrance, Guest guest) {
    entrance.leaves(guest, now);
    guests.remove(guest.row);
    turnAway(guest.row);
  }

  private void losePatience() {
    int mark = patience.mark();
    int row = patience.take();
    Guest guest = guests.get(row);
    if (rows.mark[row] == mark && guest != null) {
      sendHome(entrances[rows.instance[row]], guest);
    }
  }

  private void turnAway(int row) {
    entrances[rows.instance[row]].turnedAway(now);
    goes(row);
  }

  private void goes(int row) {
    live--;
    if (isMeasured(row)) {
      tally.shed++;
    }
    settle(row, false);
    rows.giveBack(row);
  }

  /** Nothing more becomes of the request. */
  private void finish(int row, boolean letOthersIn) {
    live--;
    entrances[rows.instance[row]].ended();
    if (config.limit() && letOthersIn) {
      letIn(rows.instance[row]);
    }
  }

  /**
   * The client has its answer, or learns that there is none.
   *
   * @param counts whether its latency is one
   */
  private void settle(int row, boolean counts) {
    boolean counted = config.fanOut() == 1 ? counts : groups.over(rows.group[row], counts);
    if (counted && isMeasured(row)) {
      tally.latencies.record(now - rows.began[row]);
    }
  }

  private boolean isMeasured(int row) {
    return rows.began[row] >= warmUp;
  }

  private void send(int row, int avoid) {
    int instance = rows.instance[row];
    int node = pickers[instance].pick(rows.client[row], avoid, now);
    if (node < 0) {
      finish(row, false); // nor is there one for others
      if (isMeasured(row)) {
        tally.homeless++;
      }
      settle(row, false);
      rows.giveBack(row);
      return;
    }
    boolean first = rows.left[row]-- == config.tries();
    sendTo(row, node);
    if (first && hedges.length > 0) {
      long wait = hedges[instance].request(now);
      if (wait < Long.MAX_VALUE) {
        rows.hedgeAt[row] = now + wait;
        heap.put(now + wait, HEDGE, row);
      }
    }
  }

  private void sendTo(int row, int node) {
    int instance = rows.instance[row];
    rows.node[row] = node;
    rows.sent[row] = now;
    present[node]++;
    pickers[instance].sent(row, node, rows.route[row], rows.client[row], now);
    if (isMeasured(row)) {
      tally.tries++;
      tally.faulty += faults.isWrong(node) ? 1 : 0;
      tally.faultyIfEven += (double) faults.wrongNodes() / servers.length;
      tally.named += faults.isNamed(node) ? 1 : 0;
    }
    timeouts.put(now, row, rows.mark[row]);
    there.put(now, row, 0);
  }

  /** The node has had its time: another is asked, too, if there is one and it is granted. */
  private void hedge(int row) {
    if (rows.hedgeAt[row] != now) {
      return; // it has answered, as nearly always
    }
    rows.hedgeAt[row] = Long.MAX_VALUE;
    int instance = rows.instance[row];
    int slow = rows.node[row];
    int node = pickers[instance].pick(rows.client[row], slow, now);
    if (node < 0
        || node == slow
        || entrances[instance].isShedding(now)
        || !hedges[instance].grants(now)) {
      return;
    }
    int twin = rows.again(row);
    rows.twin[row] = twin;
    rows.twin[twin] = row;
    if (isMeasured(row)) {
      tally.hedges++;
    }
    sendTo(twin, node);
  }

  /** A try has come to its node. */
  private void reach(int row) {
    int node = rows.node[row];
    int route = rows.route[row];
    double work = rows.work[row];
    for (int i = 0; i < faults.count(); i++) {
      if (faults.isFelt(
          i, node, rows.instance[row], rows.client[row], config.routes().get(route).name())) {
        SimulatedFault fault = faults.get(i);
        switch (fault.kind()) {
          case ERRORS -> {
            rows.failed[row] = true;
            if (!fault.work().isZero()) {
              work = fault.work().toNanos();
            }
          }
          case SILENT -> {
            return; // until its time is out
          }
          case DELAY -> rows.late[row] += fault.by().toNanos();
          case SLOW, PAUSE, JOIN -> {}
        }
      }
    }
    double usual = config.routes().get(route).errors();
    if (usual > 0 && luck.nextDouble() < usual) {
      rows.failed[row] = true;
    }
    if (servers[node].accept(now, row, work)) {
      plan(node);
    } else {
      rows.failed[row] = true;
      back.put(now, row, 0);
    }
  }

  private void look(int node) {
    Server server = servers[node];
    if (server.looksAt != now) {
      return; // it has been planned anew since
    }
    server.looksAt = Long.MAX_VALUE;
    int row;
    while ((row = server.takeReady(now)) >= 0) {
      if (rows.late[row] > 0) {
        heap.put(now + rows.late[row], ANSWER, row);
      } else {
        back.put(now, row, 0);
      }
    }
    plan(node);
  }

  /** Sees to it that the node is looked at when its next request is ready, or earlier. */
  private void plan(int node) {
    Server server = servers[node];
    long next = server.nextReady(now);
    if (next < server.looksAt) {
      server.looksAt = next;
      heap.put(next, LOOK, node);
    }
  }

  /** An answer has come to the instance. */
  private void answer(int row) {
    if (rows.abandoned[row]) {
      rows.giveBack(row);
      return;
    }
    over(row, rows.failed[row] ? End.FAILED : End.ANSWERED);
    int twin = rows.twin[row];
    if (!rows.failed[row]) {
      if (twin >= 0) {
        rows.abandoned[twin] = true;
        over(twin, End.CANCELLED);
        if (rows.sent[twin] < rows.sent[row]) {
          hedges[rows.instance[row]].answered(now - rows.sent[twin]);
        }
        cancel(twin);
      }
      finish(row, true);
      settle(row, true);
    } else if (!goesOn(twin) && !again(row)) {
      finish(row, true);
      if (isMeasured(row)) {
        tally.errors++;
      }
      settle(row, false);
    }
    rows.giveBack(row);
  }

  /** Whether there is another try, which goes on alone. */
  private boolean goesOn(int twin) {
    if (twin >= 0) {
      rows.twin[twin] = -1;
    }
    return twin >= 0;
  }

  /** Nobody waits for that try any more. */
  private void cancel(int row) {
    int node = rows.node[row];
    if (config.cancel() && servers[node].cancel(now, row)) {
      rows.giveBack(row);
      plan(node);
    }
  }

  private void timeOut() {
    int mark = timeouts.mark();
    int row = timeouts.take();
    if (rows.mark[row] != mark || rows.abandoned[row]) {
      return; // answered long ago, as nearly all
    }
    rows.abandoned[row] = true;
    over(row, End.TIMED_OUT);
    if (!goesOn(rows.twin[row]) && !again(row)) {
      finish(row, true);
      if (isMeasured(row)) {
        tally.timeouts++;
      }
      settle(row, true);
    }
    cancel(row);
  }

  private void over(int row, End end) {
    int node = rows.node[row];
    present[node]--;
    rows.hedgeAt[row] = Long.MAX_VALUE;
    if (end == End.ANSWERED && hedges.length > 0) {
      hedges[rows.instance[row]].answered(now - rows.sent[row]);
    }
    entrances[rows.instance[row]].answered(now - rows.sent[row]);
    pickers[rows.instance[row]].over(row, node, now, now - rows.sent[row], end);
  }

  /** Makes another try of the same request if it has one left. */
  private boolean again(int row) {
    if (rows.left[row] == 0 || !entrances[rows.instance[row]].mayTryAgain(now)) {
      return false;
    }
    int next = rows.again(row);
    if (isMeasured(next)) {
      tally.retries++;
    }
    send(next, rows.node[row]);
    return true;
  }

  // faults

  private void begin(int index) {
    SimulatedFault fault = faults.get(index);
    if (fault.kind() == Kind.JOIN) {
      for (Picker picker : pickers) {
        for (int k = 0; k < fault.nodes().of(waits.length); k++) {
          picker.join((fault.first() + k) % waits.length);
        }
        picker.joined(now);
      }
      return;
    }
    if (fault.move().isZero()) {
      faults.begin(index);
    } else {
      faults.begin(index);
      faults.move(index);
      again(fault.move().toNanos(), MOVE, index);
    }
    if (!fault.lasts().isZero()) {
      heap.put(now + fault.lasts().toNanos(), ENDS, index);
    }
    if (!fault.every().isZero()) {
      again(fault.every().toNanos(), BEGIN, index);
    }
    if (!fault.decay().isZero()) {
      decaySteps[index] = 0;
      heap.put(now + fault.decay().toNanos() / Faults.DECAY_STEPS, DECAY, index);
    }
    setSpeeds();
  }

  private void again(long after, int kind, int index) {
    if (now < end) {
      heap.put(now + after, kind, index);
    }
  }

  private void end(int index) {
    faults.end(index);
    setSpeeds();
  }

  private void move(int index) {
    SimulatedFault fault = faults.get(index);
    boolean over = !fault.lasts().isZero() && now >= fault.from().plus(fault.lasts()).toNanos();
    if (!over) {
      faults.move(index);
      setSpeeds();
      again(fault.move().toNanos(), MOVE, index);
    }
  }

  private void decay(int index) {
    int step = ++decaySteps[index];
    faults.decay(index, step);
    setSpeeds();
    if (step < Faults.DECAY_STEPS) {
      heap.put(now + faults.get(index).decay().toNanos() / Faults.DECAY_STEPS, DECAY, index);
    }
  }

  private void setSpeeds() {
    for (int node = 0; node < servers.length; node++) {
      servers[node].setSpeed(now, faults.speed(node));
      if (watch != null) {
        watch.changed(node, faults.isWrong(node), now);
      }
      plan(node);
    }
  }
}
