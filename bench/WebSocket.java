import java.nio.ByteBuffer;

/** As much of RFC 6455 as short messages need. */
final class WebSocket {
  private static final byte BINARY = (byte) 0x82;
  private static final int MASKED = 0x80;
  private static final int SHORT = 125;

  private WebSocket() {}

  /** Whether a whole frame begins at the buffer's position. */
  static boolean hasFrame(ByteBuffer in) {
    if (in.remaining() < 2) {
      return false;
    }
    int second = in.get(in.position() + 1);
    int length = second & 0x7f;
    if (length > SHORT) {
      throw new IllegalArgumentException("only short messages are sent here");
    }
    return in.remaining() >= 2 + ((second & MASKED) != 0 ? 4 : 0) + length;
  }

  /** Takes one masked frame and puts its message into one of a server. */
  static void echo(ByteBuffer in, ByteBuffer out) {
    out.put(in.get());
    int length = in.get() & 0x7f;
    out.put((byte) length);
    int mask = in.getInt();
    for (int i = 0; i < length; i++) {
      out.put((byte) (in.get() ^ mask >>> 24 - 8 * (i & 3)));
    }
  }

  /** A client's frame; the mask only has to be one. */
  static void frame(byte[] message, int mask, ByteBuffer out) {
    out.put(BINARY).put((byte) (MASKED | message.length)).putInt(mask);
    for (int i = 0; i < message.length; i++) {
      out.put((byte) (message[i] ^ mask >>> 24 - 8 * (i & 3)));
    }
  }

  /** Takes one frame of a server; whether it is that message. */
  static boolean takes(byte[] message, ByteBuffer in) {
    boolean same = in.get() == BINARY && in.get() == message.length;
    for (int i = 0; i < message.length && same; i++) {
      same = in.get() == message[i];
    }
    return same;
  }
}
