package io.fairlead.replication.backup;

import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.io.StringReader;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folder of the backups of one database:
 *
 * <pre>
 * archive.properties    whose data this is
 * lock, reading         who takes care of it; that somebody restores from it
 * wal/00001/            the log as it came; another number begins where it could not be continued
 * base/20260502T020000Z/data, backup.properties
 * base/.new-…           a copy that is being made, or that somebody's death has left
 * pgbackrest/           the data of those copies of base that have none: pgBackRest's repository
 * drills                one line for each
 * </pre>
 */
final class ArchiveFolder extends BackupFolder {
  private static final System.Logger LOG = System.getLogger(ArchiveFolder.class.getName());
  private static final int TAIL_OF_MANIFEST = 1 << 16;
  private static final Pattern RANGE =
      Pattern.compile(
          "\"Timeline\": *([0-9]+), *\"Start-LSN\": *\"([0-9A-F/]+)\","
              + " *\"End-LSN\": *\"([0-9A-F/]+)\"");

  ArchiveFolder(Path folder) {
    super(folder);
  }

  Path wals() {
    return path().resolve("wal");
  }

  /**
   * Whose data is kept.
   *
   * @param system identifier; empty: nobody's yet
   * @param segmentSize bytes of a segment of the log
   * @param user who may log in to it
   */
  record Info(String system, long segmentSize, String user) {
    static final Info NONE = new Info("", 1 << 24, "");
  }

  /** What pgBackRest has made. */
  Repository repository() {
    return new Repository(this);
  }

  @Override
  void make() throws IOException {
    make(PostgresPrograms.find());
  }

  void make(PostgresPrograms programs) throws IOException {
    programs.makeFolder(path());
    programs.makeFolder(wals());
    programs.makeFolder(bases());
  }

  Info info() throws IOException {
    Properties said = new Properties();
    try {
      said.load(new StringReader(Files.readString(path().resolve(INFO))));
      return new Info(
          said.getProperty("system", ""),
          Long.parseLong(said.getProperty("segment-size", "0")),
          said.getProperty("user", ""));
    } catch (NoSuchFileException _) {
      return Info.NONE;
    } catch (NumberFormatException e) {
      throw new IOException(path().resolve(INFO) + " is damaged: " + e.getMessage(), e);
    }
  }

  void write(Info info) throws IOException {
    replace(
        path().resolve(INFO),
        "system="
            + info.system()
            + "\nsegment-size="
            + info.segmentSize()
            + "\nuser="
            + info.user()
            + "\n");
  }

  @Override
  Path logs() {
    return wals();
  }

  /** What is there. */
  Archive read() throws IOException {
    long segmentSize = info().segmentSize();
    List<WalFile> files = new ArrayList<>();
    Map<Integer, String> histories = new HashMap<>();
    for (Path part : parts()) {
      read(part, segmentSize, files, histories);
    }
    return new Archive(segmentSize, backups(), files, histories);
  }

  /**
   * What is there, with the log of another folder.
   *
   * @throws IOException if that is none, or of another database
   */
  Archive readWith(ArchiveFolder other) throws IOException {
    if (!other.info().system().equals(info().system())) {
      throw new IOException(
          other.path() + " has no log of the database whose backups are in " + path());
    }
    Archive own = read();
    Archive more = other.read();
    List<WalFile> files = new ArrayList<>(own.files());
    files.addAll(more.files());
    Map<Integer, String> histories = new HashMap<>(more.histories());
    histories.putAll(own.histories());
    return new Archive(own.segmentSize(), own.backups(), files, histories);
  }

  /** Files of the log in one part. */
  static void read(Path part, long segmentSize, List<WalFile> files, Map<Integer, String> histories)
      throws IOException {
    List<Path> all;
    try (Stream<Path> listed = Files.list(part)) {
      all = listed.toList();
    }
    for (Path file : all) {
      String name = file.getFileName().toString();
      try {
        Integer history = WalFile.historyOf(name);
        if (history != null) {
          histories.put(history, Files.readString(file));
        } else if (WalFile.isSegment(name) && Files.size(file) > 0) {
          files.add(walFile(file, name, segmentSize));
        }
      } catch (NoSuchFileException _) {
        // It got its final name meanwhile; whoever looks again sees it.
      }
    }
  }

