package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** What the page is made of. */
class DashboardFilesTest {
  private static final int MOST = 100_000;

  private final DashboardFiles files = new DashboardFiles();

  /** All of it, so that the first sight of the page over a slow line takes no time either. */
  @Test
  void allTogetherIsSmall() throws IOException {
    int sum = 0;
    for (String path : files.paths()) {
      Answer.Whole packed = whole(path, "br, GZIP");
      Answer.Whole plain = whole(path, "identity");
      assertThat(packed.fields()).containsEntry("Content-Encoding", "gzip");
      assertThat(plain.fields()).doesNotContainKey("Content-Encoding");
      try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed.body()))) {
        assertThat(in.readAllBytes()).as(path).isEqualTo(plain.body());
      }
      sum += packed.body().length;
    }
    assertThat(sum).as("compressed bytes").isLessThanOrEqualTo(MOST);
  }

  /** Nothing else is there to be loaded: the page works without a network. */
  @Test
  void whatAScriptLoadsIsThere() {
    for (String path : files.paths()) {
      if (!path.endsWith(".js")) {
        continue;
      }
      assertThat(whole(path, "identity").contentType()).isEqualTo("text/javascript; charset=utf-8");
      String text = new String(whole(path, "identity").body(), StandardCharsets.UTF_8);
      Pattern.compile("(?:from|import)\\s?[\"']([./][^\"']+[.]js)[\"']")
          .matcher(text)
          .results()
          .map(found -> URI.create(path).resolve(found.group(1)).toString())
          .forEach(loaded -> assertThat(files.paths()).as("loaded by " + path).contains(loaded));
    }
    assertThat(whole("/libraries/uplot/uPlot.min.css", "identity").contentType())
        .isEqualTo("text/css; charset=utf-8");
  }

  private Answer.Whole whole(String path, String accepted) {
    return (Answer.Whole) Objects.requireNonNull(files.find(path, accepted), path);
  }
}
