package io.fairlead.record.sql;

import io.fairlead.record.BesideJar;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where the engine's driver lies: beside our jar; from a checkout's classes, on the class path. */
final class EngineFiles {
  static final String MISSING =
      "SQL needs the DuckDB driver, and there is none in lib/ beside fairlead.jar; building with"
          + " ./fairlead or make puts it there.";

  private static final String DRIVER = "duckdb_jdbc";

  private EngineFiles() {}

  /** What the class path of the process has to be, or null if there is no driver. */
  static @Nullable String classPath() {
    List<Path> beside = BesideJar.files("", DRIVER + "*.jar");
    String driver = beside.isEmpty() ? onClassPath() : beside.getFirst().toString();
    Path own = BesideJar.own();
    return own == null || driver == null ? null : own + File.pathSeparator + driver;
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
