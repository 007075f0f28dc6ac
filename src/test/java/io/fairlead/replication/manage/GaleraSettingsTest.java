package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.DatabaseEngine;
import io.fairlead.config.DatabaseProbeConfig;
import io.fairlead.config.DatabaseReads;
import io.fairlead.config.GaleraPorts;
import io.fairlead.config.HostPort;
import io.fairlead.config.ManageConfig;
import io.fairlead.config.Secret;
import io.fairlead.replication.MariadbPrograms;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is said to a member of a Galera cluster that others lose something by if it is not said. */
class GaleraSettingsTest {
  private static DatabaseConfig config(Map<String, String> settings) {
    Map<String, HostPort> members = new LinkedHashMap<>();
    Map<String, GaleraPorts> ports = new LinkedHashMap<>();
    for (String name : List.of("a", "b", "c")) {
      int first = 5000 + 10 * members.size();
      members.put(name, new HostPort("127.0.0.1", first));
      ports.put(name, new GaleraPorts(first + 1, first + 2, first + 3));
    }
    return new DatabaseConfig(
        "shop",
        DatabaseEngine.GALERA,
        members,
        Map.of(),
        ports,
        new DatabaseProbeConfig(
            "fairlead",
            new Secret("hunter22222"),
            "",
            Duration.ofMillis(500),
            Duration.ofMillis(500),
            2,
            Optional.empty()),
        Duration.ofSeconds(10),
        DatabaseConfig.Writers.ONE,
        DatabaseReads.DEFAULT,
        Duration.ofSeconds(1),
        Optional.of(
            new ManageConfig(
                1,
                Optional.empty(),
                Optional.empty(),
                List.of(),
                false,
                ManageConfig.PageCheck.DEFAULT,
                settings,
                Optional.empty(),
                Optional.empty())),
        Optional.empty());
  }

  /** It stalls while it gives its data; but it does so rather than nobody. */
  @Test
  void theWriterGivesItsDataLast() {
    DatabaseConfig config = config(Map.of());
    assertThat(GaleraSettings.donors(config, "a", "b")).isEqualTo("c,");
    assertThat(GaleraSettings.donors(config, "a", "c")).isEqualTo("b,");
    assertThat(GaleraSettings.donors(config, "a", "")).isEqualTo("b,c,");
    assertThat(GaleraSettings.donors(config, "b", "b")).as("it was the writer").isEqualTo("a,c,");
  }

  @Test
  void whatIsDecidedHereIsNotDecidedByGalera() throws Exception {
    String text =
        GaleraSettings.text(
            config(Map.of("gcache.size", "16M")),
            "a",
            new GaleraFolder(MariadbPrograms.find(), Path.of("a")),
            Path.of("provider"),
            "b",
            "rsync",
            "");
    assertThat(text).containsOnlyOnce("\nwsrep_sst_donor=\"c,\"\n");
    assertThat(text)
        .containsPattern("\nwsrep_provider_options=\"gcache.size=16M;.*;pc.recovery=no;.*\"\n");
  }
}
