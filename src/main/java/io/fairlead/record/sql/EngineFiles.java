package io.fairlead.record.sql;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the engine's driver lies: in {@code lib/} beside our jar, and not in it, so that whoever
 * never asks neither loads nor opens it; from a checkout's classes, on the class path.
 */
final class EngineFiles {
  static final String MISSING =
      "SQL needs the DuckDB driver, and there is none in lib/ beside fairlead.jar; building with"
          + " ./fairlead or make puts it there.";

  private static final String DRIVER = "duckdb_jdbc";

  private EngineFiles() {}

  /** What the class path of the process has to be, or null if there is no driver. */
  static @Nullable String classPath() {
    Path own = ownCode();
    Path folder = own == null ? null : own.toAbsolutePath().getParent();
    String driver = folder == null ? null : inFolder(folder.resolve("lib"));
    if (driver == null) {
      driver = onClassPath();
    }
    return own == null || driver == null ? null : own + File.pathSeparator + driver;
  }

  private static @Nullable Path ownCode() {
    CodeSource source = EngineFiles.class.getProtectionDomain().getCodeSource();
    try {
      return source == null ? null : Path.of(source.getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable String inFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      return null;
    }
    try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, DRIVER + "*.jar")) {
      for (Path jar : jars) {
        return jar.toString();
      }
      return null;
    } catch (IOException _) {
      return null;
    }
  }

  private static @Nullable String onClassPath() {
    String path = System.getProperty("java.class.path", "");
    for (String entry : List.of(path.split(File.pathSeparator, -1))) {
      String name = new File(entry).getName();
      if (name.startsWith(DRIVER) && name.endsWith(".jar") && Files.isReadable(Path.of(entry))) {
        return entry;
      }
    }
    return null;
  }
}
