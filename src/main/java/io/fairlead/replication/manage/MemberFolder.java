package io.fairlead.replication.manage;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a member lives on this machine: its data, and beside it what is ours.
 *
 * <p>A base backup and a rewind bring the source's settings along with its data, its port and whom
 * it waits for included. So all settings are written anew before each start, and what is in the way
 * of a rewind is taken out before.
 */
final class MemberFolder {
  /** It makes the server a replica, and is gone once it has been promoted. */
  private static final String STANDBY = "standby.signal";

  /** Beside the data. */
  static final String DAMAGED = "damaged";

  private static final String TLS = "tls.conf";
  private static final String DOOR = "pg_hba.conf";
  private static final String AUTO = "postgresql.auto.conf";
  private static final Pattern TERM = Pattern.compile("(?m)^fairlead\\.term = '([0-9]+)'");
  private static final Pattern ORDERED =
      Pattern.compile("(?m)^" + Pattern.quote(MemberSql.ORDERED) + " = ");
  private static final Pattern STRAY =
      Pattern.compile("(?m)^" + Pattern.quote(MemberSql.STRAY) + " = '([0-9]+)'");
  private static final Pattern KERNEL = Pattern.compile("([0-9]{1,5})\\.([0-9]{1,5})");
  private static final Pattern OURS =
      Pattern.compile(
          "^\\s*(fairlead\\.term|fairlead\\.ordered|fairlead\\.stray|primary_conninfo|primary_slot_name|synchronous_standby_names"
              + "|default_transaction_read_only|restore_command|recovery_\\w+)\\b.*",
          Pattern.CASE_INSENSITIVE);

  /** What a witness keeps beside its log. */
  static final String WITNESS = "witness";

  /** A socket's path must not be longer. */
  private static final int LONGEST_SOCKET = 90;

  private static final Pattern DAMAGED_PAGE =
      Pattern.compile("invalid page in block (\\d+) of relation (\\S+)");

  /** So much of the log is searched for what the server said. */
  private static final int SEARCHED = 256 * 1024;

  private static final long MOST_LOG = 32L * 1024 * 1024;
  private static final Duration SHORT = Duration.ofSeconds(30);

  private final PostgresPrograms programs;
  private final Path top;

  /** Where the present server's log begins, as far as is known. */
  private volatile long logFrom;

  MemberFolder(PostgresPrograms programs, Path top) {
    this.programs = programs;
    this.top = top.toAbsolutePath();
  }

  Path top() {
    return top;
  }

  Path data() {
    return top.resolve("data");
  }

  /** What a witness must not forget. */
  Path witness() {
    return top.resolve(WITNESS);
  }

  /** What becomes the data when it is complete. */
  Path coming() {
    return top.resolve("data.new");
  }

  /** Data that could be made to follow no more. */
  Path aside() {
    return top.resolve("data.aside");
  }

  /** A pipe that somebody of us holds open as long as the server is to live. */
  Path line() {
    return top.resolve("line");
  }

  Path log() {
    return top.resolve("log");
  }

  /** While it is there the data is neither one thing nor the other. */
  Path rewinding() {
    return top.resolve("rewinding");
  }

  /** To which timeline the data has gone back, until it is known to follow. */
  private Path back() {
    return top.resolve("went-back");
  }

  /** That a page of the data is damaged, for the server to tell. */
  private Path damaged() {
    return top.resolve(DAMAGED);
  }

  /** How other members are spoken to; see {@link ServerTls}. */
  Path service() {
    return top.resolve("service");
  }

  /** What the server is told of TLS beside its other settings. */
  Path tlsSettings() {
    return top.resolve(TLS);
  }

  private Path pages() {
    return top.resolve("pages");
  }

  void make() throws IOException {
    programs.makeFolder(top);
  }

  boolean hasData() {
    return Files.exists(data(), LinkOption.NOFOLLOW_LINKS);
  }

  /** Whether it was made a primary since it was started last. */
  boolean isPromoted() {
    return hasData() && !Files.exists(data().resolve(STANDBY));
  }

  /** The highest term that it has promised. */
  long promise() throws IOException {
    Path file = data().resolve(AUTO);
    if (!Files.exists(file)) {
      return 0;
    }
    Matcher matcher = TERM.matcher(Files.readString(file));
    long highest = 0;
    while (matcher.find()) {
      highest = Math.max(highest, Long.parseLong(matcher.group(1)));
    }
    return highest;
  }

