package io.fairlead.discovery;

import io.fairlead.config.DiscoverSource;
import io.fairlead.docker.DockerApi;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Containers of this machine that say by their labels that they want to be nodes of the service.
 * Where they serve they say, too: the port that an image exposes first is a guess, and often a
 * wrong one.
 *
 * <p>A container is reached where its port is published or, where it is not, at its address in the
 * network that the configuration names, or the only one that it is in.
 */
final class DockerLook implements SourceLook {
  static final String ENABLE = "fairlead.enable";
  static final String POOL = "fairlead.pool";
  static final String PORT = "fairlead.port";
  static final String WEIGHT = "fairlead.weight";

  private static final Duration PACE = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final String LABELLED = "\"label\":[\"" + ENABLE + "=true\"]";

  private final DiscoverSource.Docker config;
  private final String service;
  private final Duration patience;
  private DockerApi api;

  DockerLook(DiscoverSource.Docker config, String service) {
    this(config, service, PATIENCE);
  }

  DockerLook(DiscoverSource.Docker config, String service, Duration patience) {
    this.config = config;
    this.service = service;
    this.patience = patience;
    this.api = new DockerApi(config.socket());
  }

  @Override
  public Found lookAnew() throws IOException {
    api = new DockerApi(config.socket()); // it may be another one by now, of another version
    return look();
  }

  @Override
  public Found look() throws IOException {
    List<JsonNode> wanted = new ArrayList<>();
    for (JsonNode one : list(LABELLED)) {
      JsonNode labels = one.path("Labels");
      if (labels.path(ENABLE).asString("").equals("true")
          && labels.path(POOL).asString("").equals(service)
          && !labels.has(DockerApi.MARK) // those are nodes already, by whoever has started them
          && one.path("State").asString("").equals("running")) {
        wanted.add(one);
      }
    }
    Set<String> unwell = new HashSet<>();
    if (!wanted.isEmpty()) {
      // Asked for, not read from the list: Podman does not say it there.
      for (JsonNode one : list(LABELLED + ",\"health\":[\"starting\",\"unhealthy\"]")) {
        unwell.add(one.path("Id").asString(""));
      }
    }
    Named named = new Named();
    for (JsonNode one : wanted) {
      if (!unwell.contains(one.path("Id").asString(""))) {
        add(one, named);
      }
    }
    return named.found(PACE);
  }

  private JsonNode list(String filters) throws IOException {
    DockerApi.Reply reply =
        api.call(
            "GET",
            "/containers/json?filters=" + DockerApi.encoded("{" + filters + "}"),
            null,
            patience);
    if (!reply.ok()) {
      throw new IOException("containers cannot be listed: " + reply.words());
    }
    JsonNode list = reply.json();
    if (!list.isArray()) {
      throw new IOException("what the engine answers is no list of containers");
    }
    return list;
  }

  private void add(JsonNode one, Named named) throws IOException {
    String id = one.path("Id").asString("");
    String name = one.path("Names").path(0).asString("").replaceFirst("^/", "");
    String what = "container " + (name.isEmpty() ? id : name);
    JsonNode labels = one.path("Labels");
    int port = number(labels.path(PORT).asString(""), 65_535);
    int weight = labels.has(WEIGHT) ? number(labels.path(WEIGHT).asString(""), 1000) : 1;
    if (port < 1) {
      named.leaveOut(what, "needs a label " + PORT + " from 1 to 65535");
    } else if (weight < 0) {
      named.leaveOut(what, WEIGHT + " must be from 0 to 1000");
    } else {
      Place place = place(one, port);
      if (place == null) {
        named.leaveOut(
            what,
            config.network().isEmpty()
                ? "does not publish port " + port + " and is not in one network alone"
                : "has no address in the network " + config.network());
      } else {
        named.add(what, place.host(), place.port(), name, weight, "", Map.of());
      }
    }
  }

  /** Where it is reached. */
  private record Place(String host, int port) {}

  private @Nullable Place place(JsonNode one, int port) {
    JsonNode networks = one.path("NetworkSettings").path("Networks");
    if (!config.network().isEmpty()) {
      return at(networks.path(config.network()), port);
    }
    for (JsonNode published : one.path("Ports")) {
      int there = published.path("PublicPort").asInt(0);
      if (there > 0
          && published.path("PrivatePort").asInt(0) == port
          && published.path("Type").asString("tcp").equals("tcp")) {
        String host = published.path("IP").asString("");
        boolean any = host.isEmpty() || host.equals("0.0.0.0") || host.equals("::");
        return new Place(any ? "127.0.0.1" : host, there);
      }
    }
    if (networks.has("host")) {
      return new Place("127.0.0.1", port);
    }
    return networks.size() == 1 ? at(networks.iterator().next(), port) : null;
  }

  private static @Nullable Place at(JsonNode network, int port) {
    String four = network.path("IPAddress").asString("");
    String six = network.path("GlobalIPv6Address").asString("");
    return four.isEmpty() && six.isEmpty() ? null : new Place(four.isEmpty() ? six : four, port);
  }

  private static int number(String text, int most) {
    int number = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : -1;
    return number <= most ? number : -1;
  }
}
