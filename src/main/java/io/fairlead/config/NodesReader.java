package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;

/** Reads a file that has nothing but a list of nodes, as the key {@code nodes} of a service. */
public final class NodesReader {
  private static final ConfigReader.Root<List<NodeConfig>> ROOT =
      new ConfigReader.Root<>(
          "a list of nodes",
          (reader, root) -> new ListOf<>("nodes", Language.NODE).read(reader, Spot.root(root)));

  private NodesReader() {}

  /**
   * What the file says.
   *
   * @throws IllegalArgumentException if it is not right, with the first thing that is wrong
   */
  public static List<NodeConfig> read(Path file) {
    ConfigReader.Parsed<List<NodeConfig>> parsed = ConfigReader.parseFile(file, _ -> null, ROOT);
    List<NodeConfig> nodes = parsed.value();
    if (nodes == null || !parsed.problems().isEmpty()) {
      throw new IllegalArgumentException(
          parsed.problems().isEmpty()
              ? file + ": cannot be read"
              : parsed.problems().getFirst().toString());
    }
    return nodes;
  }
}
