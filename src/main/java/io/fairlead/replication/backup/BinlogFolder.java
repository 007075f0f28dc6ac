package io.fairlead.replication.backup;

import io.fairlead.replication.MariadbPrograms;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of the backups of one MariaDB database:
 *
 * <pre>
 * archive.properties    that these are MariaDB's
 * lock, reading         who takes care of it; that somebody restores from it
 * binlog/00001/         the log of one member as it came; another number begins where it could not
 *                       be continued, or with another member
 *   part.properties     whose it is
 *   bin.000002          a file that the member has gone on from
 *   incoming/           what comes at this moment; its last file is the one that is written
 *   kept/               the same, of a connection before this one, until it has come again
 *   seen                up to where it was complete, and when
 * base/20260502T020000Z/data, manifest, tables, backup.properties
 * base/.new-…           a copy that is being made, or that somebody's death has left
 * drills                one line for each
 * </pre>
 */
final class BinlogFolder extends BackupFolder {
  static final String ENGINE = "mariadb";
  private static final String PART = "part.properties";
  private static final String SEEN = "seen";

  BinlogFolder(Path folder) {
    super(folder);
  }

  /** Whether the backups in a folder are MariaDB's. */
  static boolean isOne(Path folder) throws IOException {
    return ENGINE.equals(properties(folder.resolve(INFO)).getProperty("engine"));
  }

  @Override
  void make() throws IOException {
    MariadbPrograms programs = MariadbPrograms.find();
    programs.makeFolder(path());
    programs.makeFolder(logs());
    programs.makeFolder(bases());
    if (!Files.exists(path().resolve(INFO))) {
      replace(path().resolve(INFO), "engine=" + ENGINE + "\n");
    } else if (!isOne(path())) {
      throw new IOException(path() + " has the backups of another kind of database");
    }
  }

  @Override
  Path logs() {
    return path().resolve("binlog");
  }

  private static Properties properties(Path file) throws IOException {
    Properties said = new Properties();
    try {
      said.load(new StringReader(Files.readString(file)));
    } catch (NoSuchFileException _) {
      // Nothing is said.
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is damaged: " + e.getMessage(), e);
    }
    return said;
  }

  // --- the log -------------------------------------------------------------------------------

  static Path incoming(Path part) {
    return part.resolve("incoming");
  }

  private static Path kept(Path part) {
    return part.resolve("kept");
  }

  BinlogArchive.Part newPart(MariadbPrograms programs, String member, String server, String first)
      throws IOException {
    Path part = newPart(programs);
    programs.makeFolder(incoming(part));
    programs.makeFolder(kept(part));
    replace(
        part.resolve(PART), "member=" + member + "\nserver=" + server + "\nfirst=" + first + "\n");
    return part(part);
  }

  private BinlogArchive.Part part(Path part) throws IOException {
    Properties said = properties(part.resolve(PART));
    Properties seen = properties(part.resolve(SEEN));
    try {
      return new BinlogArchive.Part(
          Integer.parseInt(part.getFileName().toString()),
          part,
          said.getProperty("member", ""),
          said.getProperty("server", ""),
          said.getProperty("first", ""),
          Long.parseLong(seen.getProperty("millis", "0")),
          Long.parseLong(seen.getProperty("position", "0")),
          files(part));
    } catch (NumberFormatException e) {
      throw new IOException(part + " is damaged: " + e.getMessage(), e);
    }
  }

  /** The one that is being written; null: there is none yet. */
  BinlogArchive.@Nullable Part last() throws IOException {
    Path last = lastPart();
    return last == null ? null : part(last);
  }

  /** All files of a part, each the one of several that has most, in their order. */
  private static List<BinlogFile> files(Path part) throws IOException {
    TreeMap<Long, BinlogFile> files = new TreeMap<>();
    for (Path from : List.of(kept(part), incoming(part), part)) {
      if (!Files.isDirectory(from)) {
        continue;
      }
      List<Path> all;
      try (Stream<Path> listed = Files.list(from)) {
        all = listed.toList();
      }
      for (Path file : all) {
        String name = file.getFileName().toString();
        if (BinlogFile.isName(name)) {
          try {
            BinlogFile found = new BinlogFile(name, file, Files.size(file), from.equals(part));
            files.merge(
                found.number(),
                found,
                (old, next) -> next.complete() || next.size() >= old.size() ? next : old);
          } catch (NoSuchFileException _) {
            // It has gone to the complete ones meanwhile; whoever looks again sees it.
          }
        }
      }
    }
    return List.copyOf(files.values());
  }

