package io.fairlead.proxy.http;

import io.fairlead.proxy.RequestIds;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordRing;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What is to be told of an exchange when it has ended, gathered on the way: numbers only, of the
 * time that the loop has read anyway. That time is the one of the batch of bytes that is gone
 * through, so that phases leave out what went on within one: microseconds.
 *
 * <p>Each exchange that has got an id is told of once, a WebSocket when it is over. What came
 * before a request was one (a connection that says nothing, the preface of HTTP/2) is not.
 */
final class ExchangeRecord {
  /** From here on a request is worth the last room in a ring. */
  private static final long SLOW_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final byte[][] METHODS = methods();
  private static final byte[] POST = Ascii.bytes("POST");
  private static final byte[] USER_AGENT = Ascii.bytes("user-agent");

  private static final int TRACE_AT = 3;
  private static final int TRACE_LENGTH = 32;

  private long began;
  private boolean identified;
  private long idHigh;
  private int idLow;
  private boolean waiting;
  private long waitingSince;
  private long queue;
  private long bytesIn;
  private long bytesOut;
  private int status;
  private @Nullable ErrorReason error;
  private boolean hedged;
  private boolean meant;
  private boolean matched;
  private int pathStart;
  private int pathEnd;
  private int queryStart;
  private int queryEnd;

  private static byte[][] methods() {
    byte[][] methods = new byte[16][];
    int count = 0;
    for (int number = 1; !RecordLayout.method(number).isEmpty(); number++) {
      methods[number] = Ascii.bytes(RecordLayout.method(number));
      count = number;
    }
    return Arrays.copyOf(methods, count + 1);
  }

  /** The first bytes of a head have come. */
  void begin(long now) {
    began = now;
    identified = false;
    waiting = false;
    queue = -1;
    bytesIn = 0;
    bytesOut = 0;
    status = 0;
    error = null;
    hedged = false;
    meant = false;
    matched = false;
  }

  /** It is a request, and has got the id that was made last. */
  void identified(RequestIds ids) {
    identified = true;
    idHigh = ids.high();
    idLow = ids.low();
  }

  /** When it did, in the loop's time. */
  long began() {
    return began;
  }

  boolean isIdentified() {
    return identified;
  }

  /** The head is sound; where it says what is asked for, before anything is rewritten. */
  void matched(Head request) {
    matched = true;
    pathStart = request.pathStart;
    pathEnd = request.pathEnd;
    queryStart = request.queryStart;
    queryEnd = request.queryEnd;
  }

  /** What is asked for has in it what nobody else is to see. */
  void hideQuery() {
    queryEnd = queryStart;
  }

  void waits(long now) {
    waiting = true;
    waitingSince = now;
  }

  /** If it waits: no longer. */
  void waitEnds(long now) {
    if (waiting) {
      waiting = false;
      queue = Math.max(queue, 0) + now - waitingSince;
    }
  }

  void hedged() {
    hedged = true;
  }

  /** Something goes wrong on purpose. */
  void meant() {
    meant = true;
  }

  void bytesIn(long count) {
    bytesIn += count;
  }

  void bytesOut(long count) {
    bytesOut += count;
  }

  /** What the client gets to see. */
  void answered(int code) {
    status = code;
  }

  /** The last one counts. */
  void failed(ErrorReason reason) {
    error = reason;
  }

  boolean hasFailed() {
    return error != null;
  }

  /** It is over. */
  void end(HttpLoop loop, Exchange exchange, Attempt last) {
    RecordRing ring = loop.loop().records();
    if (ring == null || !identified) {
      return;
    }
    identified = false;
    waitEnds(loop.now());
    ClientSide client = exchange.client();
    Head request = exchange.request;
    RecordDraft draft = ring.draft();
    RecordMask mask = ring.mask();
    draft.begin(RecordLayout.HTTP, protocol(exchange));
    draft.times(ring.epochMicros(began), loop.now() - began);
    draft.id(idHigh, idLow);
    draft.bytes(bytesIn, bytesOut);
    int tries = exchange.retries().tries() + (hedged ? 1 : 0);
    if (tries > 0) {
      draft.phases(queue, last.connectNanos(), last.handshakeNanos(), last.firstByteNanos());
    } else {
      draft.phases(queue, -1, -1, -1);
    }
    HttpRoute route = exchange.routeOrNull();
    ServiceTarget target = exchange.targetOrNull();
    draft.names(
        client.listenerName(),
        route == null ? 0 : route.recordName(),
        target == null ? 0 : target.service().recordName(),
        tries == 0 ? 0 : last.nodeName());
    ErrorReason reason = error;
    int code = status == 0 && reason != null ? reason.status() : status;
    draft.result(code, reason, tries);
    who(draft, client.who(), request, mask);
    flags(draft, client.who(), code, reason, tries, loop.now() - began, last);
    texts(draft, exchange, request, client.who(), mask);
    TraceContext trace = exchange.trace();
    if (trace != null) {
      trace.tell(draft, code >= 500 || isFailure(reason));
    } else {
      traceAsCame(draft, request);
    }
    ring.write();
  }

