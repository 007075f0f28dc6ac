package io.fairlead.replication.manage;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.replication.backup.WitnessLog;
import io.fairlead.replication.manage.Failover.Answer;
import io.fairlead.replication.manage.Failover.Position;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What is said to a member. Nothing but SQL: so it does not matter whose machine it is on.
 *
 * <p>A member keeps the highest term that it has promised among its settings, as {@code
 * fairlead.term}, which is on disk when {@code ALTER SYSTEM} returns. Every order carries its term;
 * it is checked and promised under one lock, so that of two who order at once the one with the
 * lower term is refused.
 *
 * <p>Names to wait for are never empty from a server's start on: its processes learn of the first
 * ones at different moments [1], and one that knew of none yet would wait for nobody. From one list
 * to another it is the processes that send to replicas who go by the old one a moment longer; so
 * they are ended, and the new ones know the new list.
 *
 * <p>[1] A backend looks at {@code sync_standbys_defined}, which the checkpointer sets when it has
 * read the new settings itself.
 */
final class MemberSql {
  /** How often a replica that gets nothing tries again. */
  static final int RETRY_MILLIS = 100;

  private static final String LOCK = "select pg_try_advisory_lock(4637214501)";

  /** Ends whoever has had that lock and said nothing for a second, or till the clock was set. */
  private static final String UNLOCK_SILENT =
      "select count(pg_terminate_backend(pid)) from pg_locks join pg_stat_activity using (pid)"
          + " where locktype = 'advisory' and granted and classid = 4637214501 >> 32"
          + " and objid = 4637214501 & 4294967295 and state = 'idle'"
          + " and clock_timestamp() - state_change not between interval '0' and interval '1 second'";

  /** How much later than it could a replica replays. */
  private static final String DELAY = "recovery_min_apply_delay";

  private static final String UNLOCK = "select pg_advisory_unlock_all()";
  private static final String PROMISE =
      "select coalesce((select max(m[1]::bigint) from regexp_matches("
          + "pg_read_file('postgresql.auto.conf'), 'fairlead\\.term = ''(\\d+)''', 'g') m), 0)";
  private static final String CHANGE =
      "select coalesce((select max(m[1]::bigint) from regexp_matches("
          + "pg_read_file('postgresql.auto.conf'), 'fairlead\\.change = ''(\\d+)''', 'g') m), 0)";

  /** So long a login that was kept may take to show that it is good for something. */
  private static final Duration CHECK = Duration.ofSeconds(1);

  private static final Duration SHORT = Duration.ofSeconds(3);
  private static final Duration LONG = Duration.ofSeconds(30);

  /** For a commit that needs others. */
  private static final Duration COMMIT = Duration.ofMinutes(1);

  private static final long NAP_NANOS = 5_000_000;

  /** So many bytes of the log are given to a member at a time. */
  private static final int AT_ONCE = 1 << 20;

  /** So many bytes are sent again, or copied, in no time. */
  private static final long LITTLE = 512 * 1024;

  private static final String TIMELINE =
      "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int";
  private static final String REPLAYED = "pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')";

  private static final String NEWEST =
      "(select max(('x' || substr(name, 1, 8))::bit(32)::int) from pg_ls_waldir()"
          + " where name ~ '^[0-9A-F]{24}$')";

  /** The term in which it was told to become a primary; not there: it was not since its start. */
  static final String ORDERED = "fairlead.ordered";

  /** Off, or behind which timeline it has something that was written at nobody's order. */
  static final String STRAY = "fairlead.stray";

  /** Of databases that were made when rules had none. */
  private static final String ADD_TIMELINE =
      "alter table fairlead.rule add column if not exists timeline int";

  /** With the timeline on which it was written; not there where it was written without. */
  private static final String LAST_RULE =
      "(select term, (to_jsonb(rule) ->> 'timeline')::int as timeline from fairlead.rule"
          + " order by term desc limit 1) last";

  /** What is kept beside the data of it; see {@link Damage}. */
  private static final String DAMAGED =
      "pg_read_file('../" + MemberFolder.DAMAGED + "', 0, " + Damage.MOST + ", true)";

  private static final String SOURCE =
      "select (select system_identifier from pg_control_system()), case when r then "
          + NEWEST
          + " else "
          + TIMELINE
          + " end, case when r then "
          + REPLAYED
          + " else pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') end,"
          + " pg_size_bytes(current_setting('wal_segment_size')) from pg_is_in_recovery() r";

