package io.fairlead;

import io.fairlead.scaling.Release;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which version a service has, and which it is about to get: what the next process has to know. In
 * {@code deploys/SERVICE.json} of the data folder.
 */
final class DeployFile {
  private static final JsonMapper MAPPER = new JsonMapper();

  /** How far it is. */
  enum Stage {
    /** There is one version. */
    SETTLED,
    /** Steps are taken. */
    SHIFTING,
    /** The new version gets everything, the old one is there still. */
    FINISHING,
    /** What lost goes. */
    LEAVING
  }

  /**
   * What is written down.
   *
   * @param named the version that the configuration named when it was last looked at
   * @param release what gets the requests; before a deploy is done, the old version
   * @param beside the other version, if any
   * @param who wanted it
   * @param startedMillis when the deploy began, epoch
   * @param without versions that get nothing, as long as there are nodes of them that Fairlead has
   *     not started
   */
  record State(
      String named,
      Release release,
      @Nullable Release beside,
      Stage stage,
      String who,
      long startedMillis,
      List<String> without) {}

  private final Path folder;

  DeployFile(Path data) {
    this.folder = data.resolve("deploys");
  }

  private Path file(String service) {
    return folder.resolve(service + ".json");
  }

  /**
   * Null: nothing is known of it.
   *
   * @throws IOException if that cannot be found out
   */
  @Nullable State read(String service) throws IOException {
    try {
      return MAPPER.readValue(Files.readString(file(service)), State.class);
    } catch (NoSuchFileException e) {
      return null;
    } catch (JacksonException e) {
      throw new IOException(file(service) + " cannot be read: " + e.getOriginalMessage(), e);
    }
  }

  void write(String service, State state) throws IOException {
    Files.createDirectories(folder);
    Path next = Files.createTempFile(folder, service, ".next");
    Files.writeString(next, MAPPER.writeValueAsString(state) + "\n");
    Files.move(
        next, file(service), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
