package io.fairlead.scaling;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * As much of an API server, and of the controllers behind it, as a Deployment needs. Time goes on
 * when pods are listed: what is missing is made, without an address; what was made gets one; what
 * is about to go is gone. Of pods the controller takes those without an address first, then those
 * with the lowest deletion cost, then the newest (ReplicaSet, "Scaling down").
 */
public final class FakeCluster implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();

  /** One of them. */
  public static final class Pod {
    final int number;
    final Map<String, String> annotations = new TreeMap<>();
    String ip = "";
    boolean going;
    boolean ready = true;

    private Pod(int number) {
      this.number = number;
    }

    /** Its name. */
    public String name() {
      return "shop-" + number;
    }

    private int cost() {
      return Integer.parseInt(annotations.getOrDefault(KubernetesDriver.COST, "0"));
    }
  }

  /** Does what a machine of the cluster does with a pod: it is there from now on, or no more. */
  public interface Machine {
    void begin(String ip) throws IOException;

    void end(String ip);
  }

  private final HttpServer server;
  private final Machine machine;
  private final List<Pod> pods = new ArrayList<>();
  private int made;
  private int version = 1;
  private final List<String> asked = new ArrayList<>();
  int replicas;
  int conflicts;
  int status = 200;
  String unschedulable = "";

  public FakeCluster(Machine machine) throws IOException {
    this.machine = machine;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
  }

  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  public synchronized int replicas() {
    return replicas;
  }

  /** Of pods that are not about to go. */
  public synchronized List<String> addresses() {
    return alive().stream().map(pod -> pod.ip).toList();
  }

  /** One is lost with its machine. */
  public synchronized void lose(String ip) {
    for (Pod pod : alive()) {
      if (pod.ip.equals(ip)) {
        end(pod);
      }
    }
  }

  synchronized List<Pod> alive() {
    return pods.stream().filter(pod -> !pod.going).toList();
  }

  /** What has been asked for to be changed. */
  synchronized List<String> changes() {
    return List.copyOf(asked);
  }

  synchronized void lives() throws IOException {
    List<Pod> gone = pods.stream().filter(pod -> pod.going).toList();
    gone.forEach(this::end);
    for (Pod pod : pods) {
      if (pod.ip.isEmpty() && unschedulable.isEmpty()) {
        pod.ip = "127.0.1." + pod.number;
        machine.begin(pod.ip);
      }
    }
    while (alive().size() < replicas) {
      pods.add(new Pod(++made));
    }
    List<Pod> order = new ArrayList<>(alive());
    order.sort(
        Comparator.comparing((Pod pod) -> !pod.ip.isEmpty())
            .thenComparing(pod -> pod.ready)
            .thenComparingInt(Pod::cost)
            .thenComparingInt(pod -> -pod.number));
    for (Pod pod : order.subList(0, Math.max(0, order.size() - replicas))) {
      pod.going = true;
    }
  }

  private void end(Pod pod) {
    pods.remove(pod);
    if (!pod.ip.isEmpty()) {
      machine.end(pod.ip);
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    Object said;
    int code = status;
    synchronized (this) {
      String path = exchange.getRequestURI().getPath();
      String method = exchange.getRequestMethod();
      byte[] body = exchange.getRequestBody().readAllBytes();
      String token = exchange.getRequestHeaders().getFirst("authorization");
      if (code == 200 && !"Bearer secret".equals(token)) {
        code = 401;
      }
      if (code != 200) {
        said = Map.of("kind", "Status", "code", code);
      } else if (path.equals("/apis/apps/v1/namespaces/prod/deployments/shop")) {
        said = Map.of("spec", Map.of("selector", Map.of("matchLabels", Map.of("app", "shop"))));
      } else if (path.equals("/apis/apps/v1/namespaces/prod/deployments/shop/scale")) {
        if (method.equals("PUT")) {
          code = put(JSON.readTree(body));
        }
        Map<String, Object> spec = replicas == 0 ? Map.of() : Map.of("replicas", replicas);
        said =
            Map.of(
                "metadata",
                Map.of("name", "shop", "namespace", "prod", "resourceVersion", "" + version),
                "spec",
                spec);
      } else if (path.equals("/api/v1/namespaces/prod/pods")) {
        String query =
            URLDecoder.decode(exchange.getRequestURI().getRawQuery(), StandardCharsets.UTF_8);
        if (!query.contains("labelSelector=app=shop")) {
          throw new AssertionError(query);
        }
        lives();
        said = Map.of("items", pods.stream().map(this::shown).toList());
      } else if (path.startsWith("/api/v1/namespaces/prod/pods/") && method.equals("PATCH")) {
        Pod pod = find(path.substring(path.lastIndexOf('/') + 1));
        code = pod == null ? 404 : 200;
        if (pod != null) {
          String type = exchange.getRequestHeaders().getFirst("content-type");
          if (!"application/merge-patch+json".equals(type)) {
            throw new AssertionError(type);
          }
          for (Map.Entry<String, JsonNode> one :
              JSON.readTree(body).at("/metadata/annotations").properties()) {
            pod.annotations.put(one.getKey(), one.getValue().stringValue());
          }
          asked.add(pod.name() + " " + pod.annotations);
        }
        said = Map.of();
      } else {
        code = 404;
        said = Map.of();
      }
    }
    byte[] text = JSON.writeValueAsBytes(said);
    exchange.getResponseHeaders().set("content-type", "application/json");
    exchange.sendResponseHeaders(code, text.length);
    exchange.getResponseBody().write(text);
    exchange.close();
  }

  private int put(JsonNode scale) {
    boolean known =
        scale.at("/metadata/resourceVersion").asString("").equals(Integer.toString(version));
    if (!known || conflicts > 0) {
      conflicts--;
      version++;
      return 409;
    }
    replicas = scale.at("/spec/replicas").asInt(-1);
    version++;
    asked.add("replicas " + replicas);
    return 200;
  }

  private @Nullable Pod find(String name) {
    return pods.stream().filter(pod -> pod.name().equals(name)).findFirst().orElse(null);
  }

  private Map<String, Object> shown(Pod pod) {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", pod.name());
    metadata.put("annotations", Map.copyOf(pod.annotations));
    if (pod.going) {
      metadata.put("deletionTimestamp", "2026-11-22T00:00:00Z");
    }
    Map<String, Object> status = new LinkedHashMap<>();
    status.put("phase", pod.ip.isEmpty() ? "Pending" : "Running");
    if (!pod.ip.isEmpty()) {
      status.put("podIP", pod.ip);
    } else if (!unschedulable.isEmpty()) {
      status.put(
          "conditions",
          List.of(Map.of("type", "PodScheduled", "status", "False", "message", unschedulable)));
    }
    Map<String, Object> spec = pod.ip.isEmpty() ? Map.of() : Map.of("nodeName", "machine-1");
    return Map.of("metadata", metadata, "spec", spec, "status", status);
  }

  @Override
  public void close() {
    server.stop(0);
    for (Pod pod : List.copyOf(pods)) {
      end(pod);
    }
  }
}
