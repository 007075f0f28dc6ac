package io.fairlead.proxy.http;

import static io.fairlead.proxy.http.Frames.PING;
import static io.fairlead.proxy.http.Frames.PONG;
import static io.fairlead.proxy.http.Frames.close;
import static io.fairlead.proxy.http.Frames.frame;
import static io.fairlead.proxy.http.Frames.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.WebSocketConfig;
import io.fairlead.config.WebSocketConfig.Ping;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The story of a WebSocket, by a clock turned by hand: who gets what, and when. */
final class WebSocketTunnelTest {
  private static final boolean CLIENT = true;
  private static final boolean NODE = false;

  private final List<String> story = new ArrayList<>();
  private final End client = new End();
  private final End node = new End();
  private boolean nodeLeaves = true;
  private long now;

  /** What an end has got. */
  private static final class End {
    private final ByteArrayOutputStream got = new ByteArrayOutputStream();
    private boolean writable = true;
    private byte[] lastPing = {};
  }

  private final WebSocketTunnel.Ends ends =
      new WebSocketTunnel.Ends() {
        @Override
        public void send(boolean toNode, ByteBuf in, int count) {
          byte[] bytes = new byte[count];
          in.readBytes(bytes);
          (toNode ? node : client).got.writeBytes(bytes);
        }

        @Override
        public void flush() {}

        @Override
        public boolean isWritable(boolean toNode) {
          return (toNode ? node : client).writable;
        }

        @Override
        public boolean isNodeLeaving() {
          return nodeLeaves;
        }

        @Override
        public void count(ErrorReason reason) {
          tell("counted " + reason.wireName());
        }

        @Override
        public void closed() {
          tell("closed");
        }

        @Override
        public void cut(ErrorReason reason) {
          tell("cut " + reason.wireName());
        }
      };

  private WebSocketTunnel tunnel =
      new WebSocketTunnel(WebSocketConfig.DEFAULT, 0, new SplittableRandom(1), 0, ends);

  private void open(WebSocketConfig config, Duration idle) {
    tunnel = new WebSocketTunnel(config, idle.toNanos(), new SplittableRandom(1), now, ends);
  }

  private static WebSocketConfig config(int ping, Ping who) {
    return new WebSocketConfig(
        Duration.ZERO,
        Duration.ofSeconds(ping),
        who,
        Duration.ofSeconds(20),
        Duration.ofSeconds(5));
  }

  private void tell(String what) {
    read(client, "client", false);
    read(node, "node", true);
    story.add(Duration.ofNanos(now).toSeconds() + " " + what);
  }

  /** Tells of the frames that an end has got since. */
  private void read(End end, String name, boolean masked) {
    byte[] got = end.got.toByteArray();
    end.got.reset();
    int at = 0;
    while (at < got.length) {
      int length = got[at + 1] & 127;
      int header = 2 + (length == 126 ? 2 : 0) + (masked ? 4 : 0);
      if (length == 126) {
        length = (got[at + 2] & 0xFF) << 8 | (got[at + 3] & 0xFF);
      }
      if (at + header + length > got.length) {
        end.got.write(got, at, got.length - at); // the rest is still to come
        return;
      }
      assertThat((got[at + 1] & 0x80) != 0).as("masked").isEqualTo(masked);
      byte[] payload = Arrays.copyOfRange(got, at + header, at + header + length);
      for (int i = 0; masked && i < length; i++) {
        payload[i] ^= got[at + header - 4 + (i & 3)];
      }
      String what =
          switch (got[at] & 15) {
            case Frames.TEXT -> "text of " + length;
            case PING -> length == 8 ? "ping" : "ping of " + length;
            case PONG -> "pong of " + length;
            case Frames.CLOSE -> "close " + ((payload[0] & 0xFF) << 8 | (payload[1] & 0xFF));
            default -> "frame " + got[at];
          };
      if ((got[at] & 15) == PING) {
        end.lastPing = payload;
      }
      story.add(Duration.ofNanos(now).toSeconds() + " " + name + ": " + what);
      at += header + length;
    }
  }

  private List<String> story() {
    read(client, "client", false);
    read(node, "node", true);
    List<String> told = List.copyOf(story);
    story.clear();
    return told;
  }

