package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where instances may tell each other secrets. */
final class GroupConfigTest {
  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 127.0.0.1, false, true",
    "127.0.0.1, 10.0.0.2,  false, false",
    "10.0.0.1,  127.0.0.1, false, false",
    "10.0.0.1,  10.0.0.2,  false, false",
    "10.0.0.1,  10.0.0.2,  true,  true",
  })
  void isPrivateWhereNobodyElseHears(String own, String other, boolean tls, boolean expected) {
    GroupConfig config =
        new GroupConfig(
            "prod",
            "a",
            new HostPort(own, 7400),
            Map.of("a", new HostPort(own, 7400), "b", new HostPort(other, 7410)),
            GroupConfig.Role.MEMBER,
            Optional.empty(),
            tls
                ? Optional.of(new GroupConfig.Tls(Path.of("c"), Path.of("k"), List.of()))
                : Optional.empty(),
            !tls,
            List.of(),
            1,
            Optional.empty(),
            Optional.empty());
    assertThat(config.isPrivate()).isEqualTo(expected);
  }
}
