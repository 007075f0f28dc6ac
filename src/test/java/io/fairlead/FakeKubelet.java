package io.fairlead;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Scheduler and machine of a {@link RealCluster}: takes each pod, says that it runs at an address
 * of its own and is ready, and takes it away when it is to end. Nothing serves at those addresses.
 * Each pod is ready ten seconds later than the one before, by what it says, so that it is known
 * which of them is the newest.
 */
public final class FakeKubelet implements AutoCloseable {
  private static final String MACHINE = "machine-1";

  private final RealCluster cluster;
  private final Thread thread;
  private final AtomicInteger made = new AtomicInteger();
  private final Instant begun = Instant.parse("2026-01-01T00:00:00Z");
  private final Set<String> lingering = ConcurrentHashMap.newKeySet();
  private volatile String noRoom = "";
  private volatile String address = "";
  private volatile boolean closed;

  FakeKubelet(RealCluster cluster) throws IOException {
    this.cluster = cluster;
    JsonNode _ =
        cluster.ask(
            "POST",
            "/api/v1/nodes",
            Map.of(
                "metadata",
                Map.of(
                    "name",
                    MACHINE,
                    "labels",
                    Map.of(
                        "kubernetes.io/hostname", MACHINE, "topology.kubernetes.io/zone", "z1"))));
    thread = Thread.ofVirtual().start(this::live);
  }

  private void live() {
    while (!closed) {
      try {
        for (JsonNode pod : cluster.ask("GET", "/api/v1/pods", null).path("items")) {
          mind(pod);
        }
      } catch (IOException e) {
        // The API server is away, or somebody else was sooner: there is another turn.
      }
      try {
        Thread.sleep(100); // between two looks at all pods
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void mind(JsonNode pod) throws IOException {
    String name = pod.at("/metadata/name").stringValue();
    String path = RealCluster.core(pod.at("/metadata/namespace").stringValue()) + "/pods/" + name;
    if (pod.path("metadata").has("deletionTimestamp")) {
      if (!lingering.contains(name)) {
        JsonNode _ = cluster.ask("DELETE", path + "?gracePeriodSeconds=0", null);
      }
    } else if (!noRoom.isEmpty() && pod.at("/spec/nodeName").isMissingNode()) {
      Map<String, String> condition =
          Map.of("type", "PodScheduled", "status", "False", "message", noRoom);
      JsonNode _ =
          cluster.ask(
              "PATCH",
              path + "/status",
              Map.of("status", Map.of("conditions", List.of(condition))));
    } else if (pod.at("/spec/nodeName").isMissingNode()) {
      JsonNode _ =
          cluster.ask(
              "POST",
              path + "/binding",
              RealCluster.named(name, Map.of("target", Map.of("kind", "Node", "name", MACHINE))));
    } else if (pod.at("/status/podIP").isMissingNode()) {
      int number = made.incrementAndGet();
      String next = "10.9." + number / 250 + "." + (1 + number % 250);
      say(path, true, address.isEmpty() ? next : address, number);
    }
  }

  private void say(String path, boolean ready, @Nullable String ip, int number) throws IOException {
    Map<String, String> condition =
        Map.of(
            "type",
            "Ready",
            "status",
            ready ? "True" : "False",
            "lastTransitionTime",
            begun.plusSeconds(10L * number).toString());
    Map<String, Object> status = new java.util.LinkedHashMap<>();
    status.put("conditions", List.of(condition));
    if (ip != null) {
      status.put("phase", "Running");
      status.put("podIP", ip);
      status.put("podIPs", List.of(Map.of("ip", ip)));
    }
    JsonNode _ = cluster.ask("PATCH", path + "/status", Map.of("status", status));
  }

  /** Whether a pod is ready. */
  public void ready(String namespace, String pod, boolean ready) throws IOException {
    say(RealCluster.core(namespace) + "/pods/" + pod, ready, null, made.get());
  }

  /** A pod that is to end takes its time until {@link #end}. */
  public void linger(String pod) {
    lingering.add(pod);
  }

  public void end(String pod) {
    lingering.remove(pod);
  }

  /** The address of all new pods. */
  public void address(String ip) {
    address = ip;
  }

  /** What the scheduler says of new pods; empty: there is room. */
  public void noRoom(String words) {
    noRoom = words;
  }

  /** Names of the pods of a namespace that are not about to go, the oldest first. */
  public List<String> pods(String namespace) throws IOException {
    List<JsonNode> pods = new ArrayList<>();
    for (JsonNode pod :
        cluster.ask("GET", RealCluster.core(namespace) + "/pods", null).path("items")) {
      if (!pod.path("metadata").has("deletionTimestamp")) {
        pods.add(pod);
      }
    }
    pods.sort(
        java.util.Comparator.comparing(
            pod -> pod.at("/status/conditions/0/lastTransitionTime").asString("")));
    return pods.stream().map(pod -> pod.at("/metadata/name").stringValue()).toList();
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
