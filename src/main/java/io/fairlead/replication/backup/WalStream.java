package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.ServiceTls;
import io.fairlead.replication.DatabaseView;
import io.fairlead.replication.DatabaseView.MemberView;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Receives the log of whoever is the primary, all the time: has {@code pg_receivewal} do it, lets
 * it go on where it was after whatever happened, and follows the writes to another member and
 * timeline. What a member writes that is not the primary is never received.
 *
 * <p>A new primary has what the archive misses, since it keeps the log for the archive's slot,
 * which there is at each member. Where the log cannot be continued (it is gone, or the archive has
 * what the new primary never had), a new part begins beside the old, and what is missing is said.
 */
final class WalStream extends LogStream {
  /** So often in a row it ends at once before it is asked whether the log can be continued. */
  private static final int FEW = 2;

  /** And before that is believed of a server that cannot say. */
  private static final int HOPELESS = 8;

  /** And before that is believed against the word of a slot, in whatever language. */
  private static final int QUITE_HOPELESS = 24;

  /** What a server says of log that it does not have, or of where that comes from. */
  private static final Pattern GONE =
      Pattern.compile("ERROR: .*(has already been removed|could not open file \"pg_wal/)");

  /** Of PostgreSQL. */
  private static final int MOST_OF_A_NAME = 63;

  private final String database;
  private final ArchiveFolder folder;
  private volatile BackupConfig config;
  private volatile Optional<ServiceTls> tls;

  private volatile long position;
  private volatile int timeline;
  private volatile long lagBytes;
  private volatile long lagMillis;
  private volatile long completeMillis;
  private volatile String newest = "";
  private String lastPrimary = "";
  private int failures;
  private boolean gone;

  /**
   * @param wanted whether it is to be received here and now
   * @param looked is told each time that it has been seen how far it is
   */
  WalStream(
      String database,
      BackupConfig config,
      Optional<ServiceTls> tls,
      Supplier<DatabaseView> members,
      Scheduler clock,
      BooleanSupplier wanted,
      Runnable looked) {
    super(members, clock, wanted, looked);
    this.database = database;
    this.config = config;
    this.tls = tls;
    this.folder = new ArchiveFolder(config.folder());
  }

  void configure(BackupConfig next, Optional<ServiceTls> nextTls) {
    config = next;
    tls = nextTls;
  }

