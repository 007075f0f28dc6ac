package io.fairlead.health;

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
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Calls {@code grpc.health.v1.Health/Check} (the health checking protocol of gRPC) over a
 * connection of HTTP/2 of its own; passes if the answer is SERVING. One call with one message each
 * way needs so little of HTTP/2 that it is written out here; only HPACK is a library's.
 */
final class GrpcProber implements Prober {
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int GOAWAY = 7;
  private static final int CONTINUATION = 9;
  private static final int END_STREAM = 1;
  private static final int ACK = 1;
  private static final int END_HEADERS = 4;
  private static final int PADDED = 8;
  private static final int PRIORITY = 0x20;

  private static final byte[] PREFACE = bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  /** An answer of more frames or bytes than this is none to a health check. */
  private static final int MAX_FRAMES = 100;

  private static final int MAX_FRAME = 16 * 1024;

  private static final String[] STATES = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  private static final int SERVING = 1;

  private final byte[] request;
  private final String service;
  private final ProbeLink link;

  /**
   * @param service whose health is asked for; empty: the server's as a whole
   */
  GrpcProber(String service, String host, ProbeLink link) {
    this.service = service;
    this.link = link;
    this.request = request(service, host, link.isSecure());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] request(String service, String host, boolean secure) {
    ByteBuf block = Unpooled.buffer();
    block.writeByte(0x83).writeByte(secure ? 0x87 : 0x86); // :method POST, :scheme https or http
    literal(block, 4, "/grpc.health.v1.Health/Check");
    literal(block, 1, host);
    literal(block, 31, "application/grpc");
    literal(block, 58, "fairlead-health");
    block.writeByte(0);
    string(block, bytes("te"));
    string(block, bytes("trailers"));
    ByteBuf message = Unpooled.buffer();
    byte[] name = bytes(service);
    if (name.length > 0) {
      message.writeByte(0x0A); // field 1, a string
      varint(message, name.length);
      message.writeBytes(name);
    }
    ByteBuf all = Unpooled.buffer();
    all.writeBytes(PREFACE);
    frame(all, 0, SETTINGS, 0, 0);
    frame(all, block.readableBytes(), HEADERS, END_HEADERS, 1);
    all.writeBytes(block);
    frame(all, 5 + message.readableBytes(), DATA, END_STREAM, 1);
    all.writeByte(0).writeInt(message.readableBytes()).writeBytes(message);
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
  private static void varint(ByteBuf out, int value) {
    int rest = value;
    while (rest >= 0x80) {
      out.writeByte((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    out.writeByte(rest);
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    try (Socket socket = new TimedSocket(deadline)) {
      socket.connect(address, deadline.remainingMillis());
      socket.setTcpNoDelay(true);
      try (Socket over = link.over(socket, ProbeLink.Asks.HTTP_2)) {
        return call(over, deadline);
      }
    } catch (EOFException e) {
      return new ProbeResult.Failed("connection closed before the gRPC answer was complete");
    } catch (Http2Exception e) {
      return new ProbeResult.Failed("the head of the gRPC answer cannot be decoded");
    } catch (IOException e) {
      return Failures.of(e, deadline);
    }
  }

  private ProbeResult call(Socket over, Deadline deadline) throws IOException, Http2Exception {
    DataOutputStream out = new DataOutputStream(over.getOutputStream());
    out.write(request);
    Answer answer = new Answer();
    DataInputStream in = new DataInputStream(over.getInputStream());
    for (int frames = 0; frames < MAX_FRAMES; frames++) {
      String wrong = answer.read(in, out);
      if (wrong != null) {
        return new ProbeResult.Failed(wrong);
      }
      if (answer.complete) {
        String failed = judge(answer);
        return failed == null ? deadline.met() : new ProbeResult.Failed(failed);
      }
    }
    return new ProbeResult.Failed("no gRPC answer within " + MAX_FRAMES + " frames");
  }

  private @Nullable String judge(Answer answer) {
    if (!"200".equals(answer.httpStatus)) {
      return "answered HTTP status " + answer.httpStatus + " instead of a gRPC answer";
    }
    String status = answer.grpcStatus;
    if (status == null) {
      return "the answer is not gRPC: no grpc-status";
    }
    return switch (status) {
      case "0" -> state(answer.message.toByteArray());
      case "5" -> "does not know the service '" + service + "' (NOT_FOUND)";
      case "12" -> "does not offer grpc.health.v1.Health (UNIMPLEMENTED)";
      default -> "answered grpc-status " + status;
    };
  }

  /** What the message says, or null if that is SERVING. */
  private static @Nullable String state(byte[] message) {
    int state = 0; // the default of protocol buffers: UNKNOWN
    if (message.length >= 7 && message[5] == 0x08) { // field 1, a number
      state = message[6];
    }
    if (state == SERVING) {
      return null;
    }
    return state >= 0 && state < STATES.length ? "says " + STATES[state] : "says state " + state;
  }

  /** What has come of the answer so far. */
  private static final class Answer {
    private final DefaultHttp2HeadersDecoder hpack = new DefaultHttp2HeadersDecoder(false);
    private final ByteArrayOutputStream block = new ByteArrayOutputStream();
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();
    private @Nullable String httpStatus;
    private @Nullable String grpcStatus;
    private boolean endsWithBlock;
    private boolean complete;

    /** Reads one frame; what is wrong, or null. */
    @Nullable String read(DataInputStream in, DataOutputStream out)
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
        return "the answer breaks the rules of HTTP/2";
      }
      int start = padding > 0 ? 1 : 0;
      message.write(payload, start, payload.length - padding);
      complete = (flags & END_STREAM) != 0;
      return message.size() > MAX_FRAME ? "the answer is too long for a health check" : null;
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
          return "the answer breaks the rules of HTTP/2";
        }
      }
      block.write(payload, start, end - start);
      if (block.size() > MAX_FRAME) {
        return "the head of the answer is longer than 16 KiB";
      }
      if ((flags & END_HEADERS) != 0) {
        Http2Headers headers = hpack.decodeHeaders(1, Unpooled.wrappedBuffer(block.toByteArray()));
        block.reset();
        httpStatus = headers.status() == null ? httpStatus : headers.status().toString();
        CharSequence said = headers.get("grpc-status");
        grpcStatus = said == null ? grpcStatus : said.toString();
        complete = endsWithBlock;
      }
      return null;
    }
  }
}
