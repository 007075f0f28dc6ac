package io.fairlead.config;

import io.fairlead.config.BalanceConfig.LoadMetrics;
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

  private static final Key<Integer> SIZE =
      Key.required("size", Scalar.count(SubsetConfig.SIZE), "Nodes that each instance uses.", "20");
  private static final Key<Integer> INSTANCE =
      Key.required(
          "instance",
          Scalar.count(Range.counts(0, SubsetConfig.INSTANCES.max() - 1)),
          "The number of this one, from 0.",
          "3");
  private static final Key<Integer> INSTANCES =
      Key.required(
          "instances",
          Scalar.count(SubsetConfig.INSTANCES),
          "How many share the nodes, numbered without gaps.",
          "10");

  static final Obj<SubsetConfig> SUBSET_OF_NODES =
      new Obj<>(
          "subset",
          "A part of the nodes, for a service with very many of them and several instances before"
              + " it: every node is used by as many instances as any other. All instances must know"
              + " the same nodes.",
          List.of(SIZE, INSTANCE, INSTANCES),
          List.of(),
          null,
          (values, _) ->
              new SubsetConfig(values.get(SIZE), values.get(INSTANCE), values.get(INSTANCES)));

  static final Key<SubsetConfig> SUBSET =
      Key.of(
          "subset",
          SUBSET_OF_NODES,
          SubsetConfig.NONE,
          "all nodes",
          "Which part of the nodes this instance uses.",
          "{ size: 20, instance: 3, instances: 10 }");

  static final Key<LoadMetrics> LOAD_METRICS =
      Key.of(
          "load-metrics",
          Scalar.word(LoadMetrics.class),
          LoadMetrics.STRIP,
          "What becomes of `endpoint-load-metrics`, the field of answers in which a node says how"
              + " loaded it is, once it has been read: `strip`, or `pass` on to clients.",
          "pass");

  private BalanceLanguage() {}

  static BalanceConfig of(Values values) {
    BalanceMethod method = values.find(BALANCE);
    return new BalanceConfig(
        method == null ? BalanceConfig.DEFAULT.method() : method,
        method != null,
        values.get(HASH),
        values.get(SLOW_START),
        values.get(SUBSET),
        "",
        values.get(LOAD_METRICS));
  }
}
