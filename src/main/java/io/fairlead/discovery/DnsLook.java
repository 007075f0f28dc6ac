package io.fairlead.discovery;

import io.fairlead.config.HostPort;
import io.fairlead.service.NodeSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * Addresses of a name, or places of a service, as name servers know them. Looked up again when the
 * first of what was answered holds no longer, after a second at the earliest.
 */
final class DnsLook implements SourceLook {
  private static final long LEAST_SECONDS = 1;
  private static final long MOST_SECONDS = 300;

  /** Where there is nothing there is no time for which that holds. */
  private static final long EMPTY_SECONDS = 5;

  private static final int MOST_WEIGHT = 1000;
  private static final int MOST_TIERS = 10;

  private final Optional<HostPort> server;
  private final HostPort host;
  private final String service;
  private final RandomGenerator random;

  private DnsLook(
      Optional<HostPort> server, HostPort host, String service, RandomGenerator random) {
    this.server = server;
    this.host = host;
    this.service = service;
    this.random = random;
  }

  /** Of the addresses of that host. */
  static DnsLook of(HostPort host, Optional<HostPort> server, RandomGenerator random) {
    return new DnsLook(server, host, "", random);
  }

  /** Of the places of that service. */
  static DnsLook of(String service, Optional<HostPort> server, RandomGenerator random) {
    return new DnsLook(server, new HostPort("localhost", 1), service, random);
  }

  @Override
  public Found look() throws IOException {
    List<InetSocketAddress> servers =
        server.isPresent() ? List.of(address(server.get())) : DnsClient.ofSystem();
    Asking asking = new Asking(new DnsClient(servers, random));
    List<NodeSpec> nodes = service.isEmpty() ? asking.ofHost(host) : asking.ofService(service);
    long again =
        nodes.isEmpty() ? EMPTY_SECONDS : Math.clamp(asking.ttl, LEAST_SECONDS, MOST_SECONDS);
    return new Found(nodes, Duration.ofSeconds(again), false);
  }

  private static InetSocketAddress address(HostPort server) {
    return new InetSocketAddress(server.host(), server.port());
  }

  /** One look, and for how long what it has found holds. */
  private static final class Asking {
    private final DnsClient client;
    private long ttl = Long.MAX_VALUE;

    Asking(DnsClient client) {
      this.client = client;
    }

    List<NodeSpec> ofHost(HostPort host) throws IOException {
      List<NodeSpec> nodes = new ArrayList<>();
      for (InetAddress address : addresses(host.host())) {
        HostPort at = new HostPort(address.getHostAddress(), host.port());
        nodes.add(new NodeSpec(at, at.toString(), 1, "", ""));
      }
      return nodes;
    }

    private List<InetAddress> addresses(String host) throws IOException {
      List<InetAddress> addresses = new ArrayList<>();
      for (int type : new int[] {DnsQuestion.A, DnsQuestion.AAAA}) {
        for (DnsQuestion.Found found : ask(new DnsQuestion(host, type))) {
          if (found instanceof DnsQuestion.Found.Address(InetAddress address)) {
            addresses.add(address);
          }
        }
      }
      return addresses;
    }

    List<NodeSpec> ofService(String service) throws IOException {
      List<DnsQuestion.Found.Place> places = new ArrayList<>();
      SortedSet<Integer> priorities = new TreeSet<>();
      int heaviest = 1;
      for (DnsQuestion.Found found : ask(new DnsQuestion(service, DnsQuestion.SRV))) {
        if (found instanceof DnsQuestion.Found.Place place
            && place.port() > 0
            && !place.target().isEmpty()) { // "." means that there is decidedly none
          places.add(place);
          priorities.add(place.priority());
          heaviest = Math.max(heaviest, place.weight());
        }
      }
      List<Integer> tiers = List.copyOf(priorities);
      Map<HostPort, NodeSpec> nodes = new LinkedHashMap<>();
      Map<String, List<InetAddress>> known = new LinkedHashMap<>();
      for (DnsQuestion.Found.Place place : places) {
        List<InetAddress> addresses = known.get(place.target());
        if (addresses == null) {
          addresses = addresses(place.target());
          known.put(place.target(), addresses);
        }
        for (InetAddress address : addresses) {
          HostPort at = new HostPort(address.getHostAddress(), place.port());
          nodes.putIfAbsent(
              at,
              new NodeSpec(
                  at,
                  addresses.size() == 1 ? place.target() + ":" + place.port() : at.toString(),
                  weight(place.weight(), heaviest),
                  "",
                  Math.min(tiers.indexOf(place.priority()), MOST_TIERS - 1),
                  Map.of(),
                  ""));
        }
      }
      return List.copyOf(nodes.values());
    }

    /** Those without a weight get a little (RFC 2782), and no weight is above ours. */
    private static int weight(int weight, int heaviest) {
      int scaled =
          heaviest <= MOST_WEIGHT ? weight : (int) ((long) weight * MOST_WEIGHT / heaviest);
      return Math.max(1, scaled);
    }

    private List<DnsQuestion.Found> ask(DnsQuestion question) throws IOException {
      DnsQuestion.Answer answer = client.ask(question);
      if (!answer.found().isEmpty()) {
        ttl = Math.min(ttl, answer.ttl());
      }
      return answer.found();
    }
  }
}
