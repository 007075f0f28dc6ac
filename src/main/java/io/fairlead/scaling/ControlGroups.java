package io.fairlead.scaling;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Bounds of memory and processors by control groups of version 2 [1]. The agent's own group must be
 * its to divide, as systemd does it with {@code Delegate=}; a group with processes of its own hands
 * on no controllers, so the agent moves itself into one below, {@code agent}, and each node is in
 * one beside it from before its program begins.
 *
 * <p>[1] Linux, Documentation/admin-guide/cgroup-v2.rst.
 */
final class ControlGroups {
  private static final Path MOUNT = Path.of("/sys/fs/cgroup");
  private static final long PERIOD_MICROS = 100_000;

  private final Path own;

  private ControlGroups(Path own) {
    this.own = own;
  }

  /**
   * Gets ready for bounds.
   *
   * @throws IOException if they cannot be kept, in words
   */
  static ControlGroups open() throws IOException {
    String path = "";
    List<String> lines;
    try {
      lines = Files.readAllLines(Path.of("/proc/self/cgroup"));
    } catch (IOException e) {
      throw new IOException("this system has no cgroups", e);
    }
    for (String line : lines) {
      path = line.startsWith("0::/") ? line.substring("0::/".length()) : path;
    }
    if (!Files.exists(MOUNT.resolve("cgroup.controllers"))) {
      throw new IOException("cgroups of version 2 are not at " + MOUNT);
    }
    Path group = MOUNT.resolve(path);
    Path parent = group.getParent();
    return open(group.endsWith("agent") && parent != null ? parent : group, lines.size() > 1);
  }

  /**
   * The same below that group.
   *
   * @param mixed there are groups of version 1 as well, which may have the controllers
   */
  static ControlGroups open(Path own, boolean mixed) throws IOException {
    List<String> there;
    try {
      there = Arrays.asList(Files.readString(own.resolve("cgroup.controllers")).strip().split(" "));
    } catch (IOException e) {
      throw new IOException("the group " + own + " cannot be read", e);
    }
    if (!there.contains("memory") || !there.contains("cpu")) {
      throw new IOException(
          "the group "
              + own
              + " does not have the controllers memory and cpu"
              + (mixed ? ", which this system uses by cgroups of version 1" : ""));
    }
    try {
      Path agent = Files.createDirectories(own.resolve("agent"));
      Files.writeString(
          agent.resolve("cgroup.procs"), Long.toString(ProcessHandle.current().pid()));
      Files.writeString(own.resolve("cgroup.subtree_control"), "+memory +cpu");
    } catch (IOException e) {
      throw new IOException(
          "the group " + own + " is not the agent's to divide (systemd: Delegate=yes)", e);
    }
    ControlGroups groups = new ControlGroups(own);
    groups.clear();
    return groups;
  }

  /** Groups in which nothing runs any more go; the kernel refuses the others. */
  void clear() throws IOException {
    try (DirectoryStream<Path> old = Files.newDirectoryStream(own, "node-*")) {
      for (Path group : old) {
        try {
          Files.delete(group);
        } catch (IOException e) {
          // Something runs in it.
        }
      }
    }
  }

  /**
   * A command that puts the process that it becomes into a group with these bounds.
   *
   * @param name of the group, unmistakable on this machine
   * @param memory bytes; 0: any number
   * @param cpus processors; 0: any number
   */
  List<String> within(String name, long memory, double cpus) throws IOException {
    Path group = own.resolve("node-" + name);
    try {
      Files.createDirectories(group);
      Files.writeString(group.resolve("memory.max"), memory == 0 ? "max" : Long.toString(memory));
      Files.writeString(
          group.resolve("cpu.max"),
          (cpus == 0 ? "max" : Long.toString(Math.max(1000, (long) (cpus * PERIOD_MICROS))))
              + " "
              + PERIOD_MICROS);
    } catch (IOException e) {
      throw new IOException("the bounds of " + name + " cannot be set in " + group, e);
    }
    return List.of(
        "/bin/sh",
        "-c",
        "echo $$ > \"$1\" || exit 1; shift; exec \"$@\"",
        "sh",
        group.resolve("cgroup.procs").toString());
  }
}