  /**
   * Behind which timeline it has something that was written at nobody's order, since somebody has
   * promoted it by hand; -1: it has nothing of that kind, or has gone back since.
   *
   * @param own the timeline that it had by order last; 0: that is not known
   */
  int stray(int own) throws IOException {
    Path file = data().resolve(AUTO);
    String settings = Files.exists(file) ? Files.readString(file) : "";
    Matcher before = STRAY.matcher(settings);
    if (before.find()) {
      return (int) number(before.group(1));
    }
    return isPromoted() && !ORDERED.matcher(settings).find() ? own : -1;
  }

  /** The identifier of the data in there. */
  String system(Path data) throws IOException {
    return control(data).system();
  }

  /** What {@code pg_controldata} says; asked once for all, since it takes a process each time. */
  Control control(Path data) throws IOException {
    String said = programs.run("pg_controldata", List.of(data.toString()), Map.of(), SHORT);
    Map<String, String> lines = new HashMap<>();
    for (String line : said.lines().toList()) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        lines.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    return new Control(lines);
  }

  /** As it was when the server ended, or at its last checkpoint. */
  record Control(Map<String, String> lines) {
    private String text(String what) throws IOException {
      String found = lines.get(what);
      if (found == null) {
        throw new IOException("pg_controldata does not say: " + what);
      }
      return found;
    }

    String system() throws IOException {
      return text("Database system identifier");
    }

    /**
     * The timeline that the data is of: that of the last checkpoint, or a later one that has been
     * replayed since.
     */
    int timeline() throws IOException {
      return Math.max(checkpointTimeline(), replayedTimeline());
    }

    /** Whether it has replayed a later timeline than the one of its last checkpoint. */
    boolean hasOldCheckpoint() throws IOException {
      return replayedTimeline() > checkpointTimeline();
    }

    /** Whether it has not come to the end of what it gets from others: it has written nothing. */
    boolean isRecovering() throws IOException {
      return List.of("in archive recovery", "shut down in recovery").contains(state());
    }

    /** Otherwise whoever starts it recovers it first. */
    boolean hasEndedInOrder() throws IOException {
      return state().startsWith("shut down");
    }

    private String state() throws IOException {
      return text("Database cluster state");
    }

    /** The one of its last checkpoint. */
    int checkpointTimeline() throws IOException {
      return (int) number(text("Latest checkpoint's TimeLineID"));
    }

    private int replayedTimeline() throws IOException {
      return (int) number(text("Min recovery ending loc's timeline"));
    }

    /** What the primary had of one of {@link #NOT_LESS}. */
    String had(String setting) throws IOException {
      return text(
          setting.replaceFirst("transactions?$", setting.endsWith("s") ? "xacts" : "xact")
              + " setting");
    }
  }

  /**
   * What a member needs to know to be started.
   *
   * @param door who may log in from where
   */
  record Settings(
      String member,
      HostPort address,
      Map<String, String> more,
      String names,
      Secret replication,
      Door door) {
    Settings with(Map<String, String> other) {
      return new Settings(member, address, other, names, replication, door);
    }
  }

  /**
   * Who may log in from where.
   *
   * @param hosts from where, beside this machine; empty: from everywhere
   * @param archivist who gets the log for backups; empty: nobody does
   * @param encrypted users that may by TLS only, as replication then may; empty: all may as they
   *     like
   */
  record Door(Set<String> hosts, String archivist, Set<String> encrypted) {
    String text() {
      StringBuilder text =
          new StringBuilder(
              "# Written by Fairlead before each start.\nlocal all postgres peer map=owner\n");
      List<String> from = new ArrayList<>();
      if (hosts.isEmpty()) {
        from.add("all");
      } else {
        from.add("samehost");
        new TreeSet<>(hosts).forEach(host -> from.add(network(host)));
      }
      String users =
          encrypted.stream().map(user -> '"' + user + '"').collect(Collectors.joining(","));
      for (String each : from) {
        if (!users.isEmpty()) {
          text.append("hostnossl all,replication ").append(users).append(' ').append(each);
          text.append(" reject\n");
        }
        host(text, "replication", Logins.REPLICATION, each);
        if (!archivist.isEmpty()) {
          host(text, "replication", archivist, each);
        }
        host(text, "all", "all", each);
      }
      return text.toString();
    }

