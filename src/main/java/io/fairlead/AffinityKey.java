package io.fairlead;

import io.fairlead.config.AffinityConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.Secret;
import io.fairlead.config.ServiceConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What cookies are signed with that name nodes: the keys of the configuration, or a random one of
 * this instance's own, which is kept in a file that its user alone may read, so that clients find
 * their nodes again after a restart. It never stands in a log or an error.
 */
final class AffinityKey {
  static final String FILE = "affinity.key";
  private static final int KEY_BYTES = 32;
  private static final int MIN_BYTES = 16;
  private static final int MAX_BYTES = 4096;

  private final SecureRandom random;
  private volatile byte @Nullable [] own;

  AffinityKey(SecureRandom random) {
    this.random = random;
  }

  /**
   * Sees to it that there is a key if that configuration needs one.
   *
   * @throws IOException if there is none and none can be made
   */
  void prepare(FairleadConfig config) throws IOException {
    for (ServiceConfig service : config.services().values()) {
      Optional<AffinityConfig> affinity = service.affinity();
      if (affinity.isPresent() && affinity.get().key().isEmpty()) {
        own = readOrMake(config.data());
        return;
      }
    }
  }

  /** The first signs, all verify. */
  List<byte[]> of(AffinityConfig config) {
    byte[] kept = own;
    if (!config.key().isEmpty()) {
      return config.key().stream()
          .map(Secret::value)
          .map(value -> value.getBytes(StandardCharsets.UTF_8))
          .toList();
    }
    if (kept == null) {
      throw new IllegalStateException("no key was prepared");
    }
    return List.of(kept);
  }

  private byte[] readOrMake(Path data) throws IOException {
    Path file = data.resolve(FILE);
    try {
      byte[] known = read(file);
      return known != null ? known : make(data, file);
    } catch (IOException e) {
      throw new IOException(
          "affinity without a key needs to keep one in "
              + file
              + ", which fails: "
              + e.getClass().getSimpleName()
              + "; give it one (affinity.key) or a folder to write to (data)",
          e);
    }
  }

  /** Null: there is none. */
  private static byte @Nullable [] read(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      byte[] text = in.readNBytes(MAX_BYTES);
      if (text.length < MIN_BYTES) {
        throw new IOException("too short for a key");
      }
      return text;
    } catch (NoSuchFileException _) {
      return null;
    }
  }

  /** Another process may do the same at this moment: whose file has the name first counts. */
  private byte[] make(Path data, Path file) throws IOException {
    Files.createDirectories(data);
    byte[] bytes = new byte[KEY_BYTES];
    random.nextBytes(bytes);
    byte[] text = Base64.getUrlEncoder().withoutPadding().encode(bytes);
    Path draft = data.resolve(FILE + "." + Long.toHexString(random.nextLong()));
    try {
      Files.createFile(draft, forUs(data));
      Files.write(draft, text, StandardOpenOption.WRITE);
      try {
        Files.createLink(file, draft);
      } catch (FileAlreadyExistsException _) {
        byte[] theirs = read(file);
        return theirs != null ? theirs : text;
      } catch (IOException | UnsupportedOperationException _) {
        Files.move(draft, file); // where there are no links
      }
      return text;
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  private static FileAttribute<?>[] forUs(Path folder) {
    Set<String> views = folder.getFileSystem().supportedFileAttributeViews();
    return views.contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }
}
