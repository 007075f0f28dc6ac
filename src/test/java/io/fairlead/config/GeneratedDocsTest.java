package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The committed pages say what the code says. After a change of the language run this test with
 * {@code -Dfairlead.update-docs=true}: it writes them anew.
 */
final class GeneratedDocsTest {
  @Test
  void theSchemaIsUpToDate() throws IOException {
    isUpToDate(Path.of("docs/fairlead.schema.json"), ConfigSchema.json());
  }

  @Test
  void theManualIsUpToDate() throws IOException {
    isUpToDate(Path.of("docs/configuration.md"), ConfigReference.markdown());
  }

  @Test
  void theKeysOfASimulationAreUpToDate() throws IOException {
    isUpToDate(Path.of("docs/simulation-keys.md"), ConfigReference.simulation());
  }

  @Test
  void theKeysOfAnAgentAreUpToDate() throws IOException {
    isUpToDate(Path.of("docs/agent-keys.md"), ConfigReference.agent());
  }

  private static void isUpToDate(Path file, String text) throws IOException {
    if (Boolean.getBoolean("fairlead.update-docs")) {
      Files.writeString(file, text);
    }
    assertThat(file).hasContent(text);
  }
}
