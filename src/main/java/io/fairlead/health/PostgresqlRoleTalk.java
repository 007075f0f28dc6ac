package io.fairlead.health;

import io.fairlead.config.RoleProbe;
import io.fairlead.service.Sighting;
import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Asks PostgreSQL all that its role is judged by in one question: a promotion between two would
 * give answers that do not belong together.
 */
final class PostgresqlRoleTalk implements RoleTalk {
  /**
   * In recovery some functions refuse to answer and out of it others do, so each stands behind the
   * case it is for. What is received is known to {@code pg_monitor} only; who is not gets the
   * timeline of the last checkpoint, which may be an older one.
   */
  private static final String QUESTION =
      "select r, (select system_identifier from pg_control_system()),"
          + " case when r then coalesce((select received_tli from pg_stat_wal_receiver),"
          + " (select timeline_id from pg_control_checkpoint()))"
          + " else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end,"
          + " exists (select from pg_stat_wal_receiver where received_tli is not null),"
          + " case when r then pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')"
          + " else pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') end,"
          + " case when not r then 0"
          + " when pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn()"
          + " and exists (select from pg_stat_wal_receiver) then 0"
          + " else extract(epoch from now() - pg_last_xact_replay_timestamp()) end"
          + " from pg_is_in_recovery() r";

  private final PostgresqlTalk talk;

  private PostgresqlRoleTalk(PostgresqlTalk talk) {
    this.talk = talk;
  }

  static PostgresqlRoleTalk logIn(RoleProbe probe, Socket socket, Deadline deadline)
      throws IOException {
    PostgresqlTalk talk =
        new PostgresqlTalk(
            socket,
            new PostgresqlTalk.Login(probe.user(), probe.password(), probe.database()),
            new Quote(probe.secrets()),
            deadline.timeout());
    talk.logIn();
    return new PostgresqlRoleTalk(talk);
  }

  @Override
  public Sighting ask() throws IOException {
    List<@Nullable String> row = talk.row(QUESTION);
    try {
      String lag = row.get(5);
      return new Sighting.Postgresql(
          text(row.get(0)).equals("t"),
          text(row.get(1)),
          Integer.parseInt(text(row.get(2))),
          text(row.get(3)).equals("t"),
          Long.parseLong(text(row.get(4))),
          lag == null
              ? OptionalDouble.empty()
              : OptionalDouble.of(Math.max(0, Double.parseDouble(lag))));
    } catch (NumberFormatException | IndexOutOfBoundsException _) {
      throw new Conversation.Failure("gave no answer to its role");
    }
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }

  @Override
  public void bye() throws IOException {
    talk.bye();
  }
}
