package io.fairlead.demo;

import io.fairlead.demo.RequestHead.Field;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One connection of a test node, served by one virtual thread from accept to close. */
final class NodeConnection {
  /** Largest body that {@code /echo} takes, in bytes; it is held in memory. */
  static final int MAX_ECHO = 16 * 1024 * 1024;

  /** Where an endless header ends after all, in bytes. */
  static final long MAX_HEADER = 256L << 20;

  /** How long a refused request is read on, so that the refusal is not lost in a reset. */
  private static final int LINGER_MILLIS = 500;

  /** How many bytes of a refused request are read on. */
  private static final long MAX_LINGER = 16L << 20;

  private static final byte[] GARBAGE =
      "\0\1\2 this is no HTTP\r\n\7\177 {\"nor\": \"JSON\"\r\n\r\n"
          .getBytes(StandardCharsets.ISO_8859_1);

  private static final byte[] HEADER_LINES =
      "x-endless: and there is more where this came from\r\n"
          .repeat(320)
          .getBytes(StandardCharsets.ISO_8859_1);

  private final TestNode node;
  private final Socket socket;
  private final RandomGenerator random;
  private final Input input;
  private final OutputStream out;
  private final AnswerWriter writer;

  NodeConnection(TestNode node, Socket socket, RandomGenerator random) throws IOException {
    this.node = node;
    this.socket = socket;
    this.random = random;
    this.input = new Input(socket.getInputStream());
    this.out = socket.getOutputStream();
    this.writer = new AnswerWriter(new Output(out), node.name());
  }

  /** Serves one request after the other until either side has had enough. */
  void run() throws IOException {
    try {
      int length = input.awaitHead();
      while (length > 0 && serve(length)) {
        length = input.awaitHead();
      }
    } catch (BadRequest e) {
      node.counters().badRequest(e.why());
      writer.refuse(e);
      linger();
    }
  }

  /** Serves the request whose head of this length lies in the input; false: close. */
  private boolean serve(int length) throws IOException {
    RequestHead head = RequestHead.parse(input.bytes(), input.from(), input.from() + length);
    String path = head.path();
    if (path.equals("/_control")) {
      input.skip(length);
      BoundedBytes body = new BoundedBytes(Control.MAX_BODY);
      readBody(head, body);
      Answer answer = Control.answer(node, head.method(), body.text(StandardCharsets.UTF_8));
      return writer.write(answer, head, Manner.PLAIN);
    }
    String rawHead =
        path.equals("/echo")
            ? new String(input.bytes(), input.from(), length, StandardCharsets.ISO_8859_1)
            : "";
    input.skip(length);
    long number = node.counters().request(path);
    Query query = Query.of(head.target());
    Behaviour behaviour = behaviour(path, query);
    Manner manner = Manner.of(behaviour.faults());
    if (manner.instead() instanceof Fault.Hang
        || (path.equals("/healthz") && behaviour.healthHangs())) {
      input.copyAll(OutputStream.nullOutputStream(), Long.MAX_VALUE);
      return false;
    }
    if (path.equals("/upgrade")) {
      return relay(head);
    }
    boolean early = query.flag("early");
    Request request = request(head, path, query, rawHead, number, early);
    if (path.equals("/hint") && head.minor() == 1) {
      writer.interim("103 Early Hints\r\nlink: </style.css>; rel=preload");
    }
    Answer answer;
    int inFlight;
    node.counters().inFlight.incrementAndGet();
    try {
      pause(behaviour.latency().sampleNanos(random) + Pages.delay(path) * 1_000_000);
      if (manner.instead() != null) {
        return misbehave(manner.instead());
      }
      answer = answer(request, behaviour);
    } finally {
      inFlight = node.counters().inFlight.getAndDecrement();
    }
    if (behaviour.loadMetrics()) {
      answer = answer.with(List.of("endpoint-load-metrics: TEXT named_metrics.rif=" + inFlight));
    }
    boolean keep = writer.write(answer, head, manner);
    return keep && after(manner.stale()) && (!early || afterEarly(head));
  }

