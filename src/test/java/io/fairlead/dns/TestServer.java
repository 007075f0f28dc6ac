package io.fairlead.dns;

import io.fairlead.config.ConfigReader;
import io.fairlead.config.DnsConfig;
import io.fairlead.runtime.ControlThread;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A name server of one's own, with members that a test says. */
final class TestServer implements AutoCloseable {
  final ControlThread control = new ControlThread();
  final List<Event> events = new CopyOnWriteArrayList<>();
  final DnsServer server;

  /** By name and number of the pool, such as {@code www.fl.test/1}. */
  final Map<String, List<Member>> members = new ConcurrentHashMap<>();

  final io.fairlead.telemetry.RecordNames names = new io.fairlead.telemetry.RecordNames();

  final DnsChallenges challenges = new DnsChallenges();

  TestServer() {
    server = new DnsServer(control, new SplittableRandom(1), events::add, names, challenges);
  }

  /** One whose {@code dns} has these lines. */
  static TestServer start(String dns) throws IOException {
    TestServer server = new TestServer();
    server.configure(dns);
    return server;
  }

  static DnsConfig config(String dns) {
    String yaml =
        "listeners: { web: { bind: \"127.0.0.1:1\", service: shop } }\n"
            + "services: { shop: { nodes: [\"192.0.2.1:80\"] } }\n"
            + "dns:\n  bind: \"127.0.0.1:0\"\n"
            + dns.indent(2);
    return switch (ConfigReader.read("f.yaml", yaml, Corpus.FOLDER, _ -> null)) {
      case ConfigReader.Result.Accepted accepted -> accepted.config().dns();
      case ConfigReader.Result.Refused refused ->
          throw new IllegalArgumentException(refused.problems().toString());
    };
  }

  void configure(String dns) throws IOException {
    DnsServer.Prepared prepared = server.prepare(config(dns), this::members);
    control.call(() -> {
      server.show(prepared);
      return true;
    });
    server.retire(prepared);
  }

  private Members members(String name, int index, io.fairlead.config.DnsZoneConfig.Pool pool) {
    return new Members() {
      @Override
      public String text() {
        return "pool " + (index + 1);
      }

      @Override
      public List<Member> now() {
        return members.getOrDefault(name + "/" + (index + 1), List.of());
      }
    };
  }

  void set(String pool, Member... now) {
    members.put(pool, List.of(now));
    refresh();
  }

  void refresh() {
    control.call(() -> {
      server.refresh();
      return true;
    });
  }

  static Member up(String address) {
    return member(address, 1, "", true, false, 0);
  }

  static Member down(String address) {
    return member(address, 1, "", false, false, 0);
  }

  static Member member(
      String address, double weight, String site, boolean up, boolean draining, long active) {
    return new Member(
        InetAddress.ofLiteral(address),
        address,
        weight,
        site,
        up,
        draining,
        active,
        0,
        Long.MAX_VALUE);
  }

  /** So many, all up: 192.0.2.1 and so on. */
  static Member[] many(int count) {
    List<Member> all = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      all.add(up("192.0.2." + i));
    }
    return all.toArray(Member[]::new);
  }

  InetSocketAddress address() {
    return server.addresses().getFirst();
  }

  @Override
  public void close() {
    server.close();
    control.close();
  }
}
