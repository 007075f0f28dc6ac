package io.fairlead.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is said about where nodes are looked for. */
final class DiscoverLanguage {
  private static final Key<Path> FILE =
      Key.computed(
          "file",
          Scalar.path("path"),
          "none",
          "Nodes of this file, YAML or JSON: a list as `nodes` has it. It is looked at once a second.",
          "nodes/shop.yaml");
  private static final Key<HostPort> DNS =
      Key.computed(
          "dns",
          Scalar.parsed("address", DiscoverLanguage::named),
          "none",
          "Nodes at the addresses of this name (A and AAAA) with this port.",
          "\"shop.internal:8080\"");
  private static final Key<String> SRV =
      Key.computed(
          "srv",
          Scalar.text("name", null, DiscoverLanguage::service),
          "none",
          "Nodes where the SRV records of this name say: priorities become tiers.",
          "_http._tcp.shop.internal");
  private static final Key<HostPort> SERVER =
      Key.computed(
          "server",
          Scalar.parsed("address", DiscoverLanguage::named),
          "those of this machine (/etc/resolv.conf)",
          "The name server that is asked.",
          "\"10.0.0.2:53\"");

  private static final Key<Path> SOCKET =
      Key.of(
          "socket",
          Scalar.path("path"),
          ScaleDriver.Docker.USUAL_SOCKET,
          "Where the engine listens.",
          "/run/podman/podman.sock");
  private static final Key<String> NETWORK =
      Key.of(
          "network",
          Scalar.text("name", null, _ -> null),
          "",
          "where their ports are published, else the only one that they are in",
          "The network in which containers are reached, at their own addresses.",
          "shop_default");
  static final Obj<DiscoverSource.Docker> DOCKER_SOURCE =
      new Obj<>(
          "docker source",
          "Containers of this machine, by Docker or Podman, with the labels `fairlead.enable=true`,"
              + " `fairlead.pool` (the name of the service), `fairlead.port` and, if wanted,"
              + " `fairlead.weight`.",
          List.of(SOCKET, NETWORK),
          List.of(),
          null,
          (values, _) -> new DiscoverSource.Docker(values.get(SOCKET), values.get(NETWORK)));
  private static final Key<DiscoverSource.Docker> DOCKER =
      Key.computed(
          "docker",
          DOCKER_SOURCE,
          "none",
          "Containers of this machine that ask for it by their labels. They are listed every two"
              + " seconds.",
          "{}");

  static final Obj<DiscoverSource> SOURCE =
      new Obj<>(
          "discovery source",
          "Where nodes are looked for: one of "
              + DiscoverSource.WORDS
              + ". See [discovery.md](discovery.md).",
          List.of(FILE, DNS, SRV, SERVER, DOCKER),
          List.of("http", "kubernetes", "consul", "eureka", "nacos"),
          null,
          (values, _) -> source(values));

  static final Key<List<DiscoverSource>> OF_SERVICE =
      Key.of(
          "discover",
          new ListOf<>("discovery sources", SOURCE),
          List.of(),
          "nowhere",
          "Where nodes are looked for, beside `nodes`.",
          "{ dns: \"shop.internal:8080\" }");

  private DiscoverLanguage() {}

  private static HostPort named(String text) {
    HostPort address = HostPort.parse(text);
    if (address.port() == 0) {
      throw Require.refusal("needs a port from 1 to 65535");
    }
    return address;
  }

  private static @Nullable String service(String text) {
    return text.matches("[A-Za-z0-9_]([A-Za-z0-9_.-]{0,250}[A-Za-z0-9_])?\\.?")
        ? null
        : "must be a name of DNS";
  }

  private static DiscoverSource source(Values values) {
    Optional<HostPort> server = Optional.ofNullable(values.find(SERVER));
    List<DiscoverSource> set = new ArrayList<>();
    Path file = values.find(FILE);
    if (file != null) {
      set.add(new DiscoverSource.File(file));
    }
    HostPort host = values.find(DNS);
    if (host != null) {
      set.add(new DiscoverSource.Dns(host, server));
    }
    String service = values.find(SRV);
    if (service != null) {
      set.add(new DiscoverSource.Srv(service, server));
    }
    DiscoverSource docker = values.find(DOCKER);
    if (docker != null) {
      set.add(docker);
    }
    return DiscoverSource.one(set);
  }
}
