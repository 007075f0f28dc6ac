package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Compares a committed file with what the code says; rewrites it on demand. */
final class GeneratedDocs {
  private GeneratedDocs() {}

  static void check(String file, String wanted) throws IOException {
    Path path = Path.of(file);
    if (Boolean.getBoolean("fairlead.update-docs")) {
      Files.writeString(path, wanted);
    }
    assertThat(path)
        .as("run the tests with -Dfairlead.update-docs=true")
        .content()
        .isEqualTo(wanted);
  }
}
