package io.fairlead.scaling;

import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleDriver;
import io.fairlead.docker.DockerApi;
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
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.JsonNode;

/**
 * Nodes as containers of this machine, by Docker or Podman. Each carries labels that tell the data
 * folder, the service and the node, from the moment on that it exists; so nothing is written down
 * here, and a container that was made but not started before we were killed is found and cleared
 * away.
 */
final class DockerDriver implements Driver {
  static final String NAME = "fairlead.name";

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** How often it is asked what there is. */
  private static final long LOOK_NANOS = Duration.ofSeconds(2).toNanos();

  private final String mark;
  private volatile ScaleDriver.Docker config;
  private volatile DockerApi api;
  private long lookedNanos = System.nanoTime();

  /** Names of nodes that are being started or stopped. */
  private final Set<String> busy = ConcurrentHashMap.newKeySet();

  /** Containers that nobody knew of at the last look. */
  private Set<String> strays = new HashSet<>();

  /**
   * A container with our mark.
   *
   * @param state such as running or exited
   * @param status the same in words
   */
  private record Container(String id, String name, String state, String status, int port) {}

  DockerDriver(String instance, String service, ScaleDriver.Docker config) {
    this.mark = instance + "-" + service;
    this.config = config;
    this.api = new DockerApi(config.socket());
  }

  @Override
  public void use(ScaleDriver other) {
    config = (ScaleDriver.Docker) other;
    api = new DockerApi(config.socket());
  }

  @Override
  public List<Started> find() throws IOException {
    List<Started> nodes = new ArrayList<>();
    for (Container one : list()) {
      if (one.state().equals("running") && one.port() > 0) {
        nodes.add(started(one.name(), one.id(), one.port()));
      } else {
        remove(one.id()); // begun by half, or ended
      }
    }
    return nodes;
  }

  private List<Container> list() throws IOException {
    String filters = "{\"label\":[\"" + DockerApi.MARK + "=" + mark + "\"]}";
    DockerApi.Reply reply =
        api.call(
            "GET",
            "/containers/json?all=true&filters=" + DockerApi.encoded(filters),
            null,
            PATIENCE);
    if (!reply.ok()) {
      throw new IOException("containers cannot be listed: " + reply.words());
    }
    List<Container> containers = new ArrayList<>();
    for (JsonNode one : reply.json()) {
      JsonNode labels = one.path("Labels");
      if (!labels.path(DockerApi.MARK).asString("").equals(mark)) {
        continue; // whatever the filter was taken for: others are not touched
      }
      int port = 0;
      for (JsonNode published : one.path("Ports")) {
        if (published.path("PrivatePort").asInt(0) == config.port()) {
          port = published.path("PublicPort").asInt(0);
        }
      }
      containers.add(
          new Container(
              one.path("Id").asString(""),
              labels.path(NAME).asString(""),
              one.path("State").asString(""),
              one.path("Status").asString(""),
              port));
    }
    return containers;
  }

  private static Started started(String name, String id, int port) {
    return new Started(
        name,
        new HostPort("127.0.0.1", port),
        "container " + id.substring(0, Math.min(12, id.length())));
  }

  @Override
  public Started start(String name, Release release) throws IOException {
    busy.add(name);
    try {
      return create(name, (ScaleDriver.Docker) release.on(config));
    } finally {
      busy.remove(name);
    }
  }

  private Started create(String name, ScaleDriver.Docker wanted) throws IOException {
    String called = "fairlead-" + mark + "-" + name;
    DockerApi.Reply made =
        api.call(
            "POST",
            "/containers/create?name=" + DockerApi.encoded(called),
            body(wanted, name),
            PATIENCE);
    if (made.status() == 409) { // of that name there is one, which only we can have made
      remove(called);
      made =
          api.call(
              "POST",
              "/containers/create?name=" + DockerApi.encoded(called),
              body(wanted, name),
              PATIENCE);
    }
    if (!made.ok()) {
      throw new IOException("no container of " + wanted.image() + ": " + made.words());
    }
    String id = made.json().path("Id").asString(called);
    DockerApi.Reply begun = api.call("POST", "/containers/" + id + "/start", null, PATIENCE);
    if (!begun.ok()) {
      remove(id);
      throw new IOException("the container does not start: " + begun.words());
    }
    for (Container one : list()) {
      if (one.id().equals(id) && one.port() > 0) {
        return started(name, id, one.port());
      }
    }
    JsonNode there =
        api.call("GET", "/containers/" + id + "/json", null, PATIENCE).json().path("State");
    remove(id);
    throw new IOException(
        "the container ended at once, with "
            + there.path("ExitCode").asInt(-1)
            + ", or publishes no port "
            + wanted.port());
  }

