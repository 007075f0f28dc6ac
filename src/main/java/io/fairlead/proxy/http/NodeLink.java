package io.fairlead.proxy.http;

import io.fairlead.config.NodeProtocol;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.proxy.tls.NodeTls;
import org.jspecify.annotations.Nullable;

/**
 * How the nodes of a service are reached; replaced as a whole, so that nobody can see that TLS is
 * wanted without seeing which.
 *
 * @param protocol what they speak; {@code AUTO} only where TLS can tell
 * @param tls how they are spoken to by TLS; null: in the clear
 * @param upstream connections to them
 * @param connectionsPerNode that may be open to one of them
 */
record NodeLink(
    NodeProtocol protocol, @Nullable NodeTls tls, UpstreamConfig upstream, int connectionsPerNode) {
  static NodeLink of(ServiceConfig config, @Nullable NodeTls tls) {
    if (config.tls().enabled() && tls == null) {
      throw new IllegalArgumentException("TLS to nodes is wanted and has not been made ready");
    }
    boolean unasked = config.protocol() == NodeProtocol.AUTO && tls == null;
    return new NodeLink(
        unasked ? NodeProtocol.HTTP1 : config.protocol(),
        tls,
        config.upstream(),
        config.limits().connectionsPerNode());
  }
}
