package io.fairlead.proxy.stream;

import io.fairlead.balance.Balancer;
import io.fairlead.balance.KeyedHash;
import io.fairlead.config.AccessConfig;
import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.Cidr;
import io.fairlead.config.DeployConfig;
import io.fairlead.config.ForwardedConfig;
import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.HttpLimits;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.ListenerProtocol;
import io.fairlead.config.ListenerTls;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.OutlierConfig;
import io.fairlead.config.ProxyProtocolConfig;
import io.fairlead.config.ProxyVersion;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.RouteMatch;
import io.fairlead.config.RuntimeConfig;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.ServiceLimits;
import io.fairlead.config.ServiceTls;
import io.fairlead.config.UdpConfig;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.proxy.DataPlane;
import io.fairlead.proxy.Listener;
import io.fairlead.proxy.http.HttpRoute;
import io.fairlead.proxy.http.NothingLeftOver;
import io.fairlead.proxy.http.ServiceTarget;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The data plane with one listener that relays: no control thread, no probes. */
final class StreamFixture implements NothingLeftOver.Watched {
  /** How a fixture differs from the usual. */
  record Setup(
      BalanceMethod balance,
      int connections,
      Duration idle,
      Duration connect,
      int loops,
      ProxyProtocolConfig trusted,
      ProxyVersion announce) {
    static final Setup USUAL =
        new Setup(
            BalanceMethod.ROUND_ROBIN,
            100,
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            1,
            ProxyProtocolConfig.NONE,
            ProxyVersion.NONE);

    Setup balance(BalanceMethod other) {
      return new Setup(other, connections, idle, connect, loops, trusted, announce);
    }

    Setup connections(int other) {
      return new Setup(balance, other, idle, connect, loops, trusted, announce);
    }

    Setup idle(Duration other) {
      return new Setup(balance, connections, other, connect, loops, trusted, announce);
    }

    Setup connect(Duration other) {
      return new Setup(balance, connections, idle, other, loops, trusted, announce);
    }

    Setup loops(int other) {
      return new Setup(balance, connections, idle, connect, other, trusted, announce);
    }

    /** Connections from that network begin with a header. */
    Setup trusts(String network) {
      ProxyProtocolConfig other = new ProxyProtocolConfig(List.of(Cidr.parse(network)));
      return new Setup(balance, connections, idle, connect, loops, other, announce);
    }

    Setup announce(ProxyVersion other) {
      return new Setup(balance, connections, idle, connect, loops, trusted, other);
    }
  }

  private final DataPlane dataPlane;
  private final Listener listener;
  private final Service service;
  private final ServiceTarget target;
  private final BalanceMethod balance;
  private final OptionalInt key;
  private final @Nullable RoleSessions sessions;
  private final List<Service> others = new ArrayList<>();
  private final List<Listener> listeners = new ArrayList<>();
  private final List<String> connectFailures = new ArrayList<>();

  StreamFixture(Setup setup, InetSocketAddress... nodes) {
    this(setup, null, null, OptionalInt.empty(), nodes);
  }

  /** The nodes are members of a database, for whom connections wait so long. */
  static StreamFixture ofDatabase(Setup setup, Duration patience, InetSocketAddress... nodes) {
    return new StreamFixture(setup, null, patience, OptionalInt.empty(), nodes);
  }

  /** The same, and each key has one member; that is the listener's. */
  static StreamFixture ofKey(String key, Duration patience, InetSocketAddress... nodes) {
    return new StreamFixture(
        Setup.USUAL, null, patience, OptionalInt.of(KeyedHash.hash(key)), nodes);
  }

  /**
   * @param udp null: for connections
   */
  StreamFixture(Setup setup, @Nullable UdpConfig udp, InetSocketAddress... nodes) {
    this(setup, udp, null, OptionalInt.empty(), nodes);
  }

