package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fairlead.telemetry.LoopCounters;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sockets for datagrams, by the system's means and by the JDK's. */
@Timeout(60)
final class UdpPortTest {
  private static final Snapshot NOTHING =
      new Snapshot(
          new NameTable(List.of()),
          List.of(),
          Map.of(),
          Sites.NONE,
          new Cookies(List.of(new byte[16])),
          null,
          0,
          List.of(),
          "",
          Map.of());
  private static final byte[] QUESTION = Corpus.assemble("H:0000:1:0:0:0 Q:one.fl.test:A");

  private static UdpPort open(boolean linux, String address, int port, int index)
      throws IOException {
    Responder responder =
        new Responder(new LoopCounters<>(4, DnsCounter.class), new DnsChallenges());
    Worker worker = new Worker(index, UdpPort.LONGEST_QUESTION, 1);
    InetSocketAddress at = new InetSocketAddress(InetAddress.ofLiteral(address), port);
    UdpPort opened =
        linux
            ? new LinuxPort(at, worker, responder, () -> NOTHING)
            : new NioPort(at, worker, responder, () -> NOTHING);
    opened.start();
    return opened;
  }

  /** A connected socket takes datagrams from that address only. */
  private static int ask(String address, int port) throws IOException {
    return ask(address, port, 20_000);
  }

  private static int ask(String address, int port, int patience) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(InetAddress.ofLiteral(address), port);
      socket.setSoTimeout(patience);
      socket.send(new DatagramPacket(QUESTION, QUESTION.length));
      DatagramPacket answer = new DatagramPacket(new byte[512], 512);
      socket.receive(answer);
      assertThat(answer.getData()[1]).isEqualTo(QUESTION[1]);
      return answer.getData()[3] & 0xF;
    }
  }

  @ParameterizedTest
  @CsvSource({"true, 127.0.0.1", "false, 127.0.0.1", "true, ::1", "false, ::1"})
  void whatComesIsAnswered(boolean linux, String address) throws Exception {
    assumeTrue(!linux || LinuxSockets.AVAILABLE);
    try (UdpPort port = open(linux, address, 0, 0)) {
      for (int i = 0; i < 100; i++) {
        assertThat(ask(address, port.address().getPort())).isEqualTo(Type.REFUSED);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0.0.0.0, 127.0.0.1", "0.0.0.0, 127.0.0.77", "::, ::1"})
  void anAnswerComesFromTheAddressThatWasAsked(String bind, String asked) throws Exception {
    assumeTrue(LinuxSockets.AVAILABLE);
    try (UdpPort port = open(true, bind, 0, 0)) {
      assertThat(ask(asked, port.address().getPort())).isEqualTo(Type.REFUSED);
    }
  }

  @Test
  void severalShareAnAddressAndOneMayLeave() throws Exception {
    assumeTrue(LinuxSockets.AVAILABLE);
    try (UdpPort first = open(true, "127.0.0.1", 0, 0)) {
      int number = first.address().getPort();
      UdpPort second = open(false, "127.0.0.1", number, 1);
      for (int i = 0; i < 50; i++) {
        assertThat(ask("127.0.0.1", number)).isEqualTo(Type.REFUSED);
      }
      second.close();
      // What the system gives to the socket that goes while it goes is lost, as it may be.
      int inARow = 0;
      for (int lost = 0; inARow < 50 && lost < 10; ) {
        try {
          inARow += ask("127.0.0.1", number, 2_000) == Type.REFUSED ? 1 : 0;
        } catch (SocketTimeoutException _) {
          lost++;
          inARow = 0;
        }
      }
      assertThat(inARow).as("the one that stays has all").isEqualTo(50);
    }
  }
}
