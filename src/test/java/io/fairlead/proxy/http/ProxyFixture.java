package io.fairlead.proxy.http;

import io.fairlead.balance.Balancer;
import io.fairlead.config.AccessConfig;
import io.fairlead.config.AuthConfig;
import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.CacheConfig;
import io.fairlead.config.CompressConfig;
import io.fairlead.config.DeployConfig;
import io.fairlead.config.ForwardedConfig;
import io.fairlead.config.HeaderEdits;
import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.HttpLimits;
import io.fairlead.config.Importance;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.MirrorConfig;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.OutlierConfig;
import io.fairlead.config.ProxyVersion;
import io.fairlead.config.RetryConfig;
import io.fairlead.config.Rewrite;
import io.fairlead.config.RouteAction;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.RouteMatch;
import io.fairlead.config.RouteTimeouts;
import io.fairlead.config.RuntimeConfig;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.ServiceLimits;
import io.fairlead.config.ServiceTls;
import io.fairlead.config.TrialConfig;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.config.WebSocketConfig;
import io.fairlead.proxy.DataPlane;
import io.fairlead.proxy.Listener;
import io.fairlead.route.RouteTable;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import io.fairlead.telemetry.ShedReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The data plane alone, for tests that speak raw bytes to it: no control thread, no probes, so that
 * nodes see nothing but what a test sent.
 *
 * <p>By default the listener has the default limits and a body limit of 1 MiB; its one route has no
 * condition; nobody is a trusted proxy.
 */
final class ProxyFixture implements ProxyUnderTest, NothingLeftOver.Watched {
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
  private final RetryConfig retry;
  private final LoopCounters<RouteCounter> routeCounters;
  private final ServiceTarget target;
  private List<Guard> guards = List.of();
  private @Nullable Mirror mirror;
  private Optional<CompressConfig> compress = Optional.empty();
  private Optional<CacheConfig> cache = Optional.empty();
  private @Nullable RouteCache routeCache;

  private ProxyFixture(
      List<InetSocketAddress> nodes,
      HttpLimits limits,
      Duration timeout,
      int loops,
      String bind,
      NodeProtocol protocol,
      RetryConfig retry) {
    this.retry = retry;
    this.routeCounters = new LoopCounters<>(loops, RouteCounter.class);
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
    target =
        new ServiceTarget(
            service,
            Balancer.of(BalanceMethod.ROUND_ROBIN, service.nodes(), null),
            new ServiceConfig("shop", BalanceMethod.ROUND_ROBIN, protocol, UpstreamConfig.DEFAULT));
    try {
      listener =
          dataPlane.open(
              new ListenerConfig(
                  "web",
                  List.of(new HostPort(bind, 0)),
                  limits,
                  ForwardedConfig.DEFAULT,
                  List.of(route(timeout))),
              policy(limits, timeout));
    } catch (IOException e) {
      dataPlane.close();
      throw new UncheckedIOException(e);
    }
  }

  private RouteConfig route(Duration timeout) {
    return new RouteConfig(
        "web-1",
        RouteMatch.ANY,
        0,
        new RouteAction.Send(Map.of("shop", 1), Rewrite.NONE),
        timeout,
        RouteTimeouts.NONE,
        WebSocketConfig.DEFAULT,
        AccessConfig.OPEN,
        AuthConfig.NONE,
        List.of(),
        RouteConfig.AS_LISTENER,
        HeaderEdits.NONE,
        HeaderEdits.NONE,
        compress,
        cache,
        Map.of(),
        retry,
        Importance.NORMAL,
        TrialConfig.NONE,
        List.of());
  }

  /** A policy that sends everything to the same nodes under these limits. */
  HttpPolicy policy(HttpLimits limits, Duration timeout) {
    return policy(limits, timeout, Duration.ofSeconds(10));
  }

  /** The same, with the speed of bodies judged over such spans. */
  HttpPolicy policy(HttpLimits limits, Duration timeout, Duration rateSpan) {
    RouteConfig route = route(timeout);
    HttpRoute made =
        new HttpRoute(
            route, List.of(target), routeCounters, RateLimits.NONE, guards, ErrorPages.NONE);
    if (mirror != null) {
      made.setMirror(mirror);
    }
    if (routeCache != null) {
      made.setCache(routeCache);
    }
    return new HttpPolicy(
        RouteTable.of(List.of(new RouteTable.Entry<>(route, made))),
        limits,
        ForwardedConfig.DEFAULT,
        rateSpan);
  }

  /** A proxy in front of {@code node}, started and ready to be connected to. */
  static ProxyFixture start(InetSocketAddress node) {
    return new ProxyFixture(
        List.of(node),
        LIMITS,
        Duration.ofSeconds(60),
        1,
        "127.0.0.1",
        NodeProtocol.HTTP1,
        RetryConfig.DEFAULT);
  }