  /** All of a sight in one answer. */
  private static final String SIGHT =
      "select r, (select system_identifier from pg_control_system()),"
          + " case when r then coalesce((select received_tli from pg_stat_wal_receiver),"
          + NEWEST
          + ", (select timeline_id from pg_control_checkpoint())) else "
          + TIMELINE
          + " end, case when r then "
          + REPLAYED
          + " else pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') end,"
          + " current_setting('fairlead.term'), current_setting('primary_conninfo'),"
          + " (select status = 'streaming' from pg_stat_wal_receiver),"
          + " (select (extract(epoch from clock_timestamp() - last_msg_receipt_time) * 1000)::bigint"
          + " from pg_stat_wal_receiver),"
          + " (select string_agg(application_name, ' ') from pg_stat_replication"
          + " where state = 'streaming'), current_setting('default_transaction_read_only'), "
          + DAMAGED
          + " from pg_is_in_recovery() r";

  /**
   * A member as one speaks to it.
   *
   * @param address where it listens
   */
  record Member(String name, HostPort address) {}

  private final Sql sql;
  private final Secret admin;
  private final KeptLogins kept = new KeptLogins();

  MemberSql(Sql sql, Logins logins) {
    this.sql = sql;
    this.admin = logins.password(Logins.ADMIN);
  }

  Sql.Session open(Member member, Duration timeout) throws IOException {
    return sql.open(member.address(), Logins.ADMIN, admin, timeout);
  }

  /** Whether logins are kept from one order to the next. */
  void keep(boolean on) {
    kept.keep(on);
  }

  /** Has a login ready for the next order, if logins are kept. */
  void ready(Member member) throws IOException {
    orders(member).close();
  }

  /** A login for orders: nobody else gives that member any until it is closed. */
  private Sql.Session orders(Member member) throws IOException {
    Sql.Session before = kept.take(member);
    if (before != null) {
      try {
        boolean locked = before.value(LOCK, CHECK).equals("t");
        return locked ? kept.lent(member, before) : locked(member, before);
      } catch (IOException _) {
        before.close(); // the member has been started anew, for one
      }
    }
    return locked(member, open(member, SHORT));
  }

  private Sql.Session locked(Member member, Sql.Session login) throws IOException {
    boolean locked = false;
    try {
      lock(login);
      locked = true;
      return kept.lent(member, login);
    } finally {
      if (!locked) {
        login.close();
      }
    }
  }

  static Sight look(Sql.Session session, Duration timeout) throws IOException {
    List<@Nullable String> row = session.row(SIGHT, timeout);
    try {
      String followers = row.get(8);
      String heard = row.get(7);
      Set<String> names = new HashSet<>();
      if (followers != null) {
        names.addAll(List.of(followers.split(" ", -1)));
      }
      return new Sight(
          System.nanoTime(),
          null,
          "t".equals(row.get(0)),
          text(row, 1),
          Integer.parseInt(text(row, 2)),
          Long.parseLong(text(row, 3)),
          Long.parseLong(text(row, 4)),
          address(text(row, 5)),
          "t".equals(row.get(6)),
          heard == null ? -1 : Long.parseLong(heard),
          names,
          !"off".equals(row.get(9)),
          Damage.parse(text(row, 10)));
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw new IOException("does not tell what it is", e);
    }
  }

  /** How many damaged pages anybody has read; it begins anew when the server has crashed. */
  static long damagedReads(Sql.Session session, Duration timeout) throws IOException {
    return number(
        session.value("select coalesce(sum(checksum_failures), 0) from pg_stat_database", timeout));
  }

  /** The process by which a replica gets the log just now; empty: none. */
  static String receiver(Sql.Session session) throws IOException {
    return session.value(
        "select coalesce((select pid::text from pg_stat_wal_receiver where status = 'streaming'),"
            + " '')",
        SHORT);
  }

  /** Ends what these users have begun in the clear. */
  static void endClear(Sql.Session session, Set<String> users) throws IOException {
    String _ =
        session.value(
            "select count(pg_terminate_backend(pid)) from pg_stat_ssl join pg_stat_activity"
                + " using (pid) where not ssl and client_addr is not null and usename in ("
                + users.stream().map(MemberSql::quoted).collect(Collectors.joining(", "))
                + ")",
            SHORT);
  }

