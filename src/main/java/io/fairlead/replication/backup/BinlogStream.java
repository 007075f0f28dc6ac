package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.replication.DatabaseView;
import io.fairlead.replication.DatabaseView.MemberView;
import io.fairlead.replication.MariadbPrograms;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Receives the log of one member of this machine, all the time: has {@code mariadb-binlog} do it,
 * and lets it go on where it was after whatever happened.
 *
 * <p>Files and positions of the log mean nothing to another member. So the same member is stayed
 * with as long as it can be asked, whoever takes the writes: each of a cluster has all of them in
 * its log. When it is gone for long, or no longer has what comes next, a new part of the log
 * begins, with a new copy.
 */
final class BinlogStream extends LogStream {
  private static final long ASK_MILLIS = 2_000;

  /** For so long a member may be gone before another one's log is received. */
  private static final long PATIENCE_MILLIS = 60_000;

  /** What the connection is known by at the member; others must not use it. */
  private static final int LARGEST_SERVER = 0x7FFFFFFF;

  /**
   * Whose log is received.
   *
   * @param part of the log
   */
  record Source(Node node, int part) {}

  private final String database;
  private final BinlogFolder folder;
  private volatile DatabaseConfig config;

  private volatile @Nullable Source source;
  private volatile BackupEngine.Log log = new BackupEngine.Log("", 0, "", 0, 0, 0, 0, "");
  private long position;
  private String name = "";
  private int part;
  private long lagBytes;
  private long goneSince;

  /** The last part cannot be gone on with: its server has another log now. */
  private boolean anew;

  BinlogStream(
      DatabaseConfig config,
      BinlogFolder folder,
      Supplier<DatabaseView> members,
      Scheduler clock,
      BooleanSupplier wanted,
      Runnable looked) {
    super(members, clock, wanted, looked);
    this.database = config.name();
    this.config = config;
    this.folder = folder;
  }

  void configure(DatabaseConfig next) {
    config = next;
  }

  /** Any thread. */
  BackupEngine.Log log() {
    return log;
  }

  /** Whom copies can be taken from; null: nobody. Any thread. */
  @Nullable Source source() {
    return source;
  }

  @Override
  void ended(boolean lasted) {
    source = null;
  }

  private Node choose(BinlogArchive.@Nullable Part last) throws IOException {
    DatabaseView view = members.get();
    List<MemberView> here = MariadbMember.here(view);
    for (MemberView member : here) {
      if (last != null && member.node().name().equals(last.member())) {
        goneSince = 0;
        return member.node();
      }
    }
    String better = better(view, here, last);
    if (!better.isEmpty()) {
      long now = clock.epochMillis();
      goneSince = goneSince == 0 ? now : goneSince;
      if (now - goneSince < PATIENCE_MILLIS) {
        throw new IOException(better);
      }
    }
    if (here.isEmpty()) {
      throw new IOException(
          "no member of "
              + database
              + " that runs on this machine can be asked; its data is copied as files");
    }
    goneSince = 0;
    return here.getFirst().node();
  }

  /**
   * Whom there may be in a while who would be better than those that are there; empty: nobody. With
   * whom it begins it stays, and members stand still for a moment while they are copied.
   */
  private static String better(
      DatabaseView view, List<MemberView> here, BinlogArchive.@Nullable Part last) {
    if (last != null) {
      return last.member() + ", whose log is received, cannot be asked";
    }
    long all =
        view.members().stream()
            .filter(member -> MariadbMember.isHere(member.node().address()))
            .count();
    boolean known = !view.primary().isEmpty();
    return here.isEmpty()
            || all < 2
            || (known && here.stream().anyMatch(one -> !isPrimary(view, one)))
        ? ""
        : "of the members on this machine none can be asked that does not take the writes";
  }

  private static boolean isPrimary(DatabaseView view, MemberView member) {
    return member.node().name().equals(view.primary());
  }

  @Override
  void receive() throws IOException, InterruptedException {
    DatabaseConfig present = config;
    BackupConfig backup = present.backup().orElseThrow();
    MariadbPrograms programs = MariadbPrograms.find();
    folder.make();
    BinlogArchive.Part last = folder.last();
    Node node = choose(last);
    try (MariadbAccess access =
        new MariadbAccess(
            programs, node.address(), backup.user(), backup.password(), present.probe().tls())) {
      MariadbMember member = MariadbMember.ask(node.name(), access, programs);
      checkSpace();
      TreeMap<Long, String> there = new TreeMap<>();
      sizes(access).keySet().forEach(one -> there.put(BinlogFile.number(one), one));
      if (there.isEmpty()) {
        throw new IOException(node.name() + " has no log");
      }
      String next = last == null || anew ? "" : next(last, member, there);
      if (last == null || next.isEmpty()) {
        next = there.lastEntry().getValue();
        last = folder.newPart(programs, member.name(), member.server(), next);
        anew = false;
        lag.anotherPrimary();
        position = 0;
      }
      part = last.number();
      BinlogFolder.beginAgain(last.folder());
      receive(node, access, programs, last, next, present);
    }
  }

