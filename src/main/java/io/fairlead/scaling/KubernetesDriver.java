package io.fairlead.scaling;

import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleDriver;
import io.fairlead.trust.JsonHttp;
import io.fairlead.trust.KubernetesCluster;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Nodes as pods of a Deployment, whose number of replicas is changed. Kubernetes makes the pods and
 * names them; each that is a node of ours carries an annotation that says which. A pod without it
 * is taken before another is asked for: so a start that was cut off is found again, and one that
 * Kubernetes makes in the place of another serves as the next node.
 *
 * <p>Which pod goes when there are to be fewer is up to Kubernetes, and it minds {@code
 * controller.kubernetes.io/pod-deletion-cost}: low for the one that is to go, high for the others
 * that are nodes. Where it takes another all the same, since that was not ready, the stop fails and
 * is tried again, and the other one has ended.
 *
 * <p>The number is always set as a whole, from what is there and what is under way, on the version
 * that was read: nothing adds up when an answer is lost or somebody else writes.
 */
final class KubernetesDriver implements Driver {
  /** Of a pod: data folder and service, and the node. */
  static final String NODE = "fairlead/node";

  static final String COST = "controller.kubernetes.io/pod-deletion-cost";

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int MOST_PODS = 10_000;
  private static final int CONFLICT = 409;
  private static final int TRIES = 5;
  private static final int STAYS = 1000;
  private static final int GOES = -1000;

  /** How often it is asked what there is. */
  private static final long LOOK_NANOS = Duration.ofSeconds(2).toNanos();

  /** Between two looks for pods that come or go, however many are waited for. */
  private static final long PAUSE_MILLIS = 200;

  /** Until pods that are nobody's go: those that Kubernetes has just made may be taken yet. */
  private static final long STRAY_NANOS = Duration.ofSeconds(15).toNanos();

  private final String mark;
  private final Duration startTimeout;
  private volatile ScaleDriver.Kubernetes config;
  private volatile KubernetesCluster cluster;
  private long lookedNanos = System.nanoTime();

  // Under this lock is decided which pod is whose and how many there are to be.
  private final Object turn = new Object();
  private final Set<String> starting = new HashSet<>();
  private final Set<String> stopping = new HashSet<>();
  private long strangersSince; // 0: there are none

  /**
   * A pod that is not about to go.
   *
   * @param node the annotation; empty: none
   * @param ip empty: it has none yet
   * @param machine that it runs on; empty: none yet
   * @param trouble why it runs nowhere; empty: not known
   */
  private record Pod(String name, String node, String ip, String machine, String trouble) {}

  /**
   * @param instance mark of this data folder
   * @param startTimeout until a pod has an address
   */
  KubernetesDriver(
      String instance, String service, ScaleDriver.Kubernetes config, Duration startTimeout) {
    this.mark = instance + "-" + service;
    this.startTimeout = startTimeout;
    this.config = config;
    this.cluster = new KubernetesCluster(config.cluster());
  }

  @Override
  public void use(ScaleDriver other) {
    ScaleDriver.Kubernetes now = (ScaleDriver.Kubernetes) other;
    if (!now.cluster().equals(config.cluster())) {
      cluster.close();
      cluster = new KubernetesCluster(now.cluster());
    }
    config = now;
  }

  @Override
  public List<Started> find() throws IOException {
    List<Started> nodes = new ArrayList<>();
    for (Pod pod : pods()) {
      if (isOurs(pod) && !pod.ip().isEmpty()) {
        nodes.add(started(pod));
      }
    }
    return nodes;
  }

  private boolean isOurs(Pod pod) {
    return pod.node().startsWith(mark + ".");
  }

  private String nameOf(Pod pod) {
    return pod.node().substring(mark.length() + 1);
  }

  private Started started(Pod pod) {
    return new Started(
        nameOf(pod),
        new HostPort(pod.ip(), config.port()),
        "pod " + pod.name() + (pod.machine().isEmpty() ? "" : " on " + pod.machine()));
  }

  @Override
  public Started start(String name, Release release) throws IOException {
    synchronized (turn) {
      starting.add(name);
    }
    boolean done = false;
    try {
      long deadline = System.nanoTime() + startTimeout.toNanos();
      while (true) {
        String trouble;
        synchronized (turn) {
          List<Pod> pods = pods();
          Pod free = null;
          for (Pod pod : pods) {
            if (isOurs(pod) && nameOf(pod).equals(name) && !pod.ip().isEmpty()) {
              done = true;
              return started(pod);
            }
            if (pod.node().isEmpty() && !pod.ip().isEmpty()) {
              free = pod;
            }
          }
          if (free != null) {
            annotate(free, Map.of(NODE, mark + "." + name, COST, Integer.toString(STAYS)));
            done = true;
            return started(new Pod(free.name(), mark + "." + name, free.ip(), free.machine(), ""));
          }
          resize(pods, false);
          trouble = why(pods);
        }
        if (System.nanoTime() > deadline) {
          throw new IOException(
              "no pod of "
                  + config.deployment()
                  + " within "
                  + startTimeout.toSeconds()
                  + " s"
                  + trouble);
        }
        pause();
      }
    } finally {
      synchronized (turn) {
        starting.remove(name);
        if (!done) {
          giveUp();
        }
      }
    }
  }