  /** The same with everything said. */
  static ProxyFixture start(
      List<InetSocketAddress> nodes, HttpLimits limits, Duration timeout, int loops) {
    return new ProxyFixture(
        nodes, limits, timeout, loops, "127.0.0.1", NodeProtocol.HTTP1, RetryConfig.DEFAULT);
  }

  /** A proxy that listens on another address. */
  static ProxyFixture startOn(String bind, InetSocketAddress node) {
    return new ProxyFixture(
        List.of(node),
        LIMITS,
        Duration.ofSeconds(60),
        1,
        bind,
        NodeProtocol.HTTP1,
        RetryConfig.DEFAULT);
  }

  /** A proxy that speaks HTTP/2 with its nodes. */
  static ProxyFixture startHttp2(List<InetSocketAddress> nodes, HttpLimits limits) {
    return new ProxyFixture(
        nodes,
        limits,
        Duration.ofSeconds(60),
        1,
        "127.0.0.1",
        NodeProtocol.H2,
        RetryConfig.DEFAULT);
  }

  /** A proxy with its own rules about trying again. */
  static ProxyFixture startRetrying(
      List<InetSocketAddress> nodes, NodeProtocol protocol, Duration timeout, RetryConfig retry) {
    return new ProxyFixture(nodes, LIMITS, timeout, 1, "127.0.0.1", protocol, retry);
  }

  /** The service as event loops see it. */
  ServiceTarget target() {
    return target;
  }

  /** From now on the service has these limits; nothing follows what is seen unless a test says. */
  ProxyFixture limit(ServiceLimits limits) {
    target.setConfig(
        new ServiceConfig(
            "shop",
            List.of(),
            List.of(),
            new BalanceConfig(BalanceMethod.ROUND_ROBIN),
            target.link().protocol(),
            ServiceTls.NONE,
            HealthCheckConfig.DEFAULT,
            UpstreamConfig.DEFAULT,
            ProxyVersion.NONE,
            OutlierConfig.DEFAULT,
            limits,
            Optional.empty(),
            Optional.empty(),
            DeployConfig.DEFAULT),
        null);
    return this;
  }

  /** From now on answers are packed. */
  ProxyFixture compress(CompressConfig config) {
    compress = Optional.of(config);
    return guard();
  }

  /** From now on answers are kept there. */
  ProxyFixture cache(CacheConfig config, CacheStore store) {
    cache = Optional.of(config);
    routeCache = new RouteCache(config, store, store.newScope(), routeCounters, false);
    return guard();
  }

  /** From now on copies of requests go along that route. */
  ProxyFixture mirror(MirrorConfig config, HttpRoute to) {
    mirror = new Mirror(config, to, routeCounters);
    return guard();
  }

  /** From now on these are asked first. */
  ProxyFixture guard(Guard... asked) {
    guards = List.of(asked);
    if (listener.state() instanceof HttpListenerState state) {
      state.setPolicy(policy(LIMITS, Duration.ofSeconds(60)));
    }
    return this;
  }

  /** How many requests wait for room. */
  int waiting() {
    return service.load().waiting().get();
  }

  /** How many have been turned away for that reason. */
  long shed(ShedReason reason) {
    return service.load().sheds().get(reason);
  }

  /** What is counted about the route. */
  long counted(RouteCounter counter) {
    return routeCounters.get(counter);
  }

  /** The limits unless a test says others. */
  static HttpLimits limits() {
    return LIMITS;
  }

  /** How often an exchange was given up, or answered by the proxy itself, for that reason. */
  long errors(ErrorReason reason) {
    return listener.state().errors().get(reason);
  }

  /** What is counted about the node with that number, in the order given. */
  long counted(int node, NodeCounter counter) {
    return service.nodes().all()[node].counters().get(counter);
  }

  /** What is still going on, in words; empty when nothing is. */
  @Override
  public String busy() {
    StringBuilder busy = new StringBuilder();
    note(busy, dataPlane.exchangesInUse(), "exchanges in use");
    note(busy, listener.state().connections(), "connections of clients");
    note(busy, (int) dataPlane.bytesOfBodies(), "bytes of request bodies kept");
    note(busy, service.load().inFlight().get(), "requests that are in");
    note(busy, service.load().waiting().get(), "requests that wait");
    for (Node node : service.nodes().all()) {
      note(busy, node.inFlight(), "requests in flight to " + node);
      note(busy, node.load().waiting(), "requests waiting for " + node);
    }
    return busy.toString();
  }

  /** Connections to nodes that are open; meant for after {@link #close}. */
  @Override
  public String open() {
    StringBuilder open = new StringBuilder();
    for (Node node : service.nodes().all()) {
      note(open, node.connections(), "connections to " + node);
    }
    return open.toString();
  }

  private static void note(StringBuilder text, int count, String what) {
    if (count != 0) {
      text.append(count).append(' ').append(what).append("; ");
    }
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
