package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ConfigReader.Result;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConfigDiffTest {
  private static final String OLD =
      """
      admin: { tokens: { name: alice, token: 0123456789abcdef } }
      listeners:
        web:
          bind: "127.0.0.1:8080"
          limits: { idle-timeout: 60s, header-bytes: 64KiB }
          routes: [ { service: shop } ]
      services:
        shop:
          nodes: ["10.0.0.11:8080", { address: "10.0.0.12:8080", weight: 1 }]
          balance: round-robin
          health: { interval: 1s }
      """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "idle-timeout: 60s | idle-timeout: 30s | listeners.web.limits.idle-timeout: 60s → 30s",
        "64KiB | 32KiB | listeners.web.limits.header-bytes: 64KiB → 32KiB",
        "weight: 1 | weight: 2 | services.shop.nodes.10.0.0.12:8080.weight: 1 → 2",
        "'[\"10.0.0.11:8080\", ' | '[\"10.0.0.13:8080\", \"10.0.0.11:8080\", ' | services.shop.nodes: added 10.0.0.13:8080",
        "'[\"10.0.0.11:8080\", ' | '[' | services.shop.nodes: removed 10.0.0.11:8080",
        "{ service: shop } | '{ service: shop, timeout: 1s }' | routes of web changed",
        "round-robin | random | services.shop.balance: round-robin → random",
        "interval: 1s | http: /x | services.shop.health.probe: tcp → http /x",
        "'127.0.0.1:8080\"' | '127.0.0.1:8081\"' | listeners.web.bind: removed 127.0.0.1:8080; listeners.web.bind: added 127.0.0.1:8081",
        "cdef | cdeX | admin.tokens.alice.secret changed",
        "'  web:' | '  front:' | listeners: removed web; listeners: added front",
      })
  void saysWhatChanged(String was, String is, String sentence) {
    assertThat(OLD).contains(was);
    assertThat(String.join("; ", ConfigDiff.between(read(OLD), read(OLD.replace(was, is)))))
        .isEqualTo(sentence);
  }

  @Test
  void saysNothingWhenNothingChanged() {
    assertThat(ConfigDiff.between(read(OLD), read("# a remark\n" + OLD))).isEmpty();
  }

  @Test
  void saysHowManyMoreThereAre() {
    String nodes =
        IntStream.range(0, 100)
            .mapToObj(i -> "\"10.0.1." + i + ":80\", ")
            .collect(Collectors.joining());
    assertThat(ConfigDiff.between(read(OLD), read(OLD.replace("nodes: [", "nodes: [" + nodes))))
        .hasSize(ConfigDiff.MAX_LINES + 1)
        .last()
        .isEqualTo("and 50 more");
  }

  private static FairleadConfig read(String yaml) {
    return switch (ConfigReader.read("f.yaml", yaml, Path.of(""), _ -> null)) {
      case Result.Accepted(FairleadConfig config, _) -> config;
      case Result.Refused(var problems) -> throw new AssertionError(problems);
    };
  }
}
