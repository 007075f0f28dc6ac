package io.fairlead.discovery;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/**
 * What is wanted of one EndpointSlice (discovery.k8s.io/v1, or v1beta1, whose endpoints have zone
 * and machine in a map, and may say of their conditions no more than whether they are ready).
 *
 * @param family IPv4 or IPv6; those of the other kind have no addresses
 * @param endpoints that serve
 * @param trouble why none of it can be used; empty: it can
 */
record KubernetesSlice(String family, List<Endpoint> endpoints, String trouble) {
  /** Of v1beta1. */
  private static final String TOPOLOGY = "topology";

  /**
   * One that serves.
   *
   * @param draining it is to end, and goes on with what it has begun
   */
  record Endpoint(
      String host,
      int port,
      String name,
      String zone,
      Map<String, String> labels,
      boolean draining) {}

  boolean isIpv4() {
    return family.equals("IPv4");
  }

  boolean isEmpty() {
    return endpoints.isEmpty();
  }

  /**
   * Reads one.
   *
   * @param wanted the name of a port, or a number; empty: the only one
   */
  static KubernetesSlice of(JsonNode slice, String wanted) {
    String family = slice.path("addressType").asString("");
    List<Endpoint> endpoints = new ArrayList<>();
    if (!family.equals("IPv4") && !family.equals("IPv6")) {
      return new KubernetesSlice(family, endpoints, "");
    }
    String trouble = "";
    int port = 0;
    if (wanted.matches("[0-9]+")) {
      port = Integer.parseInt(wanted);
    } else {
      TreeSet<Integer> there = new TreeSet<>();
      for (JsonNode one : slice.path("ports")) {
        if (wanted.isEmpty() || one.path("name").asString("").equals(wanted)) {
          there.add(one.path("port").asInt(0));
        }
      }
      port = there.size() == 1 ? there.first() : 0;
      trouble =
          port > 0
              ? ""
              : !wanted.isEmpty()
                  ? "has no port named " + wanted
                  : there.isEmpty() ? "has no port" : "has several ports; port must say which";
    }
    for (JsonNode one : slice.path("endpoints")) {
      String host = one.path("addresses").path(0).asString("");
      JsonNode conditions = one.path("conditions");
      boolean ready = conditions.path("ready").asBoolean(true); // what is unknown is ready
      boolean serving = conditions.path("serving").asBoolean(ready);
      boolean draining = !ready && serving && conditions.path("terminating").asBoolean(false);
      if (!host.isEmpty() && (ready || draining)) {
        endpoints.add(
            new Endpoint(
                host,
                port,
                one.path("targetRef").path("name").asString(""),
                either(one.path("zone"), one.path(TOPOLOGY).path("topology.kubernetes.io/zone")),
                labels(one),
                draining));
      }
    }
    return new KubernetesSlice(family, endpoints, endpoints.isEmpty() ? "" : trouble);
  }

  private static String either(JsonNode first, JsonNode second) {
    return first.asString(second.asString(""));
  }

  private static Map<String, String> labels(JsonNode endpoint) {
    Map<String, String> labels = new TreeMap<>();
    String host =
        either(endpoint.path("nodeName"), endpoint.path(TOPOLOGY).path("kubernetes.io/hostname"));
    if (!host.isEmpty()) {
      labels.put("host", host);
    }
    String hostname = endpoint.path("hostname").asString("");
    if (!hostname.isEmpty()) {
      labels.put("hostname", hostname);
    }
    return labels;
  }

  /**
   * Names those that drain, or those that do not. An endpoint may be in two slices while it moves
   * from one to the other; it serves if one of them says so.
   */
  void name(Named named, String what, boolean draining) throws IOException {
    if (!trouble.isEmpty()) {
      named.leaveOut(what, trouble);
      return;
    }
    for (Endpoint one : endpoints) {
      if (one.draining() == draining && !(draining && named.has(one.host(), one.port()))) {
        named.add(what, one.host(), one.port(), one.name(), 1, one.zone(), one.labels());
        if (draining) {
          named.drain(one.host(), one.port());
        }
      }
    }
  }
}
