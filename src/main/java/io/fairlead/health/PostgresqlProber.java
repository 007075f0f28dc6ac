package io.fairlead.health;

import io.fairlead.config.PostgresqlProbe;
import io.fairlead.config.PostgresqlProbe.Role;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Logs in to PostgreSQL and asks for its role. */
final class PostgresqlProber implements Prober {
  /**
   * A replica that has played all that it got, and still gets it, is not behind, however long ago
   * the last change was.
   */
  private static final String QUESTION =
      "select pg_is_in_recovery(), case"
          + " when not pg_is_in_recovery() then 0"
          + " when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()"
          + " and exists (select from pg_stat_wal_receiver) then 0"
          + " else extract(epoch from now() - pg_last_xact_replay_timestamp()) end";

  private final PostgresqlProbe probe;
  private final Quote quote;
  private final ProbeLink link;

  PostgresqlProber(PostgresqlProbe probe, ProbeLink link) {
    this.probe = probe;
    this.quote = new Quote(probe.secrets());
    this.link = link;
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    Conversation conversation =
        socket -> {
          if (!link.isSecure()) {
            return ask(talk(socket, deadline));
          }
          boolean _ = PostgresqlTalk.askForTls(socket, false);
          try (Socket over = link.over(socket, ProbeLink.Asks.ANYTHING)) {
            return ask(talk(over, deadline));
          }
        };
    return conversation.have(address, deadline, ProbeLink.CLEAR);
  }

  private PostgresqlTalk talk(Socket socket, Deadline deadline) throws IOException {
    return new PostgresqlTalk(
        socket,
        new PostgresqlTalk.Login(probe.user(), probe.password(), probe.database()),
        quote,
        deadline.timeout());
  }

  private @Nullable String ask(PostgresqlTalk talk) throws IOException {
    if (probe.user().isEmpty()) {
      return talk.knock();
    }
    talk.logIn();
    List<@Nullable String> row = talk.row(QUESTION);
    talk.bye();
    return row.size() == 2 ? judge(row.getFirst(), row.getLast()) : "gave no answer to its role";
  }

  private @Nullable String judge(@Nullable String recovery, @Nullable String lag) {
    boolean replica = "t".equals(recovery);
    if (probe.role() == Role.PRIMARY && replica) {
      return "is a replica (pg_is_in_recovery), wanted primary";
    }
    if (probe.role() == Role.REPLICA && !replica) {
      return "is the primary (not pg_is_in_recovery), wanted replica";
    }
    if (probe.maxLag().isZero() || !replica) {
      return null;
    }
    if (lag == null || !lag.matches("-?[0-9]{1,12}(\\.[0-9]{1,12})?")) {
      return "does not know how far it is behind";
    }
    return Lag.judge(Double.parseDouble(lag), probe.maxLag());
  }
}
