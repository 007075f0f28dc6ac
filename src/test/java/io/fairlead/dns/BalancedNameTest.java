package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/** What balanced names are answered with, counted over many questions. */
@Timeout(60)
final class BalancedNameTest {
  private static final int MANY = 10_000;
  private final Worker worker = new Worker(200, Responder.TCP_LIMIT, 42);
  private TestServer server = new TestServer();

  @AfterEach
  void stop() {
    server.close();
  }

  private void start(String balanced, String more) throws IOException {
    server.configure(
        "response-rate: off\n"
            + more
            + "zones:\n  fl.test:\n    ns: ns.example\n    balanced:\n"
            + balanced.indent(6));
  }

  private static byte[] subnet(String type, String client) {
    if (client.isEmpty()) {
      return Corpus.assemble("H:0000:1:0:0:0 Q:www.fl.test:" + type);
    }
    byte[] address = InetAddress.ofLiteral(client).getAddress();
    StringBuilder option = new StringBuilder();
    option.append(address.length == 4 ? "0008000800012000" : "0008001400028000");
    for (byte part : address) {
      option.append(String.format("%02x", part));
    }
    return Corpus.assemble("H:0000:1:0:0:1 Q:www.fl.test:" + type + " OPT:1232:0000:" + option);
  }

  private Message ask(byte[] question) throws IOException {
    System.arraycopy(question, 0, worker.in, 0, question.length);
    worker.peer.set(InetAddress.ofLiteral("127.0.0.1"));
    int size = server.server.answer(worker, question.length, false);
    return new Message(java.util.Arrays.copyOf(worker.answer.out, size));
  }

  /** Addresses in the order of the answer. */
  private List<String> addresses(String type, String client) throws IOException {
    List<String> found = new ArrayList<>();
    for (Record record : ask(subnet(type, client)).getSection(Section.ANSWER)) {
      switch (record) {
        case ARecord a -> found.add(a.getAddress().getHostAddress());
        case AAAARecord a -> found.add(a.getAddress().getHostAddress());
        default -> throw new AssertionError(record);
      }
    }
    return found;
  }

  private Map<String, Integer> firsts(int questions) throws IOException {
    Map<String, Integer> count = new HashMap<>();
    byte[] question = subnet("A", "");
    for (int i = 0; i < questions; i++) {
      Message answer = ask(question);
      ARecord first = (ARecord) answer.getSection(Section.ANSWER).getFirst();
      count.merge(first.getAddress().getHostAddress(), 1, Integer::sum);
    }
    return count;
  }

  @Test
  void eachInTurn() throws IOException {
    start("www: { pools: shop }", "");
    server.set("www.fl.test/1", TestServer.many(3));
    assertThat(addresses("A", "")).containsExactly("192.0.2.1", "192.0.2.2", "192.0.2.3");
    assertThat(addresses("A", "")).containsExactly("192.0.2.2", "192.0.2.3", "192.0.2.1");
    assertThat(firsts(MANY - 1).values()).allSatisfy(n -> assertThat(n).isBetween(3333, 3334));
  }

  @Test
  void noMoreThanWanted() throws IOException {
    start("www: { pools: shop, answers: 2 }", "");
    server.set("www.fl.test/1", TestServer.many(5));
    assertThat(addresses("A", "")).containsExactly("192.0.2.1", "192.0.2.2");
    assertThat(addresses("A", "")).containsExactly("192.0.2.2", "192.0.2.3");
  }

  @Test
  void oneAddressIsChosenAsOftenAsItsWeightSays() throws IOException {
    start("www: { pools: shop, policy: weighted, answers: 1 }", "");
    server.set(
        "www.fl.test/1",
        TestServer.member("192.0.2.1", 3, "", true, false, 0),
        TestServer.member("192.0.2.2", 1, "", true, false, 0),
        TestServer.member("192.0.2.3", 0, "", true, false, 0));
    Map<String, Integer> count = firsts(MANY);
    // 3 of 4, to within five standard deviations of sqrt(n p (1 - p)) = 43.
    assertThat(count.get("192.0.2.1")).isCloseTo(7500, within(217));
    assertThat(count).doesNotContainKey("192.0.2.3");
  }

  @Test
  void ofSeveralAddressesTheFirstIsChosenByWeightAndAllAreThere() throws IOException {
    start("www: { pools: shop, policy: weighted }", "");
    server.set(
        "www.fl.test/1",
        TestServer.member("192.0.2.1", 3, "", true, false, 0),
        TestServer.member("192.0.2.2", 1, "", true, false, 0));
    assertThat(addresses("A", "")).containsExactlyInAnyOrder("192.0.2.1", "192.0.2.2");
    assertThat(firsts(MANY).get("192.0.2.1")).isCloseTo(7500, within(217));
  }

