package io.fairlead.config;

import java.util.List;

/**
 * A program of this machine that knows whether a node serves: it ends with 0 if so.
 *
 * @param command path of the program, absolute, and its arguments; no shell reads them
 */
public record CommandProbe(List<String> command) implements Probe {
  static final int MAX_PARTS = 32;
  static final int MAX_LENGTH = 4096;

  public CommandProbe {
    command = List.copyOf(command);
    Require require =
        new Require()
            .that(
                !command.isEmpty() && command.getFirst().startsWith("/"),
                "command",
                null,
                "must begin with the absolute path of a program")
            .that(
                command.size() <= MAX_PARTS,
                "command",
                null,
                "must have at most " + MAX_PARTS + " parts");
    for (int i = 0; i < command.size(); i++) {
      require.that(
          command.get(i).length() <= MAX_LENGTH && command.get(i).indexOf('\0') < 0,
          List.of("command", "[" + i + "]"),
          null,
          "must be at most " + MAX_LENGTH + " characters without NUL",
          List.of());
    }
    require.orRefuse();
  }
}
