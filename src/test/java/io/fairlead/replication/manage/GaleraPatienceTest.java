package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How long a server that says nothing useful is waited for before it is ended, as a table. */
class GaleraPatienceTest {
  private static @Nullable GaleraFacts facts(String says) {
    return says.equals("nothing")
        ? null
        : new GaleraFacts(
            0,
            1,
            says.equals("connected"),
            false,
            "Initialized",
            false,
            "",
            0,
            Set.of(),
            -1,
            0,
            0,
            true,
            "rsync");
  }

  @ParameterizedTest(name = "says {0}, was fit {1}, somebody speaks {2}: {3} s")
  @CsvSource({
    "connected, true,  true,  10", // its part may become one with another
    "left,      true,  true,  1", // it joins nobody any more
    "left,      false, true,  1",
    "nothing,   true,  true,  1", // it is frozen: the questions are answered by others
    "nothing,   false, true,  1",
    "nothing,   false, false, 1", // it was started to join, and nobody is left whom it could
    "nothing,   true,  false, 10", // we are slow: a cluster that is well must not be ended
  })
  void isWaitedFor(String says, boolean wasFit, boolean speaks, int seconds) {
    assertThat(GaleraCoordinator.patience(facts(says), wasFit, speaks))
        .isEqualTo(seconds * 1_000_000_000L);
  }
}
