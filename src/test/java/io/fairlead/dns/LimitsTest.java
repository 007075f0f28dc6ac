package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How much one network, one client, all clients get. */
@Timeout(60)
final class LimitsTest {
  private static final byte[] QUESTION = Corpus.assemble("H:0000:1:0:0:0 Q:one.fl.test:A");
  private static final String ZONE = "zones: { fl.test: { file: fl.test.zone } }\n";
  private final Worker worker = new Worker(200, Responder.TCP_LIMIT, 1);

  private int ask(TestServer server, String from, byte[] question, boolean tcp) {
    System.arraycopy(question, 0, worker.in, 0, question.length);
    worker.peer.set(InetAddress.ofLiteral(from));
    return server.server.answer(worker, question.length, tcp);
  }

  @Test
  void aNetworkGetsSoManyLikeAnswersAndThenEachSecondSaysByTcp() throws IOException {
    try (TestServer server =
        TestServer.start("response-rate: { rate: 5/h, slip: 2, exempt: 10.0.0.0/8 }\n" + ZONE)) {
      List<Integer> sizes = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        sizes.add(ask(server, "192.0.2." + (i + 1), QUESTION, false));
      }
      int whole = QUESTION.length + 16;
      int cut = QUESTION.length;
      assertThat(sizes).containsExactly(whole, whole, whole, whole, whole, 0, cut, 0, cut);
      assertThat(worker.answer.out[2] & 0x02).as("the last one says so").isEqualTo(0x02);
      byte[] other = Corpus.assemble("H:0000:1:0:0:0 Q:www.fl.test:A");
      assertThat(ask(server, "192.0.2.9", other, false)).as("another answer").isPositive();
      assertThat(ask(server, "192.0.3.9", QUESTION, false)).as("another network").isEqualTo(whole);
      assertThat(ask(server, "192.0.2.9", QUESTION, true)).as("by TCP").isEqualTo(whole);
      for (int i = 0; i < 9; i++) {
        assertThat(ask(server, "10.0.0.1", QUESTION, false)).isEqualTo(whole);
      }
      assertThat(server.server.counters().get(DnsCounter.RATE_DROPPED)).isEqualTo(2);
      assertThat(server.server.counters().get(DnsCounter.RATE_SLIPPED)).isEqualTo(2);
    }
  }

  @Test
  void namesThatAreNotThereAreAlike() throws IOException {
    try (TestServer server = TestServer.start("response-rate: { rate: 5/h, slip: 0 }\n" + ZONE)) {
      int answered = 0;
      for (int i = 0; i < 100; i++) {
        byte[] question = Corpus.assemble("H:0000:1:0:0:0 Q:no" + i + ".fl.test:A");
        answered += ask(server, "192.0.2.1", question, false) > 0 ? 1 : 0;
      }
      assertThat(answered).isEqualTo(5);
    }
  }

  @Test
  void errorsAreLimitedToo() throws IOException {
    try (TestServer server = TestServer.start("response-rate: { rate: 5/h, slip: 1 }\n" + ZONE)) {
      int answered = 0;
      for (int i = 0; i < 100; i++) {
        byte[] question = Corpus.assemble("H:0000:1:0:0:0 Q:x" + i + ".example:A");
        answered += ask(server, "192.0.2.1", question, false) > 0 ? 1 : 0;
      }
      assertThat(answered).isEqualTo(5);
    }
  }

  private static Socket connect(TestServer server) throws IOException {
    Socket socket = new Socket(server.address().getAddress(), server.address().getPort());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static void send(Socket socket) throws IOException {
    byte[] framed = new byte[QUESTION.length + 2];
    framed[1] = (byte) QUESTION.length;
    System.arraycopy(QUESTION, 0, framed, 2, QUESTION.length);
    socket.getOutputStream().write(framed);
  }

  private static boolean answers(Socket socket) throws IOException {
    try {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] answer = new byte[in.readUnsignedShort()];
      in.readFully(answer);
      return answer.length > 0;
    } catch (java.io.EOFException | java.net.SocketException e) {
      return false; // closed
    }
  }

  @Test
  void theConnectionThatIsIdleLongestMakesRoom() throws IOException {
    try (TestServer server =
        TestServer.start("tcp: { connections: 2, idle-timeout: 1m }\n" + ZONE)) {
      try (Socket first = connect(server)) {
        send(first);
        assertThat(answers(first)).isTrue();
        try (Socket second = connect(server)) {
          send(second);
          assertThat(answers(second)).isTrue();
          send(first);
          assertThat(answers(first)).as("the younger now").isTrue();
          try (Socket third = connect(server)) {
            send(third);
            assertThat(answers(third)).isTrue();
            assertThat(answers(second)).as("closed").isFalse();
            send(first);
            assertThat(answers(first)).isTrue();
          }
        }
      }
    }
  }

  @Test
  void oneAddressHasOnlySoManyConnections() throws IOException {
    try (TestServer server =
            TestServer.start("tcp: { connections-per-client: 1, idle-timeout: 1m }\n" + ZONE);
        Socket first = connect(server)) {
      send(first);
      assertThat(answers(first)).isTrue();
      try (Socket second = connect(server)) {
        assertThat(answers(second)).isFalse();
      }
      send(first);
      assertThat(answers(first)).isTrue();
    }
  }

  @Test
  void halfAQuestionHoldsAConnectionNoLongerThanNone() throws IOException {
    try (TestServer server = TestServer.start("tcp: { idle-timeout: 200ms }\n" + ZONE);
        Socket half = connect(server);
        Socket none = connect(server)) {
      half.getOutputStream().write(new byte[] {0, 29, 1, 2, 3});
      assertThat(answers(half)).isFalse();
      assertThat(answers(none)).isFalse();
    }
  }
}
