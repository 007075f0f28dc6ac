package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/** What an operator can write about which node gets the next request. */
final class BalanceLanguage {
  static final Key<BalanceMethod> BALANCE =
      Key.computed(
          "balance",
          Scalar.word(BalanceMethod.class),
          "adaptive; least-connections where protocol is tcp, tls-passthrough or udp",
          "Which node gets the next request.",
          "least-requests");

  private static final Key<HashKey> ON =
      Key.of(
          "on",
          Scalar.parsed("place", HashKey::parse),
          HashKey.CLIENT_IP,
          "client-ip",
          "`client-ip`, `path`, `header:NAME`, `cookie:NAME` or `query:NAME`. Without it in a"
              + " request the client's address counts.",
          "\"header:x-tenant\"");

  static final Obj<HashKey> HASH_KEY =
      new Obj<>(
          "hash",
          "What of a request decides which node it gets where `balance` is `hash` or `maglev`.",
          List.of(ON),
          List.of(),
          false,
          null,
          (values, _) -> values.get(ON));

  static final Key<HashKey> HASH =
      Key.of(
          "hash",
          HASH_KEY,
          HashKey.CLIENT_IP,
          "{ on: client-ip }",
          "What of a request decides which node it gets.",
          "{ on: \"header:x-tenant\" }");

  static final Key<Duration> SLOW_START =
      Key.of(
          "slow-start",
          Scalar.duration(BalanceConfig.SLOW_START),
          Duration.ZERO,
          "In which a node that has come, or come back, gets its share: a tenth at first, then"
              + " steadily more.",
          "30s");

  private BalanceLanguage() {}

  static BalanceConfig of(Values values) {
    BalanceMethod method = values.find(BALANCE);
    return new BalanceConfig(
        method == null ? BalanceConfig.DEFAULT.method() : method,
        method != null,
        values.get(HASH),
        values.get(SLOW_START));
  }
}
