package io.fairlead.replication.manage;

import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.GaleraPorts;
import io.fairlead.config.HostPort;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;

/**
 * The settings of a member of a Galera cluster, written anew before each start.
 *
 * <p>A member that has died is left out after 1.2 s (measured; Galera's own values: 5 s): others
 * hear nothing of it for a second, and tell each other so five times a second until all know. By
 * Galera's own value that is said once a second, which is where half of the time went. Less than a
 * second, and a machine that is busy is left out; an {@code install_timeout} that is not longer
 * than {@code suspect_timeout}, or much longer, and now and then nobody is left in.
 */
final class GaleraSettings {
  /** How members find out that one of them is gone. */
  private static final String EVICTION =
      "evs.suspect_timeout=PT1S;evs.inactive_timeout=PT3S;evs.install_timeout=PT2S"
          + ";evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.1S"
          + ";evs.join_retrans_period=PT0.2S";

  private GaleraSettings() {}

  /**
   * All of them.
   *
   * @param writer who must not give its data to others if somebody else can; empty: nobody
   * @param method how all of the data is got
   * @param login whom it logs in as for that, and the password
   */
  static String text(
      DatabaseConfig config,
      String member,
      GaleraFolder folder,
      Path provider,
      String writer,
      String method,
      String login) {
    HostPort address = Objects.requireNonNull(config.members().get(member));
    GaleraPorts ports = config.portsOf(member);
    Map<String, String> theirs = config.manage().map(manage -> manage.settings()).orElse(Map.of());
    Map<String, String> all = new LinkedHashMap<>();
    all.put("character_set_server", "utf8mb4");
    theirs.forEach((name, value) -> {
      if (name.indexOf('.') < 0) {
        all.put(name, value);
      }
    });
    if (config.backup().isPresent()) {
      all.putIfAbsent("log_bin", "log");
      all.put("log_slave_updates", "ON"); // else it lacks what others write
      all.put("binlog_checksum", "CRC32");
      all.put("server_id", Long.toString(number(member)));
      all.putIfAbsent("binlog_expire_logs_seconds", "259200"); // so long the archive may be away
    }
    all.put("datadir", folder.data().toString());
    all.put("port", Integer.toString(address.port()));
    all.put("bind_address", address.host());
    all.put("socket", folder.socket().toString());
    all.put("pid_file", folder.pid().toString());
    all.put("skip_name_resolve", "ON");
    all.put("read_only", "ON"); // until it is let in
    all.put("default_storage_engine", "InnoDB");
    all.put("binlog_format", "ROW");
    all.put("sync_binlog", "1");
    all.put("innodb_autoinc_lock_mode", "2");
    all.put("innodb_flush_log_at_trx_commit", "1");
    all.put("wsrep_on", "ON");
    all.put("wsrep_provider", provider.toString());
    all.put("wsrep_cluster_name", config.name());
    all.put("wsrep_cluster_address", "gcomm://" + String.join(",", groupAddresses(config)));
    all.put("wsrep_node_name", member);
    all.put("wsrep_node_address", new HostPort(address.host(), ports.group()).toString());
    all.put("wsrep_node_incoming_address", address.toString());
    all.put("wsrep_sst_method", method);
    all.put("wsrep_sst_receive_address", new HostPort(address.host(), ports.sst()).toString());
    all.put("wsrep_sst_auth", login);
    all.put("wsrep_sst_donor", donors(config, member, writer));
    all.put("wsrep_provider_options", options(theirs, address.host(), ports));
    StringBuilder text = new StringBuilder("# Written by Fairlead before each start.\n[mysqld]\n");
    all.forEach((name, value) -> text.append(name).append('=').append(quoted(value)).append('\n'));
    return text.toString();
  }

  /** Of its own, and the same whoever else there is: by it a log is told from another's. */
  static long number(String member) {
    CRC32 sum = new CRC32();
    sum.update(member.getBytes(StandardCharsets.UTF_8));
    return (sum.getValue() & 0x3FFF_FFFF) + 1;
  }

  /** Those who may give their data, the best first; who ends with a comma takes others, too. */
  static String donors(DatabaseConfig config, String member, String writer) {
    List<String> all = new ArrayList<>(config.members().keySet());
    all.remove(member);
    all.remove(writer);
    return String.join(",", all) + ",";
  }

  private static List<String> groupAddresses(DatabaseConfig config) {
    List<String> all = new ArrayList<>();
    config
        .members()
        .forEach((name, address) ->
            all.add(new HostPort(address.host(), config.portsOf(name).group()).toString()));
    return all;
  }

  /**
   * Options of Galera. What it remembers itself of who was there (pc.recovery) is switched off: it
   * takes everybody to be there and nobody to have lost anything, and would begin the cluster anew
   * while it is decided here.
   */
  private static String options(Map<String, String> theirs, String host, GaleraPorts ports) {
    StringBuilder options = new StringBuilder();
    theirs.forEach((name, value) -> {
      if (name.indexOf('.') >= 0) {
        options.append(name).append('=').append(value).append(';');
      }
    });
    return options
        .append("base_host=")
        .append(host)
        .append(";base_port=")
        .append(ports.group())
        .append(";gmcast.listen_addr=tcp://")
        .append(new HostPort(host, ports.group()))
        .append(";ist.recv_addr=")
        .append(new HostPort(host, ports.ist()))
        .append(";gcache.recover=yes;pc.recovery=no;")
        .append(EVICTION)
        .toString();
  }

  private static String quoted(String value) {
    return "\"" + value.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
