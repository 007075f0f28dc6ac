package io.fairlead.proxy.http;

import io.fairlead.limit.WaitQueue;
import io.fairlead.telemetry.ShedReason;
import org.jspecify.annotations.Nullable;

/**
 * What an exchange has to do with the {@link Admission} of its service: it waits there, or is in,
 * or neither. Made when an exchange first meets a service with limits, and used again.
 */
final class Turn extends WaitQueue.Waiter {
  final Exchange exchange;
  private final HttpLoop loop;

  /** Where it is in; null: nowhere. */
  private @Nullable Admission in;

  /** Where it waits, or waited last. */
  private @Nullable Admission at;

  /** Rises with each exchange. */
  private int use;

  private boolean counted;
  private int importance;
  private long sinceNanos;

  Turn(Exchange exchange, HttpLoop loop) {
    this.exchange = exchange;
    this.loop = loop;
  }

  HttpLoop loop() {
    return loop;
  }

  int importance() {
    return importance;
  }

  /**
   * Asks to be let in.
   *
   * @param who whatever tells clients apart
   * @return false if it waits, or has been turned away
   */
  boolean enter(Admission gate, int rank, long who) {
    importance = rank;
    return gate.enter(this, who);
  }

  /** Has been let in. */
  void entered(Admission gate, boolean isCounted) {
    in = gate;
    counted = isCounted;
    sinceNanos = loop.now();
  }

  boolean isCounted() {
    return counted;
  }

  /** All nodes are full: waits behind the others. False if it had not been let in. */
  boolean waitAgain() {
    Admission gate = in;
    if (gate == null) {
      return false;
    }
    queueUp(gate);
    return true;
  }

  /**
   * There is no node, but one is on its way: waits for it, let in or not.
   *
   * @param rank as for {@link #enter}
   */
  void waitForNode(Admission gate, int rank) {
    importance = rank;
    queueUp(gate);
  }

  private void queueUp(Admission gate) {
    leaveGate();
    gate.queueUp(this);
  }

  void waits(Admission gate) {
    at = gate;
  }

  /** It was its turn, but there was no node for it. */
  void waitsOn() {
    in = null;
  }

  /** Leaves the queue if it waits. */
  void withdraw() {
    Admission gate = at;
    if (gate != null && isWaiting()) {
      gate.withdraw(this);
    }
  }

  /** Waited in vain. */
  void giveUp(ShedReason reason) {
    Admission gate = at;
    if (gate != null && isWaiting()) {
      gate.withdraw(this);
      gate.shed(this, reason);
    }
  }

  /**
   * Its place is needed for something more important. It is told in a moment, since whoever needs
   * the place may be a stream of the same connection.
   */
  void displace() {
    Admission gate = at;
    if (gate == null) {
      return;
    }
    gate.withdraw(this);
    int mine = use;
    loop.loop()
        .eventLoop()
        .execute(() -> {
          if (use == mine) {
            loop.touch();
            gate.shed(this, ShedReason.DISPLACED);
          }
        });
  }

  /** The head of an answer has come from a node. */
  void answered(int status) {
    Admission gate = in;
    if (gate != null && status >= 200 && status < 500) {
      gate.answered(loop.index(), loop.now() - sinceNanos);
    }
  }

  /** The exchange is over. */
  void leave() {
    use++;
    withdraw();
    leaveGate();
  }

  private void leaveGate() {
    Admission gate = in;
    if (gate != null) {
      in = null;
      gate.leave(this);
    }
  }
}
