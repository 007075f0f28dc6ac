package io.fairlead;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** What tests need of npm. */
final class NodeModules {
  private NodeModules() {}

  /** The folder that has {@code node_modules}; where npm gives nothing a test does not run. */
  static synchronized Path folder() throws IOException, InterruptedException {
    Tool.Said said = Tool.run("", "bin/node-modules");
    Assumptions.assumeTrue(said.status() == 0, said.output());
    return Path.of(said.output().lines().toList().getLast());
  }
}