  /** What holds for this request: the standing behaviour, unless its query asks otherwise. */
  private Behaviour behaviour(String path, Query query) throws BadRequest {
    Behaviour standing = node.behaviour();
    Behaviour base = path.equals("/healthz") ? standing.forHealth() : standing;
    try {
      Behaviour aimed = base;
      boolean named = false;
      for (Query.Pair pair : query.pairs()) {
        boolean fault = Fault.KEYS.contains(pair.name());
        if (fault && !named) { // a request that names faults gets these and no others
          aimed = aimed.withoutFaults();
          named = true;
        }
        if (fault || pair.name().equals("latency") || pair.name().equals("error-rate")) {
          aimed = aimed.with(pair.name(), pair.value());
        }
      }
      return aimed;
    } catch (IllegalArgumentException e) {
      throw new BadRequest(400, String.valueOf(e.getMessage()));
    }
  }

  private Request request(
      RequestHead head, String path, Query query, String rawHead, long number, boolean early)
      throws IOException {
    if (early) { // the body is dealt with after the answer
      return new Request(head, path, query, rawHead, "", List.of(), number);
    }
    if (rawHead.isEmpty()) {
      readBody(head, OutputStream.nullOutputStream());
      return new Request(head, path, query, rawHead, "", List.of(), number);
    }
    BoundedBytes body = new BoundedBytes(MAX_ECHO);
    List<Field> trailers = readBody(head, body);
    return new Request(
        head, path, query, rawHead, body.text(StandardCharsets.ISO_8859_1), trailers, number);
  }

  private List<Field> readBody(RequestHead head, OutputStream sink) throws IOException {
    if (head.expectsContinue() && head.hasBody()) {
      writer.interim("100 Continue");
    }
    return RequestBody.read(head, input, sink);
  }

  private Answer answer(Request request, Behaviour behaviour) throws BadRequest {
    return behaviour.errorRate() > 0 && random.nextDouble() < behaviour.errorRate()
        ? Answer.text(500, "error from " + node.name() + ", as told\n")
        : Pages.answer(request, node.name(), behaviour.healthy());
  }

  private boolean misbehave(Fault fault) throws IOException {
    return switch (fault) {
      case Fault.Reset _ -> {
        socket.setSoLinger(true, 0);
        yield false;
      }
      case Fault.Garbage _ -> {
        out.write(GARBAGE);
        yield false;
      }
      case Fault.EndlessHeader _ -> {
        out.write(
            ("HTTP/1.1 200 OK\r\nx-node: " + node.name() + "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        for (long sent = 0; sent < MAX_HEADER; sent += HEADER_LINES.length) {
          out.write(HEADER_LINES);
        }
        yield false;
      }
      case Fault.Misframed(BadFraming variant) -> {
        out.write(variant.answer(node.name()));
        yield true;
      }
      case Fault.Hang _,
          Fault.Cut _,
          Fault.SlowHead _,
          Fault.SlowBody _,
          Fault.Close _,
          Fault.Stale _ ->
          throw new IllegalStateException(fault + " does not replace an answer");
    };
  }

  private boolean after(Fault.@Nullable Stale stale) throws IOException {
    if (stale != null && stale.onReuse()) {
      boolean _ = input.awaitByte();
    }
    return stale == null;
  }

  /** After an answer that came before the body: takes the body, unless the peer held it back. */
  private boolean afterEarly(RequestHead head) throws IOException {
    if (head.expectsContinue()) {
      linger();
      return false;
    }
    List<Field> _ = RequestBody.read(head, input, OutputStream.nullOutputStream());
    return true;
  }

  /** Switches protocols, asked or not, and sends back whatever comes until the peer ends. */
  private boolean relay(RequestHead head) throws IOException {
    String protocol = head.upgrade() == null ? "websocket" : head.upgrade();
    writer.interim(
        "101 Switching Protocols\r\nx-node: "
            + node.name()
            + "\r\nconnection: upgrade\r\nupgrade: "
            + protocol);
    input.copyAll(out, Long.MAX_VALUE);
    socket.shutdownOutput();
    return false;
  }

  private static void pause(long nanos) throws IOException {
    if (nanos > 0) {
      Output.sleep(nanos);
    }
  }

  /**
   * Says that nothing more comes and reads on for a moment: closing with unread bytes would reset
   * the connection, and the peer might lose the answer.
   */
  private void linger() throws IOException {
    socket.shutdownOutput();
    socket.setSoTimeout(LINGER_MILLIS);
    try {
      input.copyAll(OutputStream.nullOutputStream(), MAX_LINGER);
    } catch (SocketTimeoutException e) {
      // the peer had its chance
    }
  }
}
