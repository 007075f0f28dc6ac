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
   * @param args its name and its latency; where Fairlead starts it, also its port and the process
   *     of the demo, with which it ends
   */
  static void main(String[] args) throws IOException {
    if (args.length == 4) {
      serve(args[0], args[1], Integer.parseInt(args[2]), Long.parseLong(args[3]));
      return;
    }
    try (TestNode node = start(args[0], args[1])) {
      System.out.println(node.port());
      while (System.in.read() >= 0) {
        // Nothing is said that way; only its end counts.
      }
    }
  }

  private static void serve(String name, String latency, int port, long demo) throws IOException {
    try (TestNode node = start(name, latency, port)) {
      System.out.println(name + " serves on port " + node.port());
      ProcessHandle.of(demo).ifPresent(process -> process.onExit().join());
    }
  }

  static TestNode start(String name, String latency) throws IOException {
    return start(name, latency, 0);
  }

  private static TestNode start(String name, String latency, int port) throws IOException {
    Behaviour behaviour = Behaviour.of(LatencyDistribution.parse(latency), 0, true);
    return TestNode.start("127.0.0.1", port, name, behaviour);
  }
}