  /**
   * Before anything is received into it {@code pg_receivewal} gives a file its full size, of zeros.
   * It refuses to go on with one that somebody's death, or a full disk, has left shorter. Such a
   * file has nothing in it; should it have, it is put aside.
   */
  static void dropUnfinished(Path part, long segmentSize) throws IOException {
    List<Path> all;
    try (Stream<Path> listed = Files.list(part)) {
      all = listed.filter(f -> f.getFileName().toString().endsWith(WalFile.PARTIAL)).toList();
    }
    for (Path file : all) {
      if (Files.size(file) != segmentSize) {
        if (WalTail.used(file) == 0) {
          Files.delete(file);
        } else {
          Files.move(
              file,
              file.resolveSibling(file.getFileName() + ".short"),
              StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }

  /**
   * {@code pg_receivewal} cannot go on where a timeline was left: there the server has nothing to
   * send but which is the next, and it takes that for a failure. A file of the next one, with
   * nothing in it yet, has it begin with that.
   *
   * @param way of the server
   * @param last the file behind which it goes on, which is on the way
   */
  static void stepOver(
      PostgresPrograms programs, Path part, Timelines way, WalFile last, long segmentSize)
      throws IOException {
    long next = last.next(segmentSize);
    if (way.leaves(last.timeline(), next)) {
      String name = WalFile.name(way.from(next), next / segmentSize, segmentSize) + WalFile.PARTIAL;
      programs.give(Files.createFile(part.resolve(name)));
    }
  }

  private static WalFile walFile(Path file, String name, long segmentSize) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    long segment = WalFile.segmentOf(name, segmentSize);
    boolean whole = !name.endsWith(WalFile.PARTIAL) && attributes.size() == segmentSize;
    return new WalFile(
        WalFile.timelineOf(name),
        segment,
        whole,
        segment * segmentSize + (whole ? segmentSize : WalTail.used(file)),
        attributes.lastModifiedTime().toMillis(),
        file);
  }

  // --- copies --------------------------------------------------------------------------------

  /** All that are whole, oldest first, damaged or not. */
  List<BaseBackup> backups() throws IOException {
    List<BaseBackup> backups = new ArrayList<>();
    for (String id : ids()) {
      try {
        backups.add(backup(id));
      } catch (NoSuchFileException _) {
        // It is being removed.
      }
    }
    return backups;
  }

  private BaseBackup backup(String id) throws IOException {
    Path own = bases().resolve(id);
    Properties said = new Properties();
    said.load(new StringReader(Files.readString(own.resolve(ABOUT))));
    Path damaged = own.resolve(DAMAGED);
    try {
      return new BaseBackup(
          id,
          Integer.parseInt(said.getProperty("timeline")),
          Lsn.parse(said.getProperty("start")),
          Lsn.parse(said.getProperty("end")),
          Long.parseLong(said.getProperty("started")),
          Long.parseLong(said.getProperty("ended")),
          Long.parseLong(said.getProperty("bytes")),
          Integer.parseInt(said.getProperty("version")),
          said.getProperty("from", ""),
          Files.exists(damaged) ? Files.readString(damaged).strip() : "",
          said.getProperty("since", ""),
          said.getProperty("note", ""),
          said.getProperty("label", "").isEmpty()
              ? null
              : new BaseBackup.InRepository(
                  said.getProperty("label"),
                  said.getProperty("manifest", ""),
                  Long.parseLong(said.getProperty("whole"))));
    } catch (RuntimeException e) {
      throw new IOException(own.resolve(ABOUT) + " is damaged: " + e.getMessage(), e);
    }
  }

  /**
   * The copy is whole: from now on it counts.
   *
   * @param note why it is not as it was wanted, for people; empty: it is
   */
  BaseBackup finish(String id, long startMillis, long endMillis, String source, String note)
      throws IOException {
    Path made = bases().resolve(NEW + id);
    Path data = made.resolve("data");
    String manifest = tail(data.resolve("backup_manifest"));
    Matcher range = RANGE.matcher(manifest);
    long start = 0;
    long end = 0;
    int timeline = 0;
    while (range.find()) { // of several timelines the last is where it ended
      int of = Integer.parseInt(range.group(1));
      start = start == 0 ? Lsn.parse(range.group(2)) : Math.min(start, Lsn.parse(range.group(2)));
      if (of >= timeline) {
        timeline = of;
        end = Lsn.parse(range.group(3));
      }
    }
    if (timeline == 0) {
      throw new IOException("the copy does not say which part of the log it needs");
    }
    String version = Files.readString(data.resolve("PG_VERSION")).strip();
    return finish(
        new BaseBackup(
            id,
            timeline,
            start,
            end,
            startMillis,
            endMillis,
            size(data),
            Integer.parseInt(version.replaceFirst("[.].*", "")),
            source,
            "",
            "",
            note,
            null));
  }

  /** The same of one whose data is where it says. */
  BaseBackup finish(BaseBackup one) throws IOException {
    StringBuilder text =
        new StringBuilder()
            .append("timeline=")
            .append(one.timeline())
            .append("\nstart=")
            .append(Lsn.text(one.start()))
            .append("\nend=")
            .append(Lsn.text(one.end()))
            .append("\nstarted=")
            .append(one.startMillis())
            .append("\nended=")
            .append(one.endMillis())
            .append("\nbytes=")
            .append(one.bytes())
            .append("\nversion=")
            .append(one.version())
            .append("\nfrom=")
            .append(one.source())
            .append('\n');
    if (!one.note().isEmpty()) {
      text.append("note=").append(line(one.note())).append('\n');
    }
    BaseBackup.InRepository data = one.inRepository();
    if (data != null) {
      text.append("by=pgbackrest\nlabel=")
          .append(data.label())
          .append("\nmanifest=")
          .append(data.manifest())
          .append("\nwhole=")
          .append(data.whole())
          .append("\nsince=")
          .append(one.since())
          .append('\n');
    }
    Path made = bases().resolve(NEW + one.id());
    write(made.resolve(ABOUT), text.toString());
    Files.move(made, bases().resolve(one.id()), StandardCopyOption.ATOMIC_MOVE);
    sync(bases());
    return backup(one.id());
  }

  @Override
  void tidy() throws IOException {
    super.tidy();
    tidyRepositoryIfItCanBe();
  }

  /** It is no reason to receive no log, nor for a copy not to count; it is done before each one. */
  void tidyRepositoryIfItCanBe() {
    try {
      tidyRepository();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: {1}", repository().path(), e.getMessage());
    }
  }

  /** Of the repository stays what a copy that is whole speaks of. */
  void tidyRepository() throws IOException {
    if (!Files.isDirectory(repository().path())) {
      return;
    }
    Set<String> known = new HashSet<>();
    for (BaseBackup each : backups()) {
      BaseBackup.InRepository its = each.inRepository();
      if (its != null) {
        known.add(its.label());
      }
    }
    repository().tidy(known);
  }

  @Override
  void removeBackup(String id) throws IOException {
    BaseBackup.InRepository data = backup(id).inRepository();
    super.removeBackup(id);
    if (data != null) {
      repository().remove(data.label());
    }
  }

  private static String tail(Path file) throws IOException {
    try (FileChannel in = FileChannel.open(file)) {
      long from = Math.max(0, in.size() - TAIL_OF_MANIFEST);
      ByteBuffer bytes = ByteBuffer.allocate((int) (in.size() - from));
      while (bytes.hasRemaining() && in.read(bytes, from + bytes.position()) > 0) {
        // to its end
      }
      return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    }
  }

  /** Copies first, so that none is left without its log, nor without what it is on top of. */
  void remove(Retention.Plan plan) throws IOException {
    for (BaseBackup backup : plan.backups().reversed()) {
      removeBackup(backup.id());
    }
    if (plan.backups().stream().anyMatch(one -> one.inRepository() != null)) {
      tidyRepositoryIfItCanBe();
    }
    for (WalFile file : plan.files()) {
      Files.deleteIfExists(file.file());
    }
    List<Path> parts = parts();
    for (Path part : parts.subList(0, Math.max(0, parts.size() - 1))) {
      try (Stream<Path> left = Files.list(part)) {
        if (left.noneMatch(f -> WalFile.isSegment(f.getFileName().toString()))
            && !holdsHistories(part)) {
          delete(part);
        }
      }
    }
  }

  /** They are small, and needed for long. */
  private static boolean holdsHistories(Path part) throws IOException {
    try (Stream<Path> left = Files.list(part)) {
      return left.anyMatch(f -> WalFile.historyOf(f.getFileName().toString()) != null);
    }
  }
}
