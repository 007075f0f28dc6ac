package io.fairlead.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PostgresProgramsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @ParameterizedTest
  @CsvSource({
    "'postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)', 15",
    "'postgres (PostgreSQL) 9.6.24', 9",
    "'postgres (PostgreSQL) 18beta1', 18",
    "'postgres (PostgreSQL) 19devel', 19"
  })
  void versions(String said, int version) throws IOException {
    assertThat(PostgresPrograms.major(said)).isEqualTo(version);
  }

  @ParameterizedTest
  @CsvSource({
    "'', ''",
    "'a\nb\n\n', ': b'",
    "'initdb: error: no room\ninitdb: hint: make some', ': initdb: error: no room'"
  })
  void whatIsWrongIsSaid(String said, String words) {
    assertThat(PostgresPrograms.lastWords(said)).isEqualTo(words);
  }

  @Test
  void programsThatAreHereRunAndSayWhatIsWrong() throws IOException {
    PostgresPrograms programs = PostgresPrograms.find();
    assertThat(programs.version()).isGreaterThan(9);
    assertThat(programs.run("initdb", List.of("--version"), Map.of(), PATIENCE))
        .contains("" + programs.version());
    assertThatThrownBy(
            () -> programs.run("pg_controldata", List.of("/nowhere"), Map.of(), PATIENCE))
        .hasMessageContaining("pg_controldata ended with 1: pg_controldata: ");
    assertThatThrownBy(() -> programs.run("pg_nothing", List.of(), Map.of(), PATIENCE))
        .hasMessageContaining("there is no program");
  }
}
