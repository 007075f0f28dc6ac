package io.fairlead.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where nodes of a service are looked for, beside those of the configuration. */
public sealed interface DiscoverSource {
  /** Of one service. */
  int MOST = 16;

  /** The kinds, as the configuration names them. */
  String WORDS = "file, dns, srv, http, docker, kubernetes, consul, eureka and nacos";

  /** What must not be seen of it. */
  default List<Secret> secrets() {
    return List.of();
  }

  /** What is wrong with a name that another system has given; null: nothing. */
  static @Nullable String word(String text, int most) {
    return text.length() <= most && text.matches("[!-~]([ -~]*[!-~])?")
        ? null
        : "must be " + visible(most);
  }

  private static String visible(int most) {
    return "1 to " + most + " visible ASCII characters";
  }

  /** For messages, unique within its service. */
  String name();

  /**
   * A list of nodes in a file of YAML or JSON.
   *
   * @param file looked at once a second
   */
  record File(Path file) implements DiscoverSource {
    @Override
    public String name() {
      return "file " + file;
    }
  }

  /**
   * Addresses of a name.
   *
   * @param host its A and AAAA records are asked for
   * @param server who is asked; empty: whom this machine asks
   */
  record Dns(HostPort host, Optional<HostPort> server) implements DiscoverSource {
    @Override
    public String name() {
      return "dns " + host + DiscoverSource.at(server);
    }
  }

  /**
   * Places of a service (RFC 2782).
   *
   * @param service its SRV records are asked for, and then the addresses of their targets
   * @param server who is asked; empty: whom this machine asks
   */
  record Srv(String service, Optional<HostPort> server) implements DiscoverSource {
    @Override
    public String name() {
      return "srv " + service + DiscoverSource.at(server);
    }
  }

  /**
   * Containers of this machine that ask for it by their labels, by Docker or Podman.
   *
   * @param socket where the engine listens
   * @param network at their addresses in which containers are reached; empty: where their ports are
   *     published, or in the only one
   */
  record Docker(Path socket, String network) implements DiscoverSource {
    public Docker {
      new Require()
          .that(
              network.matches("([A-Za-z0-9][A-Za-z0-9_.-]{0,252})?"),
              "network",
              network,
              "must be the name of a network")
          .orRefuse();
    }

    @Override
    public String name() {
      return "docker " + socket + (network.isEmpty() ? "" : " in " + network);
    }
  }

  /**
   * Instances whose checks pass, as Consul knows them.
   *
   * @param url of its HTTP API
   * @param service by its name there
   * @param tags that an instance must have, all of them
   * @param datacenter empty: that of who is asked
   * @param token empty: none
   * @param ca files with the authorities that are trusted; none: those of the system
   */
  record Consul(
      String url, String service, List<String> tags, String datacenter, Secret token, List<Path> ca)
      implements DiscoverSource {
    public Consul {
      tags = List.copyOf(tags);
      ca = List.copyOf(ca);
      new Require()
          .unless(OutboundKeys.base(url, "http://127.0.0.1:8500"), List.of("url"), url)
          .unless(word(service, 253), List.of("service"), service)
          .unless(
              datacenter.isEmpty() ? null : word(datacenter, 63), List.of("datacenter"), datacenter)
          .that(tags.size() <= MOST, "tag", null, "must not be more than " + MOST)
          .that(
              tags.stream().allMatch(tag -> word(tag, 253) == null),
              "tag",
              null,
              "must be " + visible(253))
          .orRefuse();
    }

    @Override
    public String name() {
      return "consul "
          + service
          + (tags.isEmpty() ? "" : " " + tags)
          + (datacenter.isEmpty() ? "" : " of " + datacenter)
          + " at "
          + url;
    }

    @Override
    public List<Secret> secrets() {
      return token.value().isEmpty() ? List.of() : List.of(token);
    }
  }

  /**
   * Endpoints of a service in Kubernetes.
   *
   * @param cluster where that is
   * @param service by its name there
   * @param port a number, or the name of a port of the service; empty: the only one
   */
  record Kubernetes(ClusterConfig cluster, String service, String port) implements DiscoverSource {
    public Kubernetes {
      new Require()
          .unless(ClusterConfig.label(service), List.of("service"), service)
          .unless(port.isEmpty() ? null : portOf(port), List.of("port"), port)
          .orRefuse();
    }

