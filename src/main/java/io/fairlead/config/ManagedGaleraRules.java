package io.fairlead.config;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What has to hold where Fairlead manages the members of a Galera cluster. */
final class ManagedGaleraRules {
  /** Settings that keeping what was acknowledged depends on, or that follow from other keys. */
  private static final Set<String> OURS =
      Set.of(
          "autoset_open_files_limit",
          "basedir",
          "bind_address",
          "binlog_format",
          "datadir",
          "default_storage_engine",
          "init_file",
          "innodb_autoinc_lock_mode",
          "innodb_data_home_dir",
          "innodb_flush_log_at_trx_commit",
          "innodb_force_recovery",
          "innodb_log_group_home_dir",
          "innodb_read_only",
          "log_error",
          "pid_file",
          "port",
          "read_only",
          "skip_grant_tables",
          "skip_name_resolve",
          "skip_networking",
          "socket",
          "sync_binlog",
          "user");

  /** Of those of Galera's own replication these may be given. */
  private static final Set<String> WSREP =
      Set.of(
          "wsrep_log_conflicts",
          "wsrep_max_ws_rows",
          "wsrep_max_ws_size",
          "wsrep_retry_autocommit",
          "wsrep_slave_threads",
          "wsrep_sst_method",
          "wsrep_trx_fragment_size",
          "wsrep_trx_fragment_unit");

  private static final Set<String> OPTIONS =
      Set.of("gcache.dir", "gcache.name", "gcache.recover", "ist.recv_addr", "ist.recv_bind");

  private static final Set<String> USERS = Set.of("root", "mysql");
  private static final Set<String> DATABASES =
      Set.of("information_schema", "mysql", "performance_schema", "sys");

  private ManagedGaleraRules() {}

  static void check(
      Require require,
      Map<String, HostPort> members,
      Map<String, String> instances,
      Map<String, GaleraPorts> ports,
      DatabaseProbeConfig probe,
      ManageConfig manage) {
    require
        .that(
            manage.acknowledgements() == 1,
            List.of("manage", "acknowledgements"),
            manage.acknowledgements(),
            "must not be given where engine is galera: all members have a commit before it is"
                + " acknowledged",
            List.of())
        .that(
            manage.neverPromote().isEmpty(),
            List.of("manage", "never-promote"),
            null,
            "must not be given where engine is galera",
            List.of())
        .that(
            !manage.allowAsynchronousCommits(),
            List.of("manage", "allow-asynchronous-commits"),
            true,
            "must not be given where engine is galera",
            List.of())
        .that(
            manage.pageCheck().equals(ManageConfig.PageCheck.DEFAULT),
            List.of("manage", "page-check"),
            null,
            "must not be given where engine is galera",
            List.of())
        .that(
            manage.witness().isEmpty(),
            List.of("manage", "witness"),
            null,
            "must not be given where engine is galera",
            List.of())
        .that(
            manage.tls().isEmpty(),
            List.of("manage", "tls"),
            null,
            "must not be given where engine is galera: all its members are on one machine",
            List.of())
        .that(
            !USERS.contains(probe.user()),
            List.of("probe", "user"),
            probe.user(),
            "must not be root or mysql",
            List.of());
    manage
        .application()
        .ifPresent(own ->
            require
                .that(
                    !USERS.contains(own.user()),
                    List.of("manage", "application", "user"),
                    own.user(),
                    "must not be root or mysql",
                    List.of())
                .that(
                    !DATABASES.contains(own.database()),
                    List.of("manage", "application", "database"),
                    own.database(),
                    "must not be one of MariaDB's own",
                    List.of()));
    manage
        .settings()
        .forEach((name, value) ->
            require.that(
                isTheirs(name),
                List.of("manage", "settings", name),
                value,
                "must not be given: Fairlead sees to it",
                List.of()));
    require.that(
        Set.of("rsync", "mariabackup")
            .contains(manage.settings().getOrDefault("wsrep_sst_method", "rsync")),
        List.of("manage", "settings", "wsrep_sst_method"),
        manage.settings().get("wsrep_sst_method"),
        "must be rsync or mariabackup",
        List.of());
    manage
        .settings()
        .forEach((name, value) ->
            require.that(
                name.indexOf('.') < 0 || value.indexOf(';') < 0,
                List.of("manage", "settings", name),
                value,
                "must have no semicolon",
                List.of()));
    checkPorts(require, members, ports);
    Set<String> places = new HashSet<>(instances.values());
    instances.forEach((member, instance) ->
        require.that(
            places.size() == 1,
            List.of("members", member, "instance"),
            instance,
            "must be the same for all members where engine is galera: one instance runs them",
            List.of()));
  }

  private static boolean isTheirs(String name) {
    if (name.indexOf('.') >= 0) {
      return !OPTIONS.contains(name)
          && List.of("gcache.", "gcs.", "cert.", "repl.", "socket.").stream()
              .anyMatch(name::startsWith);
    }
    return name.startsWith("wsrep_") ? WSREP.contains(name) : !OURS.contains(name);
  }

  private static void checkPorts(
      Require require, Map<String, HostPort> members, Map<String, GaleraPorts> ports) {
    Map<String, String> taken = new HashMap<>();
    members.forEach((member, address) ->
        taken.put(address.host() + " " + address.port(), "clients of " + member));
    List<String> names = List.of("group", "ist", "sst");
    members.forEach((member, address) -> {
      List<Integer> its = ports.getOrDefault(member, GaleraPorts.USUAL).of(address.port());
      for (int i = 0; i < its.size(); i++) {
        int port = its.get(i);
        String other =
            taken.putIfAbsent(address.host() + " " + port, names.get(i) + " of " + member);
        if (port > 65535 || other != null) {
          require.that(
              false,
              List.of("members", member),
              address,
              port > 65535
                  ? "leaves no port for " + names.get(i) + ": give it by the key ports"
                  : "needs port "
                      + port
                      + " for "
                      + names.get(i)
                      + ", which is the one for "
                      + other
                      + ": give another by the key ports",
              List.of());
        }
      }
    });
  }
}
