package io.fairlead.insight.rollup;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where rollups are:
 *
 * <pre>
 * rollups/10s/2026112615-PROCESS-0001.rollup  what a process counted in that hour, in UTC
 * rollups/1m/20261126.rollup                  the same by minutes, of all segments of that day
 * rollups/1h/202611.rollup                    by hours, of that month
 * </pre>
 *
 * The first kind, a segment, is added to while its hour goes on. Minutes and hours are made of
 * segments that are complete, and say of which: a segment that they do not count yet is read in
 * their place.
 */
final class RollupFolder {
  static final String SUFFIX = ".rollup";
  private static final String HIDDEN = ".tmp";

  private static final DateTimeFormatter HOUR =
      DateTimeFormatter.ofPattern("uuuuMMddHH").withZone(ZoneOffset.UTC);

  private final Path rollups;
  private final Reasons reasons;
  private final Map<Path, RollupFile> known = new ConcurrentHashMap<>();

  /** A file as it was found. */
  record Found(RollupFile file, long length) {
    List<RollupFile.At> blocks() throws IOException {
      return file.blocks(length);
    }
  }

  /**
   * @param data the instance's folder for state
   */
  RollupFolder(Path data, Reasons reasons) {
    rollups = data.resolve("rollups");
    this.reasons = reasons;
  }

  /** The hour that a segment is named by. */
  static String hour(long epochMillis) {
    return HOUR.format(Instant.ofEpochMilli(epochMillis));
  }

  Path segment(String hour, String process, int number) {
    return rollups
        .resolve(Level.TEN_SECONDS.word)
        .resolve("%s-%s-%04d%s".formatted(hour, process, number, SUFFIX));
  }

  /** The process that wrote a segment. */
  static String process(String segment) {
    String[] parts = segment.split("-", -1);
    return parts.length == 3 ? parts[1] : "";
  }

  /** Which of its process's segments it is; 0: it is none. */
  static int number(String segment) {
    String[] parts = segment.split("[-.]", -1);
    return parts.length == 4 && parts[2].matches("[0-9]{4,9}") ? Integer.parseInt(parts[2]) : 0;
  }

  /** The file of minutes or hours that a segment is a part of. */
  Path of(Level level, String segment) {
    String day = segment.substring(0, level == Level.HOURS ? 6 : 8);
    return rollups.resolve(level.word).resolve(day + SUFFIX);
  }

  static Path hidden(Path file) {
    return file.resolveSibling("." + file.getFileName() + HIDDEN);
  }

  /** What is kept is nobody else's business. */
  void make(Level level) throws IOException {
    Path folder = rollups.resolve(level.word);
    if (Files.isDirectory(folder)) {
      return;
    }
    if (!Files.isDirectory(rollups)) {
      Path data = rollups.getParent();
      if (data != null) {
        Files.createDirectories(data);
      }
      try {
        Files.createDirectory(
            rollups,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } catch (FileAlreadyExistsException e) {
        // Another process did.
      }
    }
    Files.createDirectories(folder);
  }

  /** All files of a level, the oldest first. */
  List<Found> files(Level level) throws IOException {
    List<Found> found = new ArrayList<>();
    Path folder = rollups.resolve(level.word);
    Set<Path> there = new HashSet<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
      for (Path path : stream) {
        try {
          BasicFileAttributes facts =
              Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
          if (facts.isRegularFile() && !path.getFileName().toString().startsWith(".")) {
            found.add(new Found(file(path, level, facts), facts.size()));
            there.add(path);
          }
        } catch (NoSuchFileException e) {
          // It has just gone.
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      // There are none yet.
    }
    known.keySet().removeIf(path -> folder.equals(path.getParent()) && !there.contains(path));
    found.sort(Comparator.comparing(each -> each.file().name()));
    return found;
  }

  private RollupFile file(Path path, Level level, BasicFileAttributes facts) {
    return known.compute(
        path,
        (_, before) ->
            before != null && before.is(facts.fileKey())
                ? before
                : new RollupFile(path, level, reasons, facts.fileKey()));
  }
}
