package io.fairlead.discovery;

import io.fairlead.config.NodeConfig;
import io.fairlead.config.NodesReader;
import io.fairlead.service.NodeSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A file that somebody writes. It is read anew each second: whatever may tell of changes lies. */
final class FileLook implements SourceLook {
  private static final Duration PACE = Duration.ofSeconds(1);

  private final Path file;

  FileLook(Path file) {
    this.file = file;
  }

  @Override
  public Found look() throws IOException {
    try {
      List<NodeSpec> nodes = new ArrayList<>();
      for (NodeConfig node : NodesReader.read(file)) {
        nodes.add(
            new NodeSpec(
                node.address(),
                node.name(),
                node.weight(),
                node.zone(),
                node.tier(),
                node.labels(),
                ""));
      }
      return new Found(nodes, PACE, true);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
