package io.fairlead.record;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What lies in {@code lib/} beside our jar and not in it, so that whoever never needs it neither
 * loads nor opens it.
 */
public final class BesideJar {
  private BesideJar() {}

  /** Where our own classes are: the jar, or a folder; null: nobody says. */
  public static @Nullable Path own() {
    CodeSource source = BesideJar.class.getProtectionDomain().getCodeSource();
    try {
      return source == null ? null : Path.of(source.getLocation().toURI()).toAbsolutePath();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Files in {@code lib/}, by name.
   *
   * @param folder in it; empty: itself
   * @param names with {@code *}
   */
  public static List<Path> files(String folder, String names) {
    Path own = own();
    Path within = own == null ? null : own.resolveSibling("lib").resolve(folder);
    if (within == null || !Files.isDirectory(within)) {
      return List.of();
    }
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(within, names)) {
      found.forEach(files::add);
    } catch (IOException _) {
      return List.of();
    }
    Collections.sort(files);
    return files;
  }
}
