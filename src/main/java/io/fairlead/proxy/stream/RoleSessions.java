package io.fairlead.proxy.stream;

import io.fairlead.proxy.Loop;
import io.fairlead.service.Node;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections that listeners relay to members of one database for one use. A member may lose
 * the role that brought them there: then they are cut on all loops. And while no member has it,
 * clients wait here instead of being turned away.
 *
 * <p>Each loop has a list of its own, which only its thread touches.
 */
public final class RoleSessions {
  private final List<Loop> loops;
  private final @Nullable Relay[] first;
  private final AtomicInteger waiting = new AtomicInteger();
  private final LongAdder cut = new LongAdder();
  private final LongAdder moved = new LongAdder();
  private final LongAdder ended = new LongAdder();
  private final boolean postgresql;
  private volatile long patienceNanos;
  private volatile boolean guarded;
  private volatile boolean declinesTls;

  /**
   * @param loops all that there are, by index
   * @param postgresql whether they are sessions of PostgreSQL; else they are of MariaDB
   */
  public RoleSessions(List<Loop> loops, boolean postgresql) {
    this.postgresql = postgresql;
    this.loops = List.copyOf(loops);
    this.first = new Relay[loops.size()];
  }

  /** How long a connection may wait for a member from now on. Any thread. */
  public void setPatience(Duration patience) {
    patienceNanos = patience.toNanos();
  }

  /**
   * Whether clients must not lower what their commits wait for: those that come from now on. Any
   * thread.
   */
  public void setGuarded(boolean guarded) {
    this.guarded = guarded;
  }

  boolean isGuarded() {
    return guarded;
  }

  /**
   * Whether clients are told that there is no TLS, so that their sessions can be followed: those
   * that come from now on. Any thread.
   */
  public void setDeclinesTls(boolean declines) {
    this.declinesTls = declines;
  }

  boolean declinesTls() {
    return declinesTls;
  }

  long patienceNanos() {
    return patienceNanos;
  }

  /** How many clients wait for a member. */
  public int waiting() {
    return waiting.get();
  }

  /** How many connections have been cut since the start. */
  public long cut() {
    return cut.sum();
  }

  /** How many connections went to another member because the first had not said a word. */
  public long moved() {
    return moved.sum();
  }

  /**
   * The node must not have these connections any more. A client to which it has not said a word
   * goes to another node and sees but a delay; the others see a reset. Any thread.
   */
  public void cut(Node node) {
    onEachRelay(relay -> relay.loseNode(node));
  }

  /** Those go to another node to which this one has not said a word. Any thread. */
  public void move(Node node) {
    onEachRelay(relay -> relay.leaveIfSilent(node));
  }

  /** The node drains: sessions there end between two transactions from now on. Any thread. */
  public void retire(Node node) {
    onEachRelay(relay -> relay.endIfDrained(node));
  }

  /**
   * Each key has one node, and which one may have changed: sessions whose key has another end
   * between two transactions, where that can be told, and are cut after a while. One to which its
   * node has not said a word goes at once, and sees but a delay. Any thread.
   *
   * @param now the time in nanoseconds; a session strays from the first call on that finds it so
   * @param graceNanos how long it may
   */
  public void settle(long now, long graceNanos) {
    onEachRelay(relay -> relay.settle(now, graceNanos));
  }

  /** There may be a node now for those that wait. Any thread. */
  public void wake() {
    if (waiting.get() > 0) {
      onEachRelay(Relay::tryAgain);
    }
  }

  /**
   * How many sessions have ended between two transactions because their member drained, or their
   * key has another.
   */
  public long ended() {
    return ended.sum();
  }

  boolean isPostgresql() {
    return postgresql;
  }

  private void onEachRelay(Consumer<Relay> task) {
    for (Loop loop : loops) {
      loop.eventLoop()
          .execute(() -> {
            Relay next = first[loop.index()];
            while (next != null) {
              Relay relay = next;
              next = relay.following; // it may take itself off the list
              task.accept(relay);
            }
          });
    }
  }

  // --- on the relay's loop -----------------------------------------------------------------

  void add(Relay relay, int loop) {
    Relay head = first[loop];
    relay.following = head;
    if (head != null) {
      head.preceding = relay;
    }
    first[loop] = relay;
  }

  @SuppressWarnings("ReferenceEquality") // that very relay
  void remove(Relay relay, int loop) {
    Relay before = relay.preceding;
    Relay after = relay.following;
    if (before != null) {
      before.following = after;
    } else if (first[loop] == relay) {
      first[loop] = after;
    }
    if (after != null) {
      after.preceding = before;
    }
    relay.preceding = null;
    relay.following = null;
  }

  void waits(boolean begins) {
    if (begins) {
      waiting.incrementAndGet();
    } else {
      waiting.decrementAndGet();
    }
  }

  void countCut() {
    cut.increment();
  }

  void countEnded() {
    ended.increment();
  }

  void countMoved() {
    moved.increment();
  }
}
