package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where requests go: whole instances, real bytes. */
@Timeout(60)
final class RoutingTest {
  private TestNode a;
  private TestNode b;

  @BeforeEach
  void open() throws IOException {
    a = Loopback.node("a");
    b = Loopback.node("b");
  }

  @AfterEach
  void close() {
    a.close();
    b.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "query: { q: \"1*\" }            | GET /?q=12 | ''                              | b",
        "query: { q: \"1*\" }            | GET /?q=21 | ''                              | a",
        "cookie: { group: b }            | GET /      | 'cookie: x=y; group=b'          | b",
        "cookie: { group: b }            | GET /      | 'cookie: group=bb'              | a",
        "header: { user-agent: \"*bot*\" } | GET /    | 'user-agent: a bot'             | b",
        "header: { upgrade: \"*\" }      | GET /      | 'connection: upgrade\r\nupgrade: x' | b",
        // What the client itself keeps from nodes must not decide for them.
        "header: { x-beta: \"1\" }       | GET /      | 'connection: x-beta\r\nx-beta: 1' | a",
        "header: { x-forwarded-proto: https } | GET / | 'x-forwarded-proto: https'      | a",
        "client: \"127.0.0.0/8\"         | GET /      | ''                              | b",
        "client: \"10.0.0.0/8\"          | GET /      | 'x-forwarded-for: 10.0.0.1'     | a",
        "path: \"/u/{id}/x\"             | GET /u/7/x | ''                              | b",
      })
  void conditionsDecide(String match, String request, String field, String node)
      throws IOException {
    try (Fairlead fairlead = start("", "- { match: { " + match + " }, service: b }");
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      client.send(
          request + " HTTP/1.1\r\nHost: x\r\n" + field + (field.isEmpty() ? "" : "\r\n") + "\r\n");
      assertThat(client.reply().body()).startsWith("hello from " + node);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x-forwarded-for: 10.0.0.1                      | b",
        "x-forwarded-for: 10.0.0.1, 127.0.0.9           | b",
        "x-forwarded-for: 10.0.0.1, 192.0.2.1           | a",
        "x-forwarded-for: 10.0.0.1, nonsense            | a",
        "x-forwarded-for: 10.0.0.1, nonsense, 127.0.0.9 | a",
        "x-forwarded-for: 192.0.2.1, 10.0.0.1:1234      | b",
        "forwarded: for=10.0.0.1                        | a",
      })
  void behindATrustedProxyTheClientIsTheOneItTells(String field, String node) throws IOException {
    try (Fairlead fairlead =
            start(
                "forwarded: { trust: \"127.0.0.0/8\" }",
                "- { match: { client: \"10.0.0.0/8\" }, service: b }");
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      client.send("GET / HTTP/1.1\r\nHost: x\r\n" + field + "\r\n\r\n");
      assertThat(client.reply().body()).startsWith("hello from " + node);
    }
  }

  @Test
  void aProxyThatSpeaksForwardedIsHeardToo() throws IOException {
    try (Fairlead fairlead =
            start(
                "forwarded: { trust: \"127.0.0.0/8\", headers: forwarded }",
                "- { match: { client: [\"fd00::/8\", \"10.0.0.0/8\"] }, service: b }");
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      for (String value :
          new String[] {
            "for=10.0.0.1",
            "proto=http;FOR=\"[fd00::1]:80\"; by=_x",
            "for=192.0.2.1, for=10.0.0.1 ;proto=http",
          }) {
        client.send("GET / HTTP/1.1\r\nHost: x\r\nForwarded: " + value + "\r\n\r\n");
        assertThat(client.reply().body()).as(value).startsWith("hello from b");
      }
      for (String value : new String[] {"for=_hidden", "proto=http", "for=10.0.0.1, for=unknown"}) {
        client.send("GET / HTTP/1.1\r\nHost: x\r\nForwarded: " + value + "\r\n\r\n");
        assertThat(client.reply().body()).as(value).startsWith("hello from a");
      }
    }
  }

  @Test
  void explainSaysWhoWonAndWhyOthersLost() throws IOException {
    try (Fairlead fairlead =
        start(
            "",
            "- { name: low, match: { path: \"/\" }, service: b }\n"
                + "      - { name: win, priority: 1, match: { path: \"/\" }, service: a }\n"
                + "      - { name: inner, priority: 5, match: { client: \"10.0.0.0/8\" },"
                + " service: b }")) {
      String said =
          Loopback.door(fairlead, "GET", "/api/v1/explain?method=GET&url=/&client=192.0.2.1", "")
              .body();
      assertThat(said)
          .contains("route inner does not match: client 192.0.2.1 is not in 10.0.0.0/8")
          .contains("route win matches and leads to service a")
          .contains("route low matches too, but its priority is 0, that of win is 1");
    }
  }

  private Fairlead start(String listener, String routes) throws IOException {
    return Loopback.start(
        """
        admin: { bind: "127.0.0.1:0" }
        listeners:
          web:
            bind: "127.0.0.1:0"
            %s
            routes:
              %s
              - { service: a }
        services:
          a: { nodes: "127.0.0.1:%d", health: none }
          b: { nodes: "127.0.0.1:%d", health: none }
        """
            .formatted(listener, routes, a.port(), b.port()));
  }
}
