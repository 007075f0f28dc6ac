package io.fairlead.admin;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;

/** What the process uses of the machine. */
final class ProcessFigures {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ProcessFigures() {}

  static OptionalDouble cpuSeconds() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
            && system.getProcessCpuTime() >= 0
        ? OptionalDouble.of(system.getProcessCpuTime() / 1e9)
        : OptionalDouble.empty();
  }

  static OptionalDouble openFds() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
        ? OptionalDouble.of((double) unix.getOpenFileDescriptorCount())
        : OptionalDouble.empty();
  }

  static OptionalDouble maxFds() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
        ? OptionalDouble.of((double) unix.getMaxFileDescriptorCount())
        : OptionalDouble.empty();
  }

  /** From Linux's own account of the process; elsewhere unknown. */
  static OptionalDouble residentBytes() {
    try {
      for (String line : Files.readAllLines(STATUS, StandardCharsets.ISO_8859_1)) {
        if (line.startsWith("VmRSS:")) {
          return OptionalDouble.of(1024.0 * Long.parseLong(line.replaceAll("[^0-9]", "")));
        }
      }
    } catch (IOException | NumberFormatException _) {
      return OptionalDouble.empty(); // not Linux, or a Linux that writes it otherwise
    }
    return OptionalDouble.empty();
  }

  static double heapUsed() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  static double heapCommitted() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
  }

  static double nonHeapUsed() {
    return ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage().getUsed();
  }

  static double collections() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .mapToLong(bean -> Math.max(0, bean.getCollectionCount()))
        .sum();
  }

  static double collectionSeconds() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
            .mapToLong(bean -> Math.max(0, bean.getCollectionTime()))
            .sum()
        / 1e3;
  }

  static double threads() {
    return ManagementFactory.getThreadMXBean().getThreadCount();
  }
}