  private void says(boolean byClient, byte[] bytes) {
    tunnel.pass(byClient, Unpooled.wrappedBuffer(bytes), bytes.length, now);
    read(client, "client", false);
    read(node, "node", true);
  }

  private void until(int seconds) {
    long end = Duration.ofSeconds(seconds).toNanos();
    while (true) {
      long next = tunnel.next(now);
      if (next > end) {
        break;
      }
      assertThat(next).as("no standing still").isGreaterThan(now);
      now = next;
      long _ = tunnel.tick(now);
      read(client, "client", false);
      read(node, "node", true);
    }
    now = end;
  }

  @Test
  void pongsToOurPingsEndHereAndOthersGoOn() {
    open(config(10, Ping.BOTH), Duration.ZERO);
    until(11);
    assertThat(story()).containsExactly("10 client: ping", "10 node: ping");
    says(CLIENT, frame(PONG, CLIENT, client.lastPing));
    says(NODE, frame(PONG, NODE, new byte[3]));
    says(NODE, frame(PONG, NODE, new byte[8]));
    says(NODE, frame(PONG, NODE, node.lastPing));
    says(NODE, frame(PONG, NODE, node.lastPing));
    assertThat(story())
        .containsExactly("11 client: pong of 3", "11 client: pong of 8", "11 client: pong of 8");
    until(22);
    assertThat(story()).containsExactly("21 client: ping", "21 node: ping");
  }

  @Test
  void aPongInPiecesAmongOtherFramesIsFound() {
    open(config(10, Ping.CLIENT), Duration.ZERO);
    until(10);
    assertThat(story()).containsExactly("10 client: ping");
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(text(CLIENT, "x".repeat(300)));
    all.writeBytes(frame(PONG, CLIENT, client.lastPing));
    all.writeBytes(text(CLIENT, "y"));
    for (byte each : all.toByteArray()) {
      tunnel.pass(true, Unpooled.wrappedBuffer(new byte[] {each}), 1, now);
    }
    assertThat(story()).containsExactly("10 node: text of 300", "10 node: text of 1");
  }

  @Test
  void whoSaysSomethingIsNotAsked() {
    open(config(10, Ping.BOTH), Duration.ZERO);
    for (int second = 7; second < 60; second += 7) {
      until(second);
      says(CLIENT, text(CLIENT, "a"));
      says(NODE, text(NODE, "a"));
    }
    assertThat(story()).noneMatch(told -> told.contains("ping"));
  }

  @Test
  void aFrameIsNotInterrupted() {
    open(config(10, Ping.CLIENT), Duration.ZERO);
    byte[] long300 = text(NODE, "x".repeat(300));
    tunnel.pass(false, Unpooled.wrappedBuffer(long300, 0, 100), 100, now);
    until(12);
    tunnel.pass(false, Unpooled.wrappedBuffer(long300, 100, 204), 204, now);
    assertThat(story()).containsExactly("12 client: text of 300", "12 client: ping");
    until(21);
    assertThat(story()).isEmpty();
    until(23);
    assertThat(story())
        .containsExactly(
            "22 counted websocket-unanswered", "22 client: close 1001", "22 node: close 1011");
  }

  @Test
  void whoDoesNotAnswerIsNotWaitedFor() {
    open(config(10, Ping.NODE), Duration.ZERO);
    until(19);
    says(CLIENT, text(CLIENT, "anybody there?"));
    assertThat(story()).containsExactly("10 node: ping", "19 node: text of 14");
    until(21);
    assertThat(story())
        .containsExactlyInAnyOrder(
            "20 counted websocket-unanswered", "20 client: close 1011", "20 node: close 1001");
    says(CLIENT, text(CLIENT, "too late"));
    says(CLIENT, close(CLIENT, 1011));
    assertThat(story()).containsExactly("21 closed");
    assertThat(tunnel.next(now)).isEqualTo(WebSocketTunnel.NEVER);
  }

  @Test
  void whoTakesNothingIsGoneUnlessItOnlyIsSlow() {
    open(config(10, Ping.NODE), Duration.ZERO);
    node.writable = false;
    until(15);
    says(CLIENT, text(CLIENT, "some of it is taken"));
    until(29);
    assertThat(story()).containsExactly("15 node: text of 19");
    until(41);
    assertThat(story()).contains("40 counted websocket-unanswered");
  }

