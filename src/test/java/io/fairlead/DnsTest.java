package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import io.fairlead.dns.DnsServer;
import java.net.InetAddress;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Names that are answered with what is up, in a whole instance. */
@Timeout(60)
final class DnsTest {
  private static String yaml(String nodes, String dns) {
    return """
    admin: { bind: "127.0.0.1:0" }
    services:
      shop:
        nodes: %s
        health: { interval: 100ms, fall: 1, rise: 1 }
    %s
    """
        .formatted(nodes, dns);
  }

  private static final String WWW =
      """
      dns:
        bind: "127.0.0.1:0"
        zones:
          lb.test:
            ns: ns1.example
            balanced: { www: { pools: shop } }
      """;

  private static List<String> ask(Fairlead fairlead, String name) {
    io.fairlead.dns.DnsServer dns = fairlead.dns();
    if (dns == null) {
      return List.of("nobody answers");
    }
    try {
      return dns.ask(name, 1, InetAddress.ofLiteral("127.0.0.1")).answers().stream()
          .sorted()
          .toList();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static String dig(Fairlead fairlead, String... words) throws Exception {
    DnsServer dns = Objects.requireNonNull(fairlead.dns());
    List<String> command =
        new ArrayList<>(
            List.of(
                "dig", "+short", "@127.0.0.1", "-p", "" + dns.addresses().getFirst().getPort()));
    command.addAll(List.of(words));
    return Tool.run("", command).output().strip();
  }

  @Test
  @SuppressWarnings("try") // one node ends before the others
  void aNameFollowsItsNodes() throws Exception {
    try (TestNode first = TestNode.start("127.0.0.1", 0, "a", io.fairlead.demo.Behaviour.PLAIN);
        TestNode second = TestNode.start("127.0.0.2", 0, "b", io.fairlead.demo.Behaviour.PLAIN);
        Fairlead fairlead =
            Loopback.start(
                yaml(
                    "[\"127.0.0.1:%d\", \"127.0.0.2:%d\"]".formatted(first.port(), second.port()),
                    WWW))) {
      assertThat(dig(fairlead, "www.lb.test").lines())
          .containsExactlyInAnyOrder("127.0.0.1", "127.0.0.2");
      second.close();
      Loopback.await("the other is gone", () -> ask(fairlead, "www.lb.test").size() == 1);
      assertThat(dig(fairlead, "+tcp", "www.lb.test")).isEqualTo("127.0.0.1");
      // Drained, and nobody else is up: nothing better is there.
      Loopback.door(
          fairlead, "POST", "/api/v1/services/shop/nodes/127.0.0.1:" + first.port() + "/drain", "");
      Loopback.await("the other, which is down", () -> isOnly(fairlead, "127.0.0.2"));
      Loopback.door(
          fairlead,
          "POST",
          "/api/v1/services/shop/nodes/127.0.0.1:" + first.port() + "/undrain",
          "");
      Loopback.await("the one that is up", () -> isOnly(fairlead, "127.0.0.1"));
    }
  }

  private static boolean isOnly(Fairlead fairlead, String address) {
    List<String> answers = ask(fairlead, "www.lb.test");
    return answers.size() == 1 && answers.getFirst().endsWith(" " + address);
  }

  @Test
  void anOperatorAsksAndSays() throws Exception {
    try (Fairlead fairlead =
        Loopback.start(
            yaml(
                "[]",
                """
                dns:
                  bind: "127.0.0.1:0"
                  zones:
                    lb.test:
                      ns: ns1.example
                      balanced: { www: { pools: { addresses: [192.0.2.1, 192.0.2.2] } } }
                """))) {
      assertThat(dig(fairlead, "www.lb.test").lines()).hasSize(2);
      HttpResponse<String> said =
          Loopback.door(
              fairlead, "POST", "/api/v1/dns/names/www.lb.test/members/192.0.2.1/down", "");
      assertThat(said.statusCode()).as(said.body()).isEqualTo(200);
      assertThat(said.body()).contains("\"forced\":\"down\"");
      assertThat(dig(fairlead, "www.lb.test")).isEqualTo("192.0.2.2");
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/dns/answer?name=www.lb.test", "").body())
          .contains("NOERROR", "192.0.2.2")
          .doesNotContain("192.0.2.1\"");
      assertThat(
              Loopback.door(
                      fairlead, "POST", "/api/v1/dns/names/www.lb.test/members/192.0.2.9/up", "")
                  .statusCode())
          .isEqualTo(404);
      assertThat(
              Loopback.door(
                      fairlead, "POST", "/api/v1/dns/names/www.lb.test/members/192.0.2.1/x", "")
                  .statusCode())
          .isEqualTo(400);
      assertThat(Loopback.door(fairlead, "GET", "/metrics", "").body())
          .contains("fairlead_dns_queries_total{kind=\"udp\"}")
          .contains("fairlead_dns_name_answers_total{name=\"www.lb.test\",outcome=\"chosen\"}")
          .contains("fairlead_dns_responses_total{zone=\"lb.test\",outcome=\"noerror\"}");
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/events", "").body())
          .contains("dns: 192.0.2.1 of www.lb.test is down");
    }
  }

  @Test
  void aChangeIsLiveAndAWrongOneChangesNothing(@TempDir Path folder) throws Exception {
    Files.writeString(
        folder.resolve("zone"), "@ 300 SOA ns h 1 2 3 4 5\n@ 300 NS ns\nns 300 A 192.0.2.53\n");
    String without = yaml("[]", "");
    try (Fairlead fairlead = Loopback.start(without, folder)) {
      assertThat(fairlead.dns()).as("no key, no server").isNull();
      String with = yaml("[]", "dns: { bind: \"127.0.0.1:0\", zones: { a.test: { file: zone } } }");
      apply(fairlead, with, folder);
      assertThat(dig(fairlead, "ns.a.test")).isEqualTo("192.0.2.53");
      var address = fairlead.dns() == null ? null : fairlead.dns().addresses();
      Files.writeString(
          folder.resolve("zone"), "@ 300 SOA ns h 2 2 3 4 5\n@ 300 NS ns\nns 300 A 192.0.2.54\n");
      apply(fairlead, with, folder);
      assertThat(dig(fairlead, "ns.a.test")).isEqualTo("192.0.2.54");
      Files.writeString(folder.resolve("zone"), "@ 300 NS ns\n");
      assertThat(Loopback.read(with, folder).toString()).contains("must have a SOA");
      assertThat(dig(fairlead, "ns.a.test")).isEqualTo("192.0.2.54");
      assertThat(fairlead.dns() == null ? null : fairlead.dns().addresses())
          .as("the same sockets throughout")
          .isEqualTo(address);
      apply(fairlead, without, folder);
      assertThat(fairlead.dns() == null ? List.of("?") : fairlead.dns().addresses()).isEmpty();
    }
  }

  private static void apply(Fairlead fairlead, String yaml, Path folder) {
    assertThat(fairlead.apply(Loopback.read(yaml, folder), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
  }

  @Test
  void literalAddressesAreProbedAndListenersAreAsked() throws Exception {
    try (TestNode node = Loopback.node("a")) {
      String dns =
          """
          listeners:
            web: { bind: "127.0.0.1:0", service: shop }
          dns:
            bind: "127.0.0.1:0"
            zones:
              lb.test:
                ns: ns1.example
                balanced:
                  www:
                    pools:
                      addresses: [127.0.0.1, 127.0.0.3]
                      health: { tcp: true, port: %d, interval: 100ms, fall: 1, rise: 1 }
          """
              .formatted(node.port());
      try (Fairlead fairlead = Loopback.start(yaml("[]", dns))) {
        Loopback.await(
            "nobody listens at the other", () -> ask(fairlead, "www.lb.test").size() == 1);
        assertThat(ask(fairlead, "www.lb.test").getFirst()).contains("127.0.0.1");
      }
    }
  }
}
