package io.fairlead.proxy.http;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Frames of WebSockets as bytes, sound and otherwise. */
public final class Frames {
  public static final int TEXT = 1;
  public static final int CLOSE = 8;
  public static final int PING = 9;
  public static final int PONG = 10;

  private static final byte[] MASK = {0x12, (byte) 0xE4, 0, 0x7F};

  private Frames() {}

  /** The last or only frame of a message. */
  public static byte[] frame(int opcode, boolean masked, byte[] payload) {
    return frame(0x80 | opcode, masked, payload, 0);
  }

  /** A short message, whole. */
  public static byte[] text(boolean masked, String text) {
    return frame(TEXT, masked, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** The last frame of a direction. */
  public static byte[] close(boolean masked, int code) {
    return frame(CLOSE, masked, new byte[] {(byte) (code >> 8), (byte) code});
  }

  /**
   * A frame with that first byte.
   *
   * @param lengthBytes that the length takes behind the first two; 0: as few as possible
   */
  static byte[] frame(int first, boolean masked, byte[] payload, int lengthBytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(first);
    int length = payload.length;
    int more = lengthBytes > 0 ? lengthBytes : length < 126 ? 0 : length < 65536 ? 2 : 8;
    out.write((masked ? 0x80 : 0) | (more == 0 ? length : more == 2 ? 126 : 127));
    for (int i = more - 1; i >= 0; i--) {
      out.write(i > 3 ? 0 : length >>> (8 * i));
    }
    if (masked) {
      out.writeBytes(MASK);
    }
    for (int i = 0; i < length; i++) {
      out.write(masked ? payload[i] ^ MASK[i & 3] : payload[i]);
    }
    return out.toByteArray();
  }
}
