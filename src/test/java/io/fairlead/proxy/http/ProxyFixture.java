package io.fairlead.proxy.http;

import java.net.InetSocketAddress;
import org.junit.jupiter.api.Assumptions;

/**
 * Starts the data plane for tests that speak raw bytes to it.
 *
 * <p>The listener under test has the default limits (64 KiB and 100 fields per head, 8 KiB per
 * target) and a body limit of 1 MiB; its one route has no condition; nobody is a trusted proxy; the
 * node is not probed, so that it sees nothing but what a test sent.
 */
final class ProxyFixture {

  private ProxyFixture() {}

  /** A proxy in front of {@code node}, started and ready to be connected to. */
  static ProxyUnderTest start(InetSocketAddress node) {
    return Assumptions.abort("there is no data plane yet that could be put before " + node);
  }
}
