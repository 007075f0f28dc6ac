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

  static final Obj<DiscoverSource> SOURCE =
      new Obj<>(
          "discovery source",
          "Where nodes are looked for: one of `file`, `dns` and `srv`. See"
              + " [discovery.md](discovery.md).",
          List.of(FILE, DNS, SRV, SERVER),
          List.of("http", "docker", "kubernetes", "consul", "eureka", "nacos"),
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
    return DiscoverSource.one(set);
  }
}
