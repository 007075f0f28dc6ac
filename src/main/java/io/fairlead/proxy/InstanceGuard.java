package io.fairlead.proxy;

import io.fairlead.limit.Descriptors;
import io.fairlead.limit.Pressure;

/**
 * What all event loops know of how the process itself fares: whose requests are not taken for now,
 * and how many connections may still be.
 */
public final class InstanceGuard {
  /** More than any importance. */
  private static final int NOBODY = Integer.MAX_VALUE;

  private final Descriptors descriptors = new Descriptors();
  private volatile int refusedFrom = NOBODY;
  private volatile boolean accepting = true;

  /** Requests of that importance and less important ones are turned away; 0 is the highest. */
  public int refusedFrom() {
    return refusedFrom;
  }

  /** Descriptors that are left for clients. */
  public Descriptors descriptors() {
    return descriptors;
  }

  /** Whether clients that come now find room. */
  public boolean isAccepting() {
    return accepting && descriptors.isLeft();
  }

  /** Control thread. */
  public void set(Pressure.Level level) {
    refusedFrom =
        switch (level) {
          case NONE -> NOBODY;
          case LOW -> 3;
          case NORMAL -> 2;
        };
    accepting = level != Pressure.Level.NORMAL;
  }
}
