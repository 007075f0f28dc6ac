package io.fairlead.health;

import io.fairlead.health.HttpExpectation.Field;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request over a connection of HTTP/2 of its own (RFC 9113). That needs so little of HTTP/2
 * that it is written out here; only HPACK is a library's.
 */
final class Http2Call {
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int GOAWAY = 7;
  private static final int WINDOW_UPDATE = 8;
  private static final int CONTINUATION = 9;
  private static final int END_STREAM = 1;
  private static final int ACK = 1;
  private static final int END_HEADERS = 4;
  private static final int PADDED = 8;
  private static final int PRIORITY = 0x20;
  private static final int INITIAL_WINDOW_SIZE = 4;
  private static final int DEFAULT_WINDOW = 65_535;

  private static final byte[] PREFACE = bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  private static final int MAX_FRAME = 16 * 1024;
  private static final String BROKEN = "the answer breaks the rules of HTTP/2";

  private final Kind kind;
  private final DefaultHttp2HeadersDecoder hpack = new DefaultHttp2HeadersDecoder(false);
  private final ByteArrayOutputStream block = new ByteArrayOutputStream();
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private final List<Field> fields = new ArrayList<>();
  private @Nullable String status;
  private int heads;
  private boolean endsWithBlock;
  private boolean complete;

  /**
   * What is expected.
   *
   * @param name of the answer, for people
   * @param maxFrames an answer of more frames is none
   * @param maxBody so much of the body is read
   * @param whole whether a longer one is wrong
   */
  record Kind(String name, int maxFrames, int maxBody, boolean whole) {}

