package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.HostPort;
import io.fairlead.config.NodeConfig;
import io.fairlead.config.Secret;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The table of endpoints and what each of them does. */
final class Api {
  static final String JSON = "application/json";
  private static final String TEXT = "text/plain";
  private static final String NODE = "/api/v1/services/{service}/nodes/{address}";
  private static final int MAX_TEXT = 256;
  private static final Duration MAX_TTL = Duration.ofHours(24);

  private final Instance instance;
  private final Live live;
  private final List<Secret> secrets;
  private final SessionApi session;
  private final MetricsPage metrics;
  private final List<Endpoint> endpoints;

  /** Nobody signs in. */
  Api(Instance instance, Live live, List<Secret> secrets) {
    this(instance, live, secrets, new SessionApi(instance, null, false));
  }

  /**
   * @param secrets what is not shown of the configuration
   */
  Api(Instance instance, Live live, List<Secret> secrets, SessionApi session) {
    this.instance = instance;
    this.live = live;
    this.secrets = secrets;
    this.session = session;
    this.metrics = new MetricsPage(instance);
    this.endpoints = table();
  }

  List<Endpoint> endpoints() {
    return endpoints;
  }

  private List<Endpoint> table() {
    List<Endpoint> table = new ArrayList<>();
    table.add(open("/healthz", "The process is alive.", Map.of(TEXT, String.class), this::healthz));
    table.add(
        open(
            "/readyz",
            "200 once the configuration is applied and every listener is bound; 503 before that"
                + " and while draining.",
            Map.of(TEXT, String.class),
            this::readyz));
    table.add(
        get(
            "/metrics",
            "All figures, in the Prometheus text format or, if asked for, OpenMetrics.",
            List.of(),
            Map.of(TEXT, String.class),
            metrics::answer));
    table.add(
        get("/api/v1/status", "How the instance is.", List.of(), Views.Status.class, this::status));
    table.add(
        get(
            "/api/v1/live",
            "Everything the dashboard shows; as server-sent events once a second.",
            List.of(),
            Map.of(JSON, LiveView.class, "text/event-stream", LiveView.class),
            this::live));
    table.add(
        get(
            "/api/v1/config",
            "The configuration in force; as YAML alone if asked for.",
            List.of(),
            Map.of(JSON, Views.Config.class, "application/yaml", String.class),
            this::config));
    table.add(
        change(
            "PUT",
            "/api/v1/config",
            "Applies a configuration, or says everything that is wrong with it.",
            Body.CONFIG,
            Views.ConfigChange.class,
            this::putConfig));
    table.add(
        change(
            "POST",
            "/api/v1/config/check",
            "Says everything that is wrong with a configuration, or what would change with it;"
                + " nothing does.",
            Body.CONFIG,
            Views.ConfigChange.class,
            this::checkConfig));
    table.add(
        change(
            "POST",
            "/api/v1/config/reload",
            "Reads the configuration file again.",
            Body.NONE,
            Views.ConfigChange.class,
            this::reload));
    table.add(
        get("/api/v1/services", "All services.", List.of(), Views.Services.class, this::services));
    table.add(
        get(
            "/api/v1/services/{service}/nodes",
            "The nodes of a service.",
            List.of(),
            Views.Nodes.class,
            this::nodes));
    table.add(
        get(
            NODE,
            "One node, by address or name, with its last probes.",
            List.of(),
            Views.NodeView.class,
            this::node));
    table.add(
        change(
            "PUT",
            NODE,
            "Makes a node a member, or renews its membership.",
            Body.NODE,
            Views.NodeChange.class,
            this::register));
    table.add(
        change(
            "DELETE",
            NODE,
            "Ends a membership that came by registration.",
            Body.NONE,
            Views.NodeChange.class,
            this::deregister));
    table.add(
        change(
            "POST",
            NODE + "/drain",
            "Sends nothing new to the node; says what it still has to answer.",
            Body.NONE,
            Views.NodeChange.class,
            this::drain));
    table.add(
        change(
            "POST",
            NODE + "/undrain",
            "Lets the node take requests again.",
            Body.NONE,
            Views.NodeChange.class,
            this::undrain));
    table.add(
        get(
            "/api/v1/explain",
            "Which listener, route, service and node a request would get now, and why.",
            List.of(
                new Parameter("url", "Absolute, or starting with a slash.", true, false),
                new Parameter("method", "Default: GET.", false, false),
                new Parameter("header", "As NAME: VALUE.", false, true),
                new Parameter("client", "Address it comes from; default 127.0.0.1.", false, false)),
            Views.Explained.class,
            this::explain));
    table.add(
        get(
            "/api/v1/events",
            "What happened; as server-sent events while it happens.",
            List.of(
                new Parameter("since", "Only events with a higher id; default 0.", false, false)),
            Map.of(JSON, Views.Events.class, "text/event-stream", EventView.class),
            this::events));
    table.addAll(session.endpoints());
    table.addAll(new ScaleApi(instance).endpoints());
    table.addAll(new DeploysApi(instance).endpoints());
    table.addAll(new DnsApi(instance).endpoints());
    table.addAll(new RecordsApi(instance).endpoints());
    table.add(new PatternsApi(instance).endpoint());
    table.addAll(new RollupsApi(instance).endpoints());
    table.addAll(new IncidentsApi(instance).endpoints());
    table.add(new WhyApi(instance).endpoint());
    table.addAll(new AlertsApi(instance).endpoints());
    table.addAll(new GroupApi(instance).endpoints());
    table.addAll(new UpgradeApi(instance).endpoints());
    table.addAll(new StoreApi(instance).endpoints());
    table.add(new VipsApi(instance).endpoint());
    table.add(new CacheApi(instance).endpoint());
    table.addAll(new CertificatesApi(instance).endpoints());
    table.add(new FiltersApi(instance).endpoint());
    table.add(new DatabasesApi(instance).endpoint());
    table.addAll(new BackupsApi(instance).endpoints());
    table.addAll(new ManagedApi(instance).endpoints());
    table.add(
        open(
            "/api/v1/openapi.json",
            "This description.",
            Map.of(JSON, Map.class),
            _ -> Answer.json(OpenApi.describe(endpoints(), instance.version()))));
    return List.copyOf(table);
  }