  /** The file that comes next, or comes anew; empty: the member no longer has it. */
  private static String next(
      BinlogArchive.Part last, MariadbMember member, Map<Long, String> there) {
    if (!last.member().equals(member.name()) || !last.server().equals(member.server())) {
      return "";
    }
    String next = last.first();
    if (!last.files().isEmpty()) {
      BinlogFile end = last.files().getLast();
      next = end.complete() ? BinlogFile.next(end.name()) : end.name();
    }
    return next.equals(there.get(BinlogFile.number(next))) ? next : "";
  }

  private void receive(
      Node node,
      MariadbAccess access,
      MariadbPrograms programs,
      BinlogArchive.Part of,
      String first,
      DatabaseConfig present)
      throws IOException, InterruptedException {
    Child child =
        Child.start(
            programs,
            "mariadb-binlog",
            List.of(
                access.argument(),
                "--read-from-remote-server",
                "--raw",
                "--stop-never",
                "--stop-never-slave-server-id=" + serverId(),
                "--verify-binlog-checksum",
                "--result-file=" + BinlogFolder.incoming(of.folder()) + "/",
                first),
            Map.of(),
            _ -> {},
            _ -> {});
    try {
      long asked = 0;
      listen(position);
      while (!child.await(LOOK_MILLIS)) {
        if (!wanted.getAsBoolean() || !present.equals(config)) {
          return;
        }
        lookAtFiles(of);
        from = node.name();
        trouble = "";
        source = new Source(node, of.number());
        long now = clock.nanoTime();
        if (asked == 0 || now - asked > ASK_MILLIS * 1_000_000) {
          asked = now;
          ask(access, of);
        }
        look();
        hear(node.name(), position, log.lagMillis());
        checkSpace();
      }
      int _ = child.result();
      throw new IOException(node.name() + ": " + words(child));
    } finally {
      child.stop();
      anew |= !BinlogFolder.complete(of.folder()).isEmpty();
    }
  }

  /** The same for each connection of a database, so that a new one ends what is left of an old. */
  private int serverId() {
    return LARGEST_SERVER - Math.floorMod(("fairlead " + database).hashCode(), 1 << 24);
  }

  private static String words(Child child) {
    for (String word : child.words()) { // the first that is wrong, not that it ended
      if (word.contains("ERROR:") || word.contains("rror")) {
        return word.replaceFirst("^ERROR: ", "");
      }
    }
    return child.lastWords();
  }

  private void checkSpace() throws IOException {
    long free = Files.getFileStore(folder.path()).getUsableSpace();
    if (free < Math.min(LITTLE_SPACE, Files.getFileStore(folder.path()).getTotalSpace() / 20)) {
      throw new IOException(folder.path() + " is full: " + Restore.size(free) + " are left");
    }
  }

  private void lookAtFiles(BinlogArchive.Part of) throws IOException {
    String another = BinlogFolder.complete(of.folder());
    if (!another.isEmpty()) {
      anew = true;
      throw new IOException(
          of.member() + " has another " + another + " than the one that has been received");
    }
    BinlogArchive.Part present = folder.last();
    if (present != null && !present.files().isEmpty()) {
      BinlogFile end = present.files().getLast();
      name = end.name();
      position = Math.max(position, end.end());
    }
  }

  /** How far the member is. */
  private void ask(MariadbAccess access, BinlogArchive.Part of) throws IOException {
    long millis = clock.epochMillis();
    long behind = 0;
    long end = 0;
    for (Map.Entry<String, Long> file : sizes(access).entrySet()) {
      long number = BinlogFile.number(file.getKey());
      long has =
          number < position >>> 32
              ? Long.MAX_VALUE
              : number > position >>> 32 ? 0 : position & 0xFFFFFFFFL;
      behind += Math.max(0, file.getValue() - has);
      end = Math.max(end, BinlogFile.position(number, file.getValue()));
    }
    lagBytes = behind;
    lag.primaryAt(end, millis);
    lag.archivedTo(position);
    if (position >= end && position > 0) {
      BinlogFolder.seen(of.folder(), end, millis);
    }
  }

  /** The files of the log that the member has, and how long they are. */
  private static Map<String, Long> sizes(MariadbAccess access) throws IOException {
    Map<String, Long> sizes = new TreeMap<>();
    List<String> odd = new ArrayList<>();
    for (String line : access.ask("show binary logs").split("\n", -1)) {
      String[] said = line.split("\t", -1);
      if (said.length >= 2 && BinlogFile.isName(said[0]) && said[1].matches("[0-9]{1,18}")) {
        sizes.put(said[0], Long.parseLong(said[1]));
      } else if (!line.isBlank()) {
        odd.add(line);
      }
    }
    if (!odd.isEmpty()) {
      throw new IOException("the server does not say which files its log has: " + odd.getFirst());
    }
    return sizes;
  }

  @Override
  void look() {
    lag.archivedTo(position);
    log =
        new BackupEngine.Log(
            from,
            position,
            position == 0 ? "" : BinlogFile.text(name, position),
            part,
            lagBytes,
            lag.behindMillis(clock.epochMillis()),
            lag.completeMillis(),
            trouble);
    looked.run();
  }
}
