package io.fairlead.runtime;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Roles of an instance that is alone: whoever stands is elected at once, and the lease is renewed
 * each third of its time. Two who stand for one role take turns, in the order of standing.
 *
 * <p>Terms are taken from the clock on the wall, so that they grow over restarts as well.
 */
public final class LoneLeadership implements Leadership {
  private final Scheduler control;
  private final Duration ttl;

  /** Those who stand for each role: the first holds it. */
  private final Map<String, ArrayDeque<One>> roles = new HashMap<>();

  private long lastTerm;

  /**
   * @param control the control thread
   * @param ttl how long a lease is
   */
  public LoneLeadership(Scheduler control, Duration ttl) {
    this.control = control;
    this.ttl = ttl;
  }

  @Override
  public Candidacy stand(String role, Candidate candidate) {
    One one = new One(role, candidate);
    control.execute(() -> {
      ArrayDeque<One> all = roles.computeIfAbsent(role, _ -> new ArrayDeque<>());
      all.add(one);
      if (all.peek() == one) {
        elect(one);
      }
    });
    return one;
  }

  private void elect(One one) {
    lastTerm = Math.max(lastTerm + 1, control.epochMillis());
    one.elected = true;
    one.candidate.elected(lastTerm);
    renew(one);
  }

  private void renew(One one) {
    one.candidate.renewed(control.nanoTime(), ttl);
    one.next = control.schedule(ttl.dividedBy(3), () -> renew(one));
  }

  /** The one who holds it does no longer, and the next one does. */
  private void depose(One one, boolean standsAgain) {
    ArrayDeque<One> all = roles.getOrDefault(one.role, new ArrayDeque<>());
    if (!all.remove(one)) {
      return; // closed before
    }
    boolean held = one.elected;
    one.elected = false;
    if (one.next != null) {
      one.next.cancel();
      one.next = null;
    }
    if (held) {
      one.candidate.deposed();
    }
    One next = all.peek();
    if (held && next != null) {
      elect(next);
    }
    if (standsAgain) {
      control.schedule(
          ttl,
          () -> {
            if (!one.closed) {
              ArrayDeque<One> now = roles.computeIfAbsent(one.role, _ -> new ArrayDeque<>());
              now.add(one);
              if (now.peek() == one) {
                elect(one);
              }
            }
          });
    } else if (all.isEmpty()) {
      roles.remove(one.role);
    }
  }

  private final class One implements Candidacy {
    private final String role;
    private final Candidate candidate;
    private boolean elected;
    private boolean closed;
    private Scheduler.@Nullable Cancellable next;

    private One(String role, Candidate candidate) {
      this.role = role;
      this.candidate = candidate;
    }

    @Override
    public void resign() {
      control.execute(() -> {
        if (elected) {
          depose(this, true);
        }
      });
    }

    @Override
    public void close() {
      control.execute(() -> {
        closed = true;
        depose(this, false);
      });
    }
  }
}