  @Test
  void aClientKeepsItsMemberAndOnlyThoseOfOneThatLeavesMove() throws IOException {
    start("www: { pools: shop, policy: source-hash, answers: 1 }", "");
    server.set("www.fl.test/1", TestServer.many(5));
    Map<String, String> before = clients();
    Map<String, Integer> share = new HashMap<>();
    before.values().forEach(address -> share.merge(address, 1, Integer::sum));
    // A fifth each of 10,000, to within five standard deviations of 40.
    assertThat(share.values())
        .hasSize(5)
        .allSatisfy(n -> assertThat(n).isCloseTo(2000, within(200)));
    assertThat(clients()).isEqualTo(before);
    server.set(
        "www.fl.test/1",
        TestServer.up("192.0.2.1"),
        TestServer.up("192.0.2.2"),
        TestServer.down("192.0.2.3"),
        TestServer.up("192.0.2.4"),
        TestServer.up("192.0.2.5"));
    Map<String, String> after = clients();
    Set<String> moved = new HashSet<>();
    before.forEach((client, address) -> {
      if (!address.equals(after.get(client))) {
        moved.add(address);
      }
    });
    assertThat(moved).containsExactly("192.0.2.3");
    server.set("www.fl.test/1", TestServer.many(5));
    assertThat(clients()).as("and back").isEqualTo(before);
  }

  private Map<String, String> clients() throws IOException {
    Map<String, String> chosen = new HashMap<>();
    for (int i = 0; i < MANY; i++) {
      String client = "10." + i / 100 + "." + i % 100 + ".7";
      chosen.put(client, addresses("A", client).getFirst());
    }
    return chosen;
  }

  @Test
  void clientsOfOneNetworkAreOne() throws IOException {
    start("www: { pools: shop, policy: source-hash, answers: 1 }", "");
    server.set("www.fl.test/1", TestServer.many(9));
    Set<String> v4 = new HashSet<>();
    Set<String> v6 = new HashSet<>();
    for (int i = 0; i < 256; i++) {
      v4.addAll(addresses("A", "198.51.100." + i));
      v6.addAll(addresses("A", "2001:db8:0:" + Integer.toHexString(i) + "::1"));
    }
    assertThat(v4).hasSize(1);
    assertThat(v6).hasSize(1); // the first 56 bits are the same
  }

  @Test
  void howMuchOfTheClientCountedIsSaid() throws IOException {
    start(
        "www: { pools: shop, policy: source-hash }\nplain: { pools: shop }",
        "sites: { east: \"10.1.0.0/16\" }\n");
    server.set("www.fl.test/1", TestServer.many(2));
    assertThat(
            Corpus.objection(
                "NOERROR option=8:00012018", subnet("A", "10.1.2.3"), raw("A", "10.1.2.3")))
        .isNull();
  }

  private byte[] raw(String type, String client) {
    byte[] question = subnet(type, client);
    System.arraycopy(question, 0, worker.in, 0, question.length);
    worker.peer.set(InetAddress.ofLiteral("127.0.0.1"));
    return java.util.Arrays.copyOf(
        worker.answer.out, server.server.answer(worker, question.length, false));
  }

  @Test
  void whoIsBusyIsNamedLess() throws IOException {
    start("www: { pools: shop, policy: least-connections, answers: 1 }", "");
    server.set(
        "www.fl.test/1",
        TestServer.member("192.0.2.1", 1, "", true, false, 300),
        TestServer.member("192.0.2.2", 1, "", true, false, 0));
    // The busiest counts as half full, the idle one as empty: 1 to 2.
    assertThat(firsts(MANY).get("192.0.2.1")).isCloseTo(3333, within(236));
  }

  @Test
  void clientsOfASiteGetWhatIsNear() throws IOException {
    start(
        "www: { pools: shop }",
        "sites: { east: [\"10.1.0.0/16\", \"2001:db8::/32\"], west: \"10.2.0.0/16\" }\n");
    server.set(
        "www.fl.test/1",
        TestServer.member("192.0.2.1", 1, "east", true, false, 0),
        TestServer.member("192.0.2.2", 1, "west", true, false, 0));
    assertThat(addresses("A", "10.1.2.3")).containsExactly("192.0.2.1");
    assertThat(addresses("A", "2001:db8::1")).containsExactly("192.0.2.1");
    assertThat(addresses("A", "10.2.2.3")).containsExactly("192.0.2.2");
    assertThat(addresses("A", "10.3.2.3")).hasSize(2);
    server.set(
        "www.fl.test/1",
        TestServer.member("192.0.2.1", 1, "east", false, false, 0),
        TestServer.member("192.0.2.2", 1, "west", true, false, 0));
    assertThat(addresses("A", "10.1.2.3")).as("or what there is").containsExactly("192.0.2.2");
  }

