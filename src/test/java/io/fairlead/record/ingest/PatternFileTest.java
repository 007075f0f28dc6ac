package io.fairlead.record.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.insight.pattern.LinePatterns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is known of patterns, on its way to the next process. */
class PatternFileTest {
  private static final long NOW = 1_800_000_000_000L;

  @TempDir private Path folder;

  private static String find(LinePatterns patterns, String line) {
    byte[] bytes = line.getBytes(UTF_8);
    String id = patterns.find(bytes, bytes.length, NOW);
    patterns.count(id, "shop", "a", "info", NOW, NOW);
    return id;
  }

  @Test
  void theNextProcessGivesTheSameIds() {
    LinePatterns one = new LinePatterns(_ -> {});
    String id = find(one, "user alice logged in from a long way off");
    assertThat(find(one, "user bob logged in from a long way off")).isEqualTo(id);
    String mail = find(one, "mail \"x\" wasn't sent: \u2026 \t\u0001");
    new PatternFile(folder, one).write();
    LinePatterns next = new LinePatterns(_ -> {});
    new PatternFile(folder, next).read(NOW);
    assertThat(find(next, "user carol logged in from a long way off")).isEqualTo(id);
    assertThat(find(next, "mail \"y\" wasn't sent: \u2026 \t\u0001")).isEqualTo(mail);
    assertThat(next.save().services()).containsEntry("shop", NOW);
  }

  @Test
  void itIsWrittenWhenItHasChanged() throws IOException {
    LinePatterns patterns = new LinePatterns(_ -> {});
    PatternFile file = new PatternFile(folder, patterns);
    file.read(NOW);
    file.writeIfChanged();
    assertThat(folder).isEmptyDirectory();
    find(patterns, "one");
    file.writeIfChanged();
    Path written = folder.resolve("patterns.json");
    assertThat(written).exists();
    Files.delete(written);
    find(patterns, "one");
    file.writeIfChanged();
    assertThat(folder).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{}",
        "null",
        "{\"patterns\":[{}],\"services\":{}}",
        "{\"patterns\":[{\"id\":\"x\",\"hashes\":[1],\"words\":[],\"between\":[],\"places\":[]}],\"services\":{}}"
      })
  void whatCannotBeReadIsAsGoodAsNone(String text) throws IOException {
    Files.writeString(folder.resolve("patterns.json"), text);
    LinePatterns patterns = new LinePatterns(_ -> {});
    new PatternFile(folder, patterns).read(NOW);
    assertThat(find(patterns, "as before")).isNotEmpty();
  }
}
