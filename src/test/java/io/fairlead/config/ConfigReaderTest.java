package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ConfigReader.Result;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class ConfigReaderTest {
  @Test
  void theSmallestFileIsEnough() {
    Result result =
        ConfigReader.read(
            "minimal.yaml",
            """
            listeners:
              web: { bind: "0.0.0.0:8080", routes: [ { service: shop } ] }
            services:
              shop: { nodes: ["10.0.0.11:8080", "10.0.0.12:8080"] }
            """,
            Path.of("/etc/fairlead"),
            _ -> null);
    assertThat(result).isInstanceOf(Result.Accepted.class);
  }
}