    /** What is wrong with a port; null: nothing. */
    static @Nullable String portOf(String text) {
      boolean right =
          text.matches("[0-9]+")
              ? text.matches("[1-9][0-9]{0,4}") && HostPort.PORTS.contains(Integer.parseInt(text))
              : text.matches("[a-z0-9-]{1,63}");
      return right ? null : "must be the name of a port, or a number from 1 to 65535";
    }

    @Override
    public String name() {
      return "kubernetes "
          + (cluster.namespace().isEmpty() ? "" : cluster.namespace() + "/")
          + service
          + (port.isEmpty() ? "" : ":" + port)
          + (cluster.url().isEmpty() ? "" : " at " + cluster.url());
    }
  }

  /**
   * Targets that an HTTP server lists, as Prometheus asks for them.
   *
   * @param url of the list
   * @param headers fields that are sent along
   * @param ca files with the authorities that are trusted; none: those of the system
   */
  record Http(String url, Map<String, Secret> headers, List<Path> ca) implements DiscoverSource {
    public Http {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
      ca = List.copyOf(ca);
      new Require().unless(ReceiverConfig.url(url), List.of("url"), url).orRefuse();
    }

    /** Without the query, in which there may be what is secret. */
    @Override
    public String name() {
      return "http " + url.replaceFirst("\\?.*", "");
    }

    @Override
    public List<Secret> secrets() {
      return List.copyOf(headers.values());
    }
  }

  /**
   * Instances that are up, as a Eureka server knows them.
   *
   * @param url of the server, with the path that it serves at
   * @param app the application
   * @param headers fields that are sent along
   * @param ca files with the authorities that are trusted; none: those of the system
   */
  record Eureka(String url, String app, Map<String, Secret> headers, List<Path> ca)
      implements DiscoverSource {
    public Eureka {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
      ca = List.copyOf(ca);
      new Require()
          .unless(OutboundKeys.base(url, "http://10.0.0.5:8761/eureka"), List.of("url"), url)
          .unless(word(app, 253), List.of("app"), app)
          .orRefuse();
    }

    @Override
    public String name() {
      return "eureka " + app + " at " + url;
    }

    @Override
    public List<Secret> secrets() {
      return List.copyOf(headers.values());
    }
  }

  /**
   * Instances that are enabled and healthy, as a Nacos server knows them.
   *
   * @param url of the server, with the path that it serves at
   * @param service by its name there
   * @param group empty: the usual one
   * @param namespace by its ID; empty: the public one
   * @param cluster of instances; empty: all of them
   * @param headers fields that are sent along
   * @param ca files with the authorities that are trusted; none: those of the system
   */
  record Nacos(
      String url,
      String service,
      String group,
      String namespace,
      String cluster,
      Map<String, Secret> headers,
      List<Path> ca)
      implements DiscoverSource {
    public Nacos {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
      ca = List.copyOf(ca);
      new Require()
          .unless(OutboundKeys.base(url, "http://10.0.0.6:8848/nacos"), List.of("url"), url)
          .unless(word(service, 253), List.of("service"), service)
          .unless(group.isEmpty() ? null : word(group, 253), List.of("group"), group)
          .unless(
              namespace.isEmpty() ? null : word(namespace, 253), List.of("namespace"), namespace)
          .unless(cluster.isEmpty() ? null : word(cluster, 253), List.of("cluster"), cluster)
          .orRefuse();
    }

    @Override
    public String name() {
      return "nacos "
          + (namespace.isEmpty() ? "" : namespace + "/")
          + (group.isEmpty() ? "" : group + "/")
          + service
          + (cluster.isEmpty() ? "" : " in " + cluster)
          + " at "
          + url;
    }

    @Override
    public List<Secret> secrets() {
      return List.copyOf(headers.values());
    }
  }

  private static String at(Optional<HostPort> server) {
    return server.map(asked -> " at " + asked).orElse("");
  }

  /** The one of them that is set. */
  static DiscoverSource one(List<DiscoverSource> set) {
    if (set.size() != 1) {
      throw Require.refusal("needs one of " + WORDS);
    }
    return set.getFirst();
  }
}