  /** What a primary on that timeline has taken over of others. */
  static Ancestry ancestry(Sql.Session session, int timeline, Duration timeout) throws IOException {
    String ends =
        timeline == 1
            ? ""
            : session.value(
                "select coalesce(string_agg(m[1] || ':' || pg_wal_lsn_diff(m[2]::pg_lsn, '0/0'),"
                    + " ' '), '') from regexp_matches(pg_read_file('pg_wal/"
                    + String.format(Locale.ROOT, "%08X", timeline)
                    + ".history'), '^(\\d+)\\s+([0-9A-F]+/[0-9A-F]+)', 'gn') m",
                timeout);
    try {
      return Ancestry.parse(timeline, ends);
    } catch (IllegalArgumentException e) {
      throw new IOException("does not tell what its timeline comes from", e);
    }
  }

  /** Whose log one receives from there. */
  static WitnessLog.Source source(Sql.Session session, Duration timeout) throws IOException {
    List<@Nullable String> row = session.row(SOURCE, timeout);
    int timeline = (int) number(text(row, 1));
    return new WitnessLog.Source(
        text(row, 0),
        timeline,
        ancestry(session, timeline, timeout).ends(),
        number(text(row, 2)),
        number(text(row, 3)));
  }

  private static String text(List<@Nullable String> row, int column) {
    String value = row.get(column);
    return value == null ? "" : value;
  }

  /** Of {@code host=10.0.0.1 port=5432 …}: 10.0.0.1:5432. */
  static String address(String conninfo) {
    String host = "";
    String port = "";
    for (String word : conninfo.split(" ", -1)) {
      host = word.startsWith("host=") ? word.substring(5) : host;
      port = word.startsWith("port=") ? word.substring(5) : port;
    }
    return host.isEmpty() || port.isEmpty()
        ? ""
        : new HostPort(host, Integer.parseInt(port)).toString();
  }

  /**
   * How {@code follower} gets the log of {@code source}; the password, and how TLS is spoken, are
   * in files beside.
   */
  static String conninfo(Member follower, Member source) {
    return conninfo(follower.name(), source) + " passfile=../passfile";
  }

  /** The same of somebody who is told the password otherwise. */
  static String conninfo(String follower, Member source) {
    return "host="
        + source.address().host()
        + " port="
        + source.address().port()
        + " user="
        + Logins.REPLICATION
        + " application_name="
        + follower
        + " connect_timeout=2 tcp_user_timeout=5000 keepalives_idle=2 keepalives_interval=1"
        + " keepalives_count=3 service="
        + ServerTls.SERVICE;
  }

  /** Promises the term, unless a higher one has been; answers that one, or 0. Needs the lock. */
  private static long promise(Sql.Session session, long term) throws IOException {
    long promised = number(session.value(PROMISE, SHORT));
    if (promised > term) {
      return promised;
    }
    if (promised < term) {
      set(session, "fairlead.term", Long.toString(term));
      reload(session);
    }
    return 0;
  }

  /** One orders at a time; but nobody waits for one who was stopped in the middle of it. */
  private static void lock(Sql.Session session) throws IOException {
    long end = System.nanoTime() + SHORT.toNanos();
    while (!session.value(LOCK, SHORT).equals("t")) {
      if (System.nanoTime() > end) {
        throw new IOException("somebody else has orders for it all the time");
      }
      String _ = session.value(UNLOCK_SILENT, SHORT);
      LockSupport.parkNanos(2 * NAP_NANOS);
    }
  }

