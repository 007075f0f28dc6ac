package io.fairlead;

import io.fairlead.demo.Behaviour;
import io.fairlead.demo.LatencyDistribution;
import io.fairlead.demo.TestNode;
import java.io.IOException;

/**
 * A node of the demo, in a process of its own so that one can kill it. It says its port in one line
 * on standard output and ends when standard input does: with the demo, however that ends.
 *
 * <p>It does without the command line of the verb {@code node}, which takes as long to read as the
 * rest of the start.
 */
final class DemoNode {
  private DemoNode() {}

  /**
   * @param args its name and its latency
   */
  static void main(String[] args) throws IOException {
    try (TestNode node = start(args[0], args[1])) {
      System.out.println(node.port());
      while (System.in.read() >= 0) {
        // Nothing is said that way; only its end counts.
      }
    }
  }

  static TestNode start(String name, String latency) throws IOException {
    Behaviour behaviour = Behaviour.of(LatencyDistribution.parse(latency), 0, true);
    return TestNode.start("127.0.0.1", 0, name, behaviour);
  }
}
