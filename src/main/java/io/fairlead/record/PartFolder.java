package io.fairlead.record;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where parts are: {@code records/TABLE/DATE/TIME-PROCESS.parquet}. Date and time are those of the
 * first record, in UTC, so that names sort; the process is the one that wrote the records. What is
 * not complete yet has another end of its name as well as a dot in front: patterns of DuckDB find
 * names with dots.
 */
public final class PartFolder {
  static final String SUFFIX = ".parquet";

  private static final String HIDDEN = ".tmp";

  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private final Path records;

  /**
   * @param data the instance's folder for state
   */
  public PartFolder(Path data) {
    records = data.resolve("records");
  }

  /** A part that is there. */
  public record Part(Path file, LocalDate date, long bytes) {
    /** Whether it is one of that table. */
    boolean isOf(String table) {
      Path day = file.getParent();
      Path folder = day == null ? null : day.getParent();
      return folder != null && folder.endsWith(table);
    }
  }

  /** Where a part with that first record goes: a file that does not exist. */
  Path name(String table, long firstMicros, String process) throws IOException {
    long micros = firstMicros;
    while (true) {
      Instant first = Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
      Path day = records.resolve(table).resolve(day(first).toString());
      Path file = day.resolve(NAME.format(first) + "-" + process + SUFFIX);
      if (!Files.exists(file)) {
        make(day);
        return file;
      }
      micros++; // as good a name
    }
  }

  /** The name under which a part is written before it is complete. */
  static Path hidden(Path file) {
    return file.resolveSibling("." + file.getFileName() + HIDDEN);
  }

  /** What is kept is nobody else's business. */
  private void make(Path day) throws IOException {
    if (Files.isDirectory(day)) {
      return;
    }
    if (!Files.isDirectory(records)) {
      Path data = records.getParent();
      if (data != null) {
        Files.createDirectories(data);
      }
      try {
        Files.createDirectory(
            records,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } catch (FileAlreadyExistsException e) {
        // Another process did.
      }
    }
    Files.createDirectories(day);
  }

  /** All complete parts, the oldest first. */
  public List<Part> parts() throws IOException {
    List<Part> parts = new ArrayList<>();
    for (Path table : children(records)) {
      for (Path day : children(table)) {
        LocalDate date = date(day);
        if (date != null) {
          for (Path file : children(day)) {
            add(parts, file, date);
          }
        }
      }
    }
    parts.sort(Comparator.comparing(part -> part.file().getFileName().toString()));
    return parts;
  }

  private static void add(List<Part> parts, Path file, LocalDate date) throws IOException {
    String name = file.getFileName().toString();
    if (name.endsWith(SUFFIX)) {
      try {
        BasicFileAttributes facts =
            Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (facts.isRegularFile()) {
          parts.add(new Part(file, date, facts.size()));
        }
      } catch (NoSuchFileException e) {
        // Another process removed it.
      }
    }
  }

  /** The day that records of then belong to. */
  static LocalDate day(Instant time) {
    return LocalDate.ofInstant(time, ZoneOffset.UTC);
  }

  /** When its first record began, as the name says; null: the name says nothing. */
  static @Nullable Instant first(Path file) {
    String name = file.getFileName().toString();
    int dash = name.indexOf('-');
    try {
      return dash < 0 ? null : Instant.from(NAME.parse(name.substring(0, dash)));
    } catch (DateTimeException e) {
      return null;
    }
  }

  /**
   * Parts of a table that this process wrote, the one that was written last first: names do not say
   * it, as lines of logs may be older than those before them.
   */
  List<Path> of(String table, String process) throws IOException {
    List<Path> found = new ArrayList<>();
    for (Path day : children(records.resolve(table))) {
      for (Path file : children(day)) {
        String name = file.getFileName().toString();
        if (name.endsWith("-" + process + SUFFIX)) {
          found.add(file);
        }
      }
    }
    found.sort(Comparator.comparingLong(PartFolder::written).reversed());
    return found;
  }

  private static long written(Path file) {
    try {
      return Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS);
    } catch (IOException e) {
      return 0; // it has just gone
    }
  }

  /** What a process that is gone had not completed. */
  void removeHidden(String process) throws IOException {
    for (Path table : children(records)) {
      for (Path day : children(table)) {
        for (Path file : children(day)) {
          String name = file.getFileName().toString();
          if (name.endsWith("-" + process + SUFFIX + HIDDEN)) {
            Files.deleteIfExists(file);
          }
        }
      }
    }
  }

  /** Removes a part, and its day if that was the last one. */
  static void remove(Path file) throws IOException {
    Files.deleteIfExists(file);
    Path day = file.getParent();
    if (day != null && children(day).isEmpty()) {
      try {
        Files.deleteIfExists(day);
      } catch (FileSystemException e) {
        // Somebody has just put something there.
      }
    }
  }

  private static List<Path> children(Path folder) throws IOException {
    List<Path> children = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(children::add);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    }
    return children;
  }

  private static @Nullable LocalDate date(Path day) {
    try {
      return LocalDate.parse(day.getFileName().toString());
    } catch (DateTimeException e) {
      return null;
    }
  }
}
