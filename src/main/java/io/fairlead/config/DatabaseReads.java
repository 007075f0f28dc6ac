package io.fairlead.config;

import java.time.Duration;

/**
 * Which members take connections that only read.
 *
 * @param maxLag how old a replica's state may be, 1 ms to 1 d
 * @param maxLagBytes how much a replica may still have to replay of what the primary has written, 1
 *     KiB to 1 TiB
 * @param primary whether the primary takes them while no replica may
 */
public record DatabaseReads(Duration maxLag, long maxLagBytes, boolean primary) {
  static final Range<Long> LAG_BYTES = Range.sizes(1024L, 1L << 40);

  public static final DatabaseReads DEFAULT =
      new DatabaseReads(Duration.ofSeconds(10), 16L << 20, false);

  public DatabaseReads {
    new Require()
        .within(PostgresqlProbe.LAG, "max-lag", maxLag)
        .within(LAG_BYTES, "max-lag-bytes", maxLagBytes)
        .orRefuse();
  }
}