  private Map<String, Object> body(ScaleDriver.Docker wanted, String name) {
    String port = wanted.port() + "/tcp";
    Map<String, Object> host = new LinkedHashMap<>();
    host.put("PortBindings", Map.of(port, List.of(Map.of("HostIp", "127.0.0.1", "HostPort", ""))));
    if (wanted.memory() > 0) {
      host.put("Memory", wanted.memory());
    }
    if (!wanted.volumes().isEmpty()) {
      host.put("Binds", wanted.volumes());
    }
    List<String> environment = new ArrayList<>();
    wanted.environment().forEach((key, value) -> environment.add(key + "=" + value.value()));
    environment.add("PORT=" + wanted.port());
    environment.add("FAIRLEAD_NAME=" + name);
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("Image", wanted.image());
    if (!wanted.command().isEmpty()) {
      body.put(
          "Cmd",
          wanted.command().stream()
              .map(part ->
                  part.replace("{port}", Integer.toString(wanted.port())).replace("{name}", name))
              .toList());
    }
    body.put("Env", environment);
    body.put("Labels", Map.of(DockerApi.MARK, mark, NAME, name));
    body.put("ExposedPorts", Map.of(port, Map.of()));
    body.put("HostConfig", host);
    return body;
  }

  @Override
  public void stop(Started node, Duration grace) throws IOException {
    busy.add(node.name());
    try {
      end(node, grace);
    } finally {
      busy.remove(node.name());
    }
  }

  private void end(Started node, Duration grace) throws IOException {
    for (Container one : list()) {
      if (one.name().equals(node.name())) {
        DockerApi.Reply stopped =
            api.call(
                "POST",
                "/containers/" + one.id() + "/stop?t=" + grace.toSeconds(),
                null,
                grace.plus(PATIENCE));
        if (!stopped.ok() && stopped.status() != 404) {
          throw new IOException(node.id() + " cannot be stopped: " + stopped.words());
        }
        remove(one.id());
      }
    }
  }

  /** With what is anonymous of its volumes; one that is gone is gone. */
  private void remove(String container) throws IOException {
    DockerApi.Reply removed =
        api.call("DELETE", "/containers/" + container + "?force=true&v=true", null, PATIENCE);
    if (!removed.ok() && removed.status() != 404) {
      throw new IOException("a container cannot be removed: " + removed.words());
    }
  }

  @Override
  public synchronized Map<Started, String> ended(Collection<Started> known) throws IOException {
    long now = System.nanoTime();
    if (now - lookedNanos < LOOK_NANOS) {
      return Map.of();
    }
    lookedNanos = now;
    return look(known);
  }

  /** The same at once; what nobody knows of at two looks in a row goes. */
  synchronized Map<Started, String> look(Collection<Started> known) throws IOException {
    Map<Started, String> ended = new HashMap<>();
    Map<String, Container> there = new HashMap<>();
    Set<String> names = new HashSet<>();
    known.forEach(node -> names.add(node.name()));
    Set<String> unknown = new HashSet<>();
    for (Container one : list()) {
      there.put(one.name(), one);
      if (!names.contains(one.name()) && !busy.contains(one.name())) {
        unknown.add(one.id());
        if (strays.contains(one.id())) {
          remove(one.id());
        }
      }
    }
    strays = unknown;
    for (Started node : known) {
      Container one = there.get(node.name());
      if (one == null) {
        ended.put(node, "the container is gone");
      } else if (!one.state().equals("running")) {
        ended.put(node, "the container is " + one.status());
      }
    }
    return ended;
  }
}
