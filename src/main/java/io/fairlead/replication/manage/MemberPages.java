package io.fairlead.replication.manage;

import io.fairlead.config.ManageConfig;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.manage.MemberFolder.Notes;
import io.fairlead.replication.manage.MemberSql.Member;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether pages of a member that is on this machine are what was written. It finds out, keeps that
 * and says so; what follows is decided by others.
 *
 * <p>Pages have checksums, which a server verifies whenever it gets one from the disk. What nobody
 * gets may rot for years, on all members. So there are three sources: what the server counts when
 * anybody reads such a page; what it says when its replay needs one, of which it ends; and a
 * reading of all there is, now and then, as of a base backup that nobody keeps [1].
 *
 * <p>What is counted is the server's: a crash takes it back to nothing, a copy begins with nothing.
 * So it is kept how much has been seen, and that a page is damaged is kept for itself.
 *
 * <p>[1] A base backup verifies all files of relations [2], but pages that were written after it
 * had begun, and those of zeros. Of a file with a single damaged page it says so, and counts
 * nothing.
 *
 * <p>[2] {@code sendFile} in basebackup.c.
 */
final class MemberPages implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(MemberPages.class.getName());

  private static final Duration ASK = Duration.ofSeconds(3);
  private static final long LOOK_NANOS = Duration.ofSeconds(1).toNanos();

  /** So soon a reading that has come to nothing is tried again. */
  private static final long AGAIN_NANOS = Duration.ofMinutes(10).toNanos();

  /** So often all is read of what is known to be damaged: it may have been mended. */
  private static final Duration MENDED = Duration.ofDays(1);

  /** A member that was copied for that, and is damaged again so soon, has a bad disk. */
  private static final Duration TRUST = Duration.ofDays(1);

  /** Since then a server discards what it reads itself, instead of sending it. */
  private static final int DISCARDS = 15;

  /** What is said of a page. */
  static final String DAMAGED = " does not match its checksum";

  private static final int MOST_WORDS = 64 * 1024;

  private static final Pattern READ =
      Pattern.compile("checksum verification failed in file \"(?:\\./)?([^\"]+)\", block (\\d+)");

  private final String database;
  private final Member member;
  private final ManageConfig.PageCheck config;
  private final Logins logins;
  private final PostgresPrograms programs;
  private final MemberFolder folder;
  private final MemberSql sql;
  private final Semaphore readers;
  private final BooleanSupplier runs;
  private final Consumer<Event> events;
  private final Runnable changed;
  private final Thread thread;

  private volatile @Nullable Damage damage;
  private volatile boolean suspected;
  private volatile boolean closed;

  // Of the thread.
  private Sql.@Nullable Session session;
  private @Nullable Object asked;
  private long notBefore = System.nanoTime();
  private String failure = "";

  /**
   * @param readers one member of a database is read at a time here
   * @param runs whether its server does
   * @param changed is told when something has changed that others go by
   */
  MemberPages(
      String database,
      Member member,
      ManageConfig.PageCheck config,
      Logins logins,
      PostgresPrograms programs,
      MemberFolder folder,
      MemberSql sql,
      Semaphore readers,
      BooleanSupplier runs,
      Consumer<Event> events,
      Runnable changed) {
    this.database = database;
    this.member = member;
    this.config = config;
    this.logins = logins;
    this.programs = programs;
    this.folder = folder;
    this.sql = sql;
    this.readers = readers;
    this.runs = runs;
    this.events = events;
    this.changed = changed;
    this.thread =
        Thread.ofPlatform()
            .name(database + " " + member.name() + " pages")
            .daemon(true)
            .unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Null: none is known. Any thread. */
  @Nullable Damage damage() {
    return damage;
  }

  /** All is read as soon as can be: a copy of it could not be made. Any thread. */
  void suspect() {
    suspected = damage == null; // or it is known already
    LockSupport.unpark(thread);
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }

  private void run() {
    while (!closed) {
      try {
        look();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0} does not tell of its pages: {1}", member.name(), e.getMessage());
        leave();
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "looking at the pages of " + member.name() + " failed", e);
        leave();
      }
      if (!closed) {
        LockSupport.parkNanos(LOOK_NANOS);
      }
    }
    leave();
  }

  private void leave() {
    Sql.Session login = session;
    session = null;
    if (login != null) {
      login.close();
    }
  }

  private void look() throws IOException {
    tell();
    Object data = folder.key();
    if (data == null || !runs.getAsBoolean()) {
      leave();
      return;
    }
    count(data);
    Notes notes = folder.notes();
    long now = Instant.now().getEpochSecond();
    if (notes.checked() == 0 || notes.checked() > now) { // it is new, or the clock was wrong
      folder.note(data, notes.withChecked(now));
    } else if (isDue(now - notes.checked()) && readers.tryAcquire()) {
      try {
        read(data);
      } finally {
        readers.release();
      }
    }
  }

  private boolean isDue(long seconds) {
    if (System.nanoTime() - notBefore < 0) {
      return false;
    }
    Duration every = config.every();
    if (damage != null && every.compareTo(MENDED) > 0) {
      every = MENDED;
    }
    return suspected || (!every.isZero() && seconds >= every.toSeconds());
  }

  /** Says what has become known, or is over, whoever has found it. */
  private synchronized void tell() throws IOException {
    Damage is = folder.damage();
    Damage was = damage;
    if (is == null ? was == null : is.equals(was)) {
      return;
    }
    if (is == null && (folder.key() == null || !runs.getAsBoolean())) {
      return; // it is not over before there is a copy
    }
    damage = is;
    if (is == null) {
      events.accept(new Event.DatabaseMemberSound(database, member.name()));
    } else if (was == null || !was.words().equals(is.words())) {
      events.accept(
          new Event.DatabaseMemberDamaged(
              database,
              member.name(),
              is.words(),
              is.plan() == Damage.Plan.KEEP
                  ? "was copied for that within a day: its disk is not to be trusted"
                  : ""));
    }
    changed.run();
  }

  /** Keeps what was found in that data, unless it is another's by now. Any thread. */
  void found(@Nullable Object data, String words) throws IOException {
    long ago = Instant.now().getEpochSecond() - folder.notes().renewed();
    Damage known = folder.damage();
    if (known == null) {
      folder.markDamaged(
          data, new Damage(ago < TRUST.toSeconds() ? Damage.Plan.KEEP : Damage.Plan.COPY, words));
      tell(); // at once: it may be copied before the next look
    }
  }

  private void count(Object data) throws IOException {
    Sql.Session login = session;
    if (login == null || !data.equals(asked)) {
      leave();
      login = sql.open(member, ASK);
      session = login;
      asked = data;
    }
    long failures = MemberSql.damagedReads(login, ASK);
    Notes notes = folder.notes();
    if (failures != notes.failures()) {
      if (failures > notes.failures()) {
        String page = folder.damagedPage(false);
        found(data, (page.isEmpty() ? "a page that was read" : page) + DAMAGED);
      }
      folder.note(data, folder.notes().withFailures(failures));
    }
  }

  /** Reads all there is, as slowly as is wanted. */
  private void read(Object data) throws IOException {
    suspected = false;
    Path errors = Files.createTempFile("fairlead-", ".err");
    try {
      Process reading =
          PostgresPrograms.builder(
                  programs.mortalCommand("pg_basebackup", arguments()),
                  ServerTls.ofProgram(folder, logins.password(Logins.REPLICATION)))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(errors.toFile())
              .start();
      try {
        while (!reading.waitFor(1, TimeUnit.SECONDS)) {
          if (closed) {
            return;
          }
          try {
            count(data);
          } catch (IOException _) {
            leave(); // to read all may have taken a day already
          }
          tell();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } finally {
        reading.destroyForcibly();
      }
      came(data, reading.exitValue(), said(errors));
    } finally {
      Files.deleteIfExists(errors);
    }
  }

  private List<String> arguments() {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-h",
                member.address().host(),
                "-p",
                Integer.toString(member.address().port()),
                "-U",
                Logins.REPLICATION,
                "-X",
                "none",
                "-c",
                "spread",
                "--no-manifest",
                "-w",
                "--max-rate=" + config.rate() / 1024 + "k"));
    arguments.addAll(
        programs.version() >= DISCARDS
            ? List.of("--target=blackhole")
            : List.of("-F", "tar", "-D", "-"));
    return arguments;
  }

  private static String said(Path errors) throws IOException {
    try (InputStream in = Files.newInputStream(errors)) {
      return new String(in.readNBytes(MOST_WORDS), StandardCharsets.UTF_8);
    }
  }

  /** What a reading has come to. */
  private void came(Object data, int status, String said) throws IOException {
    Notes notes = folder.notes().withChecked(Instant.now().getEpochSecond());
    Matcher page = READ.matcher(said);
    if (status == 0) {
      failure = "";
      folder.note(data, notes);
      folder.mended(data);
    } else if (page.find()) {
      failure = "";
      found(data, "block " + page.group(2) + " of " + page.group(1) + DAMAGED);
      folder.note(data, notes);
    } else {
      notBefore = System.nanoTime() + AGAIN_NANOS;
      String why = said.lines().filter(line -> line.contains("error:")).findFirst().orElse(said);
      if (failure.isEmpty()) {
        failure = why; // it may have been ended in the middle of it
      } else {
        events.accept(
            new Event.DatabaseMemberTrouble(
                database, member.name(), "its pages cannot be read: " + why.strip()));
      }
    }
    tell();
  }
}
