package io.fairlead.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.CommandProbe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real programs, good and bad. */
@Timeout(30)
class CommandProberTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "exit 0                                   | passed",
        "exit 3                                   | command ended with 3",
        "echo; echo out of luck; echo more; exit 1 | command ended with 1: out of luck",
        "echo to stderr >&2; exit 1               | command ended with 1: to stderr",
        "kill -9 $$                               | command ended with 137",
        "test $FAIRLEAD_NODE_ADDRESS = 127.0.0.1:81 && test $FAIRLEAD_NODE_PORT = 81"
            + " && test $FAIRLEAD_NODE_IP = 127.0.0.1 && test -z \"$(cat)\" | passed",
        "head -c 3000000 /dev/zero; exit 0        | passed",
      })
  void endsAreResults(String script, String said) {
    assertThat(said(5000, "/bin/sh", "-c", script)).isEqualTo(said);
  }

  @Test
  void itSeesNothingElseOfOurEnvironment() {
    String names = "env | sed 's/=.*//' | grep -v -e PATH -e HOME -e LANG -e LC_ALL -e TZ -e PWD";
    assertThat(
            said(
                5000,
                "/bin/sh",
                "-c",
                "test -z \"$(" + names + " -e FAIRLEAD_ -e SHLVL -e '^_$')\""))
        .isEqualTo("passed");
  }

  @Test
  void aLineIsCut() {
    assertThat(said(5000, "/bin/sh", "-c", "head -c 9000 /dev/zero | tr '\\0' x; exit 1"))
        .isEqualTo("command ended with 1: " + "x".repeat(120) + "…");
  }

  @Test
  void whatDoesNotExistCannotBeStarted() {
    assertThat(said(5000, "/no/such/program"))
        .isEqualTo("command cannot be started: No such file or directory");
  }

  @Test
  void isKilledInTimeWithItsDescendants(@TempDir Path folder) throws Exception {
    Path pids = folder.resolve("pids");
    long start = System.nanoTime();
    assertThat(
            said(
                300,
                "/bin/sh",
                "-c",
                "sleep 1000 & echo $! > " + pids + "; echo $$ >> " + pids + "; wait"))
        .isEqualTo("command took longer than 300 ms and was killed");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    List<String> started = Files.readAllLines(pids);
    assertThat(started).hasSize(2);
    for (String pid : started) {
      ProcessHandle.of(Long.parseLong(pid))
          .ifPresent(left -> {
            try {
              left.onExit().get(5, TimeUnit.SECONDS);
            } catch (Exception e) {
              throw new AssertionError(left + " lives", e);
            }
          });
    }
  }

  @Test
  void aChildThatKeepsTheOutputKeepsNobody(@TempDir Path folder) {
    long start = System.nanoTime();
    assertThat(said(10_000, "/bin/sh", "-c", "sleep 20 & exit 1"))
        .isEqualTo("command ended with 1");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
  }

  private static String said(int timeoutMillis, String... command) {
    return SpokenNode.said(new CommandProbe(List.of(command)), timeoutMillis, 81);
  }
}
