package io.fairlead.config;

import java.util.List;
import java.util.Optional;

/**
 * What the process runs on, and where. A change of anything but the zone takes effect at the next
 * start.
 *
 * @param eventLoops threads that move bytes, 1 to 256; default: one per processor
 * @param transport how they talk to the kernel
 * @param zone where it stands; may be empty
 * @param cache bytes of memory for answers that routes keep, 1 MiB to 64 GiB; empty: 64 MiB
 */
public record RuntimeConfig(
    int eventLoops, Transport transport, String zone, Optional<Long> cache) {
  static final Range<Integer> EVENT_LOOPS = Range.counts(1, 256);
  static final Range<Long> CACHE = Range.sizes(1L << 20, 64L << 30);
  private static final long DEFAULT_CACHE = 64L << 20;

  /** Somewhere. */
  public RuntimeConfig(int eventLoops, Transport transport) {
    this(eventLoops, transport, "", Optional.empty());
  }

  public RuntimeConfig {
    Require require =
        new Require()
            .within(EVENT_LOOPS, "event-loops", eventLoops)
            .unless(Syntax.zone(zone), List.of("zone"), zone);
    cache.ifPresent(bytes -> require.within(CACHE, "cache", bytes));
    require.orRefuse();
  }

  /** Memory for answers that are kept; none is taken where no route keeps any. */
  public long cacheBytes() {
    return cache.orElse(DEFAULT_CACHE);
  }

  /** One event loop per processor, transport by platform. */
  public static RuntimeConfig ofThisMachine() {
    int processors = Runtime.getRuntime().availableProcessors();
    return new RuntimeConfig(Math.min(processors, EVENT_LOOPS.max()), Transport.AUTO);
  }

  /** How event loops wait for sockets. */
  public enum Transport {
    /** epoll on Linux, NIO elsewhere. */
    AUTO,
    EPOLL,
    NIO
  }
}