  private StreamFixture(
      Setup setup,
      @Nullable UdpConfig udp,
      @Nullable Duration patience,
      OptionalInt key,
      InetSocketAddress... nodes) {
    this.key = key;
    dataPlane =
        new DataPlane(
            new RuntimeConfig(setup.loops(), RuntimeConfig.Transport.AUTO),
            (node, reason, refused) -> {
              synchronized (connectFailures) {
                connectFailures.add(node.name() + ": " + reason);
              }
            });
    if (patience == null) {
      sessions = null;
    } else {
      sessions = dataPlane.newRoleSessions(key.isEmpty());
      sessions.setPatience(patience);
    }
    service = new Service("db", setup.loops(), new EventLog(() -> 0), () -> 0);
    List<NodeSpec> specs = new ArrayList<>();
    for (InetSocketAddress address : nodes) {
      HostPort hostPort = new HostPort(address.getAddress().getHostAddress(), address.getPort());
      specs.add(new NodeSpec(hostPort, "n" + (specs.size() + 1), 1, "", "file"));
    }
    service.setMembers(specs);
    RouteConfig route = new RouteConfig("in-1", RouteMatch.ANY, "db", Duration.ofSeconds(60));
    UpstreamConfig upstream = new UpstreamConfig(setup.connect(), Duration.ofSeconds(30), 0);
    balance = setup.balance();
    target =
        new ServiceTarget(
            service,
            key.isPresent()
                ? KeyedHash.of(service.nodes())
                : Balancer.of(setup.balance(), service.nodes(), null),
            new ServiceConfig("db", setup.balance(), NodeProtocol.HTTP1, upstream));
    HttpLimits limits = limits(setup, Duration.ofMillis(500));
    try {
      HttpRoute leads =
          new HttpRoute(route, target, new LoopCounters<>(setup.loops(), RouteCounter.class));
      ListenerConfig config =
          new ListenerConfig(
              "in",
              List.of(new HostPort("127.0.0.1", 0)),
              udp == null ? ListenerProtocol.TCP : ListenerProtocol.UDP,
              ListenerTls.NONE,
              Optional.empty(),
              udp == null ? limits : limits(setup, HttpLimits.DEFAULT.headerTimeout()),
              ForwardedConfig.DEFAULT,
              setup.trusted(),
              udp == null ? UdpConfig.DEFAULT : udp,
              AccessConfig.OPEN,
              Map.of(),
              List.of(route));
      listener =
          udp == null
              ? dataPlane.open(
                  config,
                  Set.of(),
                  new StreamPolicy(
                      List.of(new StreamRoute(leads, setup.announce(), sessions, key)),
                      limits,
                      false))
              : dataPlane.open(config, new UdpPolicy(leads, limits, udp, true));
    } catch (IOException e) {
      dataPlane.close();
      throw new UncheckedIOException(e);
    }
    others.add(service);
    listeners.add(listener);
  }

  private static HttpLimits limits(Setup setup, Duration header) {
    HttpLimits usual = HttpLimits.DEFAULT;
    return new HttpLimits(
        setup.connections(),
        usual.headerBytes(),
        usual.targetBytes(),
        usual.headers(),
        usual.bodyBytes(),
        header,
        setup.idle(),
        usual.minBodyRate());
  }

  /** By server name: each route has hosts, protocols and the one node they lead to. */
  record Named(List<String> hosts, List<String> alpn, InetSocketAddress node) {}

