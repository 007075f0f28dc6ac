package io.fairlead.health;

import io.fairlead.config.MariadbProbe;
import io.fairlead.config.PostgresqlProbe.Role;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Logs in to MariaDB and asks for its role. */
final class MariadbProber implements Prober {
  private static final int NO_SUCH_STATEMENT = 1064;

  private final MariadbProbe probe;
  private final Quote quote;
  private final ProbeLink link;

  MariadbProber(MariadbProbe probe, ProbeLink link) {
    this.probe = probe;
    this.quote = new Quote(probe.secrets());
    this.link = link;
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    Conversation conversation = this::ask;
    return conversation.have(address, deadline, ProbeLink.CLEAR); // TLS comes after its greeting
  }

  private @Nullable String ask(Socket socket) throws IOException {
    MariadbTalk talk = new MariadbTalk(socket, probe.user(), probe.password(), quote, link);
    talk.logIn();
    String wrong = role(talk);
    if (wrong == null && probe.galera()) {
      wrong = galera(talk);
    }
    if (wrong == null && !probe.maxLag().isZero()) {
      wrong = lag(talk);
    }
    talk.bye();
    return wrong;
  }

  private @Nullable String role(MariadbTalk talk) throws IOException {
    String readOnly = talk.question("SELECT @@global.read_only AS v").row().get("v");
    if (probe.role() == Role.PRIMARY && !"0".equals(readOnly)) {
      return "is read-only (read_only), wanted primary";
    }
    return probe.role() == Role.REPLICA && "0".equals(readOnly)
        ? "can be written to (not read_only), wanted replica"
        : null;
  }

  private @Nullable String galera(MariadbTalk talk) throws IOException {
    Map<String, String> status = new HashMap<>();
    for (List<String> row :
        talk.question(
                "SHOW GLOBAL STATUS WHERE Variable_name IN"
                    + " ('wsrep_local_state_comment', 'wsrep_ready')")
            .rows()) {
      status.put(row.getFirst().toLowerCase(Locale.ROOT), row.getLast());
    }
    String state = status.getOrDefault("wsrep_local_state_comment", "");
    if (state.isEmpty() || state.equals("Disabled")) {
      return "is in no Galera cluster, wanted Synced";
    }
    if (!state.equals("Synced")) {
      return "is " + quote.of(state) + " (wsrep_local_state_comment), wanted Synced";
    }
    return status.getOrDefault("wsrep_ready", "").equals("ON")
        ? null
        : "does not take queries (wsrep_ready is not ON)";
  }

  private @Nullable String lag(MariadbTalk talk) throws IOException {
    MariadbTalk.Answer status = talk.question("SHOW REPLICA STATUS", NO_SUCH_STATEMENT);
    if (status.error() != 0) {
      status = talk.question("SHOW SLAVE STATUS");
    }
    if (status.row().isEmpty()) {
      return "replicates from nobody";
    }
    Map<String, String> row = status.row();
    String seconds =
        row.getOrDefault("seconds_behind_master", row.getOrDefault("seconds_behind_source", ""));
    return seconds.matches("[0-9]{1,12}")
        ? Lag.judge(Double.parseDouble(seconds), probe.maxLag())
        : "its replication has stopped";
  }
}
