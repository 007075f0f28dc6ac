package io.fairlead.scaling;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Real processes of a test: told by a variable that they, and what they start, have. */
final class TestProcesses {
  static final String FOLDER = "TEST_FOLDER";

  private TestProcesses() {}

  /** Those whose variable is that folder. */
  static List<Long> of(Path folder) throws IOException {
    return Processes.all().stream()
        .filter(entry -> !entry.ended())
        .map(Processes.Entry::pid)
        .filter(pid -> folder.toString().equals(Processes.variable(pid, FOLDER)))
        .toList();
  }

  /** What cannot be looked at yet does not hold yet. */
  interface Condition {
    boolean holds() throws IOException;
  }

  static void await(Condition condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (true) {
      try {
        if (condition.holds()) {
          return;
        }
      } catch (IOException e) {
        // Not there yet.
      }
      if (System.nanoTime() > end) {
        throw new AssertionError("waited in vain");
      }
      Thread.sleep(10);
    }
  }
}
