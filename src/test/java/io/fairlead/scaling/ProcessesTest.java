package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code /proc} tells of real processes. */
@Timeout(60)
class ProcessesTest {
  /**
   * A process that becomes another program has, for some microseconds, an environment that the
   * kernel shows as empty. Whoever took that for an answer would not know a node of ours.
   */
  @Test
  void theEnvironmentOfOneThatIsBecomingAnotherProgramIsReadNonetheless() throws Exception {
    ProcessBuilder again =
        new ProcessBuilder("sh", "-c", "exec sh -c \"$BODY\"").redirectErrorStream(true);
    again.environment().put("BODY", "exec sh -c \"$BODY\"");
    again.environment().put("FAIRLEAD_NODE", "mark");
    Process process = again.start();
    Map<String, Integer> seen = new TreeMap<>();
    try {
      for (int i = 0; i < 20_000; i++) {
        seen.merge(
            String.valueOf(Processes.variable(process.pid(), "FAIRLEAD_NODE")), 1, Integer::sum);
      }
      assertThat(process.isAlive()).isTrue();
    } finally {
      process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
    assertThat(seen).containsOnlyKeys("mark");
  }

  @Test
  void noneIsToldAtOnceWhereThereIsNone() throws Exception {
    ProcessBuilder bare = new ProcessBuilder("env", "-i", "sleep", "100");
    Process process = bare.start();
    try {
      while (!ProcessHandle.of(process.pid())
          .flatMap(handle -> handle.info().command())
          .orElse("")
          .endsWith("sleep")) {
        Thread.onSpinWait();
      }
      assertThat(Processes.variable(process.pid(), "PATH")).isNull();
    } finally {
      process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
    assertThat(Processes.variable(process.pid(), "PATH")).as("of one that has ended").isNull();
  }
}
