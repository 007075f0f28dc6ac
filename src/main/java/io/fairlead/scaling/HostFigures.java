package io.fairlead.scaling;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How a machine is, as its kernel says.
 *
 * @param cores processors
 * @param load processes that run or wait for one, mean of a minute; -1: not known
 * @param memory bytes of it; -1: not known
 * @param memoryFree bytes that programs could still have; -1: not known
 * @param disk bytes of the disk that the agent's folder is on; -1: not known
 * @param diskFree bytes that are free there; -1: not known
 */
record HostFigures(int cores, double load, long memory, long memoryFree, long disk, long diskFree) {
  static final HostFigures UNKNOWN = new HostFigures(0, -1, -1, -1, -1, -1);

  /**
   * What is true now.
   *
   * @param folder on the disk that counts
   */
  static HostFigures read(Path folder) {
    double load = -1;
    long memory = -1;
    long memoryFree = -1;
    long disk = -1;
    long diskFree = -1;
    try {
      load = Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0]);
      List<String> lines = Files.readAllLines(Path.of("/proc/meminfo"));
      memory = bytes(lines, "MemTotal:");
      memoryFree = bytes(lines, "MemAvailable:");
    } catch (IOException | RuntimeException e) {
      // This system does not say.
    }
    try {
      disk = Files.getFileStore(folder).getTotalSpace();
      diskFree = Files.getFileStore(folder).getUsableSpace();
    } catch (IOException e) {
      // Nor this.
    }
    return new HostFigures(
        Runtime.getRuntime().availableProcessors(), load, memory, memoryFree, disk, diskFree);
  }

  private static long bytes(List<String> lines, String name) {
    for (String line : lines) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.substring(name.length()).replace("kB", "").strip()) * 1024;
      }
    }
    return -1;
  }
}