  private static int protocol(Exchange exchange) {
    Head request = exchange.request;
    if (exchange.isTunnel()) {
      return RecordLayout.WEBSOCKET;
    }
    if (request.http2) {
      int frames = request.http3 ? RecordLayout.HTTP_3 : RecordLayout.HTTP_2;
      return request.methodIs(POST) && exchange.isGrpc() ? RecordLayout.GRPC : frames;
    }
    return request.targetEnd > 0 && request.minorVersion == 0
        ? RecordLayout.HTTP_1_0
        : RecordLayout.HTTP_1_1;
  }

  private void who(RecordDraft draft, Client who, Head request, RecordMask mask) {
    if (!matched) {
      draft.client(who.high(), who.low(), who.port(), mask);
    } else {
      boolean itself = request.clientHigh == who.high() && request.clientLow == who.low();
      draft.client(request.clientHigh, request.clientLow, itself ? who.port() : 0, mask);
    }
  }

  private void flags(
      RecordDraft draft,
      Client who,
      int code,
      @Nullable ErrorReason reason,
      int tries,
      long total,
      Attempt last) {
    if (who.isSecure()) {
      draft.flag(RecordLayout.TLS);
    }
    if (tries > 0 && last.wasReused()) {
      draft.flag(RecordLayout.REUSED);
    }
    if (hedged) {
      draft.flag(RecordLayout.HEDGED);
    }
    if (meant) {
      draft.flag(RecordLayout.MEANT);
    }
    if (code >= 500 || tries > 1 || total >= SLOW_NANOS || isFailure(reason)) {
      draft.flag(RecordLayout.VALUABLE);
    }
  }

  /** What was refused is not worth the last room: that is what floods are made of. */
  private static boolean isFailure(@Nullable ErrorReason reason) {
    return reason != null
        && (reason.status() == 0 || reason.status() >= 500 || reason == ErrorReason.CLIENT_GONE);
  }

  private void texts(
      RecordDraft draft, Exchange exchange, Head request, Client who, RecordMask mask) {
    byte[] bytes = request.bytes;
    if (matched) {
      draft.text(Text.HOST, bytes, request.hostStart, request.hostEnd - request.hostStart);
      int query = queryEnd - queryStart - 1; // it begins with the question mark
      draft.path(bytes, pathStart, pathEnd - pathStart, queryStart + 1, query, mask);
    } else if (request.targetEnd > request.targetStart) {
      int end = request.targetStart;
      while (end < request.targetEnd && bytes[end] != '?') {
        end++;
      }
      draft.path(
          bytes,
          request.targetStart,
          end - request.targetStart,
          end + 1,
          request.targetEnd - end - 1,
          mask);
    }
    int agent = find(request, USER_AGENT);
    if (agent >= 0) {
      text(draft, Text.USER_AGENT, request, agent);
    }
    int methodLength = request.methodEnd - request.methodStart;
    int method = methodLength > 0 ? number(bytes, request.methodStart, request.methodEnd) : 0;
    if (method > 0) {
      draft.method(method);
    } else if (methodLength > 0) {
      draft.text(Text.METHOD, bytes, request.methodStart, methodLength);
    }
    if (matched && who.isTrusted() && request.has(FieldName.X_REQUEST_ID)) {
      int field = request.first(FieldName.X_REQUEST_ID);
      if (!request.isDropped(field) && !isOurs(exchange, request, field)) {
        text(draft, Text.REQUEST_ID, request, field);
      }
    }
  }

  private static void traceAsCame(RecordDraft draft, Head request) {
    if (!request.has(FieldName.TRACEPARENT)) {
      return;
    }
    byte[] bytes = request.bytes;
    int trace = request.first(FieldName.TRACEPARENT);
    if (request.valueEnd(trace) - request.valueStart(trace) >= TraceContext.LENGTH
        && bytes[request.valueStart(trace) + TRACE_AT + TRACE_LENGTH] == '-') {
      draft.text(Text.TRACE_ID, bytes, request.valueStart(trace) + TRACE_AT, TRACE_LENGTH);
    }
  }

  private static boolean isOurs(Exchange exchange, Head request, int field) {
    byte[] id = exchange.requestId;
    return Arrays.equals(
        request.bytes, request.valueStart(field), request.valueEnd(field), id, 0, id.length);
  }

  private static void text(RecordDraft draft, Text which, Head request, int field) {
    int start = request.valueStart(field);
    draft.text(which, request.bytes, start, request.valueEnd(field) - start);
  }

  /** The first field of that name, most of which are told by their length. */
  private static int find(Head request, byte[] name) {
    for (int field = 0; field < request.fieldCount; field++) {
      int start = request.nameStart(field);
      if (request.nameEnd(field) - start == name.length
          && Ascii.equalsIgnoreCase(request.bytes, start, name)) {
        return field;
      }
    }
    return -1;
  }

  private static int number(byte[] bytes, int start, int end) {
    for (int number = 1; number < METHODS.length; number++) {
      byte[] method = METHODS[number];
      if (method.length == end - start
          && Arrays.equals(bytes, start, end, method, 0, method.length)) {
        return number;
      }
    }
    return 0;
  }
}
