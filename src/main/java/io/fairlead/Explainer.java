package io.fairlead;

import io.fairlead.admin.ExplainAnswer;
import io.fairlead.balance.Choice;
import io.fairlead.proxy.ClientAddress;
import io.fairlead.proxy.Listener;
import io.fairlead.proxy.http.HttpListenerState;
import io.fairlead.proxy.http.HttpRoute;
import io.fairlead.proxy.http.RequestExplainer;
import io.fairlead.proxy.stream.StreamListenerState;
import io.fairlead.proxy.stream.StreamRoute;
import io.fairlead.proxy.stream.UdpListenerState;
import io.fairlead.route.Explanation;
import io.fairlead.route.RouteTable;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.telemetry.ErrorReason;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Says what would happen to a request, step by step, by asking the parts that would do it. */
final class Explainer {
  private static final Set<String> SCHEMES = Set.of("http", "https", "tcp", "tls", "udp");

  /** Of a service's nodes, beside the one that is chosen. */
  private static final int SHOWN_NODES = 10;

  private final Fairlead fairlead;

  Explainer(Fairlead fairlead) {
    this.fairlead = fairlead;
  }

  ExplainAnswer explain(
      String method, String url, Map<String, List<String>> headers, String clientIp) {
    requireOneLine("method", method);
    requireOneLine("url", url);
    headers.forEach((name, values) -> {
      requireOneLine("header", name);
      values.forEach(value -> requireOneLine("header " + name, value));
    });
    InetAddress client = client(clientIp);
    List<String> why = new ArrayList<>();
    Fairlead.State state = fairlead.state();
    int fragment = url.indexOf('#'); // a client keeps it to itself
    String sent = fragment < 0 ? url : url.substring(0, fragment);
    String target = sent;
    String authority = null;
    int port = -1;
    Boolean secure = null; // not said
    if (!sent.startsWith("/") && !sent.equals("*")) {
      int scheme = sent.indexOf("://");
      String name = scheme < 0 ? "" : sent.substring(0, scheme).toLowerCase(Locale.ROOT);
      if (!SCHEMES.contains(name)) {
        throw new IllegalArgumentException(
            "url must begin with http://, https://, tcp://, tls://, udp:// or a slash (was "
                + url
                + ")");
      }
      secure = name.startsWith("http") ? name.equals("https") : null;
      int end = scheme + 3;
      while (end < sent.length() && sent.charAt(end) != '/' && sent.charAt(end) != '?') {
        end++;
      }
      authority = sent.substring(scheme + 3, end);
      target = sent.startsWith("/", end) ? sent.substring(end) : "/" + sent.substring(end);
      port = portOf(authority);
    }
    boolean udp = sent.regionMatches(true, 0, "udp:", 0, 4);
    Listener listener = listener(state, port, udp, why);
    if (listener == null) {
      return new ExplainAnswer(null, null, null, null, why, null);
    }
    boolean speaksTls = listener.state().tls() != null;
    if (secure != null && secure != speaksTls) {
      why.add(
          "listener "
              + listener.name()
              + (speaksTls
                  ? " speaks TLS and would answer http:// with 400"
                  : " does not speak TLS and would close such a connection"));
    }
    Map<String, List<String>> fields = new LinkedHashMap<>();
    if (headers.keySet().stream().noneMatch(name -> name.equalsIgnoreCase("host"))) {
      fields.put("Host", List.of(authority == null ? "localhost" : authority));
    }
    fields.putAll(headers);
    if (!(listener.state() instanceof HttpListenerState http)) {
      return relayed(listener, serverName(authority), client, why);
    }
    RequestExplainer.Outcome outcome =
        RequestExplainer.explain(
            http.policy(), onWire(method), onWire(target), onWire(fields), client);
    if (outcome.refusal() != null) {
      ErrorReason refusal = outcome.refusal();
      why.add(
          "refused with " + refusal.status() + " " + refusal.wireName() + ": " + refusal.meaning());
      return new ExplainAnswer(listener.name(), null, null, null, why, refusal);
    }
    if (!outcome.path().equals(pathOf(target))) {
      why.add("the path is normalised to " + outcome.path());
    }
    return routed(listener, outcome, why);
  }

  /** One field or request line must stay one: the rest would be read as further fields. */
  private static void requireOneLine(String what, String text) {
    if (text.chars().anyMatch(c -> c == '\r' || c == '\n' || c == 0)) {
      throw new IllegalArgumentException(what + " must not hold a line break or NUL");
    }
  }

  private static InetAddress client(String ip) {
    try {
      return ip.isEmpty() ? InetAddress.getLoopbackAddress() : InetAddress.ofLiteral(ip);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("client must be an IP address (was " + ip + ")", e);
    }
  }