  /** Asks for no more pods than before. */
  private void giveUp() {
    try {
      resize(pods(), true);
    } catch (IOException e) {
      // Whatever comes of it is nobody's, and goes later.
    }
  }

  private static String why(List<Pod> pods) {
    StringJoiner troubles = new StringJoiner("; ", ": ", "");
    troubles.setEmptyValue("");
    pods.stream().map(Pod::trouble).filter(one -> !one.isEmpty()).distinct().forEach(troubles::add);
    return troubles.toString();
  }

  private void pause() throws IOException {
    int waiting;
    synchronized (turn) {
      waiting = starting.size() + stopping.size();
    }
    try {
      Thread.sleep(PAUSE_MILLIS * Math.max(1, waiting));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Pods that are nodes, or are to become one. */
  private int wanted(List<Pod> pods) throws IOException {
    Set<String> names = new HashSet<>(starting);
    for (Pod pod : pods) {
      if (isOurs(pod)) {
        names.add(nameOf(pod));
      } else if (!pod.node().isEmpty()) {
        throw new IOException(
            "pods of "
                + config.deployment()
                + " are nodes of another Fairlead (annotation "
                + NODE
                + " of "
                + pod.name()
                + "); where it is gone for good, take the annotation away");
      }
    }
    names.removeAll(stopping);
    return names.size();
  }

  /**
   * Has as many replicas as wanted.
   *
   * @param down also fewer than there are
   */
  private void resize(List<Pod> pods, boolean down) throws IOException {
    int wanted = wanted(pods);
    String path = path() + "/scale";
    for (int i = 0; i < TRIES; i++) {
      JsonNode scale = cluster.http().get(path, cluster.fields(), PATIENCE).json();
      String version = scale.path("metadata").path("resourceVersion").asString("");
      JsonNode replicas = scale.path("spec").path("replicas");
      if (version.isEmpty() || !(replicas.isInt() || replicas.isMissingNode())) {
        throw new IOException("what it answers is no scale");
      }
      int now = replicas.asInt(0); // none is left out
      if (down ? now == wanted : now >= wanted) {
        return;
      }
      Map<String, Object> metadata = new LinkedHashMap<>();
      metadata.put("name", config.deployment());
      metadata.put("namespace", scale.path("metadata").path("namespace").asString(""));
      metadata.put("resourceVersion", version);
      JsonHttp.Answer answer =
          cluster
              .http()
              .call(
                  "PUT",
                  path,
                  fields("application/json"),
                  Map.of(
                      "apiVersion",
                      "autoscaling/v1",
                      "kind",
                      "Scale",
                      "metadata",
                      metadata,
                      "spec",
                      Map.of("replicas", wanted)),
                  PATIENCE);
      if (answer.status() != CONFLICT) {
        JsonNode _ = answer.json();
        return;
      }
    }
    throw new IOException(
        "the number of replicas of " + config.deployment() + " is changed by others all the time");
  }

  @Override
  public void stop(Started node, Duration grace) throws IOException {
    synchronized (turn) {
      stopping.add(node.name());
    }
    try {
      long deadline = System.nanoTime() + grace.plus(PATIENCE).toNanos();
      Pod asked = null;
      Map<String, String> others = new TreeMap<>();
      while (true) {
        synchronized (turn) {
          List<Pod> pods = pods();
          Map<String, Pod> nodes = new HashMap<>();
          for (Pod pod : pods) {
            if (isOurs(pod)) {
              nodes.put(nameOf(pod), pod);
            }
          }
          Pod there = nodes.remove(node.name());
          if (there == null) {
            return;
          }
          if (asked == null) {
            asked = there;
            nodes.forEach((name, pod) -> others.put(name, pod.name()));
            annotate(there, Map.of(COST, Integer.toString(GOES)));
            resize(pods, true);
          }
          others.keySet().removeAll(stopping);
          if (System.nanoTime() > deadline) {
            others.keySet().removeAll(nodes.keySet());
            throw new IOException(
                "Kubernetes does not take pod " + asked.name() + " away" + instead(others));
          }
        }
        pause();
      }
    } finally {
      synchronized (turn) {
        stopping.remove(node.name());
      }
    }
  }

  /**
   * @param lost pods that are gone meanwhile, though nobody asked for that
   */
  private static String instead(Map<String, String> lost) {
    return lost.isEmpty()
        ? ""
        : ", but has taken "
            + String.join(", ", lost.values())
            + ": not ready, or a Kubernetes before 1.22, which does not mind "
            + COST;
  }

  @Override
  public synchronized Map<Started, String> ended(Collection<Started> known) throws IOException {
    long now = System.nanoTime();
    if (now - lookedNanos < LOOK_NANOS) {
      return Map.of();
    }
    lookedNanos = now;
    return look(known, now);
  }

  /** The same at once. */
  Map<Started, String> look(Collection<Started> known, long now) throws IOException {
    Map<Started, String> ended = new HashMap<>();
    synchronized (turn) {
      List<Pod> pods = pods();
      Map<String, Pod> there = new HashMap<>();
      boolean strangers = false;
      for (Pod pod : pods) {
        if (isOurs(pod)) {
          there.put(nameOf(pod), pod);
        } else {
          strangers = true;
        }
      }
      for (Started node : known) {
        Pod pod = there.remove(node.name());
        if (pod == null && !stopping.contains(node.name())) {
          ended.put(node, node.id() + " is gone, or about to go");
        }
      }
      there.keySet().removeAll(starting);
      there.keySet().removeAll(stopping);
      strangers |= !there.isEmpty(); // such as a start that was given up
      if (!strangers || !starting.isEmpty() || !ended.isEmpty()) {
        strangersSince = 0;
      } else if (strangersSince == 0) {
        strangersSince = now;
      } else if (now - strangersSince > STRAY_NANOS) {
        strangersSince = 0;
        clear(pods, there.values());
      }
    }
    return ended;
  }

  /** Pods that nobody knows of go. */
  private void clear(List<Pod> pods, Collection<Pod> forgotten) throws IOException {
    Set<String> names = new HashSet<>();
    for (Pod pod : forgotten) {
      annotate(pod, Map.of(COST, Integer.toString(GOES)));
      names.add(nameOf(pod));
    }
    stopping.addAll(names);
    try {
      resize(pods, true);
    } finally {
      stopping.removeAll(names);
    }
  }

  /** Changes annotations (JSON Merge Patch, RFC 7396). */
  private void annotate(Pod pod, Map<String, String> annotations) throws IOException {
    JsonNode _ =
        cluster
            .http()
            .call(
                "PATCH",
                cluster.path("/api/v1") + "/pods/" + JsonHttp.encoded(pod.name()),
                fields("application/merge-patch+json"),
                Map.of("metadata", Map.of("annotations", annotations)),
                PATIENCE)
            .json();
  }

  private Map<String, String> fields(String type) throws IOException {
    Map<String, String> fields = new LinkedHashMap<>(cluster.fields());
    fields.put("content-type", type);
    return fields;
  }

  private String path() throws IOException {
    return cluster.path("/apis/apps/v1") + "/deployments/" + JsonHttp.encoded(config.deployment());
  }

  /** Those of the Deployment that are not about to go and have not ended. */
  private List<Pod> pods() throws IOException {
    JsonNode deployment = cluster.http().get(path(), cluster.fields(), PATIENCE).json();
    String question =
        cluster.path("/api/v1")
            + "/pods?limit="
            + MOST_PODS
            + "&labelSelector="
            + JsonHttp.encoded(selector(deployment.path("spec").path("selector")));
    JsonNode items = cluster.http().get(question, cluster.fields(), PATIENCE).json().path("items");
    if (!items.isArray()) {
      throw new IOException("what it answers is no list of pods");
    }
    List<Pod> pods = new ArrayList<>();
    for (JsonNode item : items) {
      Pod pod = pod(item);
      if (pod != null) {
        pods.add(pod);
      }
    }
    return pods;
  }

  private String selector(JsonNode selector) throws IOException {
    Map<String, String> labels = JsonHttp.texts(selector.path("matchLabels"));
    if (labels.isEmpty() || !selector.path("matchExpressions").isEmpty()) {
      throw new IOException(
          "Deployment " + config.deployment() + " does not select its pods by matchLabels alone");
    }
    StringJoiner joined = new StringJoiner(",");
    labels.forEach((key, value) -> joined.add(key + "=" + value));
    return joined.toString();
  }

  private static @Nullable Pod pod(JsonNode item) {
    JsonNode metadata = item.path("metadata");
    JsonNode status = item.path("status");
    String phase = status.path("phase").asString("");
    if (metadata.has("deletionTimestamp") || phase.equals("Succeeded") || phase.equals("Failed")) {
      return null;
    }
    String trouble = "";
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("type").asString("").equals("PodScheduled")
          && condition.path("status").asString("").equals("False")) {
        trouble = JsonHttp.clean(condition.path("message").asString(""));
      }
    }
    return new Pod(
        metadata.path("name").asString(""),
        metadata.path("annotations").path(NODE).asString(""),
        status.path("podIP").asString(""),
        item.path("spec").path("nodeName").asString(""),
        trouble);
  }
}
