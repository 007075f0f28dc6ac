package io.fairlead.proxy.stream;

import io.fairlead.config.ProxyVersion;
import io.fairlead.proxy.http.HttpRoute;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Where a connection goes.
 *
 * @param proxyProtocol what the node is told about the client
 * @param sessions of the database that it leads to; null: it leads to none
 * @param key hash of what all its connections have in common, which node they go to depends on it
 *     where balancing goes by a hash; empty: that of the client's address
 */
public record StreamRoute(
    HttpRoute route, ProxyVersion proxyProtocol, @Nullable RoleSessions sessions, OptionalInt key) {
  /** One that leads to no database. */
  public StreamRoute(HttpRoute route, ProxyVersion proxyProtocol) {
    this(route, proxyProtocol, null, OptionalInt.empty());
  }
}
