package io.fairlead.proxy.stream;

import io.fairlead.config.ProxyVersion;
import io.fairlead.proxy.http.HttpRoute;
import org.jspecify.annotations.Nullable;

/**
 * Where a connection goes.
 *
 * @param proxyProtocol what the node is told about the client
 * @param sessions of the database that it leads to; null: it leads to none
 */
public record StreamRoute(
    HttpRoute route, ProxyVersion proxyProtocol, @Nullable RoleSessions sessions) {
  /** One that leads to no database. */
  public StreamRoute(HttpRoute route, ProxyVersion proxyProtocol) {
    this(route, proxyProtocol, null);
  }
}
