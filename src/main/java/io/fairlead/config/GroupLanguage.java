package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an operator can write about the group; a part of {@link Language}. */
final class GroupLanguage {
  private static final Scalar<String> NAME_TEXT =
      Scalar.text("name", Syntax.NAME_PATTERN, Syntax::name);

  private static final Key<Path> CERT =
      Key.required(
          "cert",
          Scalar.path("path"),
          "What this instance shows to the others: a certificate and behind it its issuers, in"
              + " PEM. The names in it do not matter.",
          "edge-1.pem");
  private static final Key<Path> KEY =
      Key.required("key", Scalar.path("path"), "Its private key in PEM.", "edge-1.key");
  private static final Key<List<Path>> CA =
      Key.required(
          "ca",
          new ListOf<>("paths", Scalar.path("path")),
          "The authority that the others' certificates must come from, in PEM. Whoever has a"
              + " certificate of it is let in: use one that signs nothing else.",
          "group-ca.pem");

  private static final Obj<GroupConfig.Tls> TLS =
      new Obj<>(
          "group tls",
          "By what instances of a group know each other.",
          List.of(CERT, KEY, CA),
          List.of(),
          null,
          (values, _) -> {
            GroupConfig.Tls tls =
                new GroupConfig.Tls(values.get(CERT), values.get(KEY), values.get(CA));
            TlsFiles.Identity _ = TlsFiles.read(tls.cert(), tls.key(), Optional.empty());
            TlsLanguage.readAuthorities("ca", tls.ca());
            return tls;
          });

  private static final Key<String> NAME =
      Key.required("name", NAME_TEXT, "The group's name; others are turned away.", "prod");
  private static final Key<String> INSTANCE =
      Key.required("instance", NAME_TEXT, "What this instance is called in it.", "edge-1");
  private static final Key<HostPort> BIND =
      Key.of(
          "bind",
          Language.LISTEN_ADDRESS,
          GroupConfig.DEFAULT_BIND,
          "Where the other instances reach this one. It takes this port and the two after it, and this"
              + " one by UDP, too, while a listener has `http3`.",
          "\"10.0.0.1:7400\"");
  private static final Key<Map<String, HostPort>> PEERS =
      Key.of(
          "peers",
          new MapOf<>("addresses", MapOf.Names.OBJECT, Scalar.parsed("address", HostPort::parse)),
          Map.of(),
          "this instance alone",
          "All instances of the group by name, this one too, each with its `bind`. May change while"
              + " they run.",
          "{ edge-1: \"10.0.0.1:7400\", edge-2: \"10.0.0.2:7400\", edge-3: \"10.0.0.3:7400\" }");
  private static final Key<GroupConfig.Role> ROLE =
      Key.of(
          "role",
          Scalar.word(GroupConfig.Role.class),
          GroupConfig.Role.MEMBER,
          "`witness`: keeps the state and votes, for sites with two members, and stands for no role.",
          "witness");
  private static final Key<Secret> TOKEN =
      Key.computed(
          "token",
          Scalar.secret("secret"),
          "none",
          "What all instances of the group know, at least 16 characters, or `file:PATH`. One that"
              + " has it may join without being named in the `peers` of the others.",
          "\"file:secrets/group\"");
  private static final Key<GroupConfig.Tls> GROUP_TLS =
      Key.computed(
          "tls",
          TLS,
          "in the clear, which only loopback may without `plain`",
          "Mutual TLS between the instances.",
          "{ cert: edge-1.pem, key: edge-1.key, ca: group-ca.pem }");
  private static final Key<Boolean> PLAIN =
      Key.of(
          "plain",
          Scalar.flag(),
          false,
          "Whether instances may speak in the clear beyond this machine: only where nobody else"
              + " reaches their ports.",
          "true");

  private static final Key<EnsembleConfig> ENSEMBLE =
      Key.computed(
          "ensemble",
          EnsembleLanguage.ENSEMBLE,
          "the instances keep the state themselves",
          "A ZooKeeper ensemble that is there already and keeps the state in their place: without"
              + " `peers`, and with one port only. All instances of the group have the same.",
          "{ connect: \"zk1:2181,zk2:2181,zk3:2181/fairlead\", plain: true }");

  private static final Key<List<String>> ADDRESSES =
      Key.of(
          "addresses",
          new ListOf<>("addresses", Scalar.text("address", null, DnsZoneConfig.Member::objection)),
          List.of(),
          "none",
          "At which clients reach this instance: what pools of `front-ends` are answered with. May"
              + " change while it runs.",
          "[192.0.2.1, \"2001:db8::1\"]");
  private static final Key<Integer> WEIGHT =
      Key.of(
          "weight",
          Scalar.count(NodeConfig.WEIGHTS),
          1,
          "Share of clients relative to the others there; 0: none. May change while it runs.",
          "2");

  private static final Key<Path> LOG_FOLDER =
      Key.required(
          "folder",
          Scalar.path("folder"),
          "In which `GROUP/INSTANCE` is made, for this instance alone: best on a disk of another"
              + " machine.",
          "/mnt/backup/store");
  private static final Key<Duration> LOG_SPAN =
      Key.of(
          "for",
          Scalar.duration(GroupConfig.StoreLog.SPAN),
          GroupConfig.StoreLog.DEFAULT_SPAN,
          "As far back as that every moment can be restored; what is older goes when a new file"
              + " begins, twice a day or more often.",
          "720h");

  private static final Obj<GroupConfig.StoreLog> LOG =
      new Obj<>(
          "store-log",
          "Where what becomes of the store is written down; see"
              + " [group.md](group.md#back-to-a-moment).",
          List.of(LOG_FOLDER, LOG_SPAN),
          List.of(),
          null,
          (values, _) -> new GroupConfig.StoreLog(values.get(LOG_FOLDER), values.get(LOG_SPAN)));

  private static final Key<GroupConfig.StoreLog> STORE_LOG =
      Key.computed(
          "store-log",
          LOG,
          "none",
          "Each change of the store is written down there, too, so that `kv restore` can bring back"
              + " any moment.",
          "{ folder: /mnt/backup/store }");

  static final Obj<GroupConfig> GROUP =
      new Obj<>(
          "group",
          "Several instances as one; see [group.md](group.md). Changes of anything but `peers`,"
              + " `addresses` and `weight` take effect at the next start.",
          List.of(
              NAME, INSTANCE, BIND, PEERS, ROLE, TOKEN, GROUP_TLS, PLAIN, ADDRESSES, WEIGHT,
              ENSEMBLE, STORE_LOG),
          List.of(),
          null,
          (values, _) ->
              new GroupConfig(
                  values.get(NAME),
                  values.get(INSTANCE),
                  values.get(BIND),
                  values.get(PEERS),
                  values.get(ROLE),
                  optional(values.find(TOKEN)),
                  optional(values.find(GROUP_TLS)),
                  values.get(PLAIN),
                  values.get(ADDRESSES),
                  values.get(WEIGHT),
                  optional(values.find(ENSEMBLE)),
                  optional(values.find(STORE_LOG))));

  private GroupLanguage() {}

  private static <T> Optional<T> optional(@Nullable T value) {
    return Optional.ofNullable(value);
  }
}