  @Test
  void whatGoesDownIsNotAnsweredAnyMoreAndWhenAllAreDownAllAre() throws IOException {
    start("www: { pools: [shop, { addresses: 192.0.2.99 }] }", "");
    server.set("www.fl.test/1", TestServer.many(2));
    server.set("www.fl.test/2", TestServer.up("192.0.2.99"));
    assertThat(addresses("A", "")).containsExactlyInAnyOrder("192.0.2.1", "192.0.2.2");
    server.set("www.fl.test/1", TestServer.up("192.0.2.1"), TestServer.down("192.0.2.2"));
    assertThat(addresses("A", "")).containsExactly("192.0.2.1");
    server.set("www.fl.test/1", TestServer.down("192.0.2.1"), TestServer.down("192.0.2.2"));
    assertThat(addresses("A", "")).containsExactly("192.0.2.99");
    server.set("www.fl.test/2", TestServer.down("192.0.2.99"));
    assertThat(addresses("A", "")).containsExactlyInAnyOrder("192.0.2.1", "192.0.2.2");
    server.set("www.fl.test/1", TestServer.up("192.0.2.1"), TestServer.down("192.0.2.2"));
    assertThat(server.events.stream().map(Event::text))
        .filteredOn(text -> text.startsWith("dns: www"))
        .containsSubsequence(
            "dns: www.fl.test is answered with members of pool 2",
            "dns: www.fl.test has too few members that are up; it is answered with all members of"
                + " pool 1, whether they are up or not",
            "dns: www.fl.test is answered with members of pool 1");
  }

  @Test
  void whatAnOperatorSaysCountsAndOutlivesAChange() throws IOException {
    start("www: { pools: shop }", "");
    server.set("www.fl.test/1", TestServer.up("192.0.2.1"), TestServer.down("192.0.2.2"));
    force("192.0.2.1", Forced.DOWN);
    force("192.0.2.2", Forced.UP);
    assertThat(addresses("A", "")).containsExactly("192.0.2.2");
    start("www: { pools: shop, answers: 3 }", "");
    assertThat(addresses("A", "")).containsExactly("192.0.2.2");
    force("192.0.2.1", Forced.AUTO);
    force("192.0.2.2", Forced.DRAIN);
    assertThat(addresses("A", "")).containsExactly("192.0.2.1");
    assertThat(
            server.control.call(
                () -> String.valueOf(server.server.force("www.fl.test", "192.0.2.9", Forced.UP))))
        .isEqualTo("www.fl.test has no member 192.0.2.9");
  }

  private void force(String address, Forced said) {
    assertThat(
            server.control.call(
                () -> String.valueOf(server.server.force("www.fl.test", address, said))))
        .isEqualTo("null");
  }

  @Test
  void eachKindOfAddressIsAnsweredForItself() throws IOException {
    start("www: { pools: shop, alpn: [h2, http/1.1], https-port: 8443 }", "");
    server.set(
        "www.fl.test/1",
        TestServer.up("192.0.2.1"),
        TestServer.down("192.0.2.2"),
        TestServer.up("2001:db8::1"));
    assertThat(addresses("A", "")).containsExactly("192.0.2.1");
    assertThat(addresses("AAAA", "")).containsExactly("2001:db8:0:0:0:0:0:1");
    assertThat(ask(subnet("HTTPS", "")).getSection(Section.ANSWER).getFirst().rdataToString())
        .isEqualTo(
            "1 . alpn=h2,http/1.1 port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8:0:0:0:0:0:1");
    server.set("www.fl.test/1", TestServer.up("192.0.2.1"));
    Message none = ask(subnet("AAAA", ""));
    assertThat(none.getSection(Section.ANSWER)).isEmpty();
    assertThat(none.getSection(Section.AUTHORITY)).hasSize(1);
    assertThat(ask(subnet("ANY", "")).getSection(Section.ANSWER).getFirst().rdataToString())
        .contains("RFC8482");
  }

  @Test
  void theApexAndAWildcardMayBeBalancedToo() throws IOException {
    start("\"@\": { pools: shop }\n\"*\": { pools: shop }", "");
    server.set("fl.test/1", TestServer.up("192.0.2.7"));
    server.set("*.fl.test/1", TestServer.up("192.0.2.8"));
    assertThat(addresses("A", "")).containsExactly("192.0.2.8");
    byte[] apex = Corpus.assemble("H:0000:1:0:0:0 Q:fl.test:A");
    assertThat(ask(apex).getSection(Section.ANSWER)).hasSize(1);
  }
}
