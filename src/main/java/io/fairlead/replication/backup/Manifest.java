package io.fairlead.replication.backup;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;

/**
 * The size and SHA-256 of each file of a copy, a line each. Whoever changes a copy afterwards, be
 * it one bit, is found, and the file is named.
 */
final class Manifest {
  static final String NAME = "manifest";
  private static final int BLOCK = 1 << 18;
  private static final int MOST_NAMED = 3;

  private record Entry(long size, String sum) {}

  private Manifest() {}

  /**
   * Reads all files, has them on disk, and writes down what they are.
   *
   * @return SHA-256 of what was written
   */
  static String write(Path data, Path manifest) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (Path file : files(data)) {
      sync(file);
      lines
          .append(sum(file))
          .append(' ')
          .append(Files.size(file))
          .append(' ')
          .append(data.relativize(file))
          .append('\n');
    }
    BackupFolder.write(manifest, lines.toString());
    return sum(manifest);
  }

  /**
   * What is wrong with the files of a copy.
   *
   * @param expected SHA-256 of the manifest itself
   * @return for people, a few at most; empty: nothing is
   */
  static List<String> compare(Path data, Path manifest, String expected) throws IOException {
    if (!Files.exists(manifest)) {
      return List.of("the file " + NAME + " is missing");
    }
    if (!sum(manifest).equals(expected)) {
      return List.of("the file " + NAME + " has been changed");
    }
    TreeMap<String, Entry> wanted = new TreeMap<>();
    for (String line : Files.readAllLines(manifest)) {
      String[] fields = line.split(" ", 3);
      wanted.put(fields[2], new Entry(Long.parseLong(fields[1]), fields[0]));
    }
    List<String> wrong = new ArrayList<>();
    for (Path file : files(data)) {
      String name = data.relativize(file).toString();
      Entry entry = wanted.remove(name);
      if (entry == null) {
        wrong.add("the file " + name + " does not belong to it");
      } else if (Files.size(file) != entry.size()) {
        wrong.add(
            "the file " + name + " has " + Files.size(file) + " bytes instead of " + entry.size());
      } else if (!sum(file).equals(entry.sum())) {
        wrong.add("the file " + name + " has been changed (SHA-256)");
      }
    }
    wanted.keySet().forEach(name -> wrong.add("the file " + name + " is missing"));
    return wrong.subList(0, Math.min(MOST_NAMED, wrong.size()));
  }

  private static List<Path> files(Path data) throws IOException {
    List<Path> files = new ArrayList<>();
    Files.walkFileTree(
        data,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            files.add(file);
            return FileVisitResult.CONTINUE;
          }
        });
    files.sort(null);
    return files;
  }

  private static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  private static String sum(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] block = new byte[BLOCK];
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        digest.update(ByteBuffer.wrap(block, 0, n));
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException("reading was given up");
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IOException("this Java has no SHA-256", e);
    }
  }
}
