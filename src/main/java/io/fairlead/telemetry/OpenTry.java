package io.fairlead.telemetry;

import org.jspecify.annotations.Nullable;

/**
 * A try that a node has not answered yet; used again for the next one. Belongs to one event loop.
 *
 * <p>Tries of one loop, service and route class stand in a line, the oldest first, so that those
 * that have waited too long are found at its head: they are counted as slow while they wait, and a
 * node that hangs is seen before the first time-out. Joining and leaving the line take a few
 * writes; a try is passed by once.
 */
public final class OpenTry {
  private OpenTry before = this;
  private OpenTry behind = this;
  private @Nullable ServiceAnswers service;
  private int[] cells = {};
  private int routeClass;
  private int client;
  private long began;
  private boolean open;
  private boolean aged;
  private boolean answered;

  static OpenTry head() {
    return new OpenTry();
  }

  /**
   * A request goes to the node.
   *
   * @param client the hash of who asked
   */
  public void begin(
      ServiceAnswers service, NodeAnswers node, int loop, int routeClass, int client, long now) {
    this.service = service;
    this.routeClass = routeClass;
    this.client = client;
    began = now;
    cells = node.cells(loop, routeClass);
    open = true;
    aged = false;
    answered = false;
    OpenTry head = service.line(loop, routeClass);
    before = head.before;
    behind = head;
    before.behind = this;
    head.before = this;
    service.sample(loop, client);
  }

  /**
   * The head of the answer has come.
   *
   * @param error whether it says that the node has failed
   */
  public void answered(boolean error, long now) {
    if (open) {
      leave();
      answered = true;
      if (error) {
        NodeAnswers.recordError(cells, client);
      } else {
        NodeAnswers.recordGood(cells, now - began);
      }
    }
  }

  /** No answer that is of use will come, or what follows its head will not. */
  public void failed() {
    if (open || answered) {
      leave();
      answered = false;
      NodeAnswers.recordError(cells, client);
    }
  }

  /**
   * The try is over; nobody waits for an answer. If there was none, and most others had been
   * answered by then, it was a slow one; otherwise it says nothing.
   */
  public void end(long now) {
    if (open) {
      boolean slow = aged || now - began > old() / 2;
      leave();
      if (slow) {
        NodeAnswers.recordGood(cells, now - began);
      }
    }
    answered = false;
  }

  private long old() {
    ServiceAnswers its = service;
    return its == null ? Long.MAX_VALUE : its.oldNanos(routeClass);
  }

  private void leave() {
    open = false;
    before.behind = behind;
    behind.before = before;
    before = this;
    behind = this;
    if (aged) {
      aged = false;
      NodeAnswers.increment(cells, NodeAnswers.CAUGHT_UP);
    }
  }

  /** Of a head: counts those that are older than that, and lets them stand aside. */
  void ageThoseBehind(long now, long oldNanos) {
    for (OpenTry oldest = behind;
        oldest != this && now - oldest.began > oldNanos;
        oldest = behind) {
      oldest.aged = true;
      behind = oldest.behind;
      behind.before = this;
      oldest.before = oldest;
      oldest.behind = oldest;
      NodeAnswers.increment(oldest.cells, NodeAnswers.AGED);
    }
  }
}