  /** The bytes that a client would send for this, one in each character. */
  private static String onWire(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static Map<String, List<String>> onWire(Map<String, List<String>> fields) {
    Map<String, List<String>> sent = new LinkedHashMap<>();
    fields.forEach(
        (name, values) -> sent.put(onWire(name), values.stream().map(Explainer::onWire).toList()));
    return sent;
  }

  private ExplainAnswer routed(
      Listener listener, RequestExplainer.Outcome outcome, List<String> why) {
    Explanation<HttpRoute> explanation = outcome.explanation();
    if (explanation == null) {
      throw new IllegalStateException("neither refused nor routed");
    }
    explanation
        .refusals()
        .forEach(r -> why.add("route " + r.route() + " does not match: " + r.reason()));
    int more = explanation.refused() - explanation.refusals().size();
    if (more > 0) {
      why.add(more + " more routes do not match");
    }
    RouteTable.Entry<HttpRoute> matched = explanation.matched();
    if (matched == null) {
      why.add("no route matches");
      why.addAll(outcome.rules());
      ErrorReason error = outcome.error() == null ? ErrorReason.NO_ROUTE : outcome.error();
      return new ExplainAnswer(listener.name(), null, null, null, why, error);
    }
    HttpRoute route = matched.target();
    why.add(
        "route "
            + route.config().name()
            + " matches"
            + (route.config().services().isEmpty()
                ? ""
                : " and leads to service " + String.join(" or ", route.config().services())));
    explanation
        .beaten()
        .forEach(r -> why.add("route " + r.route() + " matches too, but " + r.reason()));
    why.addAll(outcome.rules());
    if (outcome.answered()) {
      return new ExplainAnswer(
          listener.name(), route.config().name(), null, null, why, outcome.error());
    }
    Node session = outcome.session();
    return session == null
        ? toNode(listener, route, outcome.key(), why)
        : new ExplainAnswer(
            listener.name(),
            route.config().name(),
            session.service(),
            session.address().toString(),
            why,
            null);
  }

  /** Addresses are no server names (RFC 6066, 3). */
  private static String serverName(@Nullable String authority) {
    String host = authority == null ? "" : authority.replaceAll(":[0-9]*$", "");
    return host.startsWith("[") || host.matches("[0-9.]*") ? "" : host.toLowerCase(Locale.ROOT);
  }

  private ExplainAnswer relayed(
      Listener listener, String serverName, InetAddress client, List<String> why) {
    @Nullable HttpRoute route =
        switch (listener.state()) {
          case StreamListenerState stream -> {
            StreamRoute matched = stream.policy().routes().match(serverName, List.of());
            why.add(
                stream.policy().isByServerName()
                    ? "the listener relays TLS by the server name, here "
                        + (serverName.isEmpty() ? "none" : serverName)
                        + ", offering no ALPN"
                    : "the listener relays connections, whatever they carry, to one service");
            yield matched == null ? null : matched.route();
          }
          case UdpListenerState udp -> {
            why.add("the listener relays datagrams, a session for each client address and port");
            yield udp.policy().route();
          }
          default -> throw new IllegalStateException("nothing is known of " + listener.name());
        };
    if (route == null) {
      why.add("no route takes that name");
      return new ExplainAnswer(listener.name(), null, null, null, why, ErrorReason.NO_ROUTE);
    }
    why.add(
        "route " + route.config().name() + " leads to service " + route.target().service().name());
    return toNode(listener, route, ClientAddress.hash(client), why);
  }

  private ExplainAnswer toNode(Listener listener, HttpRoute route, int key, List<String> why) {
    Service service = route.target().service();
    describe(service, why);
    ServiceRuntime known = fairlead.state().services().get(service.name());
    ServiceRuntime runtime = known == null ? null : fairlead.databases().of(route.config(), known);
    Node node =
        runtime == null ? null : runtime.likeBalancer().pick(key, null, new SplittableRandom());
    if (runtime == null || node == null) {
      why.add("no node is available");
    } else {
      Choice choice = runtime.choice();
      why.add(choice.method(node));
      compare(service, node, choice, why);
    }
    return new ExplainAnswer(
        listener.name(),
        route.config().name(),
        service.name(),
        node == null ? null : node.address().toString(),
        why,
        node == null ? ErrorReason.NO_NODE : null);
  }

  /** The one that would get it, beside a few of the others. */
  private static void compare(Service service, Node chosen, Choice choice, List<String> why) {
    why.add("node " + chosen.name() + ": " + choice.of(chosen));
    int shown = 0;
    for (Node node : service.nodes().available()) {
      if (!node.equals(chosen) && shown++ < SHOWN_NODES) {
        why.add("node " + node.name() + ": " + choice.of(node));
      }
    }
  }

  private static void describe(Service service, List<String> why) {
    Node[] all = service.nodes().all();
    why.add(service.nodes().available().length + " of " + all.length + " nodes are available");
    int shown = 0;
    for (Node node : all) {
      if (!node.isAvailable() && shown++ < 10) {
        why.add("node " + node.name() + " is " + node.facts().state() + ": " + node.facts().why());
      } else if (node.facts().standing().share() < 1 && shown++ < 10) {
        why.add(
            "node "
                + node.name()
                + " gets "
                + String.format(Locale.ROOT, "%.0f %%", 100 * node.facts().standing().share())
                + " of its share: "
                + node.facts().standing().reason());
      }
    }
    service.alarms().forEach(alarm -> why.add("alarm: " + alarm));
  }

  private static @Nullable Listener listener(
      Fairlead.State state, int port, boolean udp, List<String> why) {
    for (Listener listener : state.listeners().values()) {
      if (udp != listener.state() instanceof UdpListenerState) {
        continue;
      }
      if (port < 0 || listener.boundAddresses().stream().anyMatch(a -> a.getPort() == port)) {
        why.add(
            port < 0
                ? "listener " + listener.name() + " is taken, as the URL names no port"
                : "listener " + listener.name() + " serves on port " + port);
        return listener;
      }
    }
    why.add("no listener serves on port " + port);
    return null;
  }

  /** -1: it names none. */
  private static int portOf(String authority) {
    int colon = authority.lastIndexOf(':');
    if (colon < 0 || authority.indexOf(']', colon) >= 0) {
      return -1;
    }
    String port = authority.substring(colon + 1);
    if (!port.matches("[0-9]{1,5}")) {
      throw new IllegalArgumentException("the port of the url must be a number (was " + port + ")");
    }
    return Integer.parseInt(port);
  }

  private static String pathOf(String target) {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }
}