  /** What came last is kept until it has come again. */
  static void beginAgain(Path part) throws IOException {
    List<Path> all;
    try (Stream<Path> listed = Files.list(incoming(part))) {
      all = listed.toList();
    }
    for (Path file : all) {
      Path old = kept(part).resolve(file.getFileName());
      if (!Files.exists(old) || Files.size(old) < Files.size(file)) {
        Files.move(file, old, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } else {
        Files.delete(file);
      }
    }
  }

  /**
   * Files that the member has gone on from are on disk now and complete; what has been kept of them
   * is not needed any more.
   *
   * @return the name of a file that is another than the one that has been kept, as its head tells:
   *     a server that was set up anew writes others under the same names. What came is thrown away
   *     then. Empty: none is
   */
  static String complete(Path part) throws IOException {
    List<Path> all;
    try (Stream<Path> listed = Files.list(incoming(part))) {
      all =
          listed
              .filter(f -> BinlogFile.isName(f.getFileName().toString()))
              .sorted(Comparator.comparingLong(f -> BinlogFile.number(f.getFileName().toString())))
              .toList();
    }
    for (Path file : all) {
      Path old = kept(part).resolve(file.getFileName());
      boolean last = file.equals(all.getLast());
      if (Files.exists(old) && !head(old, file).equals(head(file, old))) {
        for (Path wrong : all) {
          Files.deleteIfExists(wrong);
        }
        return file.getFileName().toString();
      }
      if (!last) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
        Files.move(file, part.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        sync(part);
      }
      if (!last || (Files.exists(old) && Files.size(file) >= Files.size(old))) {
        Files.deleteIfExists(old);
      }
    }
    return "";
  }

  /** As much of the head as both have, without what differs while the file is written. */
  private static ByteBuffer head(Path one, Path other) throws IOException {
    int most = (int) Math.min(256, Math.min(Files.size(one), Files.size(other)));
    ByteBuffer head = ByteBuffer.allocate(most);
    try (FileChannel in = FileChannel.open(one)) {
      while (head.hasRemaining() && in.read(head) > 0) {
        // to its end
      }
    }
    for (int i = 21; i < 23 && i < most; i++) {
      head.put(i, (byte) 0); // flags
    }
    return head.flip();
  }

  /** Up to there it was complete at that moment. */
  static void seen(Path part, long position, long millis) throws IOException {
    Path next = part.resolve(SEEN + ".next");
    Files.writeString(next, "millis=" + millis + "\nposition=" + position + "\n");
    Files.move(
        next,
        part.resolve(SEEN),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  // --- copies --------------------------------------------------------------------------------

  /** What is there. */
  BinlogArchive read() throws IOException {
    List<BinlogArchive.Part> parts = new ArrayList<>();
    for (Path part : parts()) {
      parts.add(part(part));
    }
    List<MariadbBackup> backups = new ArrayList<>();
    for (String id : ids()) {
      try {
        backups.add(backup(id));
      } catch (NoSuchFileException _) {
        // It is being removed.
      }
    }
    return new BinlogArchive(backups, parts);
  }

  Path manifest(String id) {
    return bases().resolve(id).resolve(Manifest.NAME);
  }

  private MariadbBackup backup(String id) throws IOException {
    Path own = bases().resolve(id);
    Properties said = new Properties();
    said.load(new StringReader(Files.readString(own.resolve(ABOUT))));
    Path damaged = own.resolve(DAMAGED);
    try {
      return new MariadbBackup(
          id,
          Integer.parseInt(said.getProperty("part")),
          said.getProperty("file", ""),
          Long.parseLong(said.getProperty("offset")),
          said.getProperty("gtid", ""),
          Long.parseLong(said.getProperty("started")),
          Long.parseLong(said.getProperty("ended")),
          Long.parseLong(said.getProperty("bytes")),
          said.getProperty("version", ""),
          Integer.parseInt(said.getProperty("lower-case-table-names")),
          said.getProperty("from", ""),
          said.getProperty("manifest", ""),
          Files.exists(damaged) ? Files.readString(damaged).strip() : "",
          new MariadbBackup.Pages(
              said.getProperty("since", ""),
              Long.parseLong(said.getProperty("lsn", "0")),
              said.getProperty("process", ""),
              said.getProperty("note", "")));
    } catch (RuntimeException e) {
      throw new IOException(own.resolve(ABOUT) + " is damaged: " + e.getMessage(), e);
    }
  }

  /** The copy is whole: from now on it counts. */
  MariadbBackup finish(MariadbBackup made) throws IOException {
    Path own = bases().resolve(NEW + made.id());
    write(
        own.resolve(ABOUT),
        "part="
            + made.part()
            + "\nfile="
            + made.file()
            + "\noffset="
            + made.offset()
            + "\ngtid="
            + made.gtid()
            + "\nstarted="
            + made.startMillis()
            + "\nended="
            + made.endMillis()
            + "\nbytes="
            + made.bytes()
            + "\nversion="
            + made.version()
            + "\nlower-case-table-names="
            + made.lowerCase()
            + "\nmanifest="
            + made.manifest()
            + "\nfrom="
            + made.source()
            + "\nsince="
            + made.pages().since()
            + "\nlsn="
            + made.pages().lsn()
            + "\nprocess="
            + made.pages().process()
            + "\nnote="
            + line(made.pages().note())
            + "\n");
    sync(own);
    Files.move(own, bases().resolve(made.id()), StandardCopyOption.ATOMIC_MOVE);
    sync(bases());
    return backup(made.id());
  }

  Path made(String id) {
    return bases().resolve(NEW + id);
  }

  /** Copies first, so that none is left without its log or what it is on top of. */
  void remove(BinlogArchive.Plan plan) throws IOException {
    for (MariadbBackup backup : plan.backups().reversed()) {
      removeBackup(backup.id());
    }
    for (BinlogFile file : plan.files()) {
      Files.deleteIfExists(file.file());
    }
    for (BinlogArchive.Part part : plan.parts()) {
      delete(part.folder());
    }
  }
}
