package io.fairlead.health;

import io.fairlead.config.RoleProbe;
import io.fairlead.service.Sighting;
import java.io.IOException;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Asks a node of a Galera cluster for all that its role is judged by. Both questions are answered
 * also by a node that takes no others.
 */
final class GaleraRoleTalk implements RoleTalk {
  private static final List<String> QUESTIONS =
      List.of(
          "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_connected',"
              + " 'wsrep_local_state', 'wsrep_local_state_comment', 'wsrep_cluster_status',"
              + " 'wsrep_cluster_state_uuid', 'wsrep_cluster_conf_id', 'wsrep_cluster_size',"
              + " 'wsrep_local_index')",
          "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'wsrep_desync',"
              + " 'wsrep_reject_queries', 'wsrep_sst_method')");

  /** The states of a node that has all data, and of one that gives them to another. */
  private static final String SYNCED = "4";

  private static final String DONOR = "2";

  private final MariadbTalk talk;
  private final Quote quote;

  private GaleraRoleTalk(MariadbTalk talk, Quote quote) {
    this.talk = talk;
    this.quote = quote;
  }

  static GaleraRoleTalk logIn(RoleProbe probe, Socket socket, ProbeLink link) throws IOException {
    Quote quote = new Quote(probe.secrets());
    MariadbTalk talk = new MariadbTalk(socket, probe.user(), probe.password(), quote, link);
    talk.logIn();
    return new GaleraRoleTalk(talk, quote);
  }

  @Override
  public Sighting ask() throws IOException {
    Map<String, String> said = new HashMap<>();
    for (String question : QUESTIONS) {
      for (List<String> row : talk.question(question).rows()) {
        said.put(row.getFirst().toLowerCase(Locale.ROOT), row.getLast());
      }
    }
    String index = said.getOrDefault("wsrep_local_index", "");
    boolean donor = said.getOrDefault("wsrep_local_state", "").equals(DONOR);
    return new Sighting.Galera(
        wrong(said, donor),
        said.getOrDefault("wsrep_cluster_state_uuid", ""),
        number(said.getOrDefault("wsrep_cluster_conf_id", "")),
        (int) number(said.getOrDefault("wsrep_cluster_size", "")),
        donor,
        !said.getOrDefault("read_only", "OFF").equals("OFF"),
        index.matches("[0-9]{1,5}")
            ? OptionalInt.of(Integer.parseInt(index))
            : OptionalInt.empty());
  }

  /** What has no membership gives the largest number there is, which means nothing. */
  private static long number(String text) {
    return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
  }

  private String wrong(Map<String, String> said, boolean donor) {
    String cluster = said.getOrDefault("wsrep_cluster_status", "");
    String state = said.getOrDefault("wsrep_local_state", "");
    if (cluster.isEmpty() || cluster.equalsIgnoreCase("Disconnected")) {
      return "is in no Galera cluster";
    }
    if (!cluster.equalsIgnoreCase("Primary")) {
      return "is in a part of the cluster that has no quorum ("
          + quote.of(cluster)
          + ", wsrep_cluster_status)";
    }
    if (!said.getOrDefault("wsrep_connected", "ON").equals("ON")) {
      return "is not connected to its cluster (wsrep_connected)";
    }
    if (!said.getOrDefault("wsrep_reject_queries", "NONE").equals("NONE")) {
      return "rejects queries (wsrep_reject_queries)";
    }
    if (said.getOrDefault("wsrep_desync", "OFF").equals("ON")) {
      return "is desynced by an operator (wsrep_desync)";
    }
    if (donor && !said.getOrDefault("wsrep_sst_method", "").startsWith("maria")) {
      return "gives its data to another node by a method that blocks it (Donor)";
    }
    if (!donor && !state.equals(SYNCED)) {
      return "is "
          + quote.of(said.getOrDefault("wsrep_local_state_comment", "not Synced"))
          + " (wsrep_local_state_comment)";
    }
    return said.getOrDefault("wsrep_ready", "").equals("ON")
        ? ""
        : "does not take queries (wsrep_ready)";
  }

  @Override
  public void bye() throws IOException {
    talk.bye();
  }
}
