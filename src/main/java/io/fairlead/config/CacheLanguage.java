package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/** The part of {@link Language} that speaks of answers that are kept. */
final class CacheLanguage {
  private static final Key<Integer> OBJECT_BYTES =
      Key.of(
          "object-bytes",
          Scalar.intSize(CacheConfig.OBJECT_BYTES),
          CacheConfig.DEFAULT_OBJECT_BYTES,
          "1MiB",
          "Of one body; longer ones are passed on and not kept.",
          "256KiB");
  private static final Key<Duration> TTL =
      Key.of(
          "ttl",
          Scalar.duration(CacheConfig.TTL),
          Duration.ZERO,
          "0s",
          "How long an answer is fresh that does not say so itself; 0: it is not kept.",
          "10s");
  private static final Key<Duration> HOLD =
      Key.of(
          "hold",
          Scalar.duration(CacheConfig.HOLD),
          CacheConfig.DEFAULT_HOLD,
          "How long requests wait for the answer to the first of them that asks for the same; then"
              + " they ask a node themselves. 0: they do not wait.",
          "2s");

  static final Obj<CacheConfig> CACHE =
      new Obj<>(
          "cache",
          "Answers of nodes that are kept in memory and given again, as they and the request allow"
              + " (RFC 9111). `runtime.cache` says how much memory there is for those of all routes.",
          List.of(OBJECT_BYTES, TTL, HOLD),
          List.of(),
          null,
          (values, _) ->
              new CacheConfig(values.get(OBJECT_BYTES), values.get(TTL), values.get(HOLD)));

  /** Of a route. */
  static final Key<CacheConfig> ROUTE_CACHE =
      Key.computed(
          "cache",
          CACHE,
          "none",
          "Answers of nodes that are kept and given again; `{}` for those that say how long they are"
              + " fresh.",
          "{ object-bytes: 256KiB, ttl: 10s }");

  private CacheLanguage() {}
}
