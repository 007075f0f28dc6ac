package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Tool;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What everybody's tools make of the answers. */
@Timeout(60)
final class DigTest {
  @SuppressWarnings("NullAway.Init") // before all
  private static TestServer server;

  @BeforeAll
  static void start() throws IOException {
    server =
        TestServer.start(
            """
            server-id: edge-1
            cookie-secret: 000102030405060708090a0b0c0d0e0f
            zones:
              fl.test:
                file: fl.test.zone
                balanced: { b: { pools: shop, policy: source-hash, answers: 1 } }
            """);
    server.set("b.fl.test/1", TestServer.many(3));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String say(String tool, String... words) throws Exception {
    List<String> command =
        new ArrayList<>(List.of(tool, "@127.0.0.1", "-p", "" + server.address().getPort()));
    command.addAll(List.of(words));
    return Tool.run("", command).output();
  }

  @Test
  void digUnderstandsThem() throws Exception {
    assertThat(say("dig", "www.fl.test"))
        .contains("status: NOERROR", "flags: qr aa rd;", "192.0.2.1", "192.0.2.2", "192.0.2.3")
        .doesNotContain("WARNING: Message", ";; Got bad", "malformed");
    assertThat(say("dig", "+nsid", "www.fl.test")).contains("(\"edge-1\")");
    assertThat(say("dig", "+subnet=10.1.2.3/24", "b.fl.test"))
        .contains("CLIENT-SUBNET: 10.1.2.0/24/24");
    assertThat(say("dig", "+subnet=0", "b.fl.test")).contains("CLIENT-SUBNET: 0.0.0.0/0/0");
    assertThat(say("dig", "big.fl.test", "TXT"))
        .contains("Truncated, retrying in TCP mode", "ANSWER: 24");
    assertThat(say("dig", "+tcp", "+keepopen", "www.fl.test", "one.fl.test"))
        .contains("192.0.2.1", "192.0.2.10");
    assertThat(say("dig", "nothing.fl.test")).contains("status: NXDOMAIN", "SOA");
    assertThat(say("dig", "+norec", "host.sub.fl.test")).contains("AUTHORITY: 2", "ADDITIONAL: 4");
    assertThat(say("dig", "fl.test", "ANY", "+notcp")).contains("HINFO", "RFC8482");
    assertThat(say("dig", "svc.fl.test", "HTTPS")).contains("alpn=\"h2\" ipv4hint=192.0.2.1");
  }

  @Test
  void digKeepsACookieOfOurs() throws Exception {
    String first = say("dig", "+cookie=0102030405060708", "one.fl.test");
    Matcher cookie =
        Pattern.compile("COOKIE: (010203040506070801000000[0-9a-f]{24}) \\(good\\)").matcher(first);
    assertThat(cookie.find()).as(first).isTrue();
    long before = server.server.counters().get(DnsCounter.COOKIES_GOOD);
    assertThat(say("dig", "+cookie=" + cookie.group(1), "one.fl.test")).contains("(good)");
    assertThat(server.server.counters().get(DnsCounter.COOKIES_GOOD)).isEqualTo(before + 1);
  }

  @Test
  void kdigUnderstandsThem() throws Exception {
    assertThat(say("kdig", "+edns", "+nsid", "www.fl.test"))
        .contains("status: NOERROR", "Flags: qr aa rd", "NSID", "edge-1")
        .doesNotContain("WARNING");
    assertThat(say("kdig", "+tcp", "big.fl.test", "TXT")).contains("ANSWER: 24");
    assertThat(say("kdig", "+subnet=10.1.2.3/24", "b.fl.test"))
        .contains("CLIENT-SUBNET: 10.1.2.0/24/24");
  }
}
