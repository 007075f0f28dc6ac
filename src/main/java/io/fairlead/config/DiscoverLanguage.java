package io.fairlead.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

  private static final Key<String> CONSUL_URL =
      Key.of(
          "url",
          Scalar.text("URL", null, text -> OutboundKeys.base(text, "http://127.0.0.1:8500")),
          "http://127.0.0.1:8500",
          "Where its HTTP API is.",
          "\"https://consul.internal:8501\"");
  private static final Key<String> NAME_THERE =
      Key.required(
          "service",
          Scalar.text("name", null, text -> DiscoverSource.word(text, 253)),
          "The name of the service there.",
          "shop");
  private static final Key<List<String>> TAG =
      Key.of(
          "tag",
          new ListOf<>("tags", Scalar.text("tag", null, text -> DiscoverSource.word(text, 253))),
          List.of(),
          "none",
          "Tags that an instance must have, all of them.",
          "[web, green]");
  private static final Key<String> DATACENTER =
      Key.of(
          "datacenter",
          Scalar.text("name", null, text -> DiscoverSource.word(text, 63)),
          "",
          "that of the agent",
          "The datacenter that is asked.",
          "dc1");
  private static final Key<Secret> CONSUL_TOKEN =
      Key.of(
          "token",
          Scalar.secret("secret"),
          new Secret(""),
          "none",
          "The token that it asks for, or `file:PATH`; it needs `service:read` and `node:read`.",
          "\"file:secrets/consul\"");
  static final Obj<DiscoverSource.Consul> CONSUL_SOURCE =
      new Obj<>(
          "consul source",
          "Instances of a service whose checks all pass, as Consul knows them.",
          List.of(CONSUL_URL, NAME_THERE, TAG, DATACENTER, CONSUL_TOKEN, OutboundKeys.CA),
          List.of(),
          null,
          (values, _) ->
              new DiscoverSource.Consul(
                  values.get(CONSUL_URL),
                  values.get(NAME_THERE),
                  values.get(TAG),
                  values.get(DATACENTER),
                  values.get(CONSUL_TOKEN),
                  values.get(OutboundKeys.CA)));
  private static final Key<DiscoverSource.Consul> CONSUL =
      Key.computed(
          "consul",
          CONSUL_SOURCE,
          "none",
          "Instances that Consul knows; it is asked by queries that wait for a change.",
          "{ service: shop }");

  private static final Key<String> KUBERNETES_SERVICE =
      Key.required(
          "service",
          Scalar.text("name", null, ClusterConfig::label),
          "The name of the service there.",
          "shop");
  private static final Key<String> KUBERNETES_PORT =
      Key.of(
          "port",
          Scalar.text("port", null, DiscoverSource.Kubernetes::portOf),
          "",
          "the only one of the service",
          "The name of one of its ports, or the number on which its pods serve.",
          "http");
  static final Obj<DiscoverSource.Kubernetes> KUBERNETES_SOURCE =
      new Obj<>(
          "kubernetes source",
          "Endpoints of a service in Kubernetes (EndpointSlices).",
          List.of(
              ClusterKeys.URL,
              ClusterKeys.NAMESPACE,
              KUBERNETES_SERVICE,
              KUBERNETES_PORT,
              ClusterKeys.TOKEN_FILE,
              ClusterKeys.CA),
          List.of(),
          null,
          (values, _) ->
              new DiscoverSource.Kubernetes(
                  ClusterKeys.read(values),
                  values.get(KUBERNETES_SERVICE),
                  values.get(KUBERNETES_PORT)));
  private static final Key<DiscoverSource.Kubernetes> KUBERNETES =
      Key.computed(
          "kubernetes",
          KUBERNETES_SOURCE,
          "none",
          "Pods of a service in Kubernetes; they are watched.",
          "{ service: shop }");

  private static final Key<Map<String, Secret>> SENT_ALONG =
      OutboundKeys.headers("the questions", "secrets/registry");
  private static final Key<String> LIST_URL =
      Key.required(
          "url",
          Scalar.text("URL", null, ReceiverConfig::url),
          "Where the list is.",
          "\"http://10.0.0.7:8000/targets?service=shop\"");
  static final Obj<DiscoverSource.Http> HTTP_SOURCE =
      new Obj<>(
          "http source",
          "Targets that an HTTP server lists, in the form that Prometheus asks for (HTTP SD).",
          List.of(LIST_URL, SENT_ALONG, OutboundKeys.CA),
          List.of(),
          null,
          (values, _) ->
              new DiscoverSource.Http(
                  values.get(LIST_URL), sentAlong(values), values.get(OutboundKeys.CA)));
  private static final Key<DiscoverSource.Http> HTTP =
      Key.computed(
          "http",
          HTTP_SOURCE,
          "none",
          "A list that a server has; it is asked every five seconds.",
          "{ url: \"http://10.0.0.7:8000/targets\" }");

  private static final Key<String> EUREKA_URL =
      Key.required(
          "url",
          Scalar.text("URL", null, text -> OutboundKeys.base(text, "http://10.0.0.5:8761/eureka")),
          "Where the server is, with its path.",
          "\"http://10.0.0.5:8761/eureka\"");
  private static final Key<String> APP =
      Key.required(
          "app",
          Scalar.text("name", null, text -> DiscoverSource.word(text, 253)),
          "The application.",
          "SHOP");
  static final Obj<DiscoverSource.Eureka> EUREKA_SOURCE =
      new Obj<>(
          "eureka source",
          "Instances of an application that are up, as a Eureka server knows them.",
          List.of(EUREKA_URL, APP, SENT_ALONG, OutboundKeys.CA),
          List.of(),
          null,
          (values, _) ->
              new DiscoverSource.Eureka(
                  values.get(EUREKA_URL),
                  values.get(APP),
                  sentAlong(values),
                  values.get(OutboundKeys.CA)));
  private static final Key<DiscoverSource.Eureka> EUREKA =
      Key.computed(
          "eureka",
          EUREKA_SOURCE,
          "none",
          "Instances that a Eureka server knows; it is asked every five seconds.",
          "{ url: \"http://10.0.0.5:8761/eureka\", app: SHOP }");

  private static final Key<String> NACOS_URL =
      Key.required(
          "url",
          Scalar.text("URL", null, text -> OutboundKeys.base(text, "http://10.0.0.6:8848/nacos")),
          "Where the server is, with its path.",
          "\"http://10.0.0.6:8848/nacos\"");
  private static final Key<String> GROUP =
      Key.of(
          "group",
          Scalar.text("name", null, text -> DiscoverSource.word(text, 253)),
          "",
          "DEFAULT_GROUP",
          "The group that the service is in.",
          "DEFAULT_GROUP");
  private static final Key<String> NACOS_NAMESPACE =
      Key.of(
          "namespace",
          Scalar.text("ID", null, text -> DiscoverSource.word(text, 253)),
          "",
          "public",
          "The ID of the namespace that the service is in.",
          "public");
  private static final Key<String> CLUSTER =
      Key.of(
          "cluster",
          Scalar.text("name", null, text -> DiscoverSource.word(text, 253)),
          "",
          "all",
          "The cluster of instances that is asked for.",
          "DEFAULT");
  static final Obj<DiscoverSource.Nacos> NACOS_SOURCE =
      new Obj<>(
          "nacos source",
          "Instances of a service that are enabled and healthy, as a Nacos server knows them.",
          List.of(
              NACOS_URL, NAME_THERE, GROUP, NACOS_NAMESPACE, CLUSTER, SENT_ALONG, OutboundKeys.CA),
          List.of(),
          null,
          (values, _) ->
              new DiscoverSource.Nacos(
                  values.get(NACOS_URL),
                  values.get(NAME_THERE),
                  values.get(GROUP),
                  values.get(NACOS_NAMESPACE),
                  values.get(CLUSTER),
                  sentAlong(values),
                  values.get(OutboundKeys.CA)));
  private static final Key<DiscoverSource.Nacos> NACOS =
      Key.computed(
          "nacos",
          NACOS_SOURCE,
          "none",
          "Instances that a Nacos server knows; it is asked every five seconds.",
          "{ url: \"http://10.0.0.6:8848/nacos\", service: shop }");

  static final Obj<DiscoverSource> SOURCE =
      new Obj<>(
          "discovery source",
          "Where nodes are looked for: one of "
              + DiscoverSource.WORDS
              + ". See [discovery.md](discovery.md).",
          List.of(FILE, DNS, SRV, SERVER, HTTP, DOCKER, CONSUL, KUBERNETES, EUREKA, NACOS),
          List.of(),
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

  private static Map<String, Secret> sentAlong(Values values) {
    Map<String, Secret> headers = values.find(SENT_ALONG);
    return headers == null ? Map.of() : headers;
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
    DiscoverSource consul = values.find(CONSUL);
    if (consul != null) {
      set.add(consul);
    }
    DiscoverSource kubernetes = values.find(KUBERNETES);
    if (kubernetes != null) {
      set.add(kubernetes);
    }
    DiscoverSource http = values.find(HTTP);
    if (http != null) {
      set.add(http);
    }
    DiscoverSource eureka = values.find(EUREKA);
    if (eureka != null) {
      set.add(eureka);
    }
    DiscoverSource nacos = values.find(NACOS);
    if (nacos != null) {
      set.add(nacos);
    }
    return DiscoverSource.one(set);
  }
}
