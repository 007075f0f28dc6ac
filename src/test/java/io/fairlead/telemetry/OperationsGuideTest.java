package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The operator's guide lists the reasons that there are. */
final class OperationsGuideTest {
  private static final Path GUIDE = Path.of("docs/operations.md");
  private static final String BEGIN = "<!-- error reasons: generated, \"make docs\" -->\n";
  private static final String END = "<!-- end -->\n";

  @Test
  void theGuideListsEveryErrorReason() throws IOException {
    String text = Files.readString(GUIDE);
    int begin = text.indexOf(BEGIN) + BEGIN.length();
    int end = text.indexOf(END, begin);
    String wanted = table();
    if (Boolean.getBoolean("fairlead.update-docs")) {
      Files.writeString(GUIDE, text.substring(0, begin) + wanted + text.substring(end));
    } else {
      assertThat(text.substring(begin, end))
          .as("run the tests with -Dfairlead.update-docs=true")
          .isEqualTo(wanted);
    }
  }

  private static String table() {
    StringBuilder table = new StringBuilder("| status | reason | meaning |\n|---|---|---|\n");
    for (ErrorReason reason : ErrorReason.values()) {
      table
          .append("| ")
          .append(reason.status() == 0 ? "–" : reason.status())
          .append(" | `")
          .append(reason.wireName())
          .append("` | ")
          .append(reason.meaning())
          .append(" |\n");
    }
    return table.toString();
  }
}
