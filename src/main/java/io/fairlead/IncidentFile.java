package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.fairlead.insight.incident.Incident;
import io.fairlead.insight.incident.IncidentWatch;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The list of incidents on disk. It is written beside and moved into place, so that whoever is
 * killed meanwhile leaves the one before. What cannot be read is as good as none.
 */
final class IncidentFile {
  private static final System.Logger LOG = System.getLogger(IncidentFile.class.getName());
  private static final long LARGEST = 4 << 20;
  private static final String NAME = "incidents.json";
  private static final JsonMapper MAPPER = new JsonMapper();

  private final Path folder;
  private final Path path;

  /**
   * @param folder for state
   */
  IncidentFile(Path folder) {
    this.folder = folder;
    path = folder.resolve(NAME);
  }

  List<Incident> read() {
    try {
      if (!Files.exists(path) || Files.size(path) > LARGEST) {
        return List.of();
      }
      Incident[] found = MAPPER.readValue(Files.readString(path), Incident[].class);
      return List.of(found).subList(0, Math.min(found.length, IncidentWatch.KEPT));
    } catch (IOException | JacksonException | NullPointerException e) {
      LOG.log(Level.WARNING, "earlier incidents are not known: {0}", e.getMessage());
      return List.of();
    }
  }

  synchronized void write(List<Incident> incidents) {
    Path beside = folder.resolve("." + NAME + ".new");
    try {
      if (!Files.isDirectory(folder)) {
        return; // there is no state at all
      }
      byte[] json = MAPPER.writeValueAsString(incidents).getBytes(UTF_8);
      try (FileChannel file = FileChannel.open(beside, CREATE, TRUNCATE_EXISTING, WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(json);
        while (bytes.hasRemaining()) {
          int _ = file.write(bytes);
        }
        file.force(true);
      }
      Files.move(beside, path, ATOMIC_MOVE, REPLACE_EXISTING);
    } catch (IOException e) {
      LOG.log(Level.WARNING, "incidents are not written: {0}", e.getMessage());
    }
  }
}