  private Answer healthz(Call call) {
    return Answer.text(200, "alive\n");
  }

  private Answer readyz(Call call) {
    if (instance.draining()) {
      return Answer.text(503, "draining\n");
    }
    return instance.ready() ? Answer.text(200, "ready\n") : Answer.text(503, "not ready\n");
  }

  private Answer status(Call call) {
    LiveView view = live.view();
    return Answer.json(
        new Views.Status(
            view.version(),
            Runtime.version().toString(),
            view.uptimeSeconds(),
            ProcessHandle.current().pid(),
            instance.predecessor() == 0 ? null : instance.predecessor(),
            instance.ready(),
            instance.draining(),
            view.level(),
            view.headline(),
            view.notes(),
            view.config(),
            view.controlLagMillis(),
            view.total().rate(),
            view.total().errorShare(),
            view.total().p50Millis(),
            view.total().p99Millis(),
            listeners(view),
            live.services().stream().map(Views.ServiceBrief::of).toList()));
  }

  private List<Views.Listener> listeners(LiveView view) {
    List<Views.Listener> found = new ArrayList<>();
    for (ListenerView listener : instance.listeners()) {
      for (LiveView.ListenerLive figures : view.listeners()) {
        if (figures.name().equals(listener.name())) {
          found.add(
              new Views.Listener(
                  listener.name(),
                  listener.protocol(),
                  listener.addresses(),
                  figures.connections(),
                  figures.figures().rate(),
                  figures.figures().errorShare(),
                  Views.Certificate.of(listener),
                  listener.routes().stream()
                      .map(route -> new Views.Route(route.name(), route.match(), route.service()))
                      .toList()));
        }
      }
    }
    return found;
  }

  private Answer live(Call call) {
    if (call.accept().contains("text/event-stream")) {
      return new Answer.Events(live.stream());
    }
    return new Answer.Whole(200, JSON, live.json(), Map.of());
  }