  private static long number(String text) throws IOException {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IOException("answers with no number", e);
    }
  }

  private static void set(Sql.Session session, String name, String value) throws IOException {
    String _ = session.value("alter system set " + name + " = " + quoted(value), LONG);
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private static void reload(Sql.Session session) throws IOException {
    String _ = session.value("select pg_reload_conf()", SHORT);
  }

  /** Takes nothing from any primary any more, and has replayed what it has. */
  Answer revoke(Member member, long term) {
    try (Sql.Session session = orders(member)) {
      if (!session.value("select pg_is_in_recovery()", SHORT).equals("t")) {
        return new Answer.Failed(member.name(), term, "is a primary");
      }
      long higher = promise(session, term);
      if (higher > 0) {
        return new Answer.Outvoted(higher);
      }
      hurry(session);
      set(session, "primary_conninfo", "");
      reload(session);
      awaitQuiet(session, member);
      return new Answer.Revoked(member.name(), term, position(session));
    } catch (IOException e) {
      return new Answer.Failed(member.name(), term, words(e));
    }
  }

  /**
   * It replays what it has, also where somebody has made it wait with that: nobody can write until
   * it has. A delay that is configured is in force again when it follows somebody ({@link
   * #follow}).
   */
  private static void hurry(Sql.Session session) throws IOException {
    String waits =
        session.value(
            "select case when pg_is_wal_replay_paused() then 'paused' when"
                + " current_setting('"
                + DELAY
                + "') <> '0' then 'late' else '' end",
            SHORT);
    if (waits.equals("paused")) {
      String _ = session.value("select pg_wal_replay_resume()", SHORT);
    }
    if (!waits.isEmpty()) {
      set(session, DELAY, "0");
    }
  }

  /**
   * It receives nothing and will not, and waits for more with all replayed, which it says itself: a
   * position that stands still proves nothing.
   *
   * <p>That nothing will be received is not a matter of time. A process that was started knows of
   * nobody to follow: so the server has read that, and has sent the signal to read it to all
   * processes that there were, the startup process among them, which alone has receivers started.
   * Seen afterwards where it waits to try again [1], without a receiver, it has that signal before
   * it goes on; and between that wait and the start of a receiver it always heeds it [2]. It is
   * seen there twice, in case a processor has not told another of the signal yet.
   *
   * <p>[1] {@code RecoveryRetrieveRetryInterval}, as long as {@link #RETRY_MILLIS} says, and only
   * after it has ended the receiver. Where it waits for what a receiver brings ({@code
   * RecoveryWalStream}) one may just be starting.
   *
   * <p>[2] {@code WaitForWALToBecomeAvailable} in xlogrecovery.c (xlog.c before 15): each turn of
   * its loop handles interrupts.
   */
  private void awaitQuiet(Sql.Session session, Member member) throws IOException {
    String follows = await(member, "primary_conninfo", "");
    if (!follows.isEmpty()) {
      throw new IOException("goes on following somebody");
    }
    long end = System.nanoTime() + LONG.toNanos();
    int idle = 0;
    while (System.nanoTime() < end) {
      List<@Nullable String> row =
          session.row(
              "select exists (select from pg_stat_activity where backend_type = 'walreceiver'),"
                  + " (select wait_event from pg_stat_activity where backend_type = 'startup')"
                  + " = 'RecoveryRetrieveRetryInterval',"
                  + " coalesce(pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn(), true),"
                  + " pg_is_in_recovery()",
              SHORT);
      if ("f".equals(row.get(3))) {
        throw new IOException("has become a primary meanwhile"); // and others have orders for it
      }
      boolean is = "f".equals(row.get(0)) && "t".equals(row.get(1)) && "t".equals(row.get(2));
      idle = is ? idle + 1 : 0;
      if (idle == 2) {
        return;
      }
      LockSupport.parkNanos(NAP_NANOS);
    }
    throw new IOException("does not come to the end of what it has received");
  }

  private static Position position(Sql.Session session) throws IOException {
    boolean ruled =
        session.value("select to_regclass('fairlead.rule') is not null", SHORT).equals("t");
    List<@Nullable String> row =
        session.row(
            "select "
                + NEWEST
                + ", "
                + REPLAYED
                + (ruled
                    ? ", coalesce(term, 0), coalesce(timeline, 0) from (select) one left join "
                        + LAST_RULE
                        + " on true"
                    : ", 0, 0"),
            SHORT);
    int newest = (int) number(text(row, 0));
    long received = number(text(row, 1));
    int written = (int) number(text(row, 3));
    long shared = received;
    if (written > 0 && written < newest) { // else it was promoted since, by whomever
      Long end = ancestry(session, newest, SHORT).ends().get(written);
      if (end == null) {
        throw new IOException("timeline " + newest + " does not come from " + written);
      }
      shared = Math.min(received, end);
    }
    return new Position(number(text(row, 2)), newest, received, shared);
  }

  /**
   * Gets from another who has promised as well what it lacks, and nothing more. Where nothing comes
   * any more that is the end of it: others need the member.
   */
  Answer fastForward(Member member, Member from, long term) {
    try (Sql.Session session = orders(member)) {
      long higher = promise(session, term);
      if (higher > 0) {
        return new Answer.Outvoted(higher);
      }
      Position wanted;
      boolean stray = isStray(session);
      try (Sql.Session source = open(from, SHORT)) {
        wanted = position(source);
        stray |= isStray(source);
      }
      if (stray) {
        return new Answer.Failed(
            member.name(), term, member.name() + " or " + from.name() + " " + STRAYS);
      }
      set(session, "primary_conninfo", conninfo(member, from));
      reload(session);
      awaitReplay(session, wanted.received());
      set(session, "primary_conninfo", "");
      reload(session);
      awaitQuiet(session, member);
      return new Answer.Advanced(member.name(), term, position(session));
    } catch (IOException e) {
      return new Answer.Failed(member.name(), term, words(e));
    }
  }

  /**
   * Gets what a witness has and it lacks: written behind what it has, and to new files, where a
   * server that follows nobody looks for more again and again [1]. It is on its disk before it can
   * be replayed.
   *
   * <p>[1] PostgreSQL's manual, 27.2.1: files may be copied to {@code pg_wal} at any time.
   */
  Answer bringUp(Member member, WitnessLog log, long term) {
    try (Sql.Session session = orders(member)) {
      long higher = promise(session, term);
      if (higher > 0) {
        return new Answer.Outvoted(higher);
      }
      if (isStray(session)) {
        return new Answer.Failed(member.name(), term, member.name() + " " + STRAYS);
      }
      Position has = position(session);
      WitnessLog.Lack lack = log.content().lackOf(has.timeline(), has.received());
      for (Map.Entry<Integer, String> one : lack.histories().entrySet()) {
        write(
            session,
            one.getValue().getBytes(StandardCharsets.UTF_8),
            "dd of=pg_wal/" + WitnessLog.historyName(one.getKey()) + " conv=fsync status=none");
      }
      for (WitnessLog.Piece piece : lack.pieces()) {
        bring(session, piece);
      }
      awaitReplay(session, lack.to());
      awaitQuiet(session, member);
      return new Answer.Advanced(member.name(), term, position(session));
    } catch (IOException e) {
      return new Answer.Failed(member.name(), term, words(e));
    }
  }

  private static void bring(Sql.Session session, WitnessLog.Piece piece) throws IOException {
    String file = "pg_wal/" + piece.name();
    write(session, new byte[0], "truncate -s " + piece.segmentSize() + " " + file);
    long end = piece.offset() + piece.length();
    for (long at = piece.offset(); at < end; at += AT_ONCE) {
      write(
          session,
          piece.bytes(at, AT_ONCE),
          "dd of="
              + file
              + " bs=64k oflag=seek_bytes seek="
              + at
              + " iflag=fullblock conv=notrunc,fsync status=none");
    }
  }

  /** Gives bytes to a program at the member, in the folder of its data. */
  private static void write(Sql.Session session, byte[] bytes, String program) throws IOException {
    String _ =
        session.value(
            "copy (select '"
                + Base64.getEncoder().encodeToString(bytes)
                + "') to program "
                + quoted("base64 -d | " + program),
            LONG);
  }

  private static void awaitReplay(Sql.Session session, long wanted) throws IOException {
    long last = 0;
    long moved = System.nanoTime();
    while (last < wanted && System.nanoTime() - moved < SHORT.toNanos()) {
      long is = number(session.value("select " + REPLAYED, SHORT));
      if (is > last) {
        last = is;
        moved = System.nanoTime();
      }
      LockSupport.parkNanos(NAP_NANOS);
    }
  }

  /** What it is to wait for, read back from a process that was started afterwards. */
  Answer setNames(Member member, VoterRule rule, long term) {
    return setNames(member, rule, term, 0);
  }

  /**
   * The same within a term that others may have orders in, too.
   *
   * @param change of the state that this follows from: of two orders the one with the higher stays;
   *     0: there are no others
   */
  private Answer setNames(Member member, VoterRule rule, long term, long change) {
    try (Sql.Session session = orders(member)) {
      long higher = promise(session, term);
      if (higher > 0) {
        return new Answer.Outvoted(higher);
      }
      if (change > 0) {
        if (number(session.value(CHANGE, SHORT)) > change) {
          return new Answer.Failed(member.name(), term, "has been told of a later change");
        }
        String _ = session.value("set fairlead.change = '0'", SHORT); // so that it is known there
        set(session, "fairlead.change", Long.toString(change));
      }
      set(session, "synchronous_standby_names", rule.synchronousStandbyNames());
      reload(session);
      return new Answer.NamesRead(
          member.name(),
          term,
          await(member, "synchronous_standby_names", rule.synchronousStandbyNames()));
    } catch (IOException e) {
      return new Answer.Failed(member.name(), term, words(e));
    }
  }

  /** What new processes of that member have for a setting: as soon as it is what is wanted. */
  private String await(Member member, String setting, String wanted) throws IOException {
    long end = System.nanoTime() + SHORT.toNanos();
    while (true) {
      try (Sql.Session fresh = open(member, SHORT)) {
        String is = fresh.value("select current_setting('" + setting + "')", SHORT);
        if (is.equals(wanted) || System.nanoTime() > end) {
          return is;
        }
      }
      LockSupport.parkNanos(NAP_NANOS);
    }
  }

  /**
   * Promotes it. That it was told to is kept with it until it is started again: whoever is a
   * primary and was not told has been promoted by hand.
   *
   * <p>A server takes the number behind the last of which it finds a file that tells where it comes
   * from, without a gap [1]. So there is one, which tells nothing, of each number that is left out;
   * who follows gets them, too.
   *
   * <p>[1] {@code findNewestTimeLine} in timeline.c.
   *
   * @param timeline that it is to begin
   */
  Answer promote(Member member, long term, int timeline) {
    try (Sql.Session session = orders(member)) {
      long higher = promise(session, term);
      if (higher > 0) {
        return new Answer.Outvoted(higher);
      }
      int newest = (int) number(session.value("select " + NEWEST, SHORT));
      if (newest >= timeline) {
        return new Answer.Failed(member.name(), term, "has begun timeline " + newest + " already");
      }
      // Whoever chose it may not have seen that yet.
      Damage damage = Damage.parse(session.value("select " + DAMAGED, SHORT));
      if (damage != null && damage.bars()) {
        return new Answer.Failed(member.name(), term, "has a damaged page: " + damage.words());
      }
      String _ = session.value("set " + ORDERED + " = '0'", SHORT); // so that it is known there
      set(session, ORDERED, Long.toString(term));
      if (isStray(session)) {
        set(session, STRAY, "off"); // what it has is what all others get
      }
      if (newest + 1 < timeline) {
        String _ = session.value(take(newest + 1, timeline - 1), LONG);
      }
      String _ = session.value("select pg_promote(false)", SHORT);
      long end = System.nanoTime() + LONG.toNanos();
      while (session.value("select pg_is_in_recovery()", SHORT).equals("t")) {
        if (System.nanoTime() > end) {
          return new Answer.Failed(member.name(), term, "does not become a primary");
        }
        LockSupport.parkNanos(NAP_NANOS);
      }
      return new Answer.Promoted(
          member.name(), term, (int) number(session.value("select " + TIMELINE, SHORT)));
    } catch (IOException e) {
      return new Answer.Failed(member.name(), term, words(e));
    }
  }

  /** Nobody begins these timelines. */
  private static String take(int from, int to) {
    return """
    do $$ declare file text; begin
      for number in %d .. %d loop
        file := lpad(upper(to_hex(number)), 8, '0') || '.history';
        if not exists (select from pg_ls_waldir() where name = file) then
          execute format('copy (select where false) to %%L',
            current_setting('data_directory') || '/pg_wal/' || file);
        end if;
      end loop;
    end $$\
    """
        .formatted(from, to);
  }

  private static boolean isStray(Sql.Session session) throws IOException {
    String stray = "select coalesce(current_setting('" + STRAY + "', true), 'off')";
    return !session.value(stray, SHORT).equals("off");
  }

  /** The answer of {@link #follow} of somebody who has to go back first, or be copied. */
  static final String STRAYS = "was promoted by hand, and has not gone back since";

  /**
   * It follows that one from now on; what is wrong, or null.
   *
   * <p>Whoever was promoted by hand does not: what it wrote then is on a timeline whose number
   * another may have, too, and nothing would say that what it gets does not belong to that. It
   * would acknowledge what it has not.
   */
  @Nullable String follow(Member member, Member source, long term) {
    try (Sql.Session session = orders(member)) {
      if (isStray(session)) {
        return STRAYS;
      }
      long higher = promise(session, term);
      if (higher > 0) {
        return "has promised term " + higher;
      }
      set(session, "primary_conninfo", conninfo(member, source));
      String _ = session.value("alter system reset " + DELAY, LONG);
      reload(session);
      return null;
    } catch (IOException e) {
      return words(e);
    }
  }

  /**
   * Commits a row that says who decides from now on; then those whose word it needs have it, which
   * is looked at and not only believed.
   */
  Answer writeRule(Member member, VoterRule rule, long term) {
    try (Sql.Session session = orders(member)) {
      long higher = promise(session, term);
      if (higher > 0) {
        return new Answer.Outvoted(higher);
      }
      String _ = session.value("set default_transaction_read_only = off", SHORT);
      String _ = session.value(ADD_TIMELINE, COMMIT);
      long end =
          commit(
              session,
              rule,
              "insert into fairlead.rule(term, member, names, timeline) values ("
                  + term
                  + ", "
                  + quoted(member.name())
                  + ", "
                  + quoted(rule.synchronousStandbyNames())
                  + ", "
                  + TIMELINE
                  + ") on conflict (term) do update set names = excluded.names, at = now(),"
                  + " timeline = excluded.timeline");
      return new Answer.RuleWritten(member.name(), term, end);
    } catch (IOException e) {
      return new Answer.Failed(member.name(), term, words(e));
    }
  }

  private static long commit(Sql.Session session, VoterRule rule, String change)
      throws IOException {
    String _ = session.value(UNLOCK, SHORT); // others may order meanwhile
    String _ = session.value("set default_transaction_read_only = off", SHORT);
    String _ = session.value("set synchronous_commit = on", SHORT);
    String _ = session.value(change, COMMIT);
    List<@Nullable String> here =
        session.row("select lsn, pg_wal_lsn_diff(lsn, '0/0') from pg_current_wal_lsn() lsn", SHORT);
    String end = text(here, 0);
    Set<String> names = new TreeSet<>();
    rule.names().forEach(name -> names.add(quoted(name)));
    String count =
        "select count(distinct application_name) from pg_stat_replication where flush_lsn >= "
            + quoted(end)
            + " and application_name in ("
            + String.join(", ", names)
            + ")";
    long until = System.nanoTime() + LONG.toNanos();
    while (number(session.value(count, SHORT)) < rule.acks()) {
      if (System.nanoTime() > until) {
        throw new IOException("commits what is not at " + rule.acks() + " of " + rule.names());
      }
      LockSupport.parkNanos(NAP_NANOS);
    }
    return number(text(here, 1));
  }

  /**
   * It waits for others from now on; what is wrong, or null: that is in force.
   *
   * @param change of the state that this follows from; of two such orders with the same term the
   *     one with the higher stays, whichever comes last
   */
  @Nullable String changeNames(
      Member primary, VoterRule rule, Set<String> members, long term, long change) {
    Answer named = setNames(primary, rule, term, change);
    if (!(named instanceof Answer.NamesRead(String _, long _, String names))
        || !names.equals(rule.synchronousStandbyNames())) {
      return "does not take the names: " + named;
    }
    try (Sql.Session session = open(primary, SHORT)) {
      String _ = session.value("set default_transaction_read_only = off", SHORT);
      // Those that send go by the old names until they have read the new ones.
      Set<String> all = new TreeSet<>();
      members.forEach(name -> all.add(quoted(name)));
      String _ =
          session.value(
              "create temporary table senders as select pid, backend_start from pg_stat_replication"
                  + " where application_name in ("
                  + String.join(", ", all)
                  + ")",
              SHORT);
      String _ =
          session.value(
              "select pg_terminate_backend(pid) from senders natural join pg_stat_activity", SHORT);
      long end = System.nanoTime() + LONG.toNanos();
      while (!session
          .value("select count(*) from senders natural join pg_stat_activity", SHORT)
          .equals("0")) {
        if (System.nanoTime() > end) {
          return "goes on sending by the old names";
        }
        LockSupport.parkNanos(NAP_NANOS);
      }
      long _ =
          commit(
              session,
              rule,
              "update fairlead.rule set names = "
                  + quoted(rule.synchronousStandbyNames())
                  + ", at = now() where term = "
                  + term);
      return null;
    } catch (IOException e) {
      return words(e);
    }
  }

  /** Lets clients write; what is wrong, or null: new connections may. */
  @Nullable String letIn(Member primary, long term) {
    try (Sql.Session session = orders(primary)) {
      long higher = promise(session, term);
      if (higher > 0) {
        return "has promised term " + higher;
      }
      set(session, "default_transaction_read_only", "off");
      reload(session);
      String is = await(primary, "default_transaction_read_only", "off");
      return is.equals("off") ? null : "goes on letting nobody write";
    } catch (IOException e) {
      return words(e);
    }
  }

  /**
   * Whom somebody logs in as who is in the configuration.
   *
   * @param replicates whether that is to make backups: then it is created if it is not there
   */
  record Account(String user, Secret password, boolean replicates) {}

  /**
   * Sees to it that these may log in with the passwords that are configured. What is said of that
   * to the server is not written to its log.
   */
  void letLogIn(Member primary, List<Account> accounts) throws IOException {
    try (Sql.Session session = open(primary, SHORT)) {
      boolean quiet = false;
      for (Account account : accounts) {
        String has =
            session.value(
                "select rolcanlogin and (rolreplication or not "
                    + account.replicates()
                    + ") from pg_roles where rolname = "
                    + quoted(account.user()),
                SHORT);
        boolean isThere = !has.isEmpty();
        if ((has.equals("t") && canLogIn(primary, account))
            || (!isThere && !account.replicates())) {
          continue;
        }
        if (!quiet) {
          quiet = true;
          quiet(session);
        }
        String _ =
            session.value(
                (isThere ? "alter role " : "create role ")
                    + account.user()
                    + (account.replicates() ? " login replication" : " login")
                    + " password "
                    + quoted(account.password().value()),
                COMMIT);
      }
    }
  }

  private static void quiet(Sql.Session session) throws IOException {
    for (String setting :
        List.of(
            "default_transaction_read_only = off",
            "log_statement = none",
            "log_min_duration_statement = -1",
            "log_min_error_statement = panic",
            "pg_stat_statements.track = none")) {
      String _ = session.value("set " + setting, SHORT);
    }
  }

  private boolean canLogIn(Member member, Account account) {
    try {
      sql.open(member.address(), account.user(), account.password(), SHORT).close();
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  void checkpoint(Member member, Duration patience) throws IOException {
    try (Sql.Session session = open(member, SHORT)) {
      String _ = session.value("checkpoint", patience);
    }
  }

  /**
   * Has a primary begin another file of its log, unless there is little in the present one, and
   * waits until all who follow have begun it, too, which takes them longer than to write to it.
   * Whoever goes on to another timeline gets the file in which it begins once more, from its start.
   */
  void beginFile(Member primary) throws IOException {
    try (Sql.Session session = open(primary, SHORT)) {
      String much =
          session.value(
              "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
                  + " % pg_size_bytes(current_setting('wal_segment_size')) > "
                  + LITTLE,
              SHORT);
      if (!much.equals("t")) {
        return;
      }
      String _ = session.value("select pg_switch_wal()", LONG);
      String _ = session.value("checkpoint", LONG); // which is something to write to it
      String behind =
          "select exists (select from pg_stat_replication where state = 'streaming' and flush_lsn < "
              + quoted(session.value("select pg_current_wal_lsn()", SHORT))
              + ")";
      long until = System.nanoTime() + SHORT.toNanos();
      while (session.value(behind, SHORT).equals("t") && System.nanoTime() < until) {
        LockSupport.parkNanos(NAP_NANOS);
      }
    }
  }

  /**
   * A rewind goes by the last checkpoint, so there has to be one on the new timeline.
   *
   * @return that timeline
   */
  static int checkpoint(Sql.Session primary) throws IOException {
    String _ = primary.value("checkpoint", Duration.ofMinutes(10));
    String same =
        primary.value(
            "select not pg_is_in_recovery() and timeline_id = "
                + TIMELINE
                + " from pg_control_checkpoint()",
            SHORT);
    if (!same.equals("t")) {
      throw new IOException("has made no checkpoint on its timeline yet");
    }
    return (int) number(primary.value("select timeline_id from pg_control_checkpoint()", SHORT));
  }

  /** How many are logged in who are neither of us nor of those who look after the member. */
  int clients(Member member, String prober) throws IOException {
    try (Sql.Session session = open(member, SHORT)) {
      return (int)
          number(
              session.value(
                  "select count(*) from pg_stat_activity where backend_type = 'client backend' and"
                      + " usename not in ("
                      + String.join(
                          ", ", quoted(Logins.ADMIN), quoted(Logins.REPLICATION), quoted(prober))
                      + ")",
                  SHORT));
    }
  }

  private static String words(Exception e) {
    String message = e.getMessage();
    return message == null ? e.toString() : message;
  }
}
