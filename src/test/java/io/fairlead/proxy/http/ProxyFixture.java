package io.fairlead.proxy.http;

import io.fairlead.balance.Balancer;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.ForwardedConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.HttpLimits;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.RouteMatch;
import io.fairlead.config.RuntimeConfig;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.proxy.DataPlane;
import io.fairlead.proxy.Listener;
import io.fairlead.route.RouteTable;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The data plane alone, for tests that speak raw bytes to it: no control thread, no probes, so that
 * nodes see nothing but what a test sent.
 *
 * <p>By default the listener has the default limits and a body limit of 1 MiB; its one route has no
 * condition; nobody is a trusted proxy.
 */
final class ProxyFixture implements ProxyUnderTest {
  private static final HttpLimits LIMITS =
      new HttpLimits(
          HttpLimits.DEFAULT.connections(),
          HttpLimits.DEFAULT.headerBytes(),
          HttpLimits.DEFAULT.targetBytes(),
          HttpLimits.DEFAULT.headers(),
          1024 * 1024,
          HttpLimits.DEFAULT.headerTimeout(),
          HttpLimits.DEFAULT.idleTimeout(),
          HttpLimits.DEFAULT.minBodyRate());

  private final DataPlane dataPlane;
  private final Listener listener;
  private final Service service;
  private final List<String> connectFailures = new ArrayList<>();

  private ProxyFixture(
      List<InetSocketAddress> nodes, HttpLimits limits, Duration timeout, int loops) {
    dataPlane =
        new DataPlane(
            new RuntimeConfig(loops, RuntimeConfig.Transport.AUTO),
            (node, reason, refused) -> {
              synchronized (connectFailures) {
                connectFailures.add(node + ": " + reason + (refused ? " (refused)" : ""));
              }
            });
    service = new Service("shop", loops, new EventLog(() -> 0), () -> 0);
    List<NodeSpec> specs = new ArrayList<>();
    for (InetSocketAddress address : nodes) {
      HostPort hostPort = new HostPort(address.getAddress().getHostAddress(), address.getPort());
      specs.add(new NodeSpec(hostPort, hostPort.toString(), 1, "", "file"));
    }
    service.setMembers(specs);
    for (Node node : service.nodes().all()) {
      node.setSocketAddress(new InetSocketAddress(node.address().host(), node.address().port()));
    }
    RouteConfig route = new RouteConfig("web-1", RouteMatch.ANY, "shop", timeout);
    ServiceTarget target =
        new ServiceTarget(
            service,
            Balancer.of(BalanceMethod.ROUND_ROBIN, service.nodes(), null),
            UpstreamConfig.DEFAULT);
    HttpPolicy policy =
        new HttpPolicy(
            RouteTable.of(
                List.of(
                    new RouteTable.Entry<>(
                        route,
                        new HttpRoute(
                            route, target, new LoopCounters<>(loops, RouteCounter.class))))),
            limits,
            ForwardedConfig.DEFAULT);
    try {
      listener =
          dataPlane.open(
              new ListenerConfig(
                  "web",
                  List.of(new HostPort("127.0.0.1", 0)),
                  limits,
                  ForwardedConfig.DEFAULT,
                  List.of(route)),
              policy);
    } catch (IOException e) {
      dataPlane.close();
      throw new UncheckedIOException(e);
    }
  }

  /** A proxy in front of {@code node}, started and ready to be connected to. */
  static ProxyFixture start(InetSocketAddress node) {
    return new ProxyFixture(List.of(node), LIMITS, Duration.ofSeconds(60), 1);
  }

  /** The same with everything said. */
  static ProxyFixture start(
      List<InetSocketAddress> nodes, HttpLimits limits, Duration timeout, int loops) {
    return new ProxyFixture(nodes, limits, timeout, loops);
  }

  @Override
  public InetSocketAddress address() {
    return listener.boundAddresses().getFirst();
  }

  Listener listener() {
    return listener;
  }

  Service service() {
    return service;
  }

  DataPlane dataPlane() {
    return dataPlane;
  }

  List<String> connectFailures() {
    synchronized (connectFailures) {
      return List.copyOf(connectFailures);
    }
  }

  @Override
  public void close() {
    dataPlane.close();
  }
}
