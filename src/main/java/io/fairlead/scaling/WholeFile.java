package io.fairlead.scaling;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;

/** A small file that is replaced as a whole, or stays as it is. */
final class WholeFile {
  private WholeFile() {}

  /** A process that hands over and the next one may both write: each beside it first. */
  static void write(Path file, Collection<String> lines) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    Files.createDirectories(folder);
    Path next = Files.createTempFile(folder, file.getFileName().toString(), ".next");
    try {
      Files.write(next, lines);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      Files.deleteIfExists(next); // a full disk is written to again and again
      throw e;
    }
  }
}
