package io.fairlead.proxy.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.balance.KeyedHash;
import io.fairlead.proxy.http.Await;
import io.fairlead.proxy.http.HandNode;
import io.fairlead.proxy.http.NothingLeftOver;
import io.fairlead.proxy.http.Wire;
import io.fairlead.proxy.stream.StreamFixture.Setup;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.NodeCounter;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections to members of a database: they wait, move and are cut. */
@Timeout(60)
final class RoleSessionsTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private StreamFixture proxy(Duration patience, InetSocketAddress... nodes) {
    return leftOver.watches(StreamFixture.ofDatabase(Setup.USUAL.loops(2), patience, nodes));
  }

  private HandNode node() throws Exception {
    return leftOver.closes(new HandNode());
  }

  private Wire client(StreamFixture proxy) throws Exception {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private Wire accept(HandNode node) throws Exception {
    return leftOver.closes(node.accept());
  }

  private static void lose(StreamFixture proxy, int index) {
    Node node = proxy.node(index);
    proxy.service().setUp(node, false, "has lost its role");
    proxy.rebalance();
    proxy.sessions().cut(node);
  }

  private static void gain(StreamFixture proxy, int index) {
    proxy.service().setUp(proxy.node(index), true, "has a role");
    proxy.rebalance();
    proxy.sessions().wake();
  }

  @Test
  void aClientWaitsForAMember() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(LONG, node.address());
    lose(proxy, 0);
    Wire client = client(proxy).send("hello");
    Await.value(1, () -> proxy.sessions().waiting(), "waiting");
    gain(proxy, 0);
    Wire atNode = accept(node);
    assertThat(atNode.raw(5)).isEqualTo("hello");
    atNode.send("welcome");
    assertThat(client.raw(7)).isEqualTo("welcome");
    assertThat(proxy.sessions().waiting()).isZero();
  }

  @Test
  void butNotForEver() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(Duration.ofMillis(200), node.address());
    lose(proxy, 0);
    assertThat(client(proxy).isReset()).isTrue();
    Await.value(1, () -> (int) proxy.errors(ErrorReason.NO_NODE), "turned away");
    assertThat(proxy.sessions().waiting()).isZero();
  }

  @Test
  void aClientThatGoesAwayDoesNotWait() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(LONG, node.address());
    lose(proxy, 0);
    Wire client = client(proxy);
    Await.value(1, () -> proxy.sessions().waiting(), "waiting");
    client.reset();
    Await.value(0, () -> proxy.sessions().waiting(), "waiting");
  }

  @Test
  void aMemberThatRefusesIsTriedAgainUntilItDoesNot() throws Exception {
    HandNode gone = new HandNode();
    InetSocketAddress address = gone.address();
    gone.close();
    StreamFixture proxy = proxy(LONG, address);
    Wire client = client(proxy).send("hello");
    Await.value(1, () -> proxy.sessions().waiting(), "waiting");
    try (ServerSocket back = new ServerSocket(address.getPort(), 10, address.getAddress())) {
      Wire atNode = leftOver.closes(new Wire(back.accept()));
      assertThat(atNode.raw(5)).isEqualTo("hello");
      atNode.send("welcome");
      assertThat(client.raw(7)).isEqualTo("welcome");
    }
  }

  @Test
  void whoHasHadAWordFromItsMemberIsCut() throws Exception {
    HandNode first = node();
    StreamFixture proxy = proxy(LONG, first.address());
    Wire client = client(proxy).send("hello");
    Wire atNode = accept(first);
    assertThat(atNode.raw(5)).isEqualTo("hello");
    atNode.send("welcome");
    assertThat(client.raw(7)).isEqualTo("welcome");
    lose(proxy, 0);
    assertThat(client.isReset()).isTrue();
    assertThat(atNode.isReset()).isTrue();
    assertThat(proxy.sessions().cut()).isOne();
    assertThat(proxy.sessions().moved()).isZero();
  }

  @Test
  void whoHasNotGoesToAnotherWithAllThatItSaid() throws Exception {
    HandNode frozen = node();
    HandNode other = node();
    StreamFixture proxy = proxy(LONG, frozen.address(), other.address());
    lose(proxy, 1);
    Wire client = client(proxy).send("hel");
    Wire atFrozen = accept(frozen);
    assertThat(atFrozen.raw(3)).isEqualTo("hel");
    client.send("lo");
    assertThat(atFrozen.raw(2)).isEqualTo("lo");
    proxy.service().setUp(proxy.node(1), true, "was promoted");
    lose(proxy, 0);
    Wire atOther = accept(other);
    assertThat(atOther.raw(5)).isEqualTo("hello");
    assertThat(atFrozen.isReset()).isTrue();
    atOther.send("welcome");
    assertThat(client.raw(7)).isEqualTo("welcome");
    client.send("more");
    assertThat(atOther.raw(4)).isEqualTo("more");
    assertThat(proxy.sessions().moved()).isOne();
    assertThat(proxy.sessions().cut()).isZero();
  }

  @Test
  void aMemberThatGoesWithoutAWordIsLeft() throws Exception {
    HandNode first = node();
    StreamFixture proxy = proxy(LONG, first.address());
    Wire client = client(proxy).send("hello");
    Wire dies = accept(first);
    assertThat(dies.raw(5)).isEqualTo("hello");
    dies.reset();
    Wire again = accept(first);
    assertThat(again.raw(5)).isEqualTo("hello");
    again.finish(); // an orderly end without a word is none either
    Wire third = accept(first);
    assertThat(third.raw(5)).isEqualTo("hello");
    third.send("welcome");
    assertThat(client.raw(7)).isEqualTo("welcome");
    assertThat(proxy.connectFailures()).contains("n1: connection closed without a word");
  }

  /** As one that looks whether anybody listens, or insists on TLS where there is none. */
  @Test
  void aClientThatGoesWithoutAWordIsNotItsMembersFault() throws Exception {
    HandNode first = node();
    StreamFixture proxy = proxy(LONG, first.address());
    Wire client = client(proxy);
    Wire atNode = accept(first);
    client.finish();
    assertThat(atNode.ends()).isTrue();
    atNode.finish();
    assertThat(client.ends()).isTrue();
    assertThat(proxy.sessions().waiting()).isZero();
    assertThat(proxy.sessions().moved()).isZero();
    assertThat(proxy.connectFailures()).isEmpty();
  }

  @Test
  void whoHasSaidTooMuchIsCut() throws Exception {
    HandNode first = node();
    StreamFixture proxy = proxy(LONG, first.address());
    String much = "x".repeat(20_000);
    Wire client = client(proxy).send(much);
    Wire atNode = accept(first);
    assertThat(atNode.raw(much.length())).isEqualTo(much);
    lose(proxy, 0);
    assertThat(client.isReset()).isTrue();
  }

  /** Its member never has all of that statement, and the client is told why. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoLowersWhatItsCommitsWaitForIsEnded(boolean inTheMiddle) throws Exception {
    HandNode first = node();
    StreamFixture proxy = proxy(LONG, first.address());
    proxy.sessions().setGuarded(true);
    String start = "\0\0\0\u0013\0\3\0\0user\0shop\0\0";
    Wire client = client(proxy).send(start);
    Wire atNode = accept(first);
    assertThat(atNode.raw(start.length())).isEqualTo(start);
    atNode.send("Z\0\0\0\5I");
    assertThat(client.raw(6)).isEqualTo("Z\0\0\0\5I");
    if (inTheMiddle) {
      atNode.send("D\0\0\1\0beg");
      assertThat(client.raw(8)).isEqualTo("D\0\0\1\0beg");
    }
    client.send("Q\0\0\0\41set synchronous_com");
    assertThat(atNode.raw(24)).isEqualTo("Q\0\0\0\41set synchronous_com");
    client.send("mit = off\0");
    if (!inTheMiddle) {
      assertThat(client.raw(100)).startsWith("E").contains("C0A000\0M", "must not be lowered");
    }
    assertThat(atNode.isReset()).isTrue();
    Await.value(1, () -> (int) proxy.errors(ErrorReason.COMMIT_LOWERED), "counted");
    if (inTheMiddle) {
      assertThat(client.isReset()).as("what follows is no part of a row").isTrue();
    }
  }

  @Test
  void whoMayDoesAndGoesOn() throws Exception {
    HandNode first = node();
    StreamFixture proxy = proxy(LONG, first.address());
    String said = "\0\0\0\u0013\0\3\0\0user\0shop\0\0" + "Q\0\0\0\41set synchronous_commit = off\0";
    Wire client = client(proxy).send(said);
    Wire atNode = accept(first);
    assertThat(atNode.raw(said.length())).isEqualTo(said);
    atNode.send("welcome");
    assertThat(client.raw(7)).isEqualTo("welcome");
  }

  private static final String TLS_REQUEST = "\0\0\0\b\4\u00d2\u0016/";
  private static final String GSS_REQUEST = "\0\0\0\b\4\u00d2\u00160";

  /** Its member hears nothing of that, and has not said a word by it. */
  @Test
  void aClientIsToldThatThereIsNoTls() throws Exception {
    HandNode first = node();
    HandNode other = node();
    StreamFixture proxy = proxy(LONG, first.address(), other.address());
    lose(proxy, 1);
    proxy.sessions().setDeclinesTls(true);
    proxy.sessions().setGuarded(true);
    Wire client = client(proxy).send(GSS_REQUEST);
    assertThat(client.raw(1)).isEqualTo("N");
    client.send(TLS_REQUEST.substring(0, 3));
    Wire atFirst = accept(first);
    client.send(TLS_REQUEST.substring(3));
    assertThat(client.raw(1)).isEqualTo("N");
    String start = "\0\0\0\u0013\0\3\0\0user\0shop\0\0";
    client.send(start);
    assertThat(atFirst.raw(start.length())).isEqualTo(start);
    proxy.service().setUp(proxy.node(1), true, "was promoted");
    lose(proxy, 0);
    Wire atOther = accept(other);
    assertThat(atOther.raw(start.length())).isEqualTo(start);
    atOther.send("Z\0\0\0\5I");
    assertThat(client.raw(6)).isEqualTo("Z\0\0\0\5I");
    client.send("Q\0\0\0\41set synchronous_commit = off\0");
    assertThat(client.raw(100)).as("is followed").startsWith("E").contains("C0A000\0M");
  }

  /** All at once, and what only begins as a request is whole at the member. */
  @Test
  void whatIsNoRequestIsPassedOn() throws Exception {
    HandNode first = node();
    StreamFixture proxy = proxy(LONG, first.address());
    proxy.sessions().setDeclinesTls(true);
    String cancel = "\0\0\0\20\4\u00d2\u0016.12345678";
    Wire client = client(proxy).send(TLS_REQUEST + cancel.substring(0, 5));
    assertThat(client.raw(1)).isEqualTo("N");
    Wire atNode = accept(first);
    client.send(cancel.substring(5));
    assertThat(atNode.raw(cancel.length())).isEqualTo(cancel);
    atNode.send("welcome");
    assertThat(client.raw(7)).isEqualTo("welcome");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\u0016\3\1", TLS_REQUEST + "\u0016\3\1"})
  void whoInsistsOnTlsIsCut(String said) throws Exception {
    HandNode first = node();
    StreamFixture proxy = proxy(LONG, first.address());
    proxy.sessions().setDeclinesTls(true);
    Wire client = client(proxy).send(said);
    Wire atNode = accept(first);
    assertThat(atNode.isReset()).isTrue();
    Await.value(1, () -> (int) proxy.errors(ErrorReason.TLS_REFUSED), "counted");
    client.close();
  }

  @Test
  void whereItIsNotDeclinedItsMemberAnswers() throws Exception {
    HandNode first = node();
    StreamFixture proxy = proxy(LONG, first.address());
    Wire client = client(proxy).send(TLS_REQUEST);
    Wire atNode = accept(first);
    assertThat(atNode.raw(8)).isEqualTo(TLS_REQUEST);
    atNode.send("S");
    assertThat(client.raw(1)).isEqualTo("S");
  }

  /** A key of the listener, by which the first node has what comes, or the second. */
  private static String keyOf(int index) {
    for (int i = 0; ; i++) {
      if (KeyedHash.holder(List.of("n1", "n2"), KeyedHash.hash("key-" + i)) == index) {
        return "key-" + i;
      }
    }
  }

  private StreamFixture keyed(int index, HandNode... nodes) {
    InetSocketAddress[] addresses =
        Arrays.stream(nodes).map(HandNode::address).toArray(InetSocketAddress[]::new);
    return leftOver.watches(StreamFixture.ofKey(keyOf(index), LONG, addresses));
  }

  private Wire greeted(StreamFixture proxy, HandNode by) throws Exception {
    Wire client = client(proxy);
    accept(by).send("welcome");
    assertThat(client.raw(7)).isEqualTo("welcome");
    return client;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void allOfAKeyGoToItsMember(int index) throws Exception {
    HandNode[] nodes = {node(), node()};
    StreamFixture proxy = keyed(index, nodes);
    for (int i = 0; i < 10; i++) {
      Wire _ = greeted(proxy, nodes[index]);
    }
    assertThat(proxy.counted(1 - index, NodeCounter.REQUESTS)).isZero();
  }

  @Test
  void aMemberThatRefusesIsNotReplacedByAnotherAsLongAsTheKeyIsItsOwn() throws Exception {
    HandNode gone = new HandNode();
    InetSocketAddress address = gone.address();
    gone.close();
    HandNode other = node();
    StreamFixture proxy =
        leftOver.watches(StreamFixture.ofKey(keyOf(0), LONG, address, other.address()));
    Wire client = client(proxy);
    Await.value(1, () -> proxy.sessions().waiting(), "waiting");
    assertThat(proxy.counted(1, NodeCounter.REQUESTS)).isZero();
    lose(proxy, 0);
    proxy.sessions().wake();
    accept(other).send("welcome");
    assertThat(client.raw(7)).isEqualTo("welcome");
  }

  @Test
  void whoWritesAtAnotherMemberThanItsKeysIsCutWhenItsTimeIsOver() throws Exception {
    HandNode first = node();
    HandNode second = node();
    StreamFixture proxy = keyed(0, first, second);
    lose(proxy, 0);
    Wire strays = client(proxy);
    Wire atSecond = accept(second);
    atSecond.send("welcome");
    assertThat(strays.raw(7)).isEqualTo("welcome");
    gain(proxy, 0);
    proxy.sessions().settle(1000, 500);
    Wire _ = greeted(proxy, first);
    proxy.sessions().settle(1499, 500);
    Wire _ = greeted(proxy, first);
    strays.send("more");
    assertThat(atSecond.raw(4)).isEqualTo("more");
    proxy.sessions().settle(1500, 500);
    assertThat(strays.isReset()).isTrue();
    assertThat(atSecond.isReset()).isTrue();
    assertThat(proxy.sessions().cut()).isOne();
    assertThat(proxy.node(0).inFlight()).isEqualTo(2);
  }

  @Test
  void whoHasNotHadAWordYetGoesToItsKeysMemberAtOnce() throws Exception {
    HandNode first = node();
    HandNode second = node();
    StreamFixture proxy = keyed(0, first, second);
    lose(proxy, 0);
    Wire client = client(proxy).send("hello");
    assertThat(accept(second).raw(5)).isEqualTo("hello");
    gain(proxy, 0);
    proxy.sessions().settle(1000, LONG.toNanos());
    Wire atFirst = accept(first);
    assertThat(atFirst.raw(5)).isEqualTo("hello");
    atFirst.send("welcome");
    assertThat(client.raw(7)).isEqualTo("welcome");
    assertThat(proxy.sessions().cut()).isZero();
  }

  @Test
  void whoseKeyComesBackInTimeStays() throws Exception {
    HandNode first = node();
    HandNode second = node();
    StreamFixture proxy = keyed(0, first, second);
    lose(proxy, 0);
    Wire client = client(proxy);
    Wire atSecond = accept(second);
    atSecond.send("welcome");
    assertThat(client.raw(7)).isEqualTo("welcome");
    gain(proxy, 0);
    proxy.sessions().settle(1000, 500);
    lose(proxy, 0);
    proxy.sessions().settle(1100, 500);
    Wire _ = greeted(proxy, second); // so the loop has settled
    gain(proxy, 0);
    proxy.sessions().settle(1500, 500); // strays for the second time
    client.send("more");
    assertThat(atSecond.raw(4)).isEqualTo("more");
    proxy.sessions().settle(2000, 500);
    assertThat(client.isReset()).isTrue();
  }

  /** A packet of MariaDB, of characters that are bytes. */
  private static String packet(int number, String body) {
    return "" + (char) body.length() + "\0\0" + (char) number + body;
  }

  private static final String HELLO = packet(0, "\n11");
  private static final String LOGIN = packet(1, "\u0085\u00a6\0\0");
  private static final String QUERY = packet(0, "\u0003select");
  private static final String QUIT = packet(0, "\u0001");

  /** An OK. */
  private static String ok(int number, boolean open) {
    return packet(number, "\0\0\0" + (open ? '\u0003' : '\u0002') + "\0\0\0");
  }

  private static void pass(Wire from, String what, Wire to) throws Exception {
    from.send(what);
    assertThat(to.raw(what.length())).isEqualTo(what);
  }

  @Test
  void whoStraysEndsBetweenTwoTransactions() throws Exception {
    HandNode first = node();
    HandNode second = node();
    StreamFixture proxy = keyed(0, first, second);
    lose(proxy, 0);
    Wire rests = client(proxy);
    Wire atRest = accept(second);
    pass(atRest, HELLO, rests);
    pass(rests, LOGIN, atRest);
    pass(atRest, ok(2, false), rests);
    Wire works = client(proxy);
    Wire atWork = accept(second);
    pass(atWork, HELLO, works);
    pass(works, LOGIN, atWork);
    pass(atWork, ok(2, false), works);
    pass(works, QUERY, atWork);
    pass(atWork, ok(1, true), works); // begin
    gain(proxy, 0);
    proxy.sessions().settle(1000, LONG.toNanos());
    assertThat(atRest.raw(QUIT.length())).isEqualTo(QUIT);
    assertThat(atRest.ends()).isTrue();
    assertThat(rests.ends()).isTrue();
    assertThat(proxy.sessions().ended()).isOne();
    pass(works, QUERY, atWork);
    pass(atWork, ok(1, true), works);
    pass(works, QUERY, atWork);
    pass(atWork, ok(1, false), works); // commit
    assertThat(atWork.raw(QUIT.length())).isEqualTo(QUIT);
    assertThat(works.ends()).isTrue();
    assertThat(proxy.sessions().ended()).isEqualTo(2);
    assertThat(proxy.sessions().cut()).isZero();
  }

  @Test
  void whoseTransactionDoesNotEndIsCut() throws Exception {
    HandNode first = node();
    HandNode second = node();
    StreamFixture proxy = keyed(0, first, second);
    lose(proxy, 0);
    Wire client = client(proxy);
    Wire atSecond = accept(second);
    pass(atSecond, HELLO, client);
    pass(client, LOGIN, atSecond);
    pass(atSecond, ok(2, false), client);
    pass(client, QUERY, atSecond);
    pass(atSecond, ok(1, true), client);
    gain(proxy, 0);
    proxy.sessions().settle(1000, 500);
    Wire _ = greeted(proxy, first); // so the loop has settled
    pass(client, QUERY, atSecond);
    proxy.sessions().settle(1500, 500);
    assertThat(client.isReset()).isTrue();
    assertThat(proxy.sessions().ended()).isZero();
    assertThat(proxy.sessions().cut()).isOne();
  }
}
