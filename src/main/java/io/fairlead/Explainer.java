package io.fairlead;

import io.fairlead.admin.ExplainAnswer;
import io.fairlead.proxy.Listener;
import io.fairlead.proxy.http.HttpRoute;
import io.fairlead.proxy.http.RequestExplainer;
import io.fairlead.route.Explanation;
import io.fairlead.route.RouteTable;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.telemetry.ErrorReason;
import java.net.InetAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Says what would happen to a request, step by step, by asking the parts that would do it. */
final class Explainer {
  private final Fairlead fairlead;

  Explainer(Fairlead fairlead) {
    this.fairlead = fairlead;
  }

  ExplainAnswer explain(
      String method, String url, Map<String, List<String>> headers, String clientIp) {
    List<String> why = new ArrayList<>();
    Fairlead.State state = fairlead.state();
    String target = url;
    String authority = null;
    int port = -1;
    int scheme = url.indexOf("://");
    if (scheme >= 0) {
      int slash = url.indexOf('/', scheme + 3);
      authority = slash < 0 ? url.substring(scheme + 3) : url.substring(scheme + 3, slash);
      target = slash < 0 ? "/" : url.substring(slash);
      port = portOf(authority);
    }
    Listener listener = listener(state, port, why);
    if (listener == null) {
      return new ExplainAnswer(null, null, null, null, why, null);
    }
    Map<String, List<String>> fields = new LinkedHashMap<>();
    if (headers.keySet().stream().noneMatch(name -> name.equalsIgnoreCase("host"))) {
      fields.put("Host", List.of(authority == null ? "localhost" : authority));
    }
    fields.putAll(headers);
    RequestExplainer.Outcome outcome =
        RequestExplainer.explain(listener.state().policy(), method, target, fields);
    if (outcome.refusal() != null) {
      ErrorReason refusal = outcome.refusal();
      why.add(
          "refused with " + refusal.status() + " " + refusal.wireName() + ": " + refusal.meaning());
      return new ExplainAnswer(listener.name(), null, null, null, why, refusal);
    }
    if (!outcome.path().equals(pathOf(target))) {
      why.add("the path is normalised to " + outcome.path());
    }
    return routed(listener, outcome, clientIp, why);
  }

  private ExplainAnswer routed(
      Listener listener, RequestExplainer.Outcome outcome, String clientIp, List<String> why) {
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
      return new ExplainAnswer(listener.name(), null, null, null, why, ErrorReason.NO_ROUTE);
    }
    HttpRoute route = matched.target();
    Service service = route.target().service();
    why.add("route " + route.config().name() + " matches and leads to service " + service.name());
    describe(service, why);
    Node node = pick(route, clientIp);
    why.add(
        node == null
            ? "no node is available"
            : "a request that came now would go to "
                + node.name()
                + " (asking does not move the turn of real requests)");
    return new ExplainAnswer(
        listener.name(),
        route.config().name(),
        service.name(),
        node == null ? null : node.address().toString(),
        why,
        node == null ? ErrorReason.NO_NODE : null);
  }

  /** A balancer of its own, so that asking has no effect on what is asked about. */
  private @Nullable Node pick(HttpRoute route, String clientIp) {
    Fairlead.State state = fairlead.state();
    Service service = route.target().service();
    var config = state.config().services().get(service.name());
    if (config == null) {
      return null;
    }
    InetAddress client =
        clientIp.isEmpty() ? InetAddress.getLoopbackAddress() : InetAddress.ofLiteral(clientIp);
    return io.fairlead.balance.Balancer.of(config.balance(), service.nodes(), null)
        .pick(RequestExplainer.addressHash(client), null, new SplittableRandom(1));
  }

  private static void describe(Service service, List<String> why) {
    Node[] all = service.nodes().all();
    why.add(service.nodes().available().length + " of " + all.length + " nodes are available");
    int shown = 0;
    for (Node node : all) {
      if (!node.isAvailable() && shown++ < 10) {
        why.add(
            "node " + node.name() + " is " + node.facts().state() + ": " + node.facts().reason());
      }
    }
  }

  private static @Nullable Listener listener(Fairlead.State state, int port, List<String> why) {
    for (Listener listener : state.listeners().values()) {
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

  private static int portOf(String authority) {
    try {
      return URI.create("http://" + authority).getPort();
    } catch (IllegalArgumentException e) {
      return -1;
    }
  }

  private static String pathOf(String target) {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }
}
