package io.fairlead.config;

/**
 * What the process runs on. A change takes effect at the next start.
 *
 * @param eventLoops threads that move bytes, 1 to 256; default: one per processor
 * @param transport how they talk to the kernel
 */
public record RuntimeConfig(int eventLoops, Transport transport) {
  /** How event loops wait for sockets. */
  public enum Transport {
    /** epoll on Linux, NIO elsewhere. */
    AUTO,
    EPOLL,
    IO_URING,
    NIO
  }
}
