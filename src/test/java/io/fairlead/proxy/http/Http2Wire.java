package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One end of a connection of HTTP/2, played by a test frame by frame. What is sent may be as wrong
 * as the test likes; what is read is read strictly, and what breaks a rule is an AssertionError.
 * HPACK is Netty's, at both ends of it.
 */
final class Http2Wire implements AutoCloseable {
  static final int END = Http2.END_STREAM;

  private static final Set<String> OF_CONNECTIONS =
      Set.of("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade");

  private static final int MAX_PAYLOAD = 16 * 1024;

  final Wire wire;
  private final DefaultHttp2HeadersEncoder encoder =
      new DefaultHttp2HeadersEncoder((name, value) -> false, true);
  private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, 1 << 20);
  private final Map<Integer, Stream> streams = new HashMap<>();
  private final List<String> story = new ArrayList<>();
  private boolean acknowledging = true;
  private int goAway = -1;
  private int goAwayLast = -1;
  private @Nullable ByteArrayOutputStream together;

  /** What came of one stream. */
  static final class Stream {
    /** Each list of fields that came: interim answers, the head, trailers. */
    final List<List<String>> heads = new ArrayList<>();

    final StringBuilder body = new StringBuilder();
    boolean ended;

    /** The code of the reset that came; -1: none. */
    int reset = -1;

    boolean isOver() {
      return ended || reset >= 0;
    }

    List<String> head() {
      for (List<String> each : heads) {
        if (!each.getFirst().startsWith(":status: 1")) {
          return each;
        }
      }
      return List.of();
    }

    /** The last list, if it came behind the head. */
    List<String> trailers() {
      return heads.size() > heads.indexOf(head()) + 1 ? heads.getLast() : List.of();
    }

    /** The answer's status; -1: none came. */
    int status() {
      List<String> head = head();
      return head.isEmpty() ? -1 : Integer.parseInt(head.getFirst().substring(9));
    }

    String value(String name) {
      return value(head(), name);
    }

    static String value(List<String> fields, String name) {
      return fields.stream()
          .filter(field -> field.startsWith(name + ": "))
          .map(field -> field.substring(name.length() + 2))
          .findFirst()
          .orElse("");
    }

    @Override
    public String toString() {
      return heads
          + " body of "
          + body.length()
          + (ended ? ", ended" : "")
          + (reset >= 0 ? ", RST_STREAM " + name(reset) : "");
    }
  }

  /** A frame as it came. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares frames
  record Frame(int type, int flags, int stream, byte[] payload) {
    boolean has(int flag) {
      return (flags & flag) != 0;
    }

    int intAt(int index) {
      return (payload[index] & 0xFF) << 24
          | (payload[index + 1] & 0xFF) << 16
          | (payload[index + 2] & 0xFF) << 8
          | (payload[index + 3] & 0xFF);
    }
  }

  private Http2Wire(Wire wire) {
    this.wire = wire;
  }

  /** Connects, and says nothing yet. */
  static Http2Wire silent(InetSocketAddress proxy) throws IOException {
    return new Http2Wire(Wire.to(proxy));
  }

  /** Connects as a sound client with those settings: id, value, id, value. */
  static Http2Wire client(InetSocketAddress proxy, int... settings) throws IOException {
    return silent(proxy).send(Http2.PREFACE).settings(settings);
  }

  /** The same with a kernel that takes little. */
  static Http2Wire slowClient(InetSocketAddress proxy, int... settings) throws IOException {
    return new Http2Wire(Wire.to(proxy, 4096)).send(Http2.PREFACE).settings(settings);
  }

  /** A node that has been connected to, and has not said anything. */
  static Http2Wire silentNode(Wire accepted) throws IOException {
    Http2Wire node = new Http2Wire(accepted);
    byte[] preface = new byte[Http2.PREFACE.length];
    accepted.fill(preface);
    check(new String(preface, US_ASCII).startsWith("PRI * "), "a preface");
    return node;
  }

  static Http2Wire node(Wire accepted, int... settings) throws IOException {
    return silentNode(accepted).settings(settings);
  }

  /** Never acknowledges SETTINGS. */
  Http2Wire mute() {
    acknowledging = false;
    return this;
  }

  // --- to the proxy ------------------------------------------------------------------------

  Http2Wire send(byte[] bytes) throws IOException {
    if (together != null) {
      together.write(bytes);
    } else {
      wire.send(bytes);
    }
    return this;
  }

  /** What is sent from now on goes out at once as soon as something is read. */
  Http2Wire together() {
    together = new ByteArrayOutputStream();
    return this;
  }

  private void go() throws IOException {
    if (together != null) {
      wire.send(together.toByteArray());
      together = null;
    }
  }

  static byte[] frameBytes(int type, int flags, int stream, byte[] payload) {
    byte[] all = new byte[9 + payload.length];
    all[0] = (byte) (payload.length >> 16);
    all[1] = (byte) (payload.length >> 8);
    all[2] = (byte) payload.length;
    all[3] = (byte) type;
    all[4] = (byte) flags;
    putInt(all, 5, stream);
    System.arraycopy(payload, 0, all, 9, payload.length);
    return all;
  }

  Http2Wire frame(int type, int flags, int stream, byte... payload) throws IOException {
    return send(frameBytes(type, flags, stream, payload));
  }

  /** A frame whose payload is numbers of four bytes. */
  Http2Wire frameOfInts(int type, int flags, int stream, int... numbers) throws IOException {
    byte[] payload = new byte[4 * numbers.length];
    for (int i = 0; i < numbers.length; i++) {
      putInt(payload, 4 * i, numbers[i]);
    }
    return frame(type, flags, stream, payload);
  }

  private static void putInt(byte[] into, int at, int value) {
    into[at] = (byte) (value >> 24);
    into[at + 1] = (byte) (value >> 16);
    into[at + 2] = (byte) (value >> 8);
    into[at + 3] = (byte) value;
  }

  Http2Wire settings(int... idsAndValues) throws IOException {
    byte[] payload = new byte[3 * idsAndValues.length];
    for (int i = 0; i < idsAndValues.length; i += 2) {
      payload[3 * i] = (byte) (idsAndValues[i] >> 8);
      payload[3 * i + 1] = (byte) idsAndValues[i];
      putInt(payload, 3 * i + 2, idsAndValues[i + 1]);
    }
    return frame(Http2.SETTINGS, 0, 0, payload);
  }

  /** A header block by a sound encoder, with its table and its Huffman code. */
  Http2Wire headers(int stream, int flags, List<String> fields) throws IOException {
    Http2Headers list = new DefaultHttp2Headers(false);
    for (String field : fields) {
      list.add(nameOf(field), valueOf(field));
    }
    ByteBuf block = Unpooled.buffer();
    try {
      encoder.encodeHeaders(stream, list, block);
    } catch (Http2Exception e) {
      throw new IOException(e);
    }
    return block(stream, flags, bytes(block));
  }

  /** A header block, cut into frames where it must be. */
  Http2Wire block(int stream, int flags, byte[] block) throws IOException {
    int type = Http2.HEADERS;
    int at = 0;
    do {
      int count = Math.min(MAX_PAYLOAD, block.length - at);
      boolean last = at + count == block.length;
      byte[] part = new byte[count];
      System.arraycopy(block, at, part, 0, count);
      int more = type == Http2.HEADERS ? flags : 0;
      frame(type, more | (last ? Http2.END_HEADERS : 0), stream, part);
      type = Http2.CONTINUATION;
      at += count;
    } while (at < block.length);
    return this;
  }

  private static byte[] bytes(ByteBuf from) {
    byte[] bytes = new byte[from.readableBytes()];
    from.readBytes(bytes);
    return bytes;
  }

  Http2Wire data(int stream, int flags, String bytes) throws IOException {
    return frame(Http2.DATA, flags, stream, bytes.getBytes(ISO_8859_1));
  }

  Http2Wire reset(int stream, int error) throws IOException {
    return frameOfInts(Http2.RST_STREAM, 0, stream, error);
  }

  Http2Wire window(int stream, int more) throws IOException {
    return frameOfInts(Http2.WINDOW_UPDATE, 0, stream, more);
  }

  Http2Wire goAway(int last, int error) throws IOException {
    return frameOfInts(Http2.GOAWAY, 0, 0, last, error);
  }

  /** A sound request without a body. */
  Http2Wire get(int stream, String path, String... more) throws IOException {
    return headers(stream, END, request("GET", path, more));
  }

  /** A sound request whose body follows. */
  Http2Wire post(int stream, String path, String... more) throws IOException {
    return headers(stream, 0, request("POST", path, more));
  }

  static List<String> request(String method, String path, String... more) {
    List<String> fields = new ArrayList<>();
    fields.add(":method: " + method);
    fields.add(":scheme: http");
    fields.add(":path: " + path);
    fields.add(":authority: a.example");
    fields.addAll(List.of(more));
    return fields;
  }

  /** A block of literals without table and Huffman code, that says whatever it is told to. */
  static byte[] literals(List<String> fields) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (String field : fields) {
      out.write(0);
      string(out, nameOf(field));
      string(out, valueOf(field));
    }
    return out.toByteArray();
  }

  private static void string(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    ByteBuf length = Unpooled.buffer();
    HpackWriter.writeInt(0, 7, bytes.length, length);
    out.writeBytes(bytes(length));
    out.writeBytes(bytes);
  }

  private static String nameOf(String field) {
    return field.substring(0, field.indexOf(": ", 1));
  }

  private static String valueOf(String field) {
    return field.substring(field.indexOf(": ", 1) + 2);
  }

  // --- from the proxy ----------------------------------------------------------------------

  /** The next frame, whatever it is, judged by the rules for all frames. */
  Frame read() throws IOException {
    byte[] head = new byte[9];
    go();
    wire.fill(head);
    int length = (head[0] & 0xFF) << 16 | (head[1] & 0xFF) << 8 | (head[2] & 0xFF);
    check(length <= MAX_PAYLOAD, "a payload of " + length);
    byte[] payload = new byte[length];
    wire.fill(payload);
    Frame frame = new Frame(head[3], head[4], new Frame(0, 0, 0, head).intAt(5), payload);
    check(frame.stream >= 0, "a reserved bit");
    story.add(frame.type + " " + frame.flags + " " + frame.stream + " " + length);
    return frame;
  }

  /** Reads on until it is over with that stream; answers SETTINGS and PING meanwhile. */
  Stream answer(int id) throws IOException {
    Stream stream = stream(id);
    while (!stream.isOver()) {
      take(read());
    }
    return stream;
  }

  /** The same, while windows are given back as the body comes. */
  Stream bigAnswer(int id) throws IOException {
    Stream stream = stream(id);
    while (!stream.isOver()) {
      Frame frame = read();
      take(frame);
      if (frame.type == Http2.DATA && frame.payload.length > 0) {
        window(0, frame.payload.length);
        if (!stream(frame.stream).isOver()) {
          window(frame.stream, frame.payload.length);
        }
      }
    }
    return stream;
  }

  /** Reads on until a head of that stream has come. */
  Stream head(int id) throws IOException {
    Stream stream = stream(id);
    while (stream.head().isEmpty() && !stream.isOver()) {
      take(read());
    }
    return stream;
  }

  /** Reads on until that many bytes of that stream have come. */
  String body(int id, int count) throws IOException {
    Stream stream = stream(id);
    while (stream.body.length() < count && !stream.isOver()) {
      take(read());
    }
    return stream.body.toString();
  }

  /** Reads on until the answer to a PING comes: all that was sent before it has been read. */
  Http2Wire sync() throws IOException {
    frame(Http2.PING, 0, 0, new byte[8]);
    while (true) {
      Frame frame = read();
      if (frame.type == Http2.PING && frame.has(Http2.ACK)) {
        return this;
      }
      take(frame);
    }
  }

  /** Reads to the end of the connection; the answer is the last GOAWAY's code, -1 for none. */
  int end() throws IOException {
    try {
      while (true) {
        take(read());
      }
    } catch (EOFException | SocketException e) {
      return goAway;
    }
  }

  /** The last stream of the last GOAWAY. */
  int goAwayLast() {
    return goAwayLast;
  }

  Stream stream(int id) {
    return streams.computeIfAbsent(id, any -> new Stream());
  }

  List<String> story() {
    return story;
  }

  void take(Frame frame) throws IOException {
    switch (frame.type) {
      case Http2.DATA -> {
        Stream stream = stream(frame.stream);
        check(!stream.ended && !stream.head().isEmpty(), "DATA in its place");
        check(!frame.has(Http2.PADDED), "no padding");
        stream.body.append(new String(frame.payload, ISO_8859_1));
        stream.ended = frame.has(END);
        if (stream.ended) {
          String length = stream.value("content-length");
          check(
              length.isEmpty() || Long.parseLong(length) == stream.body.length(),
              "as long as announced");
        }
      }
      case Http2.HEADERS -> readHeaders(frame);
      case Http2.RST_STREAM -> {
        check(frame.payload.length == 4, "four bytes");
        stream(frame.stream).reset = frame.intAt(0);
      }
      case Http2.SETTINGS -> {
        check(frame.stream == 0 && frame.payload.length % 6 == 0, "sound SETTINGS");
        if (!frame.has(Http2.ACK) && acknowledging) {
          frame(Http2.SETTINGS, Http2.ACK, 0);
        }
      }
      case Http2.PING -> {
        if (!frame.has(Http2.ACK)) {
          frame(Http2.PING, Http2.ACK, 0, frame.payload);
        }
      }
      case Http2.GOAWAY -> {
        goAwayLast = frame.intAt(0);
        goAway = frame.intAt(4);
      }
      case Http2.WINDOW_UPDATE -> check(frame.intAt(0) > 0, "a window that grows");
      default -> throw new AssertionError("frame of type " + frame.type);
    }
  }

  private void readHeaders(Frame first) throws IOException {
    Stream stream = stream(first.stream);
    check(!stream.ended, "HEADERS after the end");
    ByteBuf block = Unpooled.buffer().writeBytes(first.payload);
    Frame frame = first;
    while (!frame.has(Http2.END_HEADERS)) {
      frame = read();
      check(frame.type == Http2.CONTINUATION && frame.stream == first.stream, "CONTINUATION");
      block.writeBytes(frame.payload);
    }
    List<String> fields = new ArrayList<>();
    try {
      decoder
          .decodeHeaders(first.stream, block)
          .forEach(entry -> fields.add(entry.getKey() + ": " + entry.getValue()));
    } catch (Http2Exception e) {
      throw new AssertionError(e);
    }
    boolean regular = false;
    for (String field : fields) {
      String name = nameOf(field);
      check(name.equals(name.toLowerCase(Locale.ROOT)), "lower case: " + name);
      check(!OF_CONNECTIONS.contains(name), "of one connection: " + name);
      check(!(regular && name.startsWith(":")), "pseudo-fields first: " + fields);
      regular |= !name.startsWith(":");
    }
    stream.heads.add(List.copyOf(fields));
    stream.ended = first.has(END);
  }

  static void check(boolean holds, String rule) {
    if (!holds) {
      throw new AssertionError("broken: " + rule);
    }
  }

  /** An error code as the RFC spells it. */
  static String name(int error) {
    return switch (error) {
      case Http2.NO_ERROR -> "NO_ERROR";
      case Http2.PROTOCOL_ERROR -> "PROTOCOL_ERROR";
      case Http2.INTERNAL_ERROR -> "INTERNAL_ERROR";
      case Http2.FLOW_CONTROL_ERROR -> "FLOW_CONTROL_ERROR";
      case Http2.STREAM_CLOSED -> "STREAM_CLOSED";
      case Http2.FRAME_SIZE_ERROR -> "FRAME_SIZE_ERROR";
      case Http2.REFUSED_STREAM -> "REFUSED_STREAM";
      case Http2.CANCEL -> "CANCEL";
      case Http2.COMPRESSION_ERROR -> "COMPRESSION_ERROR";
      case Http2.CONNECT_ERROR -> "CONNECT_ERROR";
      case Http2.ENHANCE_YOUR_CALM -> "ENHANCE_YOUR_CALM";
      default -> "error " + error;
    };
  }

  @Override
  public void close() throws IOException {
    wire.close();
  }
}