    private static void host(StringBuilder text, String database, String user, String from) {
      text.append("host ")
          .append(database)
          .append(' ')
          .append(user)
          .append(' ')
          .append(from)
          .append(" scram-sha-256\n");
    }
  }

  /** A replica does not start with less of these than its primary had. */
  static final List<String> NOT_LESS =
      List.of(
          "max_connections",
          "max_worker_processes",
          "max_wal_senders",
          "max_prepared_transactions",
          "max_locks_per_transaction");

  /** Everybody begins as a replica: so what was had once is had from then on. */
  private Map<String, String> atLeast(Map<String, String> wanted) throws IOException {
    Map<String, String> settings = new LinkedHashMap<>(wanted);
    Control control = control(data());
    for (String name : NOT_LESS) {
      String had = control.had(name);
      String wants = settings.get(name);
      if (wants == null || !wants.matches("[0-9]{1,9}") || number(wants) < number(had)) {
        settings.put(name, name.equals("max_wal_senders") && wants == null ? "20" : had);
      }
    }
    if (canSyncAtOnce()) {
      settings.putIfAbsent("recovery_init_sync_method", "syncfs");
    }
    return settings;
  }

  /**
   * One that was killed brings its files to the disk before it recovers, which one by one takes
   * longer than all the rest of its start. PostgreSQL can have all done at once since 14; kernels
   * before 5.8 do not tell of errors then.
   */
  private boolean canSyncAtOnce() throws IOException {
    String version = Files.readString(data().resolve("PG_VERSION")).strip();
    Matcher kernel = KERNEL.matcher(System.getProperty("os.version", ""));
    return number(version.replaceFirst("\\..*", "")) >= 14
        && kernel.lookingAt()
        && number(kernel.group(1)) * 1000 + number(kernel.group(2)) >= 5008;
  }

