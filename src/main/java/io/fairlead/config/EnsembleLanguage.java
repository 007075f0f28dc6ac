package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What an operator can write about an ensemble; a part of {@link GroupLanguage}. */
final class EnsembleLanguage {
  private static final Key<List<Path>> CA =
      Key.required(
          "ca",
          new ListOf<>("paths", Scalar.path("path")),
          "Files with the authorities that the servers' certificates must come from, in PEM. The"
              + " host in `connect` must be in the certificate.",
          "zookeeper-ca.pem");
  private static final Key<Path> CERT =
      Key.computed(
          "cert",
          Scalar.path("path"),
          "none",
          "What this instance shows, its issuers behind it, in PEM. Servers ask for one unless told"
              + " otherwise.",
          "fairlead.pem");
  private static final Key<Path> KEY =
      Key.computed("key", Scalar.path("path"), "none", "Its private key in PEM.", "fairlead.key");

  private static final Obj<EnsembleConfig.Tls> TLS =
      new Obj<>(
          "ensemble tls",
          "TLS towards the servers' secure port. A change of the files takes a restart.",
          List.of(CA, CERT, KEY),
          List.of(),
          null,
          (values, _) -> {
            EnsembleConfig.Tls tls =
                new EnsembleConfig.Tls(
                    values.get(CA),
                    Optional.ofNullable(values.find(CERT)),
                    Optional.ofNullable(values.find(KEY)));
            TlsLanguage.readAuthorities("ca", tls.ca());
            if (tls.cert().isPresent() && tls.key().isPresent()) {
              TlsFiles.Identity _ =
                  TlsFiles.read(tls.cert().get(), tls.key().get(), Optional.empty());
            }
            return tls;
          });

  private static final Key<EnsembleConfig.ConnectString> CONNECT =
      Key.required(
          "connect",
          Scalar.parsed("connect string", EnsembleConfig.ConnectString::parse),
          "Its connect string: servers and, behind them, the path that the state is below"
              + " (`/fairlead` if it is left out). The path is made if it is not there, and belongs"
              + " to this group alone.",
          "\"zk1:2181,zk2:2181,zk3:2181/fairlead\"");
  private static final Key<Secret> CREDENTIALS =
      Key.computed(
          "credentials",
          Scalar.secret("secret"),
          "none: whoever reaches the ensemble can read and change the state",
          "`USER:PASSWORD`, or `file:PATH` with that in it: what is made in the ensemble is for that"
              + " user alone (scheme `digest`). The same in all instances.",
          "\"file:secrets/zookeeper\"");
  private static final Key<EnsembleConfig.Tls> ENSEMBLE_TLS =
      Key.computed(
          "tls",
          TLS,
          "in the clear, which only loopback may without `plain`",
          "TLS towards its servers.",
          "{ ca: zookeeper-ca.pem, cert: fairlead.pem, key: fairlead.key }");
  private static final Key<Boolean> PLAIN =
      Key.of(
          "plain",
          Scalar.flag(),
          false,
          "Whether its servers may be spoken to in the clear beyond this machine: `credentials` can"
              + " be read on the way.",
          "true");

  static final Obj<EnsembleConfig> ENSEMBLE =
      new Obj<>(
          "ensemble",
          "A ZooKeeper ensemble (3.6 or later) that is there already and keeps the group's state;"
              + " see [group.md](group.md#an-ensemble-that-is-there).",
          List.of(CONNECT, CREDENTIALS, ENSEMBLE_TLS, PLAIN),
          List.of(),
          null,
          (values, _) ->
              new EnsembleConfig(
                  values.get(CONNECT),
                  Optional.ofNullable(values.find(CREDENTIALS)),
                  Optional.ofNullable(values.find(ENSEMBLE_TLS)),
                  values.get(PLAIN)));

  private EnsembleLanguage() {}
}
