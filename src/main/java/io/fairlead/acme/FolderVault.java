package io.fairlead.acme;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Files in one folder, which only their user may read, each replaced as a whole. */
public final class FolderVault implements Vault {
  private static final String DRAFT = ".draft";

  private final Path folder;

  public FolderVault(Path folder) {
    this.folder = folder;
  }

  /** Where the text of that name is, or would be. */
  public Path file(String name) {
    return folder.resolve(name);
  }

  @Override
  public @Nullable String get(String name) throws IOException {
    try {
      return Files.readString(file(name));
    } catch (NoSuchFileException _) {
      return null;
    }
  }

  @Override
  public synchronized void put(String name, String text) throws IOException {
    Files.createDirectories(folder, forUs("rwx------"));
    Path draft = file(name + DRAFT);
    Files.deleteIfExists(draft); // left by a process that died; its rights may be others
    try {
      try (FileChannel out =
          FileChannel.open(
              draft,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              forUs("rw-------"))) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          int _ = out.write(bytes);
        }
        out.force(true);
      }
      Files.move(draft, file(name), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  @Override
  public void delete(String name) throws IOException {
    Files.deleteIfExists(file(name));
  }

  @Override
  public synchronized String getOrMake(String name, Supplier<String> maker) throws IOException {
    String known = get(name);
    if (known != null) {
      return known;
    }
    String made = maker.get();
    put(name, made);
    return made;
  }

  @Override
  public boolean isShared() {
    return false;
  }

  @Override
  public void claim(List<String> names) {} // one process has the folder

  @Override
  public void confirm(String name) {}

  private FileAttribute<?>[] forUs(String rights) {
    return folder.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(rights))
        }
        : new FileAttribute<?>[0];
  }
}