  private static long number(String text) throws IOException {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IOException("is no number: " + text, e);
    }
  }

  /** The last line of the log that says why the server ended; empty: none does. */
  String lastWords() {
    try (RandomAccessFile file = new RandomAccessFile(log().toFile(), "r")) {
      long from = Math.max(0, file.length() - 4096);
      byte[] bytes = new byte[(int) (file.length() - from)];
      file.seek(from);
      file.readFully(bytes);
      String words = "";
      for (String line : new String(bytes, StandardCharsets.UTF_8).lines().toList()) {
        if (line.contains("FATAL:") || line.contains("PANIC:") || line.contains("DETAIL:")) {
          words = line.replaceFirst("^.*?(FATAL|PANIC|DETAIL):\\s*", "");
        }
      }
      return words.replaceAll("\\p{Cntrl}", " ");
    } catch (IOException _) {
      return "";
    }
  }

  /** What the server says from now on is that of the one that is started now. */
  void beginLog() throws IOException {
    logFrom = Files.exists(log()) ? Files.size(log()) : 0;
  }

  /**
   * The page that the present server has said last not to be what was written, for people; empty:
   * it said nothing of the kind.
   *
   * @param fatal whether only that counts of which it has ended
   */
  String damagedPage(boolean fatal) {
    try (RandomAccessFile file = new RandomAccessFile(log().toFile(), "r")) {
      long length = file.length();
      long begun = logFrom <= length ? logFrom : 0; // it has been begun anew
      long from = Math.max(begun, length - SEARCHED);
      byte[] bytes = new byte[(int) (length - from)];
      file.seek(from);
      file.readFully(bytes);
      String page = "";
      for (String line : new String(bytes, StandardCharsets.UTF_8).lines().toList()) {
        Matcher found = DAMAGED_PAGE.matcher(line);
        boolean counts = !fatal || line.contains("FATAL:") || line.contains("PANIC:");
        if (counts && found.find()) {
          page = "block " + found.group(1) + " of " + found.group(2);
        }
      }
      return page;
    } catch (IOException _) {
      return "";
    }
  }

  /**
   * What is remembered about the pages of the data.
   *
   * @param checked when all of them were read last, or might have been, in seconds since 1970; 0:
   *     it is new
   * @param failures how many the server has told of
   * @param renewed when data of this member was last given up because a page of it was damaged, in
   *     seconds since 1970; 0: never
   */
  record Notes(long checked, long failures, long renewed) {
    Notes withChecked(long now) {
      return new Notes(now, failures, renewed);
    }

    Notes withFailures(long now) {
      return new Notes(checked, now, renewed);
    }
  }

  /** Tells one folder of data from another that takes its place; null: there is none. */
  @Nullable Object key() throws IOException {
    return hasData() ? Files.readAttributes(data(), BasicFileAttributes.class).fileKey() : null;
  }

  synchronized Notes notes() throws IOException {
    if (!Files.exists(pages())) {
      return new Notes(0, 0, 0);
    }
    String[] words = Files.readString(pages()).strip().split(" ", -1);
    return words.length == 3
        ? new Notes(number(words[0]), number(words[1]), number(words[2]))
        : new Notes(0, 0, 0);
  }

  /** Remembers it, if that is still the data; see {@link #key}. */
  synchronized void note(Object data, Notes notes) throws IOException {
    if (data.equals(key()) && !notes.equals(notes())) {
      write(notes);
    }
  }

  private void write(Notes notes) throws IOException {
    put(pages(), notes.checked() + " " + notes.failures() + " " + notes.renewed() + "\n");
  }

  /** Null: none is known. */
  synchronized @Nullable Damage damage() throws IOException {
    return Files.exists(damaged()) ? Damage.parse(Files.readString(damaged())) : null;
  }

  /** Keeps that, if that is still the data; see {@link #key}. */
  synchronized void markDamaged(@Nullable Object data, Damage damage) throws IOException {
    if (data != null && data.equals(key())) {
      put(damaged(), damage.text());
    }
  }

  /** All pages of that data are what was written, if it is still the data; see {@link #key}. */
  synchronized void mended(Object data) throws IOException {
    if (data.equals(key())) {
      Files.deleteIfExists(damaged());
    }
  }

  /** The data is about to be given up because a page of it is damaged. */
  synchronized void markRenewed(long now) throws IOException {
    Notes notes = notes();
    write(new Notes(notes.checked(), notes.failures(), now));
  }

  /**
   * The server will be a replica, whatever it was, and let nobody write.
   *
   * @param promise the term that it promises with that
   * @param conninfo whom it follows from its start on; empty: nobody
   * @param stray as {@link #stray} says from then on
   */
  void prepare(Settings settings, long promise, String conninfo, int stray) throws IOException {
    StringBuilder auto = new StringBuilder();
    Path file = data().resolve(AUTO);
    if (Files.exists(file)) {
      for (String line : Files.readAllLines(file)) {
        if (!OURS.matcher(line).matches()) {
          auto.append(line).append('\n');
        }
      }
    }
    auto.append("fairlead.term = '").append(promise).append("'\n");
    auto.append(MemberSql.STRAY)
        .append(" = '")
        .append(stray < 0 ? "off" : Integer.toString(stray))
        .append("'\n");
    auto.append("primary_conninfo = '").append(conninfo).append("'\n");
    auto.append("synchronous_standby_names = '").append(settings.names()).append("'\n");
    put(file, auto.toString());
    put(
        data().resolve("postgresql.conf"),
        text(settings.with(atLeast(settings.more())), socketFolder()));
    put(data().resolve(DOOR), settings.door().text());
    put(data().resolve("pg_ident.conf"), "owner " + programs.user() + " postgres\n");
    put(
        top.resolve("passfile"),
        "*:*:*:" + Logins.REPLICATION + ":" + settings.replication().value() + "\n");
    makeReplica(data());
  }

  private static String network(String host) {
    return host.contains(":") ? host + "/128" : host.matches("[0-9.]+") ? host + "/32" : host;
  }

  /** From now on these may log in; answers whether others might before. */
  boolean open(Door door) throws IOException {
    Path file = data().resolve(DOOR);
    String text = door.text();
    if (Files.exists(file) && Files.readString(file).equals(text)) {
      return false;
    }
    put(file, text);
    return true;
  }

  /** Who is started on that data is no primary. */
  void makeReplica(Path data) throws IOException {
    put(data.resolve(STANDBY), "");
  }

  private String socketFolder() {
    return top.toString().length() > LONGEST_SOCKET ? "" : top.toString();
  }

  /** What the server is told beside what it is told while it runs. */
  static String text(Settings settings, String socketFolder) {
    StringBuilder text = new StringBuilder("# Written by Fairlead before each start.\n");
    settings.more().forEach((name, value) -> line(text, name, value));
    line(text, "listen_addresses", settings.address().host());
    line(text, "port", Integer.toString(settings.address().port()));
    line(text, "unix_socket_directories", socketFolder);
    line(text, "cluster_name", settings.member());
    line(text, "wal_level", "replica");
    line(text, "hot_standby", "on");
    line(text, "wal_log_hints", "on"); // for rewinds
    line(text, "synchronous_commit", "on");
    line(text, "restart_after_crash", "off"); // what comes back is a replica
    line(text, "default_transaction_read_only", "on"); // until it is let in
    line(text, "fairlead.term", "0");
    line(text, "wal_retrieve_retry_interval", MemberSql.RETRY_MILLIS + "ms");
    for (String timeout : List.of("wal_sender_timeout", "wal_receiver_timeout")) {
      if (!settings.more().containsKey(timeout)) {
        line(text, timeout, "5s");
      }
    }
    if (!settings.more().containsKey("wal_keep_size")) {
      line(text, "wal_keep_size", "512MB"); // so that those who were away need no new copy
    }
    if (!settings.door().archivist().isEmpty()
        && !settings.more().containsKey("max_slot_wal_keep_size")) {
      line(
          text, "max_slot_wal_keep_size", "10GB"); // an archive that is gone must not fill the disk
    }
    if (!settings.more().containsKey("wal_receiver_status_interval")) {
      line(text, "wal_receiver_status_interval", "1s");
    }
    if (!settings.more().containsKey("password_encryption")) {
      line(text, "password_encryption", "scram-sha-256");
    }
    if (!settings.more().containsKey("log_line_prefix")) {
      line(text, "log_line_prefix", "%m [%p] ");
    }
    line(text, "include_if_exists", "../" + TLS);
    return text.toString();
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append(name)
        .append(" = '")
        .append(value.replace("\\", "\\\\").replace("'", "''"))
        .append("'\n");
  }

  /** A rewind of a server that has crashed runs it alone, which a replica must not be. */
  void removeStandby() throws IOException {
    Files.deleteIfExists(data().resolve(STANDBY));
  }

  void markRewinding() throws IOException {
    put(rewinding(), "");
  }

  /** A server that is run alone replays what log there is, and begins a timeline then. */
  void recoverAlone() throws IOException {
    put(data().resolve("recovery.signal"), "");
  }

  /** Whether a rewind has found something to do: it leaves where recovery has to begin. */
  boolean isRewound() {
    return Files.exists(data().resolve("backup_label"));
  }

  void markWentBack(int timeline) throws IOException {
    put(back(), Integer.toString(timeline));
  }

  void forgetWentBack() throws IOException {
    Files.deleteIfExists(back());
  }

  /** 0: to none, or it follows since. */
  int wentBackTo() throws IOException {
    return Files.exists(back()) ? (int) number(Files.readString(back()).strip()) : 0;
  }

  /** Replaces a file by one that is on the disk, and that only the server may read. */
  void put(Path file, String text) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.deleteIfExists(next);
    Files.createFile(
        next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    programs.give(next);
    Files.writeString(next, text);
    try (RandomAccessFile written = new RandomAccessFile(next.toFile(), "rw")) {
      written.getFD().sync();
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** A log that has grown too long is begun anew: the server appends to it. */
  void boundLog() throws IOException {
    if (Files.exists(log()) && Files.size(log()) > MOST_LOG) {
      try (RandomAccessFile file = new RandomAccessFile(log().toFile(), "rw")) {
        file.setLength(0);
      }
    }
  }

  /** The data is kept, but no member's any more; what was kept before it is not. */
  synchronized void setAside() throws IOException {
    remove(aside());
    if (hasData()) {
      Files.move(data(), aside());
    }
    forgetWentBack();
    write(new Notes(0, 0, notes().renewed()));
    Files.deleteIfExists(damaged());
    Files.deleteIfExists(rewinding());
  }

  static void remove(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> found = Files.walk(folder)) {
      found
          .sorted(Comparator.reverseOrder())
          .forEach(path -> {
            try {
              Files.deleteIfExists(path);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
