package io.fairlead;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Fairlead in a process of its own, for tests that kill or replace it. */
final class FairleadProcess {
  private FairleadProcess() {}

  /** {@code fairlead run} with those arguments; what it prints goes to the file. */
  static Process run(Path output, String... arguments) throws IOException {
    return start(output, command(arguments));
  }

  /** The same command, which may be run elsewhere. */
  static List<String> command(String... arguments) {
    List<String> command = java();
    command.addAll(List.of("io.fairlead.Main", "run"));
    command.addAll(List.of(arguments));
    return command;
  }

  /** A JVM with the program's classes, and those options more. */
  static List<String> java(String... options) {
    List<String> command = new ArrayList<>(Program.START);
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", Program.CLASS_PATH));
    return command;
  }

  static Process start(Path output, List<String> command) throws IOException {
    return start(output, command, Map.of());
  }

  /** The same with more in its environment. */
  static Process start(Path output, List<String> command, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    return builder.start();
  }

  /**
   * The program as its users start it: from a jar, with a record of what a start needs. From a
   * folder of classes, of which the JVM makes no record, each of the many starts takes twice the
   * processor time. Made once for a build.
   */
  private static final class Program {
    static final List<String> START;
    static final String CLASS_PATH;

    static {
      List<String> start =
          new ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:+UseSerialGC",
                  "-Xmx256m",
                  "-XX:TieredStopAtLevel=1",
                  "--enable-native-access=ALL-UNNAMED",
                  "--sun-misc-unsafe-memory-access=allow"));
      Path classes = classes();
      Path folder = classes.resolveSibling("program-of-" + classes.getFileName());
      Path jar = folder.resolve("fairlead.jar");
      Path record = folder.resolve("fairlead.aot");
      CLASS_PATH =
          Stream.concat(
                  Stream.of(jar.toString()),
                  Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                      .filter(entry -> entry.endsWith(".jar")))
              .collect(Collectors.joining(File.pathSeparator));
      try {
        Files.createDirectories(folder);
        try (FileChannel channel =
                FileChannel.open(
                    folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            var _ = channel.lock()) { // there are two processes of tests
          if (isOlder(jar, classes)) {
            Files.deleteIfExists(record);
            write(classes, jar);
            record(start, record);
          }
        }
      } catch (IOException e) {
        throw new ExceptionInInitializerError(e);
      }
      if (Files.exists(record)) {
        start.add("-XX:AOTCache=" + record);
      }
      START = List.copyOf(start);
    }

    private static Path classes() {
      try {
        return Path.of(Main.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      } catch (URISyntaxException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private static boolean isOlder(Path jar, Path classes) throws IOException {
      if (!Files.exists(jar)) {
        return true;
      }
      long made = Files.getLastModifiedTime(jar).toMillis();
      try (Stream<Path> files = Files.walk(classes)) {
        return files.anyMatch(file -> file.toFile().lastModified() >= made);
      }
    }

    private static void write(Path classes, Path jar) throws IOException {
      Path next = jar.resolveSibling("fairlead.jar.next");
      try (OutputStream file = Files.newOutputStream(next);
          JarOutputStream out = new JarOutputStream(file);
          Stream<Path> all = Files.walk(classes)) {
        out.setLevel(0);
        for (Path each : (Iterable<Path>) all::iterator) {
          if (Files.isRegularFile(each)) {
            out.putNextEntry(new JarEntry(classes.relativize(each).toString()));
            Files.copy(each, out);
            out.closeEntry();
          }
        }
      }
      Files.move(next, jar, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Without one a start takes longer, and is as good. */
    private static void record(List<String> start, Path record) throws IOException {
      List<String> command = new ArrayList<>(start);
      command.add("-XX:AOTCacheOutput=" + record);
      command.addAll(List.of("-cp", CLASS_PATH, "io.fairlead.Main", "build-training"));
      Process training =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      try {
        if (training.waitFor() != 0) {
          Files.deleteIfExists(record);
        }
      } catch (InterruptedException e) {
        training.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
