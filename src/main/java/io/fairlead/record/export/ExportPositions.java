package io.fairlead.record.export;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How many rows of each part have been taken: a line each time, the last one of a part counts. A
 * line is in the page cache when the call is back, so that a kill loses none; a line without its
 * end was being written, and says nothing.
 */
final class ExportPositions implements Closeable {
  private static final int SLACK = 1000;

  private final Path path;
  private final Map<String, Long> rows = new HashMap<>();
  private FileChannel file;
  private int lines;

  private ExportPositions(Path path, FileChannel file) {
    this.path = path;
    this.file = file;
  }

  static ExportPositions open(Path path) throws IOException {
    List<String> lines = new ArrayList<>();
    if (Files.exists(path)) {
      String text = Files.readString(path);
      lines.addAll(text.lines().toList());
      if (!text.endsWith("\n") && !lines.isEmpty()) {
        lines.removeLast();
      }
    }
    ExportPositions positions = new ExportPositions(path, FileChannel.open(path, CREATE, APPEND));
    for (String line : lines) {
      int space = line.indexOf(' ');
      if (space > 0 && line.substring(0, space).matches("[0-9]{1,18}")) {
        positions.rows.put(line.substring(space + 1), Long.parseLong(line.substring(0, space)));
      }
    }
    positions.rewrite();
    return positions;
  }

  /** Of that part. */
  long of(String part) {
    return rows.getOrDefault(part, 0L);
  }

  /** So many have been taken in all. */
  void reach(String part, long taken) throws IOException {
    rows.put(part, taken);
    write(file, taken + " " + part + "\n");
    lines++;
    if (lines > 2 * rows.size() + SLACK) {
      rewrite();
    }
  }

  /** The part is gone. */
  void forget(String part) {
    rows.remove(part); // and from the file the next time it is written anew
  }

  /** Those that are remembered. */
  List<String> parts() {
    return List.copyOf(rows.keySet());
  }

  private void rewrite() throws IOException {
    Path beside = path.resolveSibling("." + path.getFileName() + ".new");
    StringBuilder all = new StringBuilder();
    rows.forEach((part, taken) -> all.append(taken).append(' ').append(part).append('\n'));
    Files.writeString(beside, all);
    FileChannel next = FileChannel.open(beside, APPEND);
    Files.move(beside, path, ATOMIC_MOVE, REPLACE_EXISTING);
    file.close();
    file = next;
    lines = rows.size();
  }

  private static void write(FileChannel to, String line) throws IOException {
    ByteBuffer bytes = UTF_8.encode(line);
    while (bytes.hasRemaining()) {
      int _ = to.write(bytes);
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
