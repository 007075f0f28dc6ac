package io.fairlead;

import io.fairlead.limit.Pressure;
import io.fairlead.limit.Standstill;
import io.fairlead.proxy.DataPlane;
import io.fairlead.runtime.ControlThread;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Looks once a second how near the process is to what the machine gives it, and lets event loops
 * know. Counting open descriptors takes long where many are open, so that is not done on the
 * control thread.
 */
final class PressureWatch {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private final DataPlane dataPlane;
  private final EventLog events;
  private final ControlThread control;
  private final Pressure pressure = new Pressure();
  private final Standstill standstill = new Standstill();
  private final AtomicBoolean counting = new AtomicBoolean();
  private final @Nullable MemoryPoolMXBean old;
  private volatile long lagNanos;
  private volatile int rank;
  private boolean fewDescriptors;

  PressureWatch(DataPlane dataPlane, ControlThread control, EventLog events) {
    this.dataPlane = dataPlane;
    this.control = control;
    this.events = events;
    this.old = oldGeneration();
  }

  /** The largest pool of the heap whose use after a collection is known. */
  private static @Nullable MemoryPoolMXBean oldGeneration() {
    MemoryPoolMXBean found = null;
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      if (pool.getType() == MemoryType.HEAP
          && pool.getCollectionUsage() != null
          && (found == null || pool.getUsage().getMax() > found.getUsage().getMax())) {
        found = pool;
      }
    }
    return found;
  }

  /** By how much event loops have been late lately. */
  long lagNanos() {
    return lagNanos;
  }

  /** What is given up: 0 nothing, 1 requests of low importance, 2 of normal importance too. */
  int rank() {
    return rank;
  }

  /** Control thread. */
  void look() {
    lagNanos = dataPlane.takeLagNanos();
    long still =
        standstill.look(dataPlane.takeLongestLagNanos(), control.takeLongestLag().toNanos());
    if (still > 0) {
      events.add(new Event.StoodStill(TimeUnit.NANOSECONDS.toMillis(still)));
    }
    long most = DataPlane.maxDirectMemory();
    double direct = most <= 0 ? 0 : (double) dataPlane.bufferBytesInUse() / most;
    if (pressure.look(new Pressure.Look(heap(), direct, lagNanos))) {
      dataPlane.guard().set(pressure.level());
      rank =
          switch (pressure.level()) {
            case NONE -> 0;
            case LOW -> 1;
            case NORMAL -> 2;
          };
      switch (pressure.level()) {
        case NONE -> over();
        case LOW ->
            events.add(
                new Event.UnderPressure(
                    pressure.cause(), "requests of low importance are turned away"));
        case NORMAL ->
            events.add(
                new Event.UnderPressure(
                    pressure.cause(),
                    "requests of low and normal importance are turned away, and no connections"
                        + " accepted"));
      }
    }
    boolean few = dataPlane.guard().descriptors().areFew();
    if (few != fewDescriptors) {
      fewDescriptors = few;
      if (few) {
        events.add(new Event.UnderPressure("descriptors", "no connections are accepted"));
      } else {
        over();
      }
    }
    if (counting.compareAndSet(false, true)) {
      Thread.ofVirtual().name("descriptors").start(this::countDescriptors);
    }
  }

  /** Nothing is short any more. */
  private void over() {
    if (!fewDescriptors && pressure.level() == Pressure.Level.NONE) {
      events.add(new Event.PressureOver());
    }
  }

  /** What is in use after the last collection: what was garbage before it is no reason. */
  private double heap() {
    MemoryPoolMXBean pool = old;
    MemoryUsage usage = pool == null ? null : pool.getCollectionUsage();
    return usage == null || usage.getMax() <= 0 ? 0 : (double) usage.getUsed() / usage.getMax();
  }

  private void countDescriptors() {
    try {
      if (ManagementFactory.getOperatingSystemMXBean()
          instanceof com.sun.management.UnixOperatingSystemMXBean unix) {
        long told = descriptorsByKernel();
        dataPlane
            .guard()
            .descriptors()
            .look(
                told > 0 ? told : unix.getOpenFileDescriptorCount(),
                unix.getMaxFileDescriptorCount());
      }
    } finally {
      counting.set(false);
    }
  }

  /** What Linux tells since 6.2 without listing them one by one; 0: it does not. */
  static long descriptorsByKernel() {
    try {
      return Files.size(DESCRIPTORS);
    } catch (IOException _) {
      return 0;
    }
  }
}