  private Answer config(Call call) {
    ConfigState state = instance.config();
    String text = state.text();
    for (Secret secret : secrets) {
      text = text.replace(secret.value(), secret.toString());
    }
    if (call.accept().contains("yaml")) {
      return new Answer.Whole(
          200, "application/yaml", text.getBytes(StandardCharsets.UTF_8), Map.of());
    }
    return Answer.json(
        new Views.Config(
            state.version(),
            state.applied().toEpochMilli(),
            state.source(),
            state.lastReloadSucceeded(),
            text));
  }

  private Answer putConfig(Call call) {
    return configAnswer(
        instance.applyConfig(call.body(), call.who()), call.who(), "sent a configuration");
  }

  private Answer checkConfig(Call call) {
    return switch (instance.checkConfig(call.body())) {
      case ConfigOutcome.Accepted(long version, List<String> changes) ->
          Answer.json(new Views.ConfigChange(version, changes));
      case ConfigOutcome.Refused(List<ConfigProblem> problems) -> problems(problems);
    };
  }

  private Answer reload(Call call) {
    return configAnswer(instance.reload(call.who()), call.who(), "asked for a reload");
  }

  private Answer configAnswer(ConfigOutcome outcome, String who, String what) {
    return configAnswer(instance, outcome, who, what);
  }

  static Answer configAnswer(Instance instance, ConfigOutcome outcome, String who, String what) {
    return switch (outcome) {
      case ConfigOutcome.Accepted(long version, List<String> changes) -> {
        instance.events().add(new Event.Audit(who, what + ": version " + version + " is in force"));
        yield Answer.json(new Views.ConfigChange(version, changes));
      }
      case ConfigOutcome.Refused(List<ConfigProblem> problems) -> {
        instance.events().add(new Event.Audit(who, what + ": refused"));
        yield problems(problems);
      }
    };
  }

  private static Answer problems(List<ConfigProblem> problems) {
    Problem plain =
        Problem.of(
            422,
            problems.size() == 1
                ? "The configuration has a problem; nothing has changed."
                : "The configuration has " + problems.size() + " problems; nothing has changed.");
    return Answer.problem(
        new Problem(plain.type(), plain.title(), 422, plain.detail(), null, problems));
  }

  private Answer services(Call call) {
    return Answer.json(
        new Views.Services(live.services().stream().map(Views.ServiceBrief::of).toList()));
  }

  private Answer nodes(Call call) {
    Service service = service(call);
    List<Views.NodeView> nodes = new ArrayList<>();
    for (Node node : service.nodes().all()) {
      nodes.add(
          Views.NodeView.of(
              node,
              live.figures(node),
              instance.idleConnections(node),
              instance.choice(node),
              live.requestShare(node),
              null,
              null));
    }
    return Answer.json(new Views.Nodes(service.name(), nodes));
  }

  private Answer node(Call call) {
    Node node = node(service(call), call);
    return Answer.json(
        Views.NodeView.of(
            node,
            live.figures(node),
            instance.idleConnections(node),
            instance.choice(node),
            live.requestShare(node),
            instance.healthHistory(node),
            instance.verdicts(node)));
  }

  private Answer register(Call call) {
    Service service = service(call);
    HostPort address = Addresses.parse(call.path("address"));
    if (address == null) {
      throw Refusal.of(400, "A node is registered by HOST:PORT, not " + call.path("address") + ".");
    }
    JsonNode body = Json.object(call.body());
    for (String key : body.propertyNames()) {
      if (!List.of("name", "weight", "zone", "tier", "labels", "ttl").contains(key)) {
        throw Refusal.of(
            400, key + ": unknown; there are name, weight, zone, tier, labels and ttl.");
      }
    }
    Registration registration =
        new Registration(
            service.name(),
            address,
            text(body, "name", address.toString()),
            count(body, "weight", 1, 1000),
            text(body, "zone", ""),
            count(body, "tier", 0, 9),
            labels(body),
            ttl(body));
    boolean known = Views.find(service, address.toString()) != null;
    boolean changed =
        done(instance.register(registration, call.who()), call, known ? "renewed" : "registered");
    Node node = Views.find(service, address.toString());
    return Answer.json(
        known ? 200 : 201, Views.NodeChange.of(service.name(), address, node, changed));
  }

