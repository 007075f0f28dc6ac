package io.fairlead.proxy.http;

import static io.fairlead.proxy.http.Frames.close;
import static io.fairlead.proxy.http.Frames.frame;
import static io.fairlead.proxy.http.Frames.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Where frames end; whoever sends them, and in whatever pieces they come. */
final class WebSocketFramesTest {
  private static final boolean CLIENT = true;
  private static final boolean NODE = false;

  static Stream<Arguments> streams() {
    return Stream.of(
        of("one frame", NODE, "7 | between", text(NODE, "hello")),
        of("nothing", CLIENT, "| between"),
        of("a frame of a client", CLIENT, "11 | between", text(CLIENT, "hello")),
        of("an empty one", CLIENT, "6 | between", text(CLIENT, "")),
        of("an empty one of a node", NODE, "2 | between", text(NODE, "")),
        of("several", NODE, "3 6 8 | between", text(NODE, "a"), text(NODE, "b"), text(NODE, "")),
        of("125 bytes", NODE, "127 | between", text(NODE, "x".repeat(125))),
        of("126 bytes", NODE, "130 | between", text(NODE, "x".repeat(126))),
        of("65,535 bytes", CLIENT, "65543 | between", text(CLIENT, "x".repeat(65_535))),
        of("65,536 bytes", CLIENT, "65550 | between", text(CLIENT, "x".repeat(65_536))),
        of("a length longer than it need be", NODE, "7 | between", frame(0x81, NODE, some(3), 2)),
        of("the longest form for nothing", NODE, "10 | between", frame(0x82, NODE, some(0), 8)),
        of("half a frame", NODE, "| within", Arrays.copyOf(text(NODE, "hello"), 4)),
        of("a frame but for a byte", NODE, "| within", Arrays.copyOf(text(NODE, "hello"), 6)),
        of("one byte", NODE, "| within", Arrays.copyOf(text(NODE, "hello"), 1)),
        of("a mask without payload", CLIENT, "| within", Arrays.copyOf(text(CLIENT, "a"), 6)),
        of(
            "a message in pieces, a ping between them",
            CLIENT,
            "7 14 21 | between",
            frame(0x01, CLIENT, some(1), 0),
            frame(0x89, CLIENT, some(1), 0),
            frame(0x80, CLIENT, some(1), 0)),
        of("bits of an extension", NODE, "3 | between", frame(0xC1, NODE, some(1), 0)),
        of("a ping of 125 bytes", NODE, "127 | between", frame(Frames.PING, NODE, some(125))),
        of("a close frame", NODE, "4 | closed", close(NODE, 1000)),
        of("one without a code", CLIENT, "6 | closed", frame(Frames.CLOSE, CLIENT, some(0))),
        of("something behind it", NODE, "4 | closed", close(NODE, 1000), text(NODE, "more")),
        of("a ping of 126 bytes", NODE, "| broken", frame(0x89, NODE, some(126), 0)),
        of("a ping in pieces", NODE, "| broken", frame(0x09, NODE, some(1), 0)),
        of("a close frame in pieces", CLIENT, "| broken", frame(0x08, CLIENT, some(2), 0)),
        of("an opcode for data to come", NODE, "| broken", frame(0x83, NODE, some(1), 0)),
        of("an opcode for control to come", NODE, "| broken", frame(0x8B, NODE, some(1), 0)),
        of("a client that does not mask", CLIENT, "| broken", text(NODE, "hello")),
        of("a node that masks", NODE, "| broken", text(CLIENT, "hello")),
        of("a negative length", NODE, "| broken", bytes(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0)),
        of(
            "the longest there is",
            NODE,
            "| within",
            bytes(0x82, 127, 127, 255, 255, 255, 255, 255, 255, 255)),
        of(
            "HTTP",
            CLIENT,
            "| broken",
            "GET / HTTP/1.1\r\n".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1)),
        of("a sound frame before", NODE, "7 | broken", text(NODE, "hello"), bytes(0xFF, 0xFF)));
  }

  private static Arguments of(String what, boolean masked, String ends, byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return Arguments.of(what, masked, ends, all.toByteArray());
  }

  private static byte[] some(int count) {
    return new byte[count];
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @ParameterizedTest(name = "{0}: {2}")
  @MethodSource("streams")
  void framesEndAt(String what, boolean masked, String ends, byte[] sent) {
    for (int piece : new int[] {sent.length + 1, 1, 3, 64}) {
      assertThat(read(masked, sent, piece)).as("pieces of %s", piece).isEqualTo(ends);
    }
  }

  /** Where frames ended, and what comes next. */
  static String read(boolean masked, byte[] sent, int piece) {
    WebSocketFrames frames = new WebSocketFrames(masked);
    ByteBuf in = Unpooled.wrappedBuffer(sent);
    List<String> ends = new ArrayList<>();
    for (int at = 0; at < sent.length; ) {
      int most = Math.min(piece - at % piece, sent.length - at);
      boolean before = frames.isClosed() || frames.isBroken();
      at += frames.next(in, at, most);
      if (frames.isBetween() || (frames.isClosed() && !before)) {
        ends.add(Integer.toString(at));
      }
    }
    String state =
        frames.isBroken()
            ? "| broken"
            : frames.isClosed() ? "| closed" : frames.isBetween() ? "| between" : "| within";
    ends.add(state);
    return String.join(" ", ends);
  }
}
