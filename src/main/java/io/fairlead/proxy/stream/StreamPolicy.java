package io.fairlead.proxy.stream;

import io.fairlead.config.HttpLimits;
import java.util.List;

/**
 * What a listener does with a connection that it relays; replaced as a whole when the configuration
 * changes, for connections that come then.
 */
public final class StreamPolicy {
  private final ServerNameTable routes;
  private final HttpLimits limits;
  private final boolean byServerName;

  /**
   * @param routes in the order in which they are tried; just one without byServerName
   * @param limits of which connections, header-timeout and idle-timeout count here
   * @param byServerName the first bytes are a ClientHello, whose name decides
   */
  public StreamPolicy(List<StreamRoute> routes, HttpLimits limits, boolean byServerName) {
    this.routes = new ServerNameTable(routes);
    this.limits = limits;
    this.byServerName = byServerName;
  }

  /** By what a client says that it wants. */
  public ServerNameTable routes() {
    return routes;
  }

  HttpLimits limits() {
    return limits;
  }

  public boolean isByServerName() {
    return byServerName;
  }
}
