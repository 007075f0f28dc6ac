package io.fairlead.scaling;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsServer;
import io.fairlead.config.AgentConfig;
import io.fairlead.trust.DoorTls;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The agent's door; docs/agent.md has the table of what can be asked. Orders are in the path and
 * the query: no body is ever read.
 *
 * <p>Bounds: 256 connections, {@value #MAX_REQUESTS} requests at once, 16 KiB and 50 fields for a
 * head, 10 s until a request is complete, 30 s for an idle connection.
 */
final class AgentDoor implements AutoCloseable {
  static final String TERM = "fairlead-term";
  static final int MOST_OUTPUT = 256 * 1024;

  private static final System.Logger LOG = System.getLogger(AgentDoor.class.getName());
  private static final int MAX_REQUESTS = 64;

  /** An answer comes within so long; what takes longer is asked for again. */
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(4);

  private static final long QUIET_NANOS = Duration.ofSeconds(10).toNanos();
  private static final Duration MOST_GRACE = Duration.ofHours(1);

  /** The JDK's server reads its bounds from properties, once; an operator's own values stay. */
  private static final Map<String, String> BOUNDS =
      Map.of(
          "jdk.httpserver.maxConnections", "256",
          "sun.net.httpserver.maxReqHeaders", "50",
          "sun.net.httpserver.maxReqHeaderSize", "16384",
          "sun.net.httpserver.maxReqTime", "10",
          "sun.net.httpserver.maxRspTime", "30",
          "sun.net.httpserver.idleInterval", "30",
          "sun.net.httpserver.nodelay", "true");

  private static final JsonMapper MAPPER =
      JsonMapper.builder().disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY).build();

  @SuppressWarnings("ArrayRecordComponent") // written once, and never compared
  private record Answer(int status, String type, byte[] body) {
    static Answer json(int status, Object value) {
      return new Answer(status, "application/json", MAPPER.writeValueAsBytes(value));
    }

    static Answer refused(int status, String why) {
      return json(status, Map.of("why", why));
    }
  }

  private final Agent agent;
  private final byte @Nullable [] token;
  private final HttpServer server;
  private final ExecutorService executor;
  private final Semaphore requests = new Semaphore(MAX_REQUESTS);
  private final AtomicLong toldNanos = new AtomicLong(System.nanoTime() - QUIET_NANOS);

  private AgentDoor(
      Agent agent, byte @Nullable [] token, HttpServer server, ExecutorService executor) {
    this.agent = agent;
    this.token = token;
    this.server = server;
    this.executor = executor;
  }

  static AgentDoor open(Agent agent, AgentConfig config) throws IOException {
    BOUNDS.forEach((name, value) -> {
      if (System.getProperty(name) == null) {
        System.setProperty(name, value);
      }
    });
    InetSocketAddress bind = new InetSocketAddress(config.bind().host(), config.bind().port());
    HttpServer server;
    try {
      server =
          config.tls().isPresent() ? tls(config.tls().get(), bind) : HttpServer.create(bind, 64);
    } catch (java.net.BindException e) {
      throw new IOException("cannot listen on " + config.bind() + ": " + e.getMessage(), e);
    }
    ExecutorService executor =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("agent ", 0).factory());
    AgentDoor door =
        new AgentDoor(
            agent,
            config
                .token()
                .map(secret -> secret.value().getBytes(StandardCharsets.UTF_8))
                .orElse(null),
            server,
            executor);
    server.createContext("/", door::handle);
    server.setExecutor(executor);
    server.start();
    return door;
  }

  private static HttpsServer tls(AgentConfig.Tls tls, InetSocketAddress bind) throws IOException {
    return DoorTls.open(
        bind, 64, DoorTls.context(tls.cert(), tls.key(), tls.ca()), !tls.ca().isEmpty());
  }

  InetSocketAddress address() {
    return server.getAddress();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Answer answer;
      if (!requests.tryAcquire()) {
        answer = Answer.refused(503, "there are " + MAX_REQUESTS + " requests at once already");
      } else {
        try {
          answer = answer(exchange);
        } catch (IOException e) {
          answer = Answer.refused(500, String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
          LOG.log(Level.ERROR, "the agent's door failed at " + exchange.getRequestURI(), e);
          answer = Answer.refused(500, "a mistake of the agent's own; its log has the details");
        } finally {
          requests.release();
        }
      }
      exchange.getResponseHeaders().set("Content-Type", answer.type());
      exchange.getResponseHeaders().set("Cache-Control", "no-store");
      if (answer.status() == 401) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer realm=\"fairlead-agent\"");
      }
      boolean none = answer.body().length == 0;
      exchange.sendResponseHeaders(answer.status(), none ? -1 : answer.body().length);
      if (!none) {
        try (OutputStream out = exchange.getResponseBody()) {
          out.write(answer.body());
        }
      }
    }
  }

  private boolean isLetIn(HttpExchange exchange) {
    byte[] wanted = token;
    if (wanted == null) {
      return true; // its certificate has been looked at
    }
    String given = exchange.getRequestHeaders().getFirst("authorization");
    return given != null
        && given.regionMatches(true, 0, "Bearer ", 0, 7)
        && MessageDigest.isEqual(
            given.substring(7).strip().getBytes(StandardCharsets.UTF_8), wanted);
  }

  private Answer answer(HttpExchange exchange) throws IOException {
    if (!isLetIn(exchange)) {
      long now = System.nanoTime();
      long last = toldNanos.get();
      if (now - last >= QUIET_NANOS && toldNanos.compareAndSet(last, now)) {
        agent.say(
            "refused "
                + exchange.getRemoteAddress().getAddress().getHostAddress()
                + ": no or another token");
      }
      return Answer.refused(401, "this needs the agent's token: Authorization: Bearer TOKEN");
    }
    String path = exchange.getRequestURI().getPath();
    List<String> parts = List.of(path.substring(path.startsWith("/") ? 1 : 0).split("/", -1));
    if (parts.equals(List.of("v1"))) {
      return "GET".equals(exchange.getRequestMethod()) ? overview() : wrongMethod("GET");
    }
    boolean known =
        (parts.size() == 5 || parts.size() == 7 || parts.size() == 8)
            && parts.get(0).equals("v1")
            && parts.get(1).equals("owners")
            && parts.get(3).equals("services")
            && (parts.size() == 5 || parts.get(5).equals("nodes"));
    if (!known) {
      return Answer.refused(
          404, "there is nothing at " + path + "; docs/agent.md has what there is");
    }
    String owner = parts.get(2);
    String service = parts.get(4);
    if (!Agent.isName(owner) || !Agent.isName(service)) {
      return Answer.refused(400, "owner and service must be names of a-z, 0-9, '.', '_' and '-'");
    }
    if (parts.size() == 5) {
      return "GET".equals(exchange.getRequestMethod()) ? list(owner, service) : wrongMethod("GET");
    }
    String name = parts.get(6);
    if (!Agent.isNode(name)) {
      return Answer.refused(400, "a node's name must be of letters, digits, '.', '_' and '-'");
    }
    return node(exchange, owner, service, name, parts.size() == 7 ? "" : parts.get(7));
  }

  private static Answer wrongMethod(String allowed) {
    return Answer.refused(405, "this can be asked for by " + allowed);
  }

  private Answer overview() {
    Map<String, Object> services = new LinkedHashMap<>();
    agent
        .services()
        .forEach(
            (name, counts) -> services.put(name, Map.of("most", counts[0], "runs", counts[1])));
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("agent", agent.name());
    all.put("host", agent.host());
    all.put("note", agent.unbounded());
    all.put("services", services);
    return Answer.json(200, all);
  }

  private Answer list(String owner, String service) {
    Crew crew = agent.known(owner, service);
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("agent", agent.name());
    all.put("host", agent.host());
    all.put("note", agent.unbounded());
    all.put("most", agent.most(service));
    all.put("runs", agent.runs(service));
    all.put("nodes", crew == null ? new ArrayList<>() : crew.reports());
    return Answer.json(200, all);
  }

  private Answer node(HttpExchange exchange, String owner, String service, String name, String part)
      throws IOException {
    Map<String, String> query = query(exchange.getRequestURI().getRawQuery());
    String method = exchange.getRequestMethod();
    Crew crew = agent.known(owner, service);
    if (part.equals("output")) {
      return method.equals("GET") ? output(crew, name, query) : wrongMethod("GET");
    }
    long term = Optional.ofNullable(number(exchange.getRequestHeaders().getFirst(TERM))).orElse(0L);
    if (part.equals("draining")) {
      return switch (method) {
        case "PUT", "DELETE" ->
            crew == null
                ? gone(name)
                : answer(crew.drain(name, method.equals("PUT"), term), name, false);
        default -> wrongMethod("PUT, DELETE");
      };
    }
    if (!part.isEmpty()) {
      return Answer.refused(404, "a node has output and draining");
    }
    return switch (method) {
      case "PUT" -> {
        String version = query.getOrDefault("version", "");
        yield Agent.isVersion(version)
            ? answer(agent.start(owner, service, name, version, term), name, false)
            : Answer.refused(
                400, "a version must be of letters, digits, '.', '_', '+' and '-', without '..'");
      }
      case "DELETE" -> {
        Long grace = number(query.getOrDefault("grace", "10000"));
        if (grace == null || grace > MOST_GRACE.toMillis()) {
          yield Answer.refused(400, "grace must be milliseconds, at most an hour");
        }
        yield crew == null
            ? gone(name)
            : answer(crew.stop(name, Duration.ofMillis(grace), term, STOP_PATIENCE), name, true);
      }
      default -> wrongMethod("PUT, DELETE");
    };
  }

  private static Answer gone(String name) {
    return Answer.refused(404, "there is no node " + name + " of this owner");
  }

  private static Answer answer(Crew.Outcome outcome, String name, boolean ends) {
    return switch (outcome) {
      case Crew.Outcome.Done(Crew.Report node) -> Answer.json(200, node);
      case Crew.Outcome.Waits(Crew.Report node) -> Answer.json(202, node);
      case Crew.Outcome.Gone() -> ends ? new Answer(204, "text/plain", new byte[0]) : gone(name);
      case Crew.Outcome.Refused(String why) -> Answer.refused(409, why);
    };
  }

  private static Answer output(@Nullable Crew crew, String name, Map<String, String> query)
      throws IOException {
    Long from = number(query.getOrDefault("from", "0"));
    if (from == null) {
      return Answer.refused(400, "from must be a number of bytes");
    }
    byte[] bytes = crew == null ? null : crew.output(name, from, MOST_OUTPUT);
    return bytes == null ? gone(name) : new Answer(200, "application/octet-stream", bytes);
  }

  private static @Nullable Long number(@Nullable String text) {
    return text != null && text.matches("[0-9]{1,18}") ? Long.valueOf(text) : null;
  }

  /** Values here are numbers and versions; none needs more than a plus encoded. */
  private static Map<String, String> query(@Nullable String raw) {
    Map<String, String> values = new LinkedHashMap<>();
    for (String pair : (raw == null ? "" : raw).split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        values.putIfAbsent(
            pair.substring(0, equals),
            java.net.URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
      }
    }
    return values;
  }
}
