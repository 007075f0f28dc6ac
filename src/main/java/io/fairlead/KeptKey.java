package io.fairlead;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A random key of this instance's own, kept in a file that its user alone may read, so that what
 * was made with it is known after a restart. It never stands in a log or an error.
 */
final class KeptKey {
  private static final int KEY_BYTES = 32;
  private static final int MIN_BYTES = 16;
  private static final int MAX_BYTES = 4096;

  private final String name;
  private final String user;
  private final String other;
  private final SecureRandom random;

  /**
   * @param name of the file
   * @param user who needs it, for people
   * @param other the key of the configuration that can be given instead
   */
  KeptKey(String name, String user, String other, SecureRandom random) {
    this.name = name;
    this.user = user;
    this.other = other;
    this.random = random;
  }

  /**
   * The key.
   *
   * @param data the folder that it is in
   * @throws IOException if there is none and none can be made
   */
  byte[] readOrMake(Path data) throws IOException {
    Path file = data.resolve(name);
    try {
      byte[] known = read(file);
      return known != null ? known : make(data, file);
    } catch (IOException e) {
      throw new IOException(
          user
              + " needs to keep one in "
              + file
              + ", which fails: "
              + e.getClass().getSimpleName()
              + "; give it one ("
              + other
              + ") or a folder to write to (data)",
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
    Path draft = data.resolve(name + "." + Long.toHexString(random.nextLong()));
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
