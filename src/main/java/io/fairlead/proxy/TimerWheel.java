package io.fairlead.proxy;

import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * Time limits of one event loop, kept in slots of {@value #TICK_MILLIS} ms instead of an ordered
 * queue [1]: setting, moving and cancelling are a few pointer writes. Putting a deadline off, which
 * happens with every request, is one field write: the timer stays in its slot and moves on when the
 * slot comes round. A timer fires up to two ticks late, never early.
 *
 * <p>[1] G. Varghese, T. Lauck, Hashed and Hierarchical Timing Wheels, SOSP 1987, scheme 6.
 */
public final class TimerWheel {
  /** Resolution. */
  public static final long TICK_MILLIS = 50;

  private static final long TICK_NANOS = TICK_MILLIS * 1_000_000;
  private static final int SLOTS = 1024;

  /** Where the timers of a slot are while it is visited. */
  private static final int VISITED = SLOTS;

  private static final System.Logger LOG = System.getLogger(TimerWheel.class.getName());

  private final @Nullable Timer[] slots = new Timer[SLOTS + 1];
  private final long origin;
  private long currentTick;

  /** Something with a deadline. */
  public abstract static class Timer {
    private @Nullable Timer previous;
    private @Nullable Timer next;
    private int slot = -1;
    private long dueNanos;
    private long deadline;

    /** The deadline has passed; the timer is idle again and may be set anew. */
    protected abstract void expired(long now);
  }

  public TimerWheel(long now) {
    origin = now;
  }

  /** Plans the timer for that time, whether it was planned before or not. */
  public void set(Timer timer, long deadlineNanos) {
    timer.deadline = deadlineNanos;
    if (timer.slot >= 0) {
      if (deadlineNanos >= timer.dueNanos) {
        return; // its slot comes round in time to look again
      }
      unlink(timer);
    }
    link(timer);
  }

  /** Forgets the timer if it is planned. */
  public void cancel(Timer timer) {
    if (timer.slot >= 0) {
      unlink(timer);
    }
  }

  /** Runs what is due. Called by the loop once per tick. */
  public void advance(long now) {
    long target = (now - origin) / TICK_NANOS;
    // After a long pause (a frozen process) every slot needs to be visited once, not more.
    long from = Math.max(currentTick + 1, target - SLOTS + 1);
    currentTick = target;
    for (long tick = from; tick <= target; tick++) {
      visit((int) (tick & (SLOTS - 1)), now);
    }
  }

  private void visit(int slot, long now) {
    // Moved aside first: a timer that fires may cancel its neighbours or set them anew.
    for (Timer timer = slots[slot]; timer != null; timer = timer.next) {
      timer.slot = VISITED;
    }
    slots[VISITED] = slots[slot];
    slots[slot] = null;
    for (Timer timer = slots[VISITED]; timer != null; timer = slots[VISITED]) {
      unlink(timer);
      if (timer.deadline <= now) {
        fire(timer, now);
      } else {
        link(timer);
      }
    }
  }

  /** A mistake in one timer must not stop the others, and those to come, of the whole loop. */
  private static void fire(Timer timer, long now) {
    try {
      timer.expired(now);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a timer ended by a mistake of ours", e);
    }
  }

  private void link(Timer timer) {
    long due = Math.min(Math.max(tickOf(timer.deadline), currentTick + 1), currentTick + SLOTS - 1);
    int slot = (int) (due & (SLOTS - 1));
    timer.dueNanos = origin + due * TICK_NANOS;
    timer.slot = slot;
    Timer head = slots[slot];
    timer.next = head;
    if (head != null) {
      head.previous = timer;
    }
    slots[slot] = timer;
  }

  private void unlink(Timer timer) {
    Timer previous = timer.previous;
    Timer next = timer.next;
    if (previous != null) {
      previous.next = next;
    } else {
      slots[timer.slot] = next;
    }
    if (next != null) {
      next.previous = previous;
    }
    timer.previous = null;
    timer.next = null;
    timer.slot = -1;
  }

  /** The first tick at which the deadline has passed. */
  private long tickOf(long deadlineNanos) {
    return (deadlineNanos - origin + TICK_NANOS - 1) / TICK_NANOS;
  }
}