  Http2Call(Kind kind) {
    this.kind = kind;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * A request as it is sent, all at once.
   *
   * @param fields after those of the request line, names in lower case
   * @param message the body; null: none
   * @param window so much of an answer may come unasked
   */
  static byte[] request(
      String method,
      boolean secure,
      String path,
      String host,
      Map<String, String> fields,
      byte @Nullable [] message,
      int window) {
    ByteBuf block = Unpooled.buffer();
    literal(block, 2, method);
    block.writeByte(secure ? 0x87 : 0x86); // :scheme https or http
    literal(block, 4, path);
    literal(block, 1, host);
    fields.forEach((name, value) -> {
      block.writeByte(0);
      string(block, bytes(name));
      string(block, bytes(value));
    });
    ByteBuf all = Unpooled.buffer();
    all.writeBytes(PREFACE);
    frame(all, 6, SETTINGS, 0, 0);
    all.writeShort(INITIAL_WINDOW_SIZE).writeInt(window);
    if (window > DEFAULT_WINDOW) {
      frame(all, 4, WINDOW_UPDATE, 0, 0);
      all.writeInt(window - DEFAULT_WINDOW);
    }
    frame(all, block.readableBytes(), HEADERS, END_HEADERS | (message == null ? END_STREAM : 0), 1);
    all.writeBytes(block);
    if (message != null) {
      frame(all, message.length, DATA, END_STREAM, 1);
      all.writeBytes(message);
    }
    byte[] written = new byte[all.readableBytes()];
    all.readBytes(written);
    return written;
  }

  private static void frame(ByteBuf out, int length, int type, int flags, int stream) {
    out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
  }

  /** A field whose name is in the static table of HPACK, not to be put into the dynamic one. */
  private static void literal(ByteBuf out, int name, String value) {
    if (name < 15) {
      out.writeByte(name);
    } else {
      out.writeByte(15).writeByte(name - 15);
    }
    string(out, bytes(value));
  }

  private static void string(ByteBuf out, byte[] value) {
    if (value.length < 127) {
      out.writeByte(value.length);
    } else {
      out.writeByte(127);
      varint(out, value.length - 127);
    }
    out.writeBytes(value);
  }

  /** Seven bits at a time, the lowest first: HPACK and protocol buffers agree on that. */
  static void varint(ByteBuf out, int value) {
    int rest = value;
    while (rest >= 0x80) {
      out.writeByte((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    out.writeByte(rest);
  }

  /**
   * Sends the request and reads the answer as far as it is wanted.
   *
   * @return what is wrong, or null
   */
  @Nullable String make(Socket over, byte[] request) throws IOException {
    try {
      DataOutputStream out = new DataOutputStream(over.getOutputStream());
      out.write(request);
      DataInputStream in = new DataInputStream(over.getInputStream());
      for (int frames = 0; frames < kind.maxFrames(); frames++) {
        String wrong = read(in, out);
        if (wrong != null || complete) {
          return wrong;
        }
      }
      return "no " + kind.name() + " within " + kind.maxFrames() + " frames";
    } catch (EOFException e) {
      return "connection closed before the " + kind.name() + " was complete";
    } catch (Http2Exception e) {
      return "the head of the " + kind.name() + " cannot be decoded";
    }
  }

  /** As the answer says it; null: it does not. */
  @Nullable String status() {
    return status;
  }

  /** Those of head and trailers. */
  List<Field> fields() {
    return fields;
  }

  /** The last field of that name, or null. */
  @Nullable String field(String name) {
    String value = null;
    for (Field field : fields) {
      value = field.name().equals(name) ? field.value() : value;
    }
    return value;
  }

  byte[] body() {
    return body.toByteArray();
  }

  /** Reads one frame; what is wrong, or null. */
  private @Nullable String read(DataInputStream in, DataOutputStream out)
      throws IOException, Http2Exception {
    int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
    int type = in.readUnsignedByte();
    int flags = in.readUnsignedByte();
    int stream = in.readInt() & Integer.MAX_VALUE;
    if (length > MAX_FRAME) {
      return "the answer is not HTTP/2, or has a frame of " + length + " bytes";
    }
    byte[] payload = in.readNBytes(length);
    if (payload.length < length) {
      throw new EOFException();
    }
    switch (type) {
      case SETTINGS -> {
        if ((flags & ACK) == 0) {
          reply(out, SETTINGS, new byte[0]);
        }
      }
      case PING -> {
        if (length != 8) {
          return BROKEN;
        }
        if ((flags & ACK) == 0) {
          reply(out, PING, payload);
        }
      }
      case GOAWAY -> {
        return "the node is going away (GOAWAY)";
      }
      case RST_STREAM -> {
        return "the node reset the call";
      }
      case DATA -> {
        if (stream == 1) {
          return data(payload, flags);
        }
      }
      case HEADERS, CONTINUATION -> {
        if (stream == 1) {
          return headers(type, payload, flags);
        }
      }
      default -> {}
    }
    return null;
  }

  private static void reply(DataOutputStream out, int type, byte[] payload) throws IOException {
    ByteBuf frame = Unpooled.buffer();
    frame(frame, payload.length, type, ACK, 0);
    frame.writeBytes(payload);
    out.write(frame.array(), 0, frame.readableBytes());
  }

  private @Nullable String data(byte[] payload, int flags) {
    int padding = (flags & PADDED) != 0 && payload.length > 0 ? (payload[0] & 0xFF) + 1 : 0;
    if (padding > payload.length) {
      return BROKEN;
    }
    int length = payload.length - padding;
    if (body.size() + length > kind.maxBody() && kind.whole()) {
      return "the answer is too long for a health check";
    }
    body.write(payload, padding > 0 ? 1 : 0, Math.min(length, kind.maxBody() - body.size()));
    complete = (flags & END_STREAM) != 0 || (!kind.whole() && body.size() == kind.maxBody());
    return null;
  }

  private @Nullable String headers(int type, byte[] payload, int flags) throws Http2Exception {
    int start = 0;
    int end = payload.length;
    if (type == HEADERS) {
      endsWithBlock = (flags & END_STREAM) != 0;
      if ((flags & PADDED) != 0 && end > 0) {
        end -= payload[0] & 0xFF;
        start = 1;
      }
      start += (flags & PRIORITY) != 0 ? 5 : 0;
      if (start > end) {
        return BROKEN;
      }
    }
    block.write(payload, start, end - start);
    if (block.size() > MAX_FRAME) {
      return "the head of the answer is longer than 16 KiB";
    }
    if ((flags & END_HEADERS) != 0) {
      Http2Headers headers = hpack.decodeHeaders(1, Unpooled.wrappedBuffer(block.toByteArray()));
      block.reset();
      status = headers.status() == null ? status : headers.status().toString();
      if (status != null && status.startsWith("1")) {
        return null; // the answer itself is still to come
      }
      if (++heads > 2) {
        return BROKEN; // one before the body and one after it
      }
      headers.forEach(
          field -> fields.add(new Field(field.getKey().toString(), field.getValue().toString())));
      complete = endsWithBlock;
    }
    return null;
  }
}
