package io.fairlead.discovery;

import io.fairlead.config.HostPort;
import io.fairlead.config.NodeConfig;
import io.fairlead.service.NodeSpec;
import io.fairlead.trust.JsonHttp;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The nodes that one answer names, by address; of two with one address the first counts. What
 * cannot be a node is left out and said, and takes the others with it no more than a missing one
 * would.
 */
final class Named {
  /** Of one source; an answer with more is not believed. */
  static final int MOST = 10_000;

  private static final int MOST_WEIGHT = 1000;

  private final TreeMap<String, NodeSpec> nodes = new TreeMap<>();
  private final Set<HostPort> draining = new HashSet<>();
  private final TreeMap<String, String> left = new TreeMap<>();

  /**
   * Adds one.
   *
   * @param what it is to people, where it cannot be a node
   * @param name what people call the node, if it can be a name
   * @param weight brought within bounds
   * @param zone left out if it cannot be one
   * @param labels those that cannot be labels are left out
   * @throws IOException if there are too many
   */
  void add(
      String what,
      String host,
      int port,
      String name,
      int weight,
      String zone,
      Map<String, String> labels)
      throws IOException {
    HostPort address;
    try {
      address = new HostPort(host, port);
      NodeConfig _ = NodeConfig.of(address);
    } catch (IllegalArgumentException e) {
      leaveOut(what, String.valueOf(e.getMessage()));
      return;
    }
    if (nodes.size() >= MOST && !nodes.containsKey(address.toString())) {
      throw new IOException("names more than " + MOST + " nodes");
    }
    nodes.putIfAbsent(
        address.toString(),
        new NodeSpec(
            address,
            isConfigured(address, name, "", Map.of()) ? name : address.toString(),
            Math.clamp(weight, 0, MOST_WEIGHT),
            isConfigured(address, address.toString(), zone, Map.of()) ? zone : "",
            0,
            usable(labels),
            ""));
  }

  /** The node with that address gets no new requests. */
  void drain(String host, int port) {
    NodeSpec known =
        nodes.get(host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port);
    if (known != null) {
      draining.add(known.address());
    }
  }

  /** Whether that address has been named. */
  boolean has(String host, int port) {
    return nodes.containsKey(host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port);
  }

  /** Something that was meant to be a node is none. */
  void leaveOut(String what, String why) {
    String text = what + ": " + why;
    left.putIfAbsent(JsonHttp.clean(text), "");
  }

  boolean isEmpty() {
    return nodes.isEmpty();
  }

  SourceLook.Found found(Duration again) {
    String trouble = "";
    if (!left.isEmpty()) {
      trouble =
          "left out: "
              + left.firstKey()
              + (left.size() > 1 ? ", and " + (left.size() - 1) + " more" : "");
    }
    List<NodeSpec> all = new ArrayList<>(nodes.values());
    return new SourceLook.Found(all, draining, again, false, trouble);
  }

  private static Map<String, String> usable(Map<String, String> labels) {
    Map<String, String> usable = new TreeMap<>();
    for (Map.Entry<String, String> label : new TreeMap<>(labels).entrySet()) {
      usable.put(label.getKey(), label.getValue());
      if (NodeConfig.objectionTo(usable) != null) {
        usable.remove(label.getKey());
      }
    }
    return usable;
  }

  private static boolean isConfigured(
      HostPort address, String name, String zone, Map<String, String> labels) {
    try {
      NodeConfig _ = new NodeConfig(address, name, 1, zone, 0, labels);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
