package io.fairlead;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Signals to processes of a test. */
final class Signals {
  private Signals() {}

  /** A process and all below it. */
  static List<ProcessHandle> all(long pid) {
    List<ProcessHandle> all = new ArrayList<>();
    ProcessHandle.of(pid)
        .ifPresent(top -> {
          all.add(top);
          all.addAll(top.descendants().toList());
        });
    return all;
  }

  /** Those that call themselves so. */
  static List<ProcessHandle> named(List<ProcessHandle> processes, String name) throws IOException {
    List<ProcessHandle> named = new ArrayList<>();
    for (ProcessHandle process : processes) {
      Path title = Path.of("/proc", Long.toString(process.pid()), "cmdline");
      if (Files.exists(title) && Files.readString(title).contains(name)) {
        named.add(process);
      }
    }
    return named;
  }

  /** To those of them that are left, all at once. */
  static void send(String which, List<ProcessHandle> processes) throws Exception {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "kill -$0 \"$@\"; :", which));
    processes.stream()
        .filter(ProcessHandle::isAlive)
        .forEach(one -> command.add(Long.toString(one.pid())));
    if (command.size() > 4) {
      int _ = new ProcessBuilder(command).start().waitFor();
    }
  }
}