  private Answer deregister(Call call) {
    Service service = service(call);
    Node node = node(service, call);
    boolean changed =
        done(instance.deregister(service.name(), node.address(), call.who()), call, "deregistered");
    return Answer.json(Views.NodeChange.of(service.name(), node.address(), node, changed));
  }

  private Answer drain(Call call) {
    Service service = service(call);
    Node node = node(service, call);
    boolean changed =
        done(instance.drain(service.name(), node.address(), call.who()), call, "drained");
    return Answer.json(Views.NodeChange.of(service.name(), node.address(), node, changed));
  }

  private Answer undrain(Call call) {
    Service service = service(call);
    Node node = node(service, call);
    boolean changed =
        done(instance.undrain(service.name(), node.address(), call.who()), call, "undrained");
    return Answer.json(Views.NodeChange.of(service.name(), node.address(), node, changed));
  }

  private boolean done(NodeOutcome outcome, Call call, String what) {
    return switch (outcome) {
      case NodeOutcome.Done _ -> {
        audit(call.who(), what + " " + call.path("service") + "/" + call.path("address"));
        yield true;
      }
      case NodeOutcome.Already _ -> false;
      case NodeOutcome.Refused(String why) -> throw Refusal.of(409, why);
    };
  }

  private Answer explain(Call call) {
    String url = call.query("url");
    if (url == null || url.isEmpty()) {
      throw Refusal.of(400, "Say which url: /api/v1/explain?url=http://shop.example/");
    }
    String method = call.query("method");
    String client = call.query("client");
    Map<String, List<String>> headers = new LinkedHashMap<>();
    for (String header : call.query().getOrDefault("header", List.of())) {
      int colon = header.indexOf(':');
      if (colon <= 0) {
        throw Refusal.of(400, "A header is given as NAME: VALUE, not " + header + ".");
      }
      headers
          .computeIfAbsent(header.substring(0, colon).strip(), _ -> new ArrayList<>())
          .add(header.substring(colon + 1).strip());
    }
    ExplainAnswer answer;
    try {
      answer =
          instance.explain(
              method == null ? "GET" : method, url, headers, client == null ? "" : client);
    } catch (IllegalArgumentException e) {
      throw Refusal.of(400, "That cannot be explained: " + e.getMessage());
    }
    return Answer.json(
        new Views.Explained(
            answer.listener(),
            answer.route(),
            answer.service(),
            answer.node(),
            answer.why(),
            answer.error() == null ? null : answer.error().wireName(),
            answer.error() == null ? null : answer.error().status()));
  }

  private Answer events(Call call) {
    long since = 0;
    String text = call.query("since");
    if (text != null) {
      if (!text.matches("[0-9]{1,18}")) {
        throw Refusal.of(400, "since is the id of an event, not " + text + ".");
      }
      since = Long.parseLong(text);
    }
    if (call.accept().contains("text/event-stream")) {
      return new Answer.Events(eventStream(since));
    }
    List<EventView> found = instance.events().since(since).stream().map(EventView::of).toList();
    return Answer.json(new Views.Events(found, found.isEmpty() ? since : found.getLast().id()));
  }

  /** The last events first, as many as may wait; then each when it happens. */
  private EventStream eventStream(long since) {
    EventLog log = instance.events();
    return new EventStream(
        EventStream.QUEUED,
        stream -> {
          Replay replay = new Replay(stream, since);
          Runnable unsubscribe = log.subscribe(replay::accept);
          List<EventLog.Entry> kept = log.since(since);
          int most = EventStream.QUEUED / 2;
          kept.subList(Math.max(0, kept.size() - most), kept.size()).forEach(replay::accept);
          return unsubscribe;
        });
  }

  /** Sends each event once, whether it was kept or came in meanwhile. */
  private static final class Replay {
    private final EventStream stream;
    private long last;

    Replay(EventStream stream, long since) {
      this.stream = stream;
      this.last = since;
    }

