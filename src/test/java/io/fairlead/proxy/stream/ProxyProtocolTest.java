package io.fairlead.proxy.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BalanceMethod;
import io.fairlead.config.ProxyVersion;
import io.fairlead.proxy.http.Await;
import io.fairlead.proxy.http.HandNode;
import io.fairlead.proxy.http.NothingLeftOver;
import io.fairlead.proxy.http.Wire;
import io.fairlead.proxy.stream.StreamFixture.Setup;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers of the PROXY protocol before relayed bytes, in and out. */
@Timeout(60)
final class ProxyProtocolTest {
  private static final String HEADER = "PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\n";
  private static final byte[] BINARY =
      HexFormat.of().parseHex("0d0a0d0a000d0a515549540a2111000cc0000201c63364021267" + "01bb");
  private static final Setup TRUSTING = Setup.USUAL.trusts("127.0.0.0/8");

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 100})
  void whatATrustedOneSaysIsPassedOn(int piece) throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(TRUSTING.announce(ProxyVersion.V2), node.address());
    Wire client = client(proxy);
    byte[] all = (HEADER + "hello").getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < all.length; i += piece) {
      client.send(java.util.Arrays.copyOfRange(all, i, Math.min(all.length, i + piece)));
    }
    Wire atNode = leftOver.closes(node.accept());
    byte[] header = new byte[BINARY.length];
    atNode.fill(header);
    assertThat(header).isEqualTo(BINARY);
    assertThat(atNode.raw(5)).isEqualTo("hello");
    atNode.send("you too");
    assertThat(client.raw(7)).isEqualTo("you too");
  }

  @Test
  void aServerMaySpeakFirstAfterTheHeader() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(TRUSTING.announce(ProxyVersion.V1), node.address());
    Wire client = client(proxy).send(BINARY);
    Wire atNode = leftOver.closes(node.accept());
    assertThat(atNode.raw(HEADER.length())).isEqualTo(HEADER);
    atNode.send("220 ready");
    assertThat(client.raw(9)).isEqualTo("220 ready");
  }

  @Test
  void withoutAHeaderInTheNodeLearnsOfTheConnectionItself() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(Setup.USUAL.announce(ProxyVersion.V1), node.address());
    Wire client = client(proxy);
    Wire atNode = leftOver.closes(node.accept());
    String begin = "PROXY TCP4 127.0.0.1 127.0.0.1 ";
    String end = " " + proxy.address().getPort() + "\r\n";
    assertThat(atNode.raw(begin.length())).isEqualTo(begin);
    assertThat(atNode.raw(5)).isEqualTo(Integer.toString(client.localPort()));
    assertThat(atNode.raw(end.length())).isEqualTo(end);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"PROXY UNKNOWN\r\n", "\r\n\r\n\0\r\nQUIT\n \0\0\0", "PROXY UNKNOWN x\r\n"})
  void aProxyThatSpeaksForItselfIsTheClient(String header) throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(TRUSTING.announce(ProxyVersion.V1), node.address());
    Wire _ = client(proxy).send(header);
    Wire atNode = leftOver.closes(node.accept());
    assertThat(atNode.raw(20)).isEqualTo("PROXY TCP4 127.0.0.1");
  }

  @Test
  void theClientOfTheHeaderDecidesWhereIpHashSendsIt() throws Exception {
    HandNode a = node();
    HandNode b = node();
    StreamFixture proxy =
        proxy(TRUSTING.balance(BalanceMethod.IP_HASH).connections(1000), a.address(), b.address());
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 40; i++) {
      long before = proxy.counted(0, NodeCounter.CONNECTIONS);
      for (int again = 0; again < 2; again++) {
        long done = connected(proxy);
        Wire client = client(proxy).send("PROXY TCP4 192.0.2." + i + " 198.51.100.2 1 2\r\n");
        Await.nothing(() -> connected(proxy) == done ? "not connected yet" : "");
        client.close();
      }
      long first = proxy.counted(0, NodeCounter.CONNECTIONS) - before;
      assertThat(first).as("both of one client go to one node").isIn(0L, 2L);
      seen.add("node " + first);
    }
    assertThat(seen).hasSize(2);
  }

  private static long connected(StreamFixture proxy) {
    return proxy.counted(0, NodeCounter.CONNECTIONS) + proxy.counted(1, NodeCounter.CONNECTIONS);
  }

  @Test
  void aTrustedOneWithoutHeaderIsClosedAndCounted() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(TRUSTING, node.address());
    assertThat(client(proxy).send("hello").ends()).isTrue();
    assertThat(proxy.errors(ErrorReason.PROXY_HEADER_MISSING)).isEqualTo(1);
    Wire silent = client(proxy);
    assertThat(silent.ends()).as("after the time limit").isTrue();
    assertThat(proxy.errors(ErrorReason.PROXY_HEADER_MISSING)).isEqualTo(2);
    Wire slow = client(proxy).send("PROXY TCP4 192.0.2.1 ");
    assertThat(slow.ends()).as("after the time limit").isTrue();
    assertThat(proxy.errors(ErrorReason.PROXY_HEADER_MISSING)).isEqualTo(3);
    Wire half = client(proxy).send("PROX");
    half.finish();
    assertThat(half.ends()).isTrue();
    assertThat(proxy.errors(ErrorReason.PROXY_HEADER_MISSING)).isEqualTo(4);
    Wire looks = client(proxy);
    looks.finish();
    assertThat(looks.ends()).isTrue();
    assertThat(client(proxy).send("PROXY TCP4 192.0.02.1 1.2.3.4 1 2\r\n").ends()).isTrue();
    assertThat(proxy.errors(ErrorReason.PROXY_HEADER_INVALID)).isOne();
    assertThat(proxy.errors(ErrorReason.PROXY_HEADER_MISSING)).isEqualTo(4);
    Await.nothing(proxy::busy);
    assertThat(proxy.counted(0, NodeCounter.CONNECTIONS)).isZero();
  }

  @Test
  void aHeaderFromElsewhereIsClosedAndCountedAndOtherBytesGoThrough() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(Setup.USUAL.trusts("127.7.0.0/16"), node.address());
    for (byte[] header : new byte[][] {HEADER.getBytes(StandardCharsets.US_ASCII), BINARY}) {
      Wire client = client(proxy);
      Wire atNode = leftOver.closes(node.accept());
      for (byte one : header) {
        try {
          client.send(new byte[] {one});
        } catch (IOException _) {
          break; // closed as soon as there is no doubt
        }
      }
      assertThat(client.ends()).isTrue();
      assertThat(atNode.ends()).as("not a byte of it arrives").isTrue();
    }
    assertThat(proxy.errors(ErrorReason.PROXY_HEADER_UNTRUSTED)).isEqualTo(2);

    Wire waits = client(proxy);
    Wire atNode = leftOver.closes(node.accept());
    atNode.send("you?");
    assertThat(waits.raw(4)).as("a server may speak first").isEqualTo("you?");
    waits.send("PRO").send("POSAL");
    assertThat(atNode.raw(8)).isEqualTo("PROPOSAL");
    waits.send(HEADER);
    assertThat(atNode.raw(HEADER.length())).as("later it is nothing but bytes").isEqualTo(HEADER);
    Wire ends = client(proxy).send("PROX");
    ends.finish();
    Wire atNodeToo = leftOver.closes(node.accept());
    assertThat(atNodeToo.raw(4)).isEqualTo("PROX");
    assertThat(atNodeToo.ends()).isTrue();
  }

  @Test
  void aDrainClosesWhoHasNotSaidWhoItIs() throws Exception {
    StreamFixture proxy = proxy(TRUSTING, node().address());
    Wire client = client(proxy);
    Await.value(1, proxy.listener().state()::connections, "connections");
    assertThat(proxy.listener().drain(Duration.ofSeconds(10)).join()).isZero();
    assertThat(client.ends()).isTrue();
  }

  private HandNode node() throws IOException {
    return leftOver.closes(new HandNode());
  }

  private StreamFixture proxy(Setup setup, InetSocketAddress... nodes) {
    return leftOver.watches(new StreamFixture(setup, nodes));
  }

  private Wire client(StreamFixture proxy) throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }
}
