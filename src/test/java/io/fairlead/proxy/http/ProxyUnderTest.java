package io.fairlead.proxy.http;

import java.net.InetSocketAddress;

/** A running proxy that sends every request, whatever its host and path, to one node. */
interface ProxyUnderTest extends AutoCloseable {

  /** Where clients connect, in the clear. */
  InetSocketAddress address();

  @Override
  void close();
}