  /** What servers know it by. */
  static String slot(String database) {
    String name = "fairlead_" + database.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]", "_");
    return name.substring(0, Math.min(name.length(), MOST_OF_A_NAME));
  }

  String from() {
    return from;
  }

  String trouble() {
    return trouble;
  }

  long position() {
    return position;
  }

  int timeline() {
    return timeline;
  }

  long lagBytes() {
    return lagBytes;
  }

  long lagMillis() {
    return lagMillis;
  }

  long completeMillis() {
    return completeMillis;
  }

  /**
   * Where what is received begins anew after a failure: before that the slots need keep nothing.
   */
  long safePosition(long segmentSize) {
    return position / segmentSize * segmentSize;
  }

  @Override
  void receive() throws IOException, InterruptedException {
    Node primary = primary();
    if (primary == null) {
      throw new IOException("nobody takes the writes");
    }
    receive(primary);
  }

  @Override
  void ended(boolean lasted) {
    if (lasted) {
      failures = 0;
    }
  }

  private @Nullable Node primary() {
    DatabaseView view = members.get();
    for (MemberView member : view.members()) {
      if (member.node().name().equals(view.primary())) {
        return member.node();
      }
    }
    return null;
  }

  private void receive(Node primary) throws IOException, InterruptedException {
    BackupConfig present = config;
    PostgresPrograms programs = PostgresPrograms.find();
    folder.make(programs);
    HostPort server = primary.address();
    if (!primary.name().equals(lastPrimary)) {
      lag.anotherPrimary();
      lastPrimary = primary.name();
    }
    String slot = slot(database);
    try (Access access =
        new Access(programs, server, present.user(), present.password(), tls, slot)) {
      Questions questions = new Questions(programs, access.environment());
      Questions.Identity identity = questions.identify();
      belong(identity, present.user());
      checkSpace(identity.segmentSize());
      questions.makeSlot(slot);
      Path part = part(programs, questions, identity);
      List<String> arguments =
          new ArrayList<>(
              List.of("-D", part.toString(), "-S", slot, "--no-loop", "-w", "-s", "1", "-v"));
      if (present.witness()) {
        arguments.add("--synchronous");
      }
      Child child =
          Child.start(
              programs,
              "pg_receivewal",
              arguments,
              access.environment(),
              _ -> {},
              _ -> newest = ""); // it says when it has begun another file
      long began = position;
      try {
        listen(began);
        while (!child.await(LOOK_MILLIS)) {
          if (!wanted.getAsBoolean() || isOver(primary, present)) {
            return;
          }
          from = primary.name();
          trouble = "";
          look();
          hear(primary.name(), position, lagMillis);
        }
        int _ = child.result();
        String words = child.cause();
        look();
        failures = position > began || isOfOurDisk(words) ? 0 : failures + 1;
        gone = GONE.matcher(words).find();
        throw new IOException(primary.name() + ": " + words);
      } finally {
        child.stop();
        look();
      }
    }
  }

  private static boolean isOfOurDisk(String words) {
    return !words.contains("ERROR:") // that is what the server says
        && (words.contains("No space left")
            || words.contains("quota")
            || words.contains("could not write")
            || words.contains("could not open file"));
  }

  /** Another takes the writes, members contradict each other, or the configuration has changed. */
  private boolean isOver(Node primary, BackupConfig present) {
    DatabaseView view = members.get();
    return !present.equals(config)
        || (view.primary().isEmpty()
            ? !view.alarm().isEmpty()
            : !view.primary().equals(primary.name()));
  }

  private void belong(Questions.Identity identity, String user) throws IOException {
    ArchiveFolder.Info info = folder.info();
    if (!info.system().isEmpty() && !info.system().equals(identity.system())) {
      throw new IOException(
          folder.path()
              + " has the backups of another database (system identifier "
              + info.system()
              + ", this one's is "
              + identity.system()
              + "); name a new folder");
    }
    ArchiveFolder.Info wantedInfo =
        new ArchiveFolder.Info(identity.system(), identity.segmentSize(), user);
    if (!info.equals(wantedInfo)) {
      folder.write(wantedInfo);
    }
  }

  private void checkSpace(long segmentSize) throws IOException {
    FileStore store = Files.getFileStore(folder.path());
    long free = store.getUsableSpace();
    if (free < Math.min(LITTLE_SPACE, 2 * segmentSize)) {
      throw new IOException(folder.path() + " is full: " + Restore.size(free) + " are left");
    }
  }

  /**
   * Where it can be gone on with, or a new one. That begins with what the slot keeps, which may be
   * what the server has been asked for in vain, or of a timeline whose history it does not have:
   * then by another slot, which keeps what there is.
   */
  private Path part(PostgresPrograms programs, Questions questions, Questions.Identity identity)
      throws IOException {
    Path last = folder.lastPart();
    if (last == null) {
      return folder.newPart(programs);
    }
    ArchiveFolder.dropUnfinished(last, identity.segmentSize());
    List<WalFile> files = new ArrayList<>();
    Map<Integer, String> histories = new HashMap<>();
    ArchiveFolder.read(last, identity.segmentSize(), files, histories);
    WalFile end = null;
    for (WalFile file : files) {
      if (end == null
          || file.timeline() > end.timeline()
          || (file.timeline() == end.timeline() && file.segment() > end.segment())) {
        end = file;
      }
    }
    if (end == null) {
      if (gone) {
        questions.renewSlot(slot(database));
        gone = false;
      }
      return last;
    }
    if (identity.timeline() > 1) {
      histories.put(identity.timeline(), questions.history(identity.timeline()));
    }
    Timelines way = Timelines.to(identity.timeline(), histories);
    long next = end.next(identity.segmentSize());
    if (way == null
        || !way.has(end.timeline(), next)
        || next > identity.position()
        || isHopeless(questions, next)) {
      failures = 0;
      gone = false;
      return folder.newPart(programs);
    }
    ArchiveFolder.stepOver(programs, last, way, end, identity.segmentSize());
    return last;
  }

  /**
   * What the slot keeps is there; what came before it may be gone, and is if it cannot be had. A
   * slot says that it keeps what has been asked for, also where that never was: so of a member that
   * was copied after the archive had received its last.
   */
  private boolean isHopeless(Questions questions, long next) {
    if (failures < FEW) {
      return false;
    }
    OptionalLong kept = questions.keptBy(slot(database));
    return gone
        || (kept.isPresent() && kept.getAsLong() > next)
        || failures >= (kept.isPresent() ? QUITE_HOPELESS : HOPELESS);
  }

  /** Where the primary and the archive are. */
  @Override
  void look() {
    long now = clock.epochMillis();
    DatabaseView view = members.get();
    for (MemberView member : view.members()) {
      if (member.node().name().equals(lastPrimary)
          && view.primary().equals(lastPrimary)
          && member.position().isPresent()) {
        lag.primaryAt(member.position().getAsLong(), now);
      }
    }
    try {
      lookAtFiles();
    } catch (IOException e) {
      trouble = String.valueOf(e.getMessage());
    }
    lag.archivedTo(position);
    lagBytes = lag.bytes();
    lagMillis = lag.behindMillis(now);
    completeMillis = lag.completeMillis();
    looked.run();
  }

  private void lookAtFiles() throws IOException {
    Path last = Files.isDirectory(folder.wals()) ? folder.lastPart() : null;
    if (last == null) {
      return;
    }
    String name = newest;
    if (!name.endsWith(WalFile.PARTIAL) || !Files.exists(last.resolve(name))) {
      name = newestOf(last);
      newest = name;
    }
    if (name.isEmpty()) {
      return;
    }
    long segmentSize = folder.info().segmentSize();
    long begin = WalFile.segmentOf(name, segmentSize) * segmentSize;
    Path file = last.resolve(name);
    long used = name.endsWith(WalFile.PARTIAL) ? WalTail.used(file) : Files.size(file);
    position = begin + used;
    timeline = WalFile.timelineOf(name);
  }

  private static String newestOf(Path last) throws IOException {
    String newest = "";
    try (var all = Files.newDirectoryStream(last)) {
      for (Path file : all) {
        String name = file.getFileName().toString();
        if (WalFile.isSegment(name) && name.compareTo(newest) > 0) {
          newest = name;
        }
      }
    }
    return newest;
  }
}