  /** A listener that relays TLS by server name, beside the one for everything. */
  Listener passthrough(Named... named) throws IOException {
    List<StreamRoute> routes = new ArrayList<>();
    List<RouteConfig> configs = new ArrayList<>();
    for (Named one : named) {
      String name = "tls-" + (routes.size() + 1);
      Service leads = new Service(name, 1, new EventLog(() -> 0), () -> 0);
      HostPort node = new HostPort(one.node().getAddress().getHostAddress(), one.node().getPort());
      leads.setMembers(List.of(new NodeSpec(node, "n", 1, "", "file")));
      others.add(leads);
      RouteConfig config =
          new RouteConfig(
              name, new RouteMatch(one.hosts(), one.alpn()), name, Duration.ofSeconds(60));
      configs.add(config);
      ServiceTarget to =
          new ServiceTarget(
              leads,
              Balancer.of(BalanceMethod.ROUND_ROBIN, leads.nodes(), null),
              new ServiceConfig(
                  name, BalanceMethod.ROUND_ROBIN, NodeProtocol.HTTP1, UpstreamConfig.DEFAULT));
      routes.add(
          new StreamRoute(
              new HttpRoute(config, to, new LoopCounters<>(1, RouteCounter.class)),
              ProxyVersion.NONE));
    }
    HttpLimits limits = limits(Setup.USUAL, Duration.ofMillis(500));
    Listener made =
        dataPlane.open(
            new ListenerConfig(
                "tls",
                List.of(new HostPort("127.0.0.1", 0)),
                ListenerProtocol.TLS_PASSTHROUGH,
                ListenerTls.NONE,
                Optional.empty(),
                limits,
                ForwardedConfig.DEFAULT,
                ProxyProtocolConfig.NONE,
                UdpConfig.DEFAULT,
                AccessConfig.OPEN,
                Map.of(),
                configs),
            Set.of(),
            new StreamPolicy(routes, limits, true));
    listeners.add(made);
    return made;
  }

  /** No node gets more at once from now on. */
  StreamFixture perNode(int connections) {
    target.setConfig(
        new ServiceConfig(
            "db",
            List.of(),
            List.of(),
            new BalanceConfig(balance),
            NodeProtocol.HTTP1,
            ServiceTls.NONE,
            HealthCheckConfig.DEFAULT,
            target.upstream(),
            ProxyVersion.NONE,
            OutlierConfig.OFF,
            new ServiceLimits(
                connections, Integer.MAX_VALUE, Integer.MAX_VALUE, false, 0, Duration.ofSeconds(1)),
            Optional.empty(),
            Optional.empty(),
            DeployConfig.DEFAULT),
        null);
    return this;
  }

  InetSocketAddress address() {
    return listener.boundAddresses().getFirst();
  }

  Listener listener() {
    return listener;
  }

  Node node(int index) {
    return service.nodes().all()[index];
  }

  /** What the control thread does when a node has changed. */
  void rebalance() {
    target.setBalancer(
        key.isPresent()
            ? KeyedHash.of(service.nodes())
            : Balancer.of(balance, service.nodes(), target.balancer()));
  }

  /** Of the database. */
  RoleSessions sessions() {
    return java.util.Objects.requireNonNull(sessions);
  }

  Service service() {
    return service;
  }

  long counted(ListenerCounter counter) {
    return listener.state().counters().get(counter);
  }

  long counted(int node, NodeCounter counter) {
    return node(node).counters().get(counter);
  }

  long errors(ErrorReason reason) {
    return listener.state().errors().get(reason);
  }

  long bufferBytes() {
    return dataPlane.bufferBytesInUse();
  }

  List<String> connectFailures() {
    synchronized (connectFailures) {
      return List.copyOf(connectFailures);
    }
  }

  /** Nobody says when a session of datagrams is over. */
  @Override
  public void settle() {
    if (listener.state() instanceof UdpListenerState) {
      listener.drain(Duration.ZERO).join();
    }
  }

  @Override
  public String busy() {
    StringBuilder busy = new StringBuilder();
    for (Listener one : listeners) {
      note(busy, one.state().connections(), "connections of clients");
    }
    for (Service one : others) {
      for (Node node : one.nodes().all()) {
        note(busy, node.inFlight(), "relays to " + node);
        note(busy, node.connections(), "connections to " + node);
      }
    }
    return busy.toString();
  }

  @Override
  public String open() {
    return busy();
  }

  private static void note(StringBuilder text, int count, String what) {
    if (count != 0) {
      text.append(count).append(' ').append(what).append("; ");
    }
  }

  @Override
  public void close() {
    dataPlane.close();
  }
}
