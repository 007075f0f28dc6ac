package io.fairlead.config;

import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.AdminConfig.Token;
import io.fairlead.config.ForwardedConfig.Style;
import io.fairlead.config.RuntimeConfig.Transport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Everything an operator can write: each key once, with its shape, default, meaning and example.
 * Bounds come from the records. Read from the bottom: {@link #FILE} is the whole file.
 */
final class Language {
  static final String NOT_AVAILABLE = "not available in this version";

  private static final Scalar<String> NODE_NAME = Scalar.text("name", null, Syntax::nodeName);

  /** Where something listens: no two may take the same. */
  static final Scalar<HostPort> LISTEN_ADDRESS = Scalar.parsed("address", HostPort::parse);

  private static final Scalar<HostPort> NODE_ADDRESS =
      Scalar.parsed(
          "address",
          text -> {
            HostPort address = HostPort.parse(text);
            if (address.port() == 0) {
              throw Require.refusal("needs a port from 1 to 65535");
            }
            return address;
          });

  // admin

  private static final Key<String> TOKEN_NAME =
      Key.computed(
          "name",
          Scalar.text("name", Syntax.NAME_PATTERN, Syntax::name),
          "token-N",
          "Who holds it; appears in audit events.",
          "alice");
  private static final Key<Role> TOKEN_ROLE =
      Key.of(
          "role",
          Scalar.word(Role.class),
          Role.OPERATOR,
          "What it allows; each role may do what the ones before it may.",
          "viewer");
  private static final Key<Secret> TOKEN_SECRET =
      Key.required(
          "token",
          Scalar.secret("secret"),
          "The token itself, at least " + Token.MIN_LENGTH + " characters, or `file:PATH`.",
          "\"file:secrets/alice\"");

  static final Obj<Token> TOKEN =
      new Obj<>(
          "token",
          "One bearer token. A secret alone stands for an operator's token named `token-N`.",
          List.of(TOKEN_NAME, TOKEN_ROLE, TOKEN_SECRET),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.secret("secret"),
              (secret, spot) -> new Token(tokenName(spot), Role.OPERATOR, secret)),
          (values, spot) ->
              new Token(
                  orElse(values.find(TOKEN_NAME), tokenName(spot)),
                  values.get(TOKEN_ROLE),
                  values.get(TOKEN_SECRET)));

  private static final Key<HostPort> ADMIN_BIND =
      Key.of(
          "bind",
          LISTEN_ADDRESS,
          AdminConfig.DEFAULT.bind(),
          "Where it listens; anything but loopback needs a token, or `oidc`.",
          "\"127.0.0.1:9900\"");
  private static final Key<List<Token>> TOKENS =
      Key.of(
          "tokens",
          new ListOf<>("tokens", TOKEN),
          List.of(),
          "none",
          "Who may come in. Without any, and without `oidc`, everybody who reaches it is an operator.",
          "[ { name: alice, role: viewer, token: \"file:secrets/alice\" } ]");

  private static final Key<Boolean> ALLOW_COMMANDS =
      Key.of(
          "allow-commands",
          Scalar.flag(),
          false,
          "Whether health checks may run programs of this machine (`health.command`).",
          "true");

  private static final Key<Path> ADMIN_CERT =
      Key.required(
          "cert",
          Scalar.path("path"),
          "A certificate for the host in the addresses that people and verbs use, and behind it its"
              + " issuers, in PEM.",
          "admin.pem");
  private static final Key<Path> ADMIN_KEY =
      Key.required("key", Scalar.path("path"), "Its private key in PEM.", "admin.key");
  private static final Obj<AdminConfig.Tls> ADMIN_TLS =
      new Obj<>(
          "admin-tls",
          "TLS at the operator's door. Files that change are read again.",
          List.of(ADMIN_CERT, ADMIN_KEY),
          List.of(),
          null,
          (values, _) -> {
            AdminConfig.Tls tls =
                new AdminConfig.Tls(values.get(ADMIN_CERT), values.get(ADMIN_KEY));
            TlsFiles.Identity _ = TlsFiles.read(tls.cert(), tls.key(), Optional.empty());
            return tls;
          });
  private static final Key<AdminConfig.Tls> OF_ADMIN_TLS =
      Key.computed(
          "tls",
          ADMIN_TLS,
          "in the clear",
          "TLS 1.2 and 1.3 at the door, in place of HTTP in the clear.",
          "{ cert: admin.pem, key: admin.key }");

  static final Obj<AdminConfig> ADMIN =
      new Obj<>(
          "admin",
          "The operator's door: dashboard, API and metrics.",
          List.of(ADMIN_BIND, OF_ADMIN_TLS, TOKENS, OidcLanguage.OF_ADMIN, ALLOW_COMMANDS),
          List.of(),
          null,
          (values, _) ->
              new AdminConfig(
                  values.get(ADMIN_BIND),
                  values.get(TOKENS),
                  values.get(ALLOW_COMMANDS),
                  Optional.ofNullable(values.find(OidcLanguage.OF_ADMIN)),
                  Optional.ofNullable(values.find(OF_ADMIN_TLS))));

  // runtime

  private static final Key<Integer> EVENT_LOOPS =
      Key.of(
          "event-loops",
          Scalar.count(RuntimeConfig.EVENT_LOOPS),
          RuntimeConfig.ofThisMachine().eventLoops(),
          "one per processor",
          "Threads that move bytes.",
          "4");
  private static final Key<Transport> TRANSPORT =
      Key.of(
          "transport",
          Scalar.word(Transport.class),
          Transport.AUTO,
          "How they talk to the kernel; `auto` is epoll on Linux and NIO elsewhere.",
          "nio");

  private static final Key<String> OWN_ZONE =
      Key.of(
          "zone",
          Scalar.text("name", null, Syntax::zone),
          "",
          "empty",
          "Where this instance stands: nodes of the same zone come first.",
          "z1");

  private static final Key<Long> CACHE_BYTES =
      Key.computed(
          "cache",
          Scalar.size(RuntimeConfig.CACHE),
          "64MiB",
          "Memory for answers that are kept (`cache` of routes), of all routes together; it is part"
              + " of the heap, and taken as answers come.",
          "256MiB");

  static final Obj<RuntimeConfig> RUNTIME =
      new Obj<>(
          "runtime",
          "What the process runs on, and where. A change of anything but `zone` takes effect at the"
              + " next start.",
          List.of(EVENT_LOOPS, TRANSPORT, OWN_ZONE, CACHE_BYTES),
          List.of(),
          null,
          (values, _) ->
              new RuntimeConfig(
                  values.get(EVENT_LOOPS),
                  values.get(TRANSPORT),
                  values.get(OWN_ZONE),
                  Optional.ofNullable(values.find(CACHE_BYTES))));

  // listeners

  private static final Key<Integer> CONNECTIONS =
      Key.of(
          "connections",
          Scalar.count(HttpLimits.CONNECTIONS),
          HttpLimits.DEFAULT.connections(),
          "Connections open at once, or sessions where protocol is udp; more are turned away on arrival"
              + " and counted.",
          "100000");
  private static final Key<Integer> HEADER_BYTES =
      Key.of(
          "header-bytes",
          Scalar.intSize(HttpLimits.HEADER_BYTES),
          HttpLimits.DEFAULT.headerBytes(),
          Units.size(HttpLimits.DEFAULT.headerBytes()),
          "Bytes of one request head with its request line.",
          "64KiB");
  private static final Key<Integer> TARGET_BYTES =
      Key.computed(
          "target-bytes",
          Scalar.intSize(HttpLimits.TARGET_BYTES),
          Units.size(HttpLimits.DEFAULT.targetBytes()) + ", or header-bytes if less",
          "Bytes of the request target alone; at most header-bytes.",
          "8KiB");
  private static final Key<Integer> HEADERS =
      Key.of(
          "headers",
          Scalar.count(HttpLimits.HEADERS),
          HttpLimits.DEFAULT.headers(),
          "Fields in one request head.",
          "100");
  private static final Key<Long> BODY_BYTES =
      Key.of(
          "body-bytes",
          Scalar.size(HttpLimits.BODY_BYTES),
          HttpLimits.DEFAULT.bodyBytes(),
          "unlimited",
          "Bytes of one request body.",
          "10MiB");
  private static final Key<Duration> HEADER_TIMEOUT =
      Key.of(
          "header-timeout",
          Scalar.duration(HttpLimits.HEADER_TIMEOUT),
          HttpLimits.DEFAULT.headerTimeout(),
          "From the first byte of a request head to its end, however steadily bytes arrive.",
          "5s");
  private static final Key<Duration> CLIENT_IDLE =
      Key.computed(
          "idle-timeout",
          Scalar.duration(HttpLimits.IDLE_TIMEOUT),
          "60s; 10m where protocol is tcp or tls-passthrough, 30s where udp",
          "Without any byte in either direction of a message body, a relayed connection or a session"
              + " of datagrams, or between two requests.",
          "60s");
  private static final Key<Integer> MIN_BODY_RATE =
      Key.of(
          "min-body-rate",
          Scalar.intSize(HttpLimits.MIN_BODY_RATE),
          HttpLimits.DEFAULT.minBodyRate(),
          Units.size(HttpLimits.DEFAULT.minBodyRate()),
          "Bytes a second that a client must send or take on average once a body has taken longer"
              + " than 10s; 0: no bound. Who takes nothing for a while, as players of films do, may"
              + " do so up to idle-timeout if it took enough before.",
          "100");

  private static final Key<Integer> STREAMS =
      Key.of(
          "streams",
          Scalar.count(HttpLimits.STREAMS),
          HttpLimits.DEFAULT.streams(),
          "Requests at once on one connection of HTTP/2 or HTTP/3.",
          "100");
  private static final Key<Integer> STREAM_WINDOW =
      Key.of(
          "stream-window",
          Scalar.intSize(HttpLimits.STREAM_WINDOW),
          HttpLimits.DEFAULT.streamWindow(),
          Units.size(HttpLimits.DEFAULT.streamWindow()),
          "Bytes of one request body that a client of HTTP/2 or HTTP/3 may have on the way while its node is"
              + " slow; at most connection-window.",
          "256KiB");
  private static final Key<Integer> CONNECTION_WINDOW =
      Key.of(
          "connection-window",
          Scalar.intSize(HttpLimits.CONNECTION_WINDOW),
          HttpLimits.DEFAULT.connectionWindow(),
          Units.size(HttpLimits.DEFAULT.connectionWindow()),
          "The same for all requests of one connection of HTTP/2 or HTTP/3 together, and so the most that one"
              + " connection can make us keep.",
          "1MiB");

  /**
   * Limits as far as they can be known without the protocol.
   *
   * @param idleGiven whether the time for idleness was said, or follows from the protocol
   */
  record Limits(HttpLimits all, boolean idleGiven) {
    HttpLimits of(ListenerProtocol protocol) {
      return idleGiven ? all : all.withIdleTimeout(protocol.idleTimeout());
    }
  }

  static final Obj<Limits> LIMITS =
      new Obj<>(
          "limits",
          "Bounds on what a client may send and how long it may take.",
          List.of(
              CONNECTIONS,
              HEADER_BYTES,
              TARGET_BYTES,
              HEADERS,
              BODY_BYTES,
              HEADER_TIMEOUT,
              CLIENT_IDLE,
              MIN_BODY_RATE,
              STREAMS,
              STREAM_WINDOW,
              CONNECTION_WINDOW),
          List.of(),
          null,
          (values, _) ->
              new Limits(
                  new HttpLimits(
                      values.get(CONNECTIONS),
                      values.get(HEADER_BYTES),
                      orElse(
                          values.find(TARGET_BYTES),
                          Math.min(HttpLimits.DEFAULT.targetBytes(), values.get(HEADER_BYTES))),
                      values.get(HEADERS),
                      values.get(BODY_BYTES),
                      values.get(HEADER_TIMEOUT),
                      orElse(values.find(CLIENT_IDLE), HttpLimits.DEFAULT.idleTimeout()),
                      values.get(MIN_BODY_RATE),
                      values.get(STREAMS),
                      values.get(STREAM_WINDOW),
                      values.get(CONNECTION_WINDOW)),
                  values.find(CLIENT_IDLE) != null));

  private static final Key<List<Cidr>> TRUST =
      Key.of(
          "trust",
          new ListOf<>("networks", Scalar.parsed("network", Cidr::parse)),
          List.of(),
          "none",
          "Networks of proxies in front whose `X-Forwarded-*`, `Forwarded` and `x-request-id` are"
              + " kept and continued; from anybody else they are dropped.",
          "[\"10.0.0.0/8\", \"fd00::/8\"]");
  private static final Key<Style> FORWARDED_HEADERS =
      Key.of(
          "headers",
          Scalar.word(Style.class),
          ForwardedConfig.DEFAULT.headers(),
          "Which spelling nodes get.",
          "both");

  static final Obj<ForwardedConfig> FORWARDED =
      new Obj<>(
          "forwarded",
          "What nodes learn about the client, and whom we believe about it.",
          List.of(TRUST, FORWARDED_HEADERS),
          List.of(),
          null,
          (values, _) -> new ForwardedConfig(values.get(TRUST), values.get(FORWARDED_HEADERS)));

  private static final Key<List<HostPort>> BIND =
      Key.required(
          "bind",
          new ListOf<>("addresses", LISTEN_ADDRESS),
          "One or more addresses; port 0: any free port.",
          "\"0.0.0.0:8080\"");
  private static final Key<ListenerProtocol> PROTOCOL =
      Key.of(
          "protocol",
          Scalar.word(ListenerProtocol.class),
          ListenerProtocol.HTTP,
          "What is spoken; `tcp`: anything, relayed byte for byte; `tls-passthrough`: TLS,"
              + " relayed by the name that clients ask for; `udp`: datagrams.",
          "tcp");
  private static final Key<Limits> LISTENER_LIMITS =
      Key.of(
          "limits",
          LIMITS,
          new Limits(HttpLimits.DEFAULT, false),
          "see below",
          "What one client, or all together, may ask of this listener.",
          "{ header-bytes: 16KiB, idle-timeout: 30s }");
  private static final Key<ForwardedConfig> LISTENER_FORWARDED =
      Key.of(
          "forwarded",
          FORWARDED,
          ForwardedConfig.DEFAULT,
          "see below",
          "What nodes learn about the client, and whom we believe about it.",
          "{ trust: \"10.0.0.0/8\" }");
  private static final Key<List<Cidr>> ACCEPT_FROM =
      Key.required(
          "accept-from",
          new ListOf<>("networks", Scalar.parsed("network", Cidr::parse)),
          "Networks whose connections must begin with a header, version 1 or 2, within"
              + " `limits.header-timeout`, and are believed.",
          "[\"10.0.0.0/8\"]");

  static final Obj<ProxyProtocolConfig> PROXY_PROTOCOL =
      new Obj<>(
          "proxy-protocol",
          "Connections that begin by saying on whose behalf they are. One from another network that"
              + " begins so is closed.",
          List.of(ACCEPT_FROM),
          List.of(),
          null,
          (values, _) -> new ProxyProtocolConfig(values.get(ACCEPT_FROM)));

  private static final Key<ProxyProtocolConfig> LISTENER_PROXY_PROTOCOL =
      Key.of(
          "proxy-protocol",
          PROXY_PROTOCOL,
          ProxyProtocolConfig.NONE,
          "none",
          "Whose word about the client of a connection is taken.",
          "{ accept-from: \"10.0.0.0/8\" }");
  private static final Key<Integer> SESSIONS_PER_CLIENT =
      Key.of(
          "sessions-per-client",
          Scalar.count(UdpConfig.SESSIONS_PER_CLIENT),
          UdpConfig.DEFAULT.sessionsPerClient(),
          "Sessions open at once for one client address; `limits.connections` bounds all together.",
          "100");
  private static final Key<Integer> RESPONSES =
      Key.computed(
          "responses",
          Scalar.count(UdpConfig.RESPONSES),
          "any number",
          "Datagrams that a node sends for each of the client's, after which the session ends; 0:"
              + " none is waited for.",
          "1");
  private static final Key<Integer> DATAGRAM_BYTES =
      Key.of(
          "datagram-bytes",
          Scalar.intSize(UdpConfig.DATAGRAM_BYTES),
          UdpConfig.DEFAULT.datagramBytes(),
          Units.size(UdpConfig.DEFAULT.datagramBytes()),
          "Bytes of one datagram; larger are dropped and counted. A change is for addresses that"
              + " are bound then.",
          "1500");

  static final Obj<UdpConfig> UDP =
      new Obj<>(
          "udp",
          "Datagrams where `protocol` is `udp`: each client address and port is a session that sticks"
              + " to its node.",
          List.of(SESSIONS_PER_CLIENT, RESPONSES, DATAGRAM_BYTES),
          List.of(),
          null,
          (values, _) ->
              new UdpConfig(
                  values.get(SESSIONS_PER_CLIENT),
                  orElse(values.find(RESPONSES), UdpConfig.ANY),
                  values.get(DATAGRAM_BYTES)));

  private static final Key<UdpConfig> LISTENER_UDP =
      Key.of("udp", UDP, UdpConfig.DEFAULT, "see below", "Bounds of sessions.", "{ responses: 1 }");
  private static final Key<List<RouteConfig>> ROUTES =
      Key.of(
          "routes",
          new ListOf<>("routes", RouteLanguage.ROUTE),
          List.of(),
          "none",
          "Tried by priority, then in order; the first that matches wins.",
          "[ { service: shop } ]");
  private static final Key<String> LISTENER_SERVICE =
      Key.computed(
          "service",
          RouteLanguage.SERVICE_NAME,
          "none",
          "Who gets what no route takes: a last route without `match`. All there is to say where"
              + " `protocol` is `tcp` or `udp`.",
          "db");

  private static final Key<ListenerTls> LISTENER_TLS =
      Key.of(
          "tls",
          TlsLanguage.LISTENER,
          ListenerTls.NONE,
          "none",
          "Speak TLS, with these certificates.",
          "{ certificates: [ { cert: shop.pem, key: shop.key } ] }");

  private static final Key<Duration> HTTP3_MAX_AGE =
      Key.of(
          "max-age",
          Scalar.duration(Http3Config.MAX_AGE),
          Http3Config.DEFAULT.maxAge(),
          "24h",
          "How long clients may remember that they can come by HTTP/3 (`Alt-Svc`).",
          "168h");

  static final Obj<Http3Config> HTTP3 =
      new Obj<>(
          "http3",
          "HTTP/3 by UDP at the addresses of the listener, which its answers by HTTP/1.1 and HTTP/2"
              + " tell. The limits are those of HTTP/2.",
          List.of(HTTP3_MAX_AGE),
          List.of(),
          null,
          (values, _) -> new Http3Config(values.get(HTTP3_MAX_AGE)));

  private static final Key<Http3Config> LISTENER_HTTP3 =
      Key.computed(
          "http3",
          HTTP3,
          "none",
          "Clients may come by HTTP/3, too; `{}` is enough. Needs `tls`.",
          "{ max-age: 168h }");

  static final Obj<ListenerConfig> LISTENER =
      new Obj<>(
          "listener",
          "Where clients come in.",
          List.of(
              BIND,
              PROTOCOL,
              LISTENER_TLS,
              LISTENER_HTTP3,
              LISTENER_LIMITS,
              LISTENER_FORWARDED,
              LISTENER_PROXY_PROTOCOL,
              LISTENER_UDP,
              RouteLanguage.ALLOW,
              RouteLanguage.DENY,
              RouteLanguage.ERRORS,
              ROUTES,
              LISTENER_SERVICE),
          List.of(),
          null,
          (values, spot) ->
              new ListenerConfig(
                  objectName(spot),
                  values.get(BIND),
                  values.get(PROTOCOL),
                  values.get(LISTENER_TLS),
                  Optional.ofNullable(values.find(LISTENER_HTTP3)),
                  values.get(LISTENER_LIMITS).of(values.get(PROTOCOL)),
                  values.get(LISTENER_FORWARDED),
                  values.get(LISTENER_PROXY_PROTOCOL),
                  values.get(LISTENER_UDP),
                  new AccessConfig(values.get(RouteLanguage.ALLOW), values.get(RouteLanguage.DENY)),
                  values.get(RouteLanguage.ERRORS),
                  routes(values, spot)));

  // services

  private static final Key<HostPort> NODE_AT =
      Key.required(
          "address",
          NODE_ADDRESS,
          "Where it serves; its identity within the service.",
          "\"10.0.0.12:8080\"");
  private static final Key<String> NAME_OF_NODE =
      Key.computed("name", NODE_NAME, "the address", "What people call it.", "b");
  private static final Key<Integer> WEIGHT =
      Key.of(
          "weight",
          Scalar.count(NodeConfig.WEIGHTS),
          1,
          "Share relative to the other nodes; 0: none.",
          "2");
  private static final Key<String> ZONE =
      Key.of(
          "zone", Scalar.text("name", null, Syntax::zone), "", "empty", "Where it stands.", "z1");
  private static final Key<Integer> TIER =
      Key.of(
          "tier",
          Scalar.count(NodeConfig.TIERS),
          0,
          "Lower ones are used first; the next gets what they have no room for.",
          "1");
  private static final Key<Map<String, String>> LABELS =
      Key.of(
          "labels",
          new MapOf<>("labels", MapOf.Names.LABEL, Scalar.text("value", null, Syntax::labelValue)),
          Map.of(),
          "none",
          "What tells groups of nodes apart.",
          "{ version: v2, host: h1 }");

  static final Obj<NodeConfig> NODE =
      new Obj<>(
          "node",
          "One node of a service. An address alone stands for a node with the defaults.",
          List.of(NODE_AT, NAME_OF_NODE, WEIGHT, ZONE, TIER, LABELS),
          List.of(),
          new Obj.ShortForm<>(NODE_ADDRESS, (address, _) -> NodeConfig.of(address)),
          (values, _) ->
              new NodeConfig(
                  values.get(NODE_AT),
                  orElse(values.find(NAME_OF_NODE), values.get(NODE_AT).toString()),
                  values.get(WEIGHT),
                  values.get(ZONE),
                  values.get(TIER),
                  values.get(LABELS)));

  private static final Key<Duration> CONNECT_TIMEOUT =
      Key.of(
          "connect-timeout",
          Scalar.duration(UpstreamConfig.CONNECT_TIMEOUT),
          UpstreamConfig.DEFAULT.connectTimeout(),
          "For one connection to be established.",
          "500ms");
  private static final Key<Duration> NODE_IDLE =
      Key.of(
          "idle-timeout",
          Scalar.duration(UpstreamConfig.IDLE_TIMEOUT),
          UpstreamConfig.DEFAULT.idleTimeout(),
          "After which an unused connection is closed.",
          "30s");
  private static final Key<Integer> IDLE_CONNECTIONS =
      Key.of(
          "idle-connections",
          Scalar.count(UpstreamConfig.IDLE_CONNECTIONS),
          UpstreamConfig.DEFAULT.idleConnections(),
          "Kept open per node, over all event loops.",
          "256");

  static final Obj<UpstreamConfig> UPSTREAM =
      new Obj<>(
          "upstream",
          "Connections to the nodes of a service.",
          List.of(CONNECT_TIMEOUT, NODE_IDLE, IDLE_CONNECTIONS),
          List.of(),
          null,
          (values, _) ->
              new UpstreamConfig(
                  values.get(CONNECT_TIMEOUT),
                  values.get(NODE_IDLE),
                  values.get(IDLE_CONNECTIONS)));

  private static final Key<Integer> CONNECTIONS_PER_NODE =
      Key.computed(
          "connections-per-node",
          Scalar.count(ServiceLimits.PER_NODE),
          "any number",
          "Open to one node, over all event loops; where each carries one request at a time"
              + " (`protocol: http1`), no more requests go to it either, and where many share"
              + " one (`protocol: h2`), each event loop has one at least. Of listeners that relay:"
              + " connections and sessions of datagrams.",
          "1000");
  private static final Key<Integer> REQUESTS_PER_NODE =
      Key.computed(
          "requests-per-node",
          Scalar.count(ServiceLimits.PER_NODE),
          "any number",
          "In flight at one node, over all event loops; one that is full is passed over.",
          "100");
  private static final Key<Integer> REQUESTS =
      Key.computed(
          "requests",
          Scalar.count(ServiceLimits.REQUESTS),
          "any number",
          "Of the service in flight.",
          "2000");
  private static final Key<Boolean> ADAPTIVE_LIMIT =
      Key.of(
          "adaptive-limit",
          Scalar.flag(),
          false,
          "Find a limit on the requests in flight from how long answers take; at most `requests`.",
          "true");
  private static final Key<Integer> QUEUE =
      Key.of(
          "queue",
          Scalar.count(ServiceLimits.QUEUE),
          ServiceLimits.DEFAULT_QUEUE,
          "Requests that may wait for room when a limit is reached, the important first; 0: none.",
          "500");
  private static final Key<Duration> QUEUE_TIMEOUT =
      Key.of(
          "queue-timeout",
          Scalar.duration(ServiceLimits.QUEUE_TIMEOUT),
          ServiceLimits.DEFAULT_QUEUE_TIMEOUT,
          "How long one may wait; where the queue has not been empty for that long, a fortieth of"
              + " it. After a tenth of it the last to come is served first.",
          "200ms");

  static final Obj<ServiceLimits> SERVICE_LIMITS =
      new Obj<>(
          "service limits",
          "How much a service and each of its nodes gets at once. What finds no room waits, or is"
              + " answered with 503. Listeners that relay go by what is allowed per node, and nobody"
              + " waits there: who finds all nodes full is turned away.",
          List.of(
              CONNECTIONS_PER_NODE,
              REQUESTS_PER_NODE,
              REQUESTS,
              ADAPTIVE_LIMIT,
              QUEUE,
              QUEUE_TIMEOUT),
          List.of(),
          null,
          (values, _) ->
              new ServiceLimits(
                  orElse(values.find(CONNECTIONS_PER_NODE), ServiceLimits.UNLIMITED),
                  orElse(values.find(REQUESTS_PER_NODE), ServiceLimits.UNLIMITED),
                  orElse(values.find(REQUESTS), ServiceLimits.UNLIMITED),
                  values.get(ADAPTIVE_LIMIT),
                  values.get(QUEUE),
                  values.get(QUEUE_TIMEOUT)));

  private static final Key<ServiceLimits> LIMITS_OF_SERVICE =
      Key.of(
          "limits",
          SERVICE_LIMITS,
          ServiceLimits.NONE,
          "none",
          "How much the service and each of its nodes gets at once.",
          "{ requests-per-node: 100, queue: 500, queue-timeout: 200ms }");
  private static final Key<Boolean> OUTLIER_ENABLED =
      Key.of(
          "enabled",
          Scalar.flag(),
          OutlierConfig.DEFAULT.enabled(),
          "Whether nodes are judged by their answers.",
          "false");
  private static final Key<Integer> MAX_EJECTED =
      Key.of(
          "max-ejected",
          Scalar.percent(OutlierConfig.MAX_EJECTED),
          OutlierConfig.DEFAULT.maxEjected(),
          "50%",
          "How many of the nodes may be out at once. Beyond that a bad node gets a tenth of its"
              + " share.",
          "30%");
  private static final Key<Duration> EJECTION_TIME =
      Key.of(
          "ejection-time",
          Scalar.duration(OutlierConfig.EJECTION_TIMES),
          OutlierConfig.DEFAULT.ejectionTime(),
          "How long a first ejection takes; each further one in a row takes twice as long as the"
              + " one before, up to 32 times.",
          "30s");

  static final Obj<OutlierConfig> OUTLIER =
      new Obj<>(
          "outlier",
          "How nodes are judged by the answers they give to HTTP requests: one that fails more often"
              + " or is slower than the others gets less, or nothing for a while. See"
              + " [outliers.md](outliers.md). `off`: they are not.",
          List.of(OUTLIER_ENABLED, MAX_EJECTED, EJECTION_TIME),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.words("word", List.of("off"), s -> s), (_, _) -> OutlierConfig.OFF),
          (values, _) ->
              new OutlierConfig(
                  values.get(OUTLIER_ENABLED), values.get(MAX_EJECTED), values.get(EJECTION_TIME)));

  private static final Key<OutlierConfig> SERVICE_OUTLIER =
      Key.of(
          "outlier",
          OUTLIER,
          OutlierConfig.DEFAULT,
          "see below",
          "How nodes are judged by their answers.",
          "{ max-ejected: 30% }");

  private static final Key<List<NodeConfig>> NODES =
      Key.of(
          "nodes",
          new ListOf<>("nodes", NODE),
          List.of(),
          "none",
          "Nodes given in the file; others may register through the API.",
          "[\"10.0.0.11:8080\", { address: \"10.0.0.12:8080\", weight: 2 }]");
  private static final Key<HealthCheckConfig> SERVICE_HEALTH =
      Key.of(
          "health",
          HealthLanguage.HEALTH,
          HealthCheckConfig.DEFAULT,
          "{ tcp: true }",
          "How nodes are probed.",
          "{ http: \"/healthz\", expect: 200-399 }");
  private static final Key<NodeProtocol> NODE_PROTOCOL =
      Key.of(
          "protocol",
          Scalar.word(NodeProtocol.class),
          NodeProtocol.HTTP1,
          "What the nodes speak: `http1`; `h2` (HTTP/2; without TLS by prior knowledge), which"
              + " carries many requests on one connection and is what gRPC needs; `auto`: what each"
              + " node chooses in its TLS handshake (ALPN), without TLS HTTP/1.1.",
          "h2");
  private static final Key<ServiceTls> SERVICE_TLS =
      Key.of(
          "tls",
          TlsLanguage.SERVICE,
          ServiceTls.NONE,
          "false",
          "Whether nodes are spoken to by TLS, and what they have to prove.",
          "{ ca: nodes-ca.pem, sni: shop.internal }");
  private static final Key<UpstreamConfig> SERVICE_UPSTREAM =
      Key.of(
          "upstream",
          UPSTREAM,
          UpstreamConfig.DEFAULT,
          "see below",
          "Connections to the nodes.",
          "{ connect-timeout: 500ms }");
  private static final Key<ProxyVersion> SERVICE_PROXY_PROTOCOL =
      Key.of(
          "proxy-protocol",
          Scalar.word(ProxyVersion.class),
          ProxyVersion.NONE,
          "What nodes are told at the beginning of each connection about its client; not for"
              + " listeners with `protocol: http`, which tell it in fields.",
          "v2");

  static final Obj<ServiceConfig> SERVICE =
      new Obj<>(
          "service",
          "Nodes that offer the same.",
          List.of(
              NODES,
              DiscoverLanguage.OF_SERVICE,
              BalanceLanguage.BALANCE,
              BalanceLanguage.HASH,
              BalanceLanguage.SLOW_START,
              BalanceLanguage.SUBSET,
              BalanceLanguage.LOAD_METRICS,
              AffinityLanguage.OF_SERVICE,
              NODE_PROTOCOL,
              SERVICE_TLS,
              SERVICE_HEALTH,
              SERVICE_OUTLIER,
              SERVICE_UPSTREAM,
              LIMITS_OF_SERVICE,
              SERVICE_PROXY_PROTOCOL,
              ScaleLanguage.OF_SERVICE,
              DeployLanguage.OF_SERVICE),
          List.of(),
          null,
          (values, spot) ->
              new ServiceConfig(
                  objectName(spot),
                  values.get(NODES),
                  values.get(DiscoverLanguage.OF_SERVICE),
                  BalanceLanguage.of(values),
                  values.get(NODE_PROTOCOL),
                  values.get(SERVICE_TLS),
                  values.get(SERVICE_HEALTH),
                  values.get(SERVICE_UPSTREAM),
                  values.get(SERVICE_PROXY_PROTOCOL),
                  values.get(SERVICE_OUTLIER),
                  values.get(LIMITS_OF_SERVICE),
                  AffinityLanguage.of(values),
                  Optional.ofNullable(values.find(ScaleLanguage.OF_SERVICE)),
                  values.get(DeployLanguage.OF_SERVICE)));

  // the file

  private static final Key<AdminConfig> FILE_ADMIN =
      Key.of(
          "admin",
          ADMIN,
          AdminConfig.DEFAULT,
          "see below",
          "Where dashboard, API and metrics are served.",
          "{ bind: \"127.0.0.1:9900\" }");
  private static final Key<Path> DATA =
      Key.computed(
          "data", Scalar.path("path"), "./fairlead-data", "Folder for state.", "/var/lib/fairlead");
  private static final Key<RuntimeConfig> FILE_RUNTIME =
      Key.of(
          "runtime",
          RUNTIME,
          RuntimeConfig.ofThisMachine(),
          "see below",
          "Event loops and transport.",
          "{ event-loops: 2 }");
  private static final Key<LogsConfig> FILE_LOGS =
      Key.of(
          "logs",
          LogsLanguage.LOGS,
          LogsConfig.DEFAULT,
          "see below",
          "What is recorded of requests and sessions.",
          "{ mask: { client: \"/24\" } }");
  private static final Key<AlertsConfig> FILE_ALERTS =
      Key.of(
          "alerts",
          AlertsLanguage.ALERTS,
          AlertsConfig.NONE,
          "nobody is told",
          "Who is told of what; see [alerts.md](alerts.md).",
          "{ receivers: { chat: { webhook: \"file:secrets/chat-url\" } } }");
  private static final Key<TelemetryConfig> FILE_TELEMETRY =
      Key.of(
          "telemetry",
          TelemetryLanguage.TELEMETRY,
          TelemetryConfig.NONE,
          "nobody",
          "Who gets traces, metrics and logs by OTLP; see [opentelemetry.md](opentelemetry.md).",
          "{ otlp: { endpoint: \"http://127.0.0.1:4318\", traces: 1% } }");
  private static final Key<Map<String, ListenerConfig>> LISTENERS =
      Key.of(
          "listeners",
          new MapOf<>("listeners", MapOf.Names.OBJECT, LISTENER),
          Map.of(),
          "none",
          "Where clients come in, by name.",
          "{ web: { bind: \"0.0.0.0:8080\", routes: [ { service: shop } ] } }");
  private static final Key<Map<String, ServiceConfig>> SERVICES =
      Key.of(
          "services",
          new MapOf<>("services", MapOf.Names.OBJECT, SERVICE),
          Map.of(),
          "none",
          "Who answers, by name.",
          "{ shop: { nodes: [\"10.0.0.11:8080\"] } }");

  private static final Key<GroupConfig> FILE_GROUP =
      Key.computed(
          "group",
          GroupLanguage.GROUP,
          "this instance is alone",
          "Several instances as one: shared state, one configuration; see [group.md](group.md).",
          "{ name: prod, instance: edge-1 }");

  private static final Key<Map<String, VipConfig>> VIPS =
      Key.of(
          "vips",
          new MapOf<>("virtual IPs", MapOf.Names.OBJECT, VipsLanguage.VIP),
          Map.of(),
          "none",
          "Addresses that move from one instance to another when it fails, by name; see"
              + " [vip.md](vip.md).",
          "{ front: { address: \"10.0.0.100/24\", interface: eth0 } }");
  private static final Key<BgpConfig> FILE_BGP =
      Key.computed(
          "bgp",
          BgpLanguage.BGP,
          "no router is told",
          "Routers that are told of virtual IPs with `elect: bgp`; see [bgp.md](bgp.md).",
          "{ as: 65010, peers: { rack: { address: \"10.0.0.1\", as: 65000 } } }");
  private static final Key<DnsConfig> FILE_DNS =
      Key.of(
          "dns",
          DnsLanguage.DNS,
          DnsConfig.NONE,
          "no names",
          "Names that are answered for; see [dns.md](dns.md).",
          "{ bind: \"192.0.2.1:53\", zones: { lb.example.com: { file: lb.zone } } }");

  static final Obj<FairleadConfig> FILE =
      new Obj<>(
          "file",
          "Everything one instance is told.",
          List.of(
              FILE_ADMIN,
              DATA,
              FILE_RUNTIME,
              FILE_LOGS,
              FILE_ALERTS,
              FILE_TELEMETRY,
              LISTENERS,
              SERVICES,
              FILE_GROUP,
              VIPS,
              FILE_BGP,
              DatabasesLanguage.DATABASES,
              FILE_DNS,
              FilterLanguage.FILTERS),
          List.of(),
          null,
          (values, _) ->
              new FairleadConfig(
                  values.get(FILE_ADMIN),
                  orElse(values.find(DATA), values.folder().resolve("fairlead-data").normalize()),
                  values.get(FILE_RUNTIME),
                  values.get(FILE_LOGS),
                  values.get(FILE_ALERTS),
                  values.get(FILE_TELEMETRY),
                  values.get(LISTENERS),
                  values.get(SERVICES),
                  Optional.ofNullable(values.find(FILE_GROUP)),
                  values.get(VIPS),
                  Optional.ofNullable(values.find(FILE_BGP)),
                  values.get(DatabasesLanguage.DATABASES),
                  values.get(FILE_DNS),
                  values.get(FilterLanguage.FILTERS)));

  private Language() {}

  private static List<RouteConfig> routes(Values values, Spot listener) {
    List<RouteConfig> routes = new ArrayList<>(values.get(ROUTES));
    String service = values.find(LISTENER_SERVICE);
    if (service != null) {
      Spot place = listener.child("service");
      if (routes.isEmpty() && place != null) {
        Spot _ = place.knownAs("routes"); // what is wrong with the route is wrong there
      }
      routes.add(
          new RouteConfig(
              objectName(listener) + "-" + (routes.size() + 1),
              RouteMatch.ANY,
              service,
              RouteConfig.DEFAULT_TIMEOUT));
    }
    return routes;
  }

  private static String tokenName(Spot spot) {
    return "token-" + (spot.index() + 1);
  }

  // A name that is refused has been refused already; what it names is read all the same.
  private static String objectName(Spot spot) {
    return Syntax.name(spot.segment()) == null ? spot.segment() : "unnamed";
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
