package io.fairlead.proxy.http;

import static io.fairlead.proxy.http.Http2Wire.END;
import static io.fairlead.proxy.http.Http2Wire.frameBytes;
import static io.fairlead.proxy.http.Http2Wire.literals;
import static io.fairlead.proxy.http.Http2Wire.request;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What clients of HTTP/2 may send, right and wrong, and what must come of it. The request that
 * counts is stream 1.
 */
final class Http2Corpus {
  /** What a sound request without a body becomes at the node. */
  static final String PLAIN = "GET /p HTTP/1.1|host: a.example";

  private static final String POSTED = "POST /p HTTP/1.1|host: a.example";
  private static final int END_HEADERS = Http2.END_HEADERS;
  private static final byte[] NOTHING = {};

  /** What is sent behind the preface and the first SETTINGS, unless the case begins before. */
  interface Script {
    void play(Http2Wire to) throws IOException;
  }

  /**
   * A case.
   *
   * @param client {@code 200}, {@code 400 bad-request}, {@code RST code} or {@code GOAWAY code}
   * @param node the requests it got, exactly, without what Fairlead adds to each; empty: none;
   *     null: a matter of time
   * @param whole the script sends preface and SETTINGS itself
   */
  record Case(String name, String client, @Nullable String node, boolean whole, Script script) {
    boolean isSound() {
      return client.startsWith("2");
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private final List<Case> cases = new ArrayList<>();

  private Http2Corpus() {
    prefaces();
    frames();
    streams();
    continuations();
    padding();
    pseudoFields();
    fields();
    bodies();
    targets();
    hpack();
    sizes();
  }

  static List<Case> all() {
    return List.copyOf(new Http2Corpus().cases);
  }

  private void add(String name, String client, @Nullable String node, Script script) {
    cases.add(new Case(name, client, node, false, script));
  }

  private void begin(String name, String client, String node, Script script) {
    cases.add(new Case(name, client, node, true, script));
  }

  /** A request of literals, whose fields are said one by one. */
  private void fields(String name, String client, String node, String... fields) {
    add(name, client, node, to -> to.block(1, END, literals(List.of(fields))));
  }

  /** A sound request with these fields behind. */
  private void with(String name, String client, String node, String... more) {
    List<String> fields = request("GET", "/p", more);
    add(name, client, node, to -> to.block(1, END, literals(fields)));
  }

  private void path(String path, String client, String atNode) {
    String node = atNode.isEmpty() ? "" : "GET " + atNode + " HTTP/1.1|host: a.example";
    List<String> fields = request("GET", path);
    add("path " + path, client, node, to -> to.block(1, END, literals(fields)));
  }

  private void authority(String said, String client, String node) {
    fields(
        "authority " + Escapes.escape(said),
        client,
        node,
        ":method: GET",
        ":scheme: http",
        ":path: /p",
        ":authority: " + said);
  }

  private void prefaces() {
    begin(
        "preface and request in one piece",
        "200",
        PLAIN,
        to -> {
          ByteArrayOutputStream all = new ByteArrayOutputStream();
          all.writeBytes(Http2.PREFACE);
          all.writeBytes(frameBytes(Http2.SETTINGS, 0, 0, NOTHING));
          byte[] block = literals(request("GET", "/p"));
          all.writeBytes(frameBytes(Http2.HEADERS, END | END_HEADERS, 1, block));
          to.send(all.toByteArray());
        });
    begin(
        "preface and request byte by byte",
        "200",
        PLAIN,
        to -> {
          for (byte b : Http2.PREFACE) {
            to.send(new byte[] {b});
          }
          byte[] block = literals(request("GET", "/p"));
          byte[] headers = frameBytes(Http2.HEADERS, END | END_HEADERS, 1, block);
          for (byte[] part : List.of(frameBytes(Http2.SETTINGS, 0, 0, NOTHING), headers)) {
            for (byte b : part) {
              to.send(new byte[] {b});
            }
          }
        });
    begin(
        "preface with another second line",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.send(Ascii.bytes("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")).settings());
    begin(
        "preface without its blank line",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.send(Ascii.bytes("PRI * HTTP/2.0\r\nSM\r\n\r\nGET")).settings());
    begin(
        "preface and no SETTINGS",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.send(Http2.PREFACE).get(1, "/p"));
    begin(
        "preface and an acknowledgement first",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.send(Http2.PREFACE).frame(Http2.SETTINGS, Http2.ACK, 0));
    begin(
        "preface and PING first",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.send(Http2.PREFACE).frame(Http2.PING, 0, 0, new byte[8]));
    begin(
        "preface twice",
        "GOAWAY FRAME_SIZE_ERROR",
        "",
        to -> to.send(Http2.PREFACE).settings().send(Http2.PREFACE));
  }

  private void frames() {
    add("a sound request", "200", PLAIN, to -> to.get(1, "/p"));
    add(
        "frames of unknown types are passed over",
        "200",
        PLAIN,
        to -> to.frame(0x42, 0xFF, 0, (byte) 1).frame(0xFA, 0, 77).get(1, "/p"));
    add(
        "unknown flags are passed over",
        "200",
        PLAIN,
        to -> to.frame(Http2.PING, 0xFE & ~Http2.ACK, 0, new byte[8]).get(1, "/p"));
    add(
        "the reserved bit of a stream is passed over",
        "200",
        PLAIN,
        to -> to.block(1 | Integer.MIN_VALUE, END, literals(request("GET", "/p"))));
    add(
        "a frame larger than allowed",
        "GOAWAY FRAME_SIZE_ERROR",
        null,
        to -> to.post(1, "/p").send(new byte[] {0, 0x40, 1, 0, 0, 0, 0, 0, 1}));
    add(
        "a frame of 16 MiB",
        "GOAWAY FRAME_SIZE_ERROR",
        "",
        to -> to.send(new byte[] {-1, -1, -1, 0x42, 0, 0, 0, 0, 0}));
    add(
        "SETTINGS of five bytes",
        "GOAWAY FRAME_SIZE_ERROR",
        "",
        to -> to.frame(Http2.SETTINGS, 0, 0, new byte[5]));
    add(
        "SETTINGS of a stream",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.SETTINGS, 0, 1, new byte[6]));
    add(
        "an acknowledgement that says something",
        "GOAWAY FRAME_SIZE_ERROR",
        "",
        to -> to.frame(Http2.SETTINGS, Http2.ACK, 0, new byte[6]));
    add("SETTINGS: push 2", "GOAWAY PROTOCOL_ERROR", "", to -> to.settings(Http2.ENABLE_PUSH, 2));
    add(
        "SETTINGS: window too large",
        "GOAWAY FLOW_CONTROL_ERROR",
        "",
        to -> to.settings(Http2.INITIAL_WINDOW_SIZE, Integer.MIN_VALUE));
    add(
        "SETTINGS: frames too small",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.settings(Http2.MAX_FRAME_SIZE, 16383));
    add(
        "SETTINGS: frames too large",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.settings(Http2.MAX_FRAME_SIZE, 1 << 24));
    add(
        "SETTINGS that nobody knows",
        "200",
        PLAIN,
        to -> to.settings(0xF0F0, -1, 0, 7).get(1, "/p"));
    add(
        "the same setting twice, the last counts",
        "200",
        PLAIN,
        to -> to.settings(4, 0, 4, 65535).get(1, "/p"));
    add(
        "PING of seven bytes",
        "GOAWAY FRAME_SIZE_ERROR",
        "",
        to -> to.frame(Http2.PING, 0, 0, new byte[7]));
    add(
        "PING of a stream",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.PING, 0, 1, new byte[8]));
    add(
        "GOAWAY of four bytes",
        "GOAWAY FRAME_SIZE_ERROR",
        "",
        to -> to.frame(Http2.GOAWAY, 0, 0, new byte[4]));
    add(
        "GOAWAY of a stream",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.GOAWAY, 0, 1, new byte[8]));
    add(
        "PUSH_PROMISE",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frameOfInts(Http2.PUSH_PROMISE, END_HEADERS, 1, 2));
    add(
        "PRIORITY of a stream to come",
        "200",
        PLAIN,
        to -> to.frame(Http2.PRIORITY, 0, 9, new byte[5]).get(1, "/p"));
    add(
        "PRIORITY of four bytes",
        "GOAWAY FRAME_SIZE_ERROR",
        "",
        to -> to.frame(Http2.PRIORITY, 0, 1, new byte[4]));
    add(
        "PRIORITY of no stream",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.PRIORITY, 0, 0, new byte[5]));
    add(
        "PRIORITY on itself",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.PRIORITY, 0, 3, new byte[] {0, 0, 0, 3, 0}));
    add(
        "RST_STREAM of three bytes",
        "GOAWAY FRAME_SIZE_ERROR",
        null,
        to -> to.post(1, "/p").frame(Http2.RST_STREAM, 0, 1, new byte[3]));
    add("RST_STREAM of no stream", "GOAWAY PROTOCOL_ERROR", "", to -> to.reset(0, Http2.CANCEL));
    add(
        "WINDOW_UPDATE of three bytes",
        "GOAWAY FRAME_SIZE_ERROR",
        "",
        to -> to.frame(Http2.WINDOW_UPDATE, 0, 0, new byte[3]));
    add("WINDOW_UPDATE by nothing", "GOAWAY PROTOCOL_ERROR", "", to -> to.window(0, 0));
    add(
        "WINDOW_UPDATE of a stream by nothing",
        "RST PROTOCOL_ERROR",
        null,
        to -> to.post(1, "/p").sync().window(1, 0));
    add(
        "WINDOW_UPDATE beyond all numbers",
        "GOAWAY FLOW_CONTROL_ERROR",
        "",
        to -> to.window(0, Integer.MAX_VALUE));
    add(
        "WINDOW_UPDATE of a stream beyond all numbers",
        "RST FLOW_CONTROL_ERROR",
        null,
        to -> to.post(1, "/p").sync().window(1, Integer.MAX_VALUE));
  }

  private void streams() {
    add("a stream of an even number", "GOAWAY PROTOCOL_ERROR", "", to -> to.get(2, "/p"));
    add("HEADERS of no stream", "GOAWAY PROTOCOL_ERROR", "", to -> to.get(0, "/p"));
    add("DATA of no stream", "GOAWAY PROTOCOL_ERROR", "", to -> to.data(0, END, "x"));
    add("DATA before HEADERS", "GOAWAY PROTOCOL_ERROR", "", to -> to.data(1, END, "x"));
    add("RST_STREAM before HEADERS", "GOAWAY PROTOCOL_ERROR", "", to -> to.reset(1, 8));
    add("WINDOW_UPDATE before HEADERS", "GOAWAY PROTOCOL_ERROR", "", to -> to.window(1, 8));
    add(
        "a stream below one that was there",
        "GOAWAY STREAM_CLOSED",
        "GET /a HTTP/1.1|host:" + " a.example",
        to -> {
          to.get(5, "/a").answer(5);
          to.get(3, "/p");
        });
    add(
        "a stream a second time",
        "GOAWAY STREAM_CLOSED",
        PLAIN,
        to -> {
          to.get(1, "/p").answer(1);
          to.get(1, "/p");
        });
    add(
        "DATA after the end",
        "RST STREAM_CLOSED",
        PLAIN,
        to -> {
          to.get(1, "/p").answer(1);
          to.stream(1).heads.clear(); // what comes now is what counts
          to.stream(1).ended = false;
          to.data(1, 0, "late");
        });
    add(
        "a stream depends on itself",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> {
          ByteArrayOutputStream payload = new ByteArrayOutputStream();
          payload.writeBytes(new byte[] {0, 0, 0, 1, 0});
          payload.writeBytes(literals(request("GET", "/p")));
          to.frame(
              Http2.HEADERS, END | END_HEADERS | Http2.PRIORITY_FLAG, 1, payload.toByteArray());
        });
    add(
        "a stream with a priority",
        "200",
        PLAIN,
        to -> {
          ByteArrayOutputStream payload = new ByteArrayOutputStream();
          payload.writeBytes(new byte[] {-128, 0, 0, 9, 15});
          payload.writeBytes(literals(request("GET", "/p")));
          to.frame(
              Http2.HEADERS, END | END_HEADERS | Http2.PRIORITY_FLAG, 1, payload.toByteArray());
        });
    add(
        "HEADERS too short for their priority",
        "GOAWAY FRAME_SIZE_ERROR",
        "",
        to -> to.frame(Http2.HEADERS, END | END_HEADERS | Http2.PRIORITY_FLAG, 1, new byte[4]));
  }

  private void continuations() {
    byte[] block = literals(request("GET", "/p"));
    byte[] head = Arrays.copyOf(block, 10);
    byte[] rest = Arrays.copyOfRange(block, 10, block.length);
    add(
        "a block in two frames",
        "200",
        PLAIN,
        to ->
            to.frame(Http2.HEADERS, END, 1, head).frame(Http2.CONTINUATION, END_HEADERS, 1, rest));
    add(
        "a block of which nothing comes first",
        "200",
        PLAIN,
        to -> to.frame(Http2.HEADERS, END, 1).frame(Http2.CONTINUATION, END_HEADERS, 1, block));
    add(
        "a block byte by byte, in too many frames",
        "GOAWAY ENHANCE_YOUR_CALM",
        "",
        to -> {
          to.frame(Http2.HEADERS, END, 1);
          for (byte b : block) {
            to.frame(Http2.CONTINUATION, 0, 1, b);
          }
        });
    add(
        "CONTINUATION of nothing",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.CONTINUATION, END_HEADERS, 1, block));
    add(
        "CONTINUATION of another stream",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to ->
            to.frame(Http2.HEADERS, END, 1, head).frame(Http2.CONTINUATION, END_HEADERS, 3, rest));
    add(
        "CONTINUATION after the end of a block",
        "GOAWAY PROTOCOL_ERROR",
        null,
        to ->
            to.frame(Http2.HEADERS, END_HEADERS, 1, literals(request("POST", "/p")))
                .frame(Http2.CONTINUATION, END_HEADERS, 1));
    add(
        "PING within a block",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.HEADERS, END, 1, head).frame(Http2.PING, 0, 0, new byte[8]));
    add(
        "DATA within a block",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.HEADERS, 0, 1, head).data(1, END, "x"));
    add(
        "an unknown frame within a block",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.HEADERS, END, 1, head).frame(0x42, 0, 1));
    add(
        "HEADERS within a block",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.HEADERS, END, 1, head).get(3, "/p"));
  }

  private void padding() {
    byte[] block = literals(request("GET", "/p"));
    add(
        "HEADERS with padding",
        "200",
        PLAIN,
        to ->
            to.frame(Http2.HEADERS, END | END_HEADERS | Http2.PADDED, 1, padded(block, 200, 200)));
    add(
        "HEADERS with more padding than bytes",
        "GOAWAY PROTOCOL_ERROR",
        "",
        to -> to.frame(Http2.HEADERS, END | END_HEADERS | Http2.PADDED, 1, padded(block, 255, 0)));
    add(
        "HEADERS that lack the length of their padding",
        "GOAWAY FRAME_SIZE_ERROR",
        "",
        to -> to.frame(Http2.HEADERS, END | END_HEADERS | Http2.PADDED, 1));
    add(
        "DATA with padding",
        "200",
        POSTED + "|transfer-encoding: chunked|body abc",
        to ->
            to.post(1, "/p")
                .frame(Http2.DATA, END | Http2.PADDED, 1, padded(Ascii.bytes("abc"), 255, 255)));
    add(
        "DATA of padding alone",
        "200",
        POSTED + "|transfer-encoding: chunked|body abc",
        to ->
            to.post(1, "/p")
                .frame(Http2.DATA, Http2.PADDED, 1, padded(NOTHING, 9, 9))
                .data(1, END, "abc"));
    add(
        "DATA with as much padding as bytes",
        "GOAWAY PROTOCOL_ERROR",
        null,
        to -> to.post(1, "/p").frame(Http2.DATA, Http2.PADDED, 1, padded(Ascii.bytes("a"), 2, 0)));
    add(
        "DATA that lack the length of their padding",
        "GOAWAY FRAME_SIZE_ERROR",
        null,
        to -> to.post(1, "/p").frame(Http2.DATA, Http2.PADDED, 1));
  }

  private static byte[] padded(byte[] bytes, int said, int real) {
    byte[] all = new byte[1 + bytes.length + real];
    all[0] = (byte) said;
    System.arraycopy(bytes, 0, all, 1, bytes.length);
    return all;
  }

  private void pseudoFields() {
    String bad = "RST PROTOCOL_ERROR";
    fields(
        "all pseudo-fields in another order",
        "200",
        PLAIN,
        ":path: /p",
        ":authority: a.example",
        ":scheme: https",
        ":method: GET");
    fields("no method", bad, "", ":scheme: http", ":path: /p", ":authority: a");
    fields("no scheme", bad, "", ":method: GET", ":path: /p", ":authority: a");
    fields("no path", bad, "", ":method: GET", ":scheme: http", ":authority: a");
    fields("no pseudo-field at all", bad, "", "x: y");
    add("an empty block", bad, "", to -> to.block(1, END, NOTHING));
    fields("method twice", bad, "", ":method: GET", ":method: GET", ":scheme: http", ":path: /p");
    fields("scheme twice", bad, "", ":method: GET", ":scheme: http", ":scheme: http", ":path: /p");
    fields("path twice", bad, "", ":method: GET", ":scheme: http", ":path: /p", ":path: /q");
    fields(
        "authority twice",
        bad,
        "",
        ":method: GET",
        ":scheme: http",
        ":path: /p",
        ":authority: a",
        ":authority: b");
    fields("empty path", bad, "", ":method: GET", ":scheme: http", ":path: ", ":authority: a");
    fields("empty method", bad, "", ":method: ", ":scheme: http", ":path: /p", ":authority: a");
    fields(
        "a method with a space",
        bad,
        "",
        ":method: GET /evil",
        ":scheme: http",
        ":path: /p",
        ":authority: a");
    fields(
        "a method with a line end",
        bad,
        "",
        ":method: GET / HTTP/1.1\r\nx: ",
        ":scheme: http",
        ":path: /p",
        ":authority: a");
    fields("another scheme", bad, "", ":method: GET", ":scheme: ftp", ":path: /p", ":authority: a");
    fields(
        "a scheme with a line end",
        bad,
        "",
        ":method: GET",
        ":scheme: http\r\n",
        ":path: /p",
        ":authority: a");
    fields(
        "a pseudo-field behind a field",
        bad,
        "",
        ":method: GET",
        ":scheme: http",
        "x: y",
        ":path: /p",
        ":authority: a");
    fields(
        "an unknown pseudo-field",
        bad,
        "",
        ":method: GET",
        ":scheme: http",
        ":path: /p",
        ":authority: a",
        ":test: x");
    fields(
        "the pseudo-field of answers",
        bad,
        "",
        ":method: GET",
        ":scheme: http",
        ":path: /p",
        ":authority: a",
        ":status: 200");
    fields(
        "a pseudo-field in upper case",
        bad,
        "",
        ":Method: GET",
        ":scheme: http",
        ":path: /p",
        ":authority: a");
    fields(
        "protocol without CONNECT",
        bad,
        "",
        ":method: GET",
        ":scheme: http",
        ":path: /p",
        ":authority: a",
        ":protocol: websocket");
    fields("CONNECT", "501 not-implemented", "", ":method: CONNECT", ":authority: a:443");
    fields(
        "CONNECT with a path",
        bad,
        "",
        ":method: CONNECT",
        ":path: /p",
        ":scheme: http",
        ":authority: a:443");
    fields("CONNECT without an authority", bad, "", ":method: CONNECT");
    fields(
        "CONNECT to another protocol",
        "501 not-implemented",
        "",
        ":method: CONNECT",
        ":scheme: http",
        ":path: /p",
        ":authority: a",
        ":protocol: foo");
    fields(
        "CONNECT to websocket that ends at once",
        bad,
        "",
        ":method: CONNECT",
        ":scheme: http",
        ":path: /p",
        ":authority: a",
        ":protocol: websocket");
    add(
        "CONNECT to websocket with a length",
        bad,
        "",
        to ->
            to.block(
                1,
                0,
                literals(
                    List.of(
                        ":method: CONNECT",
                        ":scheme: http",
                        ":path: /p",
                        ":authority: a",
                        ":protocol: websocket",
                        "content-length: 5"))));
    fields(
        "OPTIONS of the server",
        "200",
        "OPTIONS * HTTP/1.1|host: a",
        ":method: OPTIONS",
        ":scheme: http",
        ":path: *",
        ":authority: a");
    fields(
        "GET of the server", bad, "", ":method: GET", ":scheme: http", ":path: *", ":authority: a");
    fields(
        "no authority, but host",
        "200",
        "GET /p HTTP/1.1|host: b.example",
        ":method: GET",
        ":scheme: http",
        ":path: /p",
        "host: b.example");
    fields(
        "host as authority says",
        "200",
        PLAIN,
        ":method: GET",
        ":scheme: http",
        ":path: /p",
        ":authority: a.example",
        "host: a.example");
    fields(
        "host other than authority",
        bad,
        "",
        ":method: GET",
        ":scheme: http",
        ":path: /p",
        ":authority: a",
        "host: b");
    fields(
        "host twice",
        "400 bad-request",
        "",
        ":method: GET",
        ":scheme: http",
        ":path: /p",
        "host: a",
        "host: a");
  }

  private void fields() {
    String bad = "RST PROTOCOL_ERROR";
    with(
        "many sound fields",
        "200",
        PLAIN + "|x: y|accept: */*|x: z",
        "x: y",
        "accept: */*",
        "x: z");
    with("a field without a value", "200", PLAIN + "|x: ", "x: ");
    with("a tab within a value", "200", PLAIN + "|x: a\tb", "x: a\tb");
    with("bytes above ASCII in a value", "200", PLAIN + "|x: \u00e9", "x: \u00e9");
    with("upper case", bad, "", "X-A: b");
    with("connection", bad, "", "connection: close");
    with("keep-alive", bad, "", "keep-alive: 5");
    with("proxy-connection", bad, "", "proxy-connection: close");
    with("transfer-encoding", bad, "", "transfer-encoding: chunked");
    with("upgrade", bad, "", "upgrade: websocket");
    with("te: trailers", "200", PLAIN, "te: trailers");
    with("te: gzip", bad, "", "te: gzip");
    with("te: trailers and more", bad, "", "te: trailers, gzip");
    with("http2-settings is not sent on", "200", PLAIN, "http2-settings: AAA");
    with("a space in a name", bad, "", "x y: z");
    with("a colon in a name", bad, "", "x:y: z");
    with("a line end in a name", bad, "", "x\r\ny: z");
    with("a NUL in a name", bad, "", "x\0: z");
    with("a name above ASCII", bad, "", "x\u00e9: z");
    with("a CR in a value", bad, "", "x: a\rb");
    with("an LF in a value", bad, "", "x: a\nb");
    with("a whole request in a value", bad, "", "x: a\r\n\r\nGET /evil HTTP/1.1\r\nhost: b");
    with("a NUL in a value", bad, "", "x: a\0b");
    with("a DEL in a value", bad, "", "x: a\u007fb");
    with("a space before a value", bad, "", "x:  a");
    with("a space behind a value", bad, "", "x: a ");
    with("a tab behind a value", bad, "", "x: a\t");
    add(
        "a name of nothing",
        bad,
        "",
        to -> {
          ByteArrayOutputStream block = new ByteArrayOutputStream();
          block.writeBytes(literals(request("GET", "/p")));
          block.writeBytes(new byte[] {0, 0, 1, 'a'});
          to.block(1, END, block.toByteArray());
        });
    with(
        "crumbs of a cookie become one",
        "200",
        PLAIN + "|x: y|cookie: a=1; b=2; c=3",
        "cookie: a=1",
        "cookie: b=2",
        "x: y",
        "cookie: c=3");
    with(
        "crumbs of nothing are left out",
        "200",
        PLAIN + "|cookie: a=1; b=2",
        "cookie: ",
        "cookie: a=1",
        "cookie: ",
        "cookie: b=2",
        "cookie: ");
    with(
        "one cookie stays as it is",
        "200",
        PLAIN + "|cookie: a=1; b=2|x: y",
        "cookie: a=1; b=2",
        "x: y");
    with("transfer_encoding", bad, "", "transfer_encoding: chunked");
    with("content_length", bad, "", "content_length: 5");
    with("x_forwarded_for is not sent on", "200", PLAIN, "x_forwarded_for: 1.2.3.4");
    with(
        "what proxies say is not believed",
        "200",
        PLAIN,
        "forwarded: for=1.2.3.4",
        "x-forwarded-host: b",
        "x-real-ip: 1.2.3.4");
    with("expect something", "417 expectation-failed", "", "expect: 200-ok");
  }

  private void bodies() {
    String bad = "RST PROTOCOL_ERROR";
    String five = POSTED + "|content-length: 5";
    String chunked = POSTED + "|transfer-encoding: chunked";
    add(
        "a body of a length",
        "200",
        five + "|body hello",
        to -> to.post(1, "/p", "content-length: 5").data(1, 0, "he").data(1, END, "llo"));
    add(
        "a body of no known length",
        "200",
        chunked + "|body hello",
        to -> to.post(1, "/p").data(1, 0, "he").data(1, 0, "llo").data(1, END, ""));
    add("a body of nothing", "200", POSTED, to -> to.headers(1, END, request("POST", "/p")));
    add(
        "a body that looks like a request",
        "200",
        POSTED + "|content-length: " + smuggled().length() + "|body " + smuggled(),
        to -> to.post(1, "/p", "content-length: " + smuggled().length()).data(1, END, smuggled()));
    add(
        "a length and the end at once",
        bad,
        "",
        to -> to.headers(1, END, request("POST", "/p", "content-length: 5")));
    add(
        "a body shorter than announced",
        bad,
        null,
        to -> to.post(1, "/p", "content-length: 5").data(1, END, "hell"));
    add(
        "a body longer than announced",
        bad,
        null,
        to -> to.post(1, "/p", "content-length: 5").data(1, END, "hello!"));
    add(
        "a body longer than announced, later",
        bad,
        null,
        to -> to.post(1, "/p", "content-length: 5").data(1, 0, "hello").data(1, END, "!"));
    add(
        "a body where none is announced",
        bad,
        null,
        to -> to.post(1, "/p", "content-length: 0").data(1, END, "!"));
    add(
        "two lengths",
        "400 bad-request",
        "",
        to -> to.post(1, "/p", "content-length: 5", "content-length: 5").data(1, END, "hello"));
    add(
        "a length that is none",
        "400 bad-request",
        "",
        to -> to.post(1, "/p", "content-length: 0x5").data(1, END, "hello"));
    add(
        "a length below zero",
        "400 bad-request",
        "",
        to -> to.post(1, "/p", "content-length: -5").data(1, END, "hello"));
    add(
        "a length beyond all numbers",
        "400 bad-request",
        "",
        to -> to.post(1, "/p", "content-length: 99999999999999999999").data(1, END, "hello"));
    add(
        "a length beyond the limit",
        "413 body-too-large",
        "",
        to -> to.post(1, "/p", "content-length: 1048577"));
    add(
        "trailers",
        "200",
        chunked + "|body hello|+ x-sum: 5",
        to -> to.post(1, "/p").data(1, 0, "hello").headers(1, END, List.of("x-sum: 5")));
    add(
        "trailers behind a length",
        "200",
        five + "|body hello",
        to ->
            to.post(1, "/p", "content-length: 5")
                .data(1, 0, "hello")
                .headers(1, END, List.of("x-sum: 5")));
    add(
        "trailers that come too soon",
        bad,
        null,
        to ->
            to.post(1, "/p", "content-length: 5")
                .data(1, 0, "hell")
                .headers(1, END, List.of("x-sum: 5")));
    add(
        "trailers that are not the end",
        bad,
        null,
        to -> to.post(1, "/p").data(1, 0, "hello").headers(1, 0, List.of("x-sum: 5")));
    add(
        "trailers with a pseudo-field",
        bad,
        null,
        to -> to.post(1, "/p").data(1, 0, "hello").headers(1, END, List.of(":path: /evil")));
    add(
        "trailers with upper case",
        bad,
        null,
        to -> to.post(1, "/p").data(1, 0, "hello").block(1, END, literals(List.of("X-Sum: 5"))));
    add(
        "trailers with a line end",
        bad,
        null,
        to ->
            to.post(1, "/p").data(1, 0, "hello").block(1, END, literals(List.of("x: 5\r\ny: z"))));
    add(
        "trailers with a length",
        bad,
        null,
        to -> to.post(1, "/p").data(1, 0, "hello").headers(1, END, List.of("content-length: 5")));
    add(
        "trailers with transfer-encoding",
        bad,
        null,
        to ->
            to.post(1, "/p")
                .data(1, 0, "a")
                .headers(1, END, List.of("transfer-encoding: chunked")));
  }

  private static String smuggled() {
    return "0\r\n\r\nGET /evil HTTP/1.1\r\nhost: b.example\r\nx: yyyyy\r\n\r\n";
  }

  private void targets() {
    String bad = "RST PROTOCOL_ERROR";
    path("/a?b=c&d=/../e", "200", "/a?b=c&d=/../e");
    path("/a/./b/../c", "200", "/a/c");
    path("/%7Euser/%41", "200", "/~user/A");
    path("/a//b", "200", "/a//b");
    path("/caf%c3%a9", "200", "/caf%C3%A9");
    path("/..", "400 bad-request", "");
    path("/a/%2e%2e/%2e%2e/b", "400 bad-request", "");
    path("/a%2fb", "400 bad-request", "");
    path("/a%00b", "400 bad-request", "");
    path("/a\\b", "400 bad-request", "");
    path("/a#b", "400 bad-request", "");
    path("/a%zz", "400 bad-request", "");
    path("/p HTTP/1.1\r\nx: y\r\n\r\n", bad, "");
    path("/p HTTP/1.1", bad, "");
    path("/p\tq", bad, "");
    path("/p\0", bad, "");
    path("p", bad, "");
    path("http://b.example/p", bad, "");
    path("?a", bad, "");
    authority("a.example:8080", "200", "GET /p HTTP/1.1|host: a.example:8080");
    authority("[::1]:80", "200", "GET /p HTTP/1.1|host: [::1]:80");
    authority("user@a.example", "400 bad-request", "");
    authority("a.example/x", "400 bad-request", "");
    authority("a.example b", "400 bad-request", "");
    authority("a.example\r\nx: y", bad, "");
    authority("a.example:99999", "400 bad-request", "");
    authority("a.example, b.example", "400 bad-request", "");
    authority("", "400 bad-request", "");
  }

  private void hpack(String name, String hex) {
    add(
        "HPACK: " + name,
        "GOAWAY COMPRESSION_ERROR",
        "",
        to -> to.block(1, END, HexFormat.of().parseHex(hex.replace(" ", ""))));
  }

  /** Indexed: GET, http, and literals for /p and a.example. */
  private static final String REQUEST = "82 86 04 02 2f70 01 09 612e6578616d706c65";

  private void hpackSound(String name, String hex, String node) {
    add(
        "HPACK: " + name,
        "200",
        node,
        to -> to.block(1, END, HexFormat.of().parseHex(hex.replace(" ", ""))));
  }

  /** Blocks of HPACK, sound and not, in hexadecimal. */
  static List<String> blocks() {
    return List.of(
        REQUEST,
        REQUEST + "00 01 78 81 1f",
        REQUEST + "40 01 78 01 79 be",
        "20 3f e1 1f" + REQUEST + "10 01 78 01 79",
        REQUEST + "00 01 78 84 ff ff ff ff",
        REQUEST + "7f 20 01 79");
  }

  private void hpack() {
    hpackSound("from the static table", REQUEST, PLAIN);
    hpackSound("Huffman code", REQUEST + "00 01 78 81 1f", PLAIN + "|x: a");
    hpackSound("never indexed", REQUEST + "10 01 78 01 79", PLAIN + "|x: y");
    hpackSound("put into the table and used", REQUEST + "40 01 78 01 79 be", PLAIN + "|x: y|x: y");
    hpackSound("the table emptied and set up again", "20 3f e1 1f" + REQUEST, PLAIN);
    hpackSound(
        "an entry larger than the table empties it",
        "3f 01" + REQUEST + "40 01 78 20 " + "79".repeat(32),
        PLAIN + "|x: " + "y".repeat(32));
    hpackSound(
        "an integer of more bytes than it needs",
        REQUEST + "00 01 78 7f 82 80 00 " + "79".repeat(129),
        PLAIN + "|x: " + "y".repeat(129));
    hpack("index 0", REQUEST + "80");
    hpack("an index beyond the static table", REQUEST + "be");
    hpack("an index beyond all", REQUEST + "ff ff ff ff ff 07");
    hpack("a name beyond the table", REQUEST + "7f 20 01 79");
    hpack("an integer without an end", REQUEST + "ff ff ff ff ff ff ff ff ff ff ff");
    hpack("an integer larger than numbers", REQUEST + "ff ff ff ff ff ff 7f");
    hpack("a block that breaks off in an integer", REQUEST + "ff");
    hpack("a block that breaks off in a name", REQUEST + "40 05 78");
    hpack("a block that breaks off in a value", REQUEST + "40 01 78 05 79");
    hpack("a block that breaks off before a value", REQUEST + "40 01 78");
    hpack("a value longer than all blocks", REQUEST + "00 01 78 7f ff ff ff 7f");
    hpack("a table larger than allowed", "3f e2 1f" + REQUEST);
    hpack("a table larger than numbers", "3f ff ff ff ff 0f" + REQUEST);
    hpack("a change of the table behind a field", REQUEST + "20");
    hpack("Huffman code that is padded with zeros", REQUEST + "00 01 78 81 18");
    hpack("Huffman code with a byte of padding", REQUEST + "00 01 78 82 1f ff");
    hpack("Huffman code with the end of all strings", REQUEST + "00 01 78 84 ff ff ff ff");
    hpack("Huffman code that breaks off", REQUEST + "00 01 78 81 fe");
    add(
        "HPACK: a table that went wrong stays wrong",
        "GOAWAY COMPRESSION_ERROR",
        PLAIN,
        to -> {
          to.block(1, END, HexFormat.of().parseHex(REQUEST.replace(" ", ""))).answer(1);
          to.block(3, END, HexFormat.of().parseHex("bf"));
        });
    add(
        "HPACK: a list that is refused still fills the table",
        "200",
        "GET /p HTTP/1.1|host: a.example|x: y",
        to -> {
          byte[] refused =
              HexFormat.of().parseHex((REQUEST + "40 01 78 01 79 00 01 58 01 79").replace(" ", ""));
          to.block(3, END, refused).answer(3);
          to.stream(1);
          to.block(5, END, HexFormat.of().parseHex((REQUEST + "be").replace(" ", ""))).answer(5);
          Http2Wire.Stream first = to.stream(1); // 5 is the one that counts
          first.heads.addAll(to.stream(5).heads);
          first.ended = true;
        });
  }

  private void sizes() {
    with(
        "a head of 60 KiB",
        "200",
        PLAIN + ("|x: " + "y".repeat(15_000)).repeat(4),
        "x: " + "y".repeat(15_000),
        "x: " + "y".repeat(15_000),
        "x: " + "y".repeat(15_000),
        "x: " + "y".repeat(15_000));
    with("a block of more than 64 KiB", "GOAWAY ENHANCE_YOUR_CALM", "", "x: " + "y".repeat(70_000));
    add(
        "a hundred and one fields",
        "431 head-too-large",
        "",
        to -> {
          List<String> many = new ArrayList<>(request("GET", "/p"));
          many.addAll(Collections.nCopies(101, "x: y"));
          to.headers(1, END, many);
        });
    add(
        "a hundred fields",
        "200",
        PLAIN + "|x: y".repeat(99),
        to -> {
          List<String> many = new ArrayList<>(request("GET", "/p"));
          many.addAll(Collections.nCopies(99, "x: y"));
          to.headers(1, END, many);
        });
    add(
        "a target of 9 KiB",
        "414 target-too-long",
        "",
        to -> to.get(1, "/" + "a".repeat(9 * 1024)));
    add(
        "a bomb: one entry of 4 KiB, sixteen thousand times",
        "431 head-too-large",
        "",
        to -> {
          ByteArrayOutputStream block = new ByteArrayOutputStream();
          block.writeBytes(HexFormat.of().parseHex(REQUEST.replace(" ", "")));
          block.writeBytes(HexFormat.of().parseHex("4001787fa11e")); // x: 4,000 bytes
          block.writeBytes(Ascii.bytes("y".repeat(4000)));
          for (int i = 0; i < 16_000; i++) {
            block.write(0xbe);
          }
          to.block(1, END, block.toByteArray());
        });
    add(
        "a bomb of cookies",
        "431 head-too-large",
        "",
        to -> {
          ByteArrayOutputStream block = new ByteArrayOutputStream();
          block.writeBytes(HexFormat.of().parseHex(REQUEST.replace(" ", "")));
          for (int i = 0; i < 16_000; i++) {
            block.write(0xa0); // cookie, empty
          }
          to.block(1, END, block.toByteArray());
        });
    add(
        "a bomb in trailers",
        "RST PROTOCOL_ERROR",
        null,
        to -> {
          byte[] block = new byte[16_000];
          Arrays.fill(block, (byte) 0xa0);
          to.post(1, "/p").data(1, 0, "a").block(1, END, block);
        });
  }
}
