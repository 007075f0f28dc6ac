package io.fairlead;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Fairlead in a process of its own, for tests that kill or replace it. */
final class FairleadProcess {
  private FairleadProcess() {}

  /** {@code fairlead run} with those arguments; what it prints goes to the file. */
  static Process run(Path output, String... arguments) throws IOException {
    return start(output, command(arguments));
  }

  /** The same command, which may be run elsewhere. */
  static List<String> command(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "io.fairlead.Main",
                "run"));
    command.addAll(List.of(arguments));
    return command;
  }

  static Process start(Path output, List<String> command) throws IOException {
    return start(output, command, Map.of());
  }

  /** The same with more in its environment. */
  static Process start(Path output, List<String> command, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    return builder.start();
  }
}
