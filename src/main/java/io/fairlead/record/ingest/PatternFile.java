package io.fairlead.record.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import io.fairlead.insight.pattern.LinePatterns;
import io.fairlead.insight.pattern.SavedPatterns;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What is known of patterns, on disk: written beside and moved into place, so that whoever is
 * killed meanwhile leaves the one before. What cannot be read is as good as none.
 */
final class PatternFile {
  private static final System.Logger LOG = System.getLogger(PatternFile.class.getName());
  private static final long LARGEST = 32 << 20;
  private static final JsonMapper MAPPER = new JsonMapper();

  private final Path path;
  private final LinePatterns patterns;
  private long written;

  PatternFile(Path folder, LinePatterns patterns) {
    path = folder.resolve("patterns.json");
    this.patterns = patterns;
  }

  void read(long nowMillis) {
    try {
      if (Files.exists(path) && Files.size(path) <= LARGEST) {
        patterns.restore(MAPPER.readValue(Files.readString(path), SavedPatterns.class), nowMillis);
      }
    } catch (IOException | JacksonException | IllegalArgumentException | NullPointerException e) {
      LOG.log(Level.WARNING, "earlier patterns of lines are not known: {0}", e.getMessage());
    }
    written = patterns.version();
  }

  void writeIfChanged() {
    if (patterns.version() != written) {
      write();
    }
  }

  void write() {
    Path beside = path.resolveSibling(".patterns.json.new");
    try {
      written = patterns.version();
      Files.write(beside, MAPPER.writeValueAsString(patterns.save()).getBytes(UTF_8));
      Files.move(beside, path, ATOMIC_MOVE, REPLACE_EXISTING);
    } catch (IOException | JacksonException e) {
      LOG.log(Level.WARNING, "patterns of lines are not written: {0}", e.getMessage());
    }
  }
}