    synchronized void accept(EventLog.Entry entry) {
      if (entry.id() > last) {
        last = entry.id();
        stream.offer(EventStream.message(entry.id(), "event", Json.bytes(EventView.of(entry))));
      }
    }
  }

  private Service service(Call call) {
    String name = call.path("service");
    List<Service> services = instance.services();
    for (Service service : services) {
      if (service.name().equals(name)) {
        return service;
      }
    }
    throw Refusal.notFound(
        "There is no service " + name + ".", services.stream().map(Service::name).toList(), name);
  }

  private static Node node(Service service, Call call) {
    String name = call.path("address");
    Node node = Views.find(service, name);
    if (node != null) {
      return node;
    }
    boolean byAddress = Addresses.parse(name) != null;
    throw Refusal.notFound(
        "Service " + service.name() + " has no node " + name + ".",
        Arrays.stream(service.nodes().all())
            .map(each -> byAddress ? each.address().toString() : each.name())
            .toList(),
        name);
  }

  private void audit(String who, String what) {
    instance.events().add(new Event.Audit(who, what));
  }

  private static String text(JsonNode body, String key, String otherwise) {
    JsonNode value = body.get(key);
    if (value == null || value.isNull()) {
      return otherwise;
    }
    if (!value.isString() || value.stringValue().length() > MAX_TEXT) {
      throw Refusal.of(400, key + ": must be a text of at most " + MAX_TEXT + " characters.");
    }
    return value.stringValue();
  }

  private static int count(JsonNode body, String key, int fallback, int most) {
    JsonNode value = body.get(key);
    if (value == null || value.isNull()) {
      return fallback;
    }
    if (!value.isIntegralNumber()
        || !value.canConvertToInt()
        || value.intValue() < 0
        || value.intValue() > most) {
      throw Refusal.of(
          400, key + ": must be a whole number from 0 to " + most + " (was " + value + ").");
    }
    return value.intValue();
  }

  /** As in the configuration file. */
  private static Map<String, String> labels(JsonNode body) {
    JsonNode value = body.get("labels");
    if (value == null || value.isNull()) {
      return Map.of();
    }
    Map<String, String> labels = new LinkedHashMap<>();
    value.properties().forEach(label -> labels.put(label.getKey(), label.getValue().asString("")));
    String objection = value.isObject() ? NodeConfig.objectionTo(labels) : "must be an object";
    if (objection != null) {
      throw Refusal.of(400, "labels: " + objection + ".");
    }
    return labels;
  }

  private static @Nullable Duration ttl(JsonNode body) {
    JsonNode value = body.get("ttl");
    if (value == null || value.isNull()) {
      return null;
    }
    Duration ttl = value.isString() ? Spans.parse(value.stringValue()) : null;
    if (ttl == null || ttl.toMillis() < 1000 || ttl.compareTo(MAX_TTL) > 0) {
      throw Refusal.of(400, "ttl: must be a time such as 30s, from 1s to 24h (was " + value + ").");
    }
    return ttl;
  }

  private static Endpoint open(
      String path, String summary, Map<String, Class<?>> answers, Endpoint.Handler handler) {
    return new Endpoint("GET", path, null, summary, List.of(), Body.NONE, answers, handler);
  }

  /** What a viewer may ask for. */
  static Endpoint get(
      String path,
      String summary,
      List<Parameter> parameters,
      Class<?> answer,
      Endpoint.Handler handler) {
    return get(path, summary, parameters, Map.of(JSON, answer), handler);
  }

  private static Endpoint get(
      String path,
      String summary,
      List<Parameter> parameters,
      Map<String, Class<?>> answers,
      Endpoint.Handler handler) {
    return new Endpoint("GET", path, Role.VIEWER, summary, parameters, Body.NONE, answers, handler);
  }

  static Endpoint change(
      String method,
      String path,
      String summary,
      Body body,
      Class<?> answer,
      Endpoint.Handler handler) {
    return new Endpoint(
        method, path, Role.OPERATOR, summary, List.of(), body, Map.of(JSON, answer), handler);
  }
}
