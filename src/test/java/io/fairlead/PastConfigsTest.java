package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.FairleadConfig;
import io.fairlead.group.Versions;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How much is kept of what was in force. */
class PastConfigsTest {
  private final FairleadConfig config = Loopback.config("listeners: {}\n");
  private final PastConfigs past = new PastConfigs();

  private void add(long version, String text) {
    past.add(
        new Fairlead.State(
            config,
            text,
            "file",
            version,
            Instant.ofEpochMilli(version),
            Map.of(),
            Map.of(),
            Map.of()));
  }

  @Test
  void theLastOnesAreKept() {
    for (int version = 1; version <= PastConfigs.KEPT + 3; version++) {
      add(version, "text " + version);
    }
    assertThat(past.history()).hasSize(PastConfigs.KEPT);
    assertThat(past.history().getFirst())
        .isEqualTo(new Versions.Version(PastConfigs.KEPT + 3, "file", PastConfigs.KEPT + 3, true));
    assertThat(past.text(4)).isEqualTo("text 4");
    assertThat(past.text(3)).isNull();
  }

  @Test
  void ofLongOnesNoMoreThanTheWayBack() {
    for (int version = 1; version <= 5; version++) {
      add(version, "x".repeat(PastConfigs.MOST_CHARS));
    }
    assertThat(past.history()).extracting(Versions.Version::number).containsExactly(5L, 4L);
    add(6, "short");
    add(7, "short");
    assertThat(past.history()).extracting(Versions.Version::number).containsExactly(7L, 6L);
    add(8, "short");
    assertThat(past.history()).hasSize(3);
  }
}
