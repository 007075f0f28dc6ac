package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseProbeConfig;
import io.fairlead.config.HostPort;
import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A member that runs on this very machine: where its data is, found among the processes. That it is
 * the member, and not another server that looks like it, is known by what the member says of
 * itself.
 *
 * @param data its folder
 * @param port that it listens at
 * @param sockets folder of its socket; empty: it has none
 * @param timeline that it writes
 * @param checkpointed whether its last checkpoint is of that timeline: after a promotion the first
 *     one may take minutes, and pgBackRest does not copy what has not come so far
 */
record LocalServer(Path data, int port, String sockets, int timeline, boolean checkpointed) {
  /** A server says when it was ready to begin, and its file when its process began. */
  private static final long START_SECONDS = 30;

  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final String SUPERUSER = "postgres";
  private static final Pattern SYSTEM = Pattern.compile("(?m)^Database system identifier: +(\\d+)");
  private static final Pattern STATE = Pattern.compile("(?m)^Database cluster state: +(.*)$");
  private static final Pattern TIMELINE =
      Pattern.compile("(?m)^Latest checkpoint's TimeLineID: +(\\d+)");

  private static final String BEGAN =
      "select extract(epoch from pg_postmaster_start_time())::bigint,"
          + " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";

  private static final String MAY =
      "select coalesce(has_function_privilege(to_regprocedure('pg_backup_start(text, boolean)'),"
          + " 'execute') and has_function_privilege(to_regprocedure('pg_backup_stop(boolean)'),"
          + " 'execute') and pg_has_role('pg_read_all_settings', 'usage'), false)";

  /** What {@code postmaster.pid} says. */
  private record Running(Path data, long startSeconds, String sockets) {}

  /**
   * Finds it.
   *
   * @param system identifier of its data
   * @throws IOException saying why it cannot be, in words
   */
  static LocalServer find(
      PostgresPrograms programs,
      String name,
      HostPort address,
      DatabaseProbeConfig probe,
      String system)
      throws IOException {
    long started;
    int timeline;
    try (Access access =
        new Access(programs, address, probe.user(), probe.password(), probe.tls(), "fairlead")) {
      String[] said =
          new Questions(programs, access.environment())
              .sql(probe.database().isEmpty() ? probe.user() : probe.database(), BEGAN)
              .split("[|]", -1);
      started = Long.parseLong(said[0]);
      timeline = Integer.parseInt(said[1], 16);
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw new IOException(name + " does not say when it was started", e);
    }
    String closed = "";
    for (Running one : running(address.port())) {
      if (Math.abs(started - one.startSeconds()) <= START_SECONDS) {
        Map<Pattern, String> said = control(programs, one.data());
        closed = said.isEmpty() ? one.data().toString() : closed;
        if (system.equals(said.get(SYSTEM)) && "in production".equals(said.get(STATE))) {
          return new LocalServer(
              one.data(),
              address.port(),
              one.sockets(),
              timeline,
              String.valueOf(timeline).equals(said.get(TIMELINE)));
        }
      }
    }
    throw new IOException(
        name
            + ", which takes the writes, "
            + (closed.isEmpty()
                ? "does not run on this machine"
                : "has its data in " + closed + ", which " + programs.user() + " cannot read"));
  }

  /** What it says of itself on disk; empty: it cannot be read. */
  private static Map<Pattern, String> control(PostgresPrograms programs, Path data) {
    String said;
    try {
      said = programs.run("pg_controldata", List.of(data.toString()), Map.of(), TIMEOUT);
    } catch (IOException _) {
      return Map.of();
    }
    Map<Pattern, String> found = new HashMap<>();
    for (Pattern each : List.of(SYSTEM, STATE, TIMELINE)) {
      Matcher matcher = each.matcher(said);
      if (matcher.find()) {
        found.put(each, matcher.group(1).strip());
      }
    }
    return found;
  }

  /** Servers are where their data is, and say in a file there what they are. */
  private static List<Running> running(int port) {
    List<Running> found = new ArrayList<>();
    for (ProcessHandle each : ProcessHandle.allProcesses().toList()) {
      Running one = running(each.pid(), port);
      if (one != null) {
        found.add(one);
      }
    }
    return found;
  }

  private static @Nullable Running running(long pid, int port) {
    try {
      Path data = Path.of("/proc", "" + pid, "cwd").toRealPath();
      Path file = data.resolve("postmaster.pid");
      if (!Files.exists(file)) {
        return null;
      }
      List<String> lines = Files.readAllLines(file);
      return lines.size() >= 5
              && lines.get(0).strip().equals("" + pid)
              && lines.get(3).strip().equals("" + port)
          ? new Running(data, Long.parseLong(lines.get(2).strip()), lines.get(4).strip())
          : null;
    } catch (IOException | RuntimeException _) {
      return null; // somebody else's, or gone meanwhile
    }
  }

  /** Has its last checkpoint be of the timeline that it writes, if that is allowed. */
  void checkpoint(PostgresPrograms programs, Login login, DatabaseProbeConfig probe)
      throws IOException {
    if (!checkpointed) {
      String _ = new Questions(programs, login.environment()).sql(database(probe), "checkpoint");
    }
  }

  private static String database(DatabaseProbeConfig probe) {
    return probe.database().isEmpty() ? "postgres" : probe.database();
  }

  /**
   * How pgBackRest logs in.
   *
   * @param options that it is told on its command line
   * @param access its environment
   */
  record Login(List<String> options, Map<String, String> environment, @Nullable Access access)
      implements AutoCloseable {
    @Override
    public void close() {
      if (access != null) {
        access.close();
      }
    }
  }

  /**
   * As the user of the backups if that may make copies so, else as {@code postgres} by the socket.
   *
   * @throws IOException saying which rights are missing
   */
  Login login(
      PostgresPrograms programs, HostPort address, BackupConfig config, DatabaseProbeConfig probe)
      throws IOException {
    String database = database(probe);
    Access access =
        new Access(
            programs, address, config.user(), config.password(), probe.tls(), "fairlead backup");
    String why = "";
    try {
      if (new Questions(programs, access.environment()).sql(database, MAY).equals("t")) {
        return new Login(options(config.user(), database, ""), access.environment(), access);
      }
    } catch (IOException e) {
      why = ": " + e.getMessage();
    }
    access.close();
    if (!sockets.isEmpty()) {
      Map<String, String> own = new HashMap<>();
      own.put("PGHOST", sockets);
      own.put("PGPORT", String.valueOf(port));
      own.put("PGUSER", SUPERUSER);
      own.put("PGPASSFILE", "/dev/null");
      own.put("PGAPPNAME", "fairlead backup");
      own.put("PGCONNECT_TIMEOUT", "5");
      try {
        if (new Questions(programs, own).sql(database, MAY).equals("t")) {
          return new Login(options(SUPERUSER, database, sockets), own, null);
        }
      } catch (IOException _) {
        // then what the user of the backups lacks is what is to be said
      }
    }
    throw new IOException(
        config.user()
            + " may not have copies made by pgBackRest (grants of docs/backups.md, Incremental"
            + " copies)"
            + why);
  }

  private List<String> options(String user, String database, String sockets) {
    List<String> options =
        new ArrayList<>(
            List.of(
                "--pg1-path=" + data,
                "--pg1-port=" + port,
                "--pg1-user=" + user,
                "--pg1-database=" + database));
    if (!sockets.isEmpty()) {
      options.add("--pg1-socket-path=" + sockets);
    }
    return options;
  }
}
