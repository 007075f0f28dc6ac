package io.fairlead.config;

import java.util.List;

/**
 * What the process runs on, and where. A change of anything but the zone takes effect at the next
 * start.
 *
 * @param eventLoops threads that move bytes, 1 to 256; default: one per processor
 * @param transport how they talk to the kernel
 * @param zone where it stands; may be empty
 */
public record RuntimeConfig(int eventLoops, Transport transport, String zone) {
  static final Range<Integer> EVENT_LOOPS = Range.counts(1, 256);

  /** Somewhere. */
  public RuntimeConfig(int eventLoops, Transport transport) {
    this(eventLoops, transport, "");
  }

  public RuntimeConfig {
    new Require()
        .within(EVENT_LOOPS, "event-loops", eventLoops)
        .unless(Syntax.zone(zone), List.of("zone"), zone)
        .orRefuse();
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
    IO_URING,
    NIO
  }
}
