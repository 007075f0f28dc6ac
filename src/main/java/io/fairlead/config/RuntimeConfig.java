package io.fairlead.config;

/**
 * What the process runs on. A change takes effect at the next start.
 *
 * @param eventLoops threads that move bytes, 1 to 256; default: one per processor
 * @param transport how they talk to the kernel
 */
public record RuntimeConfig(int eventLoops, Transport transport) {
  static final Range<Integer> EVENT_LOOPS = Range.counts(1, 256);

  public RuntimeConfig {
    new Require().within(EVENT_LOOPS, "event-loops", eventLoops).orRefuse();
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