  @Test
  void idleEndsAndOurPingsAreNoLife() {
    open(config(10, Ping.CLIENT), Duration.ofSeconds(25));
    until(10);
    says(CLIENT, frame(PONG, CLIENT, client.lastPing));
    until(20);
    says(CLIENT, frame(PONG, CLIENT, client.lastPing));
    until(26);
    assertThat(story())
        .containsExactly(
            "10 client: ping",
            "20 client: ping",
            "25 counted websocket-idle",
            "25 client: close 1001",
            "25 node: close 1001");
    says(CLIENT, close(CLIENT, 1001));
    assertThat(story()).isEmpty();
    says(NODE, close(NODE, 1001));
    assertThat(story()).containsExactly("26 closed");
  }

  @Test
  void aDrainHasItsGraceAndWhoDoesNotCloseIsCut() {
    open(WebSocketConfig.DEFAULT, Duration.ZERO);
    until(5);
    tunnel.drain(false, now);
    tunnel.drain(false, now);
    until(24);
    says(NODE, text(NODE, "still here"));
    until(25);
    says(NODE, text(NODE, "not any more"));
    says(NODE, close(NODE, 1000));
    until(60);
    assertThat(story())
        .containsExactly(
            "24 client: text of 10",
            "25 counted websocket-drained",
            "25 client: close 1001",
            "25 node: close 1001",
            "30 cut websocket-cut");
  }

  @Test
  void aNodeThatIsTakenBackKeepsItsWebSockets() {
    open(WebSocketConfig.DEFAULT, Duration.ZERO);
    tunnel.drain(true, now);
    nodeLeaves = false;
    until(60);
    assertThat(story()).isEmpty();
    tunnel.drain(true, now);
    tunnel.drain(false, now);
    until(81);
    assertThat(story()).contains("80 client: close 1001");
  }

  /** A browser never ends its stream of HTTP/2; a server ends its connection (RFC 6455, 7.1.1). */
  @ParameterizedTest
  @ValueSource(booleans = {CLIENT, NODE})
  void whereBothHaveClosedTheFirstThatEndsIsEnough(boolean ends) {
    open(WebSocketConfig.DEFAULT, Duration.ZERO);
    says(CLIENT, close(CLIENT, 3001));
    says(NODE, close(NODE, 3001));
    assertThat(story()).containsExactly("0 node: close 3001", "0 client: close 3001");
    tunnel.ended(ends);
    assertThat(story()).containsExactly("0 closed");
    tunnel.ended(!ends);
    assertThat(story()).as("once").isEmpty();
  }

  @Test
  void whoEndsAloneHasTheOtherGoOn() {
    open(WebSocketConfig.DEFAULT, Duration.ZERO);
    says(NODE, close(NODE, 1000));
    tunnel.ended(NODE);
    assertThat(story()).containsExactly("0 client: close 1000");
    says(CLIENT, close(CLIENT, 1000));
    assertThat(story()).containsExactly("0 node: close 1000", "0 closed");
  }

  @Test
  void whoHasClosedGetsNothingMoreAndTheOtherIsTold() {
    open(WebSocketConfig.DEFAULT, Duration.ZERO);
    says(CLIENT, close(CLIENT, 1000));
    tunnel.drain(false, now);
    until(21);
    assertThat(story())
        .containsExactly(
            "0 node: close 1000", "20 counted websocket-drained", "20 client: close 1001");
    tunnel.ended(false);
    assertThat(story()).containsExactly("21 closed");
  }

  /** What its bytes mean is not known, so nothing may stand between them. */
  @Test
  void whatIsNoWebSocketIsLeftAloneUntilItIsIdle() {
    open(config(10, Ping.BOTH), Duration.ofSeconds(100));
    tunnel.pass(true, Unpooled.wrappedBuffer(new byte[] {'G', 'E', 'T'}), 3, now);
    tunnel.pass(false, Unpooled.wrappedBuffer(new byte[] {'H', 'i', '!'}), 3, now);
    client.got.reset();
    node.got.reset();
    tunnel.drain(false, now);
    until(99);
    assertThat(story()).isEmpty();
    until(101);
    assertThat(story()).containsExactly("100 cut websocket-idle");
  }
}
