package io.fairlead.replication.manage;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a server of a Galera cluster says of itself.
 *
 * @param asked when it was asked, in nanoseconds of no certain origin
 * @param pid of the process that was asked
 * @param connected whether it speaks with others at all; one that gave up does not, for ever
 * @param primary whether it is in the part that has a quorum, as far as it knows
 * @param state in its own words, such as Synced
 * @param ready whether it takes queries
 * @param cluster identifier of the history
 * @param view number of the membership that it knows
 * @param members where clients reach those that belong to it
 * @param number of the last change that it has
 * @param queue changes that it has got and not yet applied
 * @param desyncs what goes on that it gives its data for, or is held for; -1: it does not say
 * @param readOnly whether it lets nobody write
 * @param method by which it would get all of the data
 */
record GaleraFacts(
    long asked,
    long pid,
    boolean connected,
    boolean primary,
    String state,
    boolean ready,
    String cluster,
    long view,
    Set<String> members,
    long number,
    long queue,
    long desyncs,
    boolean readOnly,
    String method) {
  private static final String STATUS =
      "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_status',"
          + " 'wsrep_local_state_comment', 'wsrep_ready', 'wsrep_local_state_uuid',"
          + " 'wsrep_cluster_conf_id', 'wsrep_incoming_addresses', 'wsrep_last_committed',"
          + " 'wsrep_local_recv_queue', 'wsrep_desync_count')";
  private static final String VARIABLES =
      "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'wsrep_sst_method')";

  static GaleraFacts ask(MariadbSql.Session session, long pid, Duration timeout)
      throws IOException {
    long asked = System.nanoTime();
    Map<String, String> said = new HashMap<>();
    for (String question : List.of(STATUS, VARIABLES)) {
      for (List<String> row : session.rows(question, timeout)) {
        said.put(row.getFirst().toLowerCase(Locale.ROOT), row.getLast());
      }
    }
    return new GaleraFacts(
        asked,
        pid,
        !said.getOrDefault("wsrep_cluster_status", "").equals("Disconnected"),
        said.getOrDefault("wsrep_cluster_status", "").equals("Primary"),
        said.getOrDefault("wsrep_local_state_comment", ""),
        said.getOrDefault("wsrep_ready", "").equals("ON"),
        said.getOrDefault("wsrep_local_state_uuid", ""),
        number(said.get("wsrep_cluster_conf_id")),
        Arrays.stream(said.getOrDefault("wsrep_incoming_addresses", "").split(",", -1))
            .map(String::strip)
            .collect(Collectors.toUnmodifiableSet()),
        number(said.get("wsrep_last_committed")),
        number(said.get("wsrep_local_recv_queue")),
        number(said.get("wsrep_desync_count")),
        !said.getOrDefault("read_only", "OFF").equals("OFF"),
        said.getOrDefault("wsrep_sst_method", ""));
  }

  /** What has none gives the largest number there is, which means nothing. */
  private static long number(@Nullable String text) {
    return text != null && text.matches("[0-9]{1,18}") ? Long.parseLong(text) : -1;
  }

  /** Whether it has all that the others have, and gives its data to nobody. */
  boolean isSynced() {
    return primary && ready && state.equals("Synced");
  }

  /**
   * Whether it believes to give its data to somebody, and does not. So it is for ever after its
   * part lost the quorum for a moment while it came to the end of that.
   */
  boolean isStuck() {
    return primary && state.equals("Donor/Desynced") && desyncs == 0;
  }

  /** What it has, where it has no quorum; null: that cannot be said now. */
  @Nullable GaleraPosition position() {
    return primary || !connected || queue != 0 || number < 0 || cluster.isEmpty()
        ? null
        : new GaleraPosition(cluster, number);
  }

  /** Whether the same is said, only at another time. */
  boolean saysTheSame(GaleraFacts other) {
    return connected == other.connected
        && primary == other.primary
        && state.equals(other.state)
        && ready == other.ready
        && cluster.equals(other.cluster)
        && view == other.view
        && members.equals(other.members)
        && readOnly == other.readOnly;
  }
}
