package io.fairlead.proxy.http;

import io.fairlead.config.ForwardedConfig;
import io.fairlead.proxy.RequestIds;

/**
 * What a proxy adds to heads: who asked, on which way, under which number. Done once for each
 * request, so that every attempt and every protocol sends the same.
 */
final class Forwarding {
  private static final byte[] ALT_SVC = Ascii.bytes("alt-svc");
  private static final byte[] VIA = Ascii.bytes("via");
  private static final byte[][] RECEIVED = {
    Ascii.bytes("1.0 fairlead"),
    Ascii.bytes("1.1 fairlead"),
    Ascii.bytes("2.0 fairlead"),
    Ascii.bytes("3.0 fairlead")
  };
  private static final byte[] REQUEST_ID = Ascii.bytes("x-request-id");
  private static final byte[] X_FORWARDED_FOR = Ascii.bytes("x-forwarded-for");
  private static final byte[] X_FORWARDED_PROTO = Ascii.bytes("x-forwarded-proto");
  private static final byte[] FORWARDED = Ascii.bytes("forwarded");
  private static final byte[] HTTP = Ascii.bytes("http");
  private static final byte[] HTTPS = Ascii.bytes("https");
  private static final byte[] FORWARDED_HTTP = Ascii.bytes(";proto=http");
  private static final byte[] FORWARDED_HTTPS = Ascii.bytes(";proto=https");
  private static final byte[] CLIENT_CERT = Ascii.bytes("x-forwarded-client-cert");
  private static final byte[] FOR = Ascii.bytes("for=");
  private static final byte[] COMMA = Ascii.bytes(", ");

  private Forwarding() {}

  /**
   * Finds out who asks, and takes out what the connection's other end was not entitled to say:
   * before anything is decided by it.
   *
   * <p>Behind trusted proxies the client is the last address that none of them is known by: of
   * {@code Forwarded} where nodes get that alone, else of {@code X-Forwarded-For}. What stands
   * before it anybody may have said. Where something else than an address stands, the proxy behind
   * it counts as the client.
   */
  static void readClient(Head head, Client who, HttpPolicy policy, IpAddress scratch) {
    head.clientHigh = who.high();
    head.clientLow = who.low();
    if (!who.isTrusted()) {
      if ((head.seen & RequestCheck.PROXY_SAYS) != 0) {
        RequestCheck.dropAll(head, RequestCheck.PROXY_SAYS);
      }
      return;
    }
    boolean standard = policy.forwarded().headers() == ForwardedConfig.Style.FORWARDED;
    int id = standard ? FieldName.FORWARDED : FieldName.X_FORWARDED_FOR;
    if (!head.has(id)) {
      return;
    }
    for (int field = head.fieldCount - 1; field >= 0; field--) {
      if (head.id(field) == id && !readClient(head, field, standard, policy, scratch)) {
        return;
      }
    }
  }

  /** From the end of a field; false if the client has been found. */
  private static boolean readClient(
      Head head, int field, boolean standard, HttpPolicy policy, IpAddress scratch) {
    byte[] bytes = head.bytes;
    int end = head.valueEnd(field);
    while (end > head.valueStart(field)) {
      int start = end;
      while (start > head.valueStart(field) && bytes[start - 1] != ',') {
        start--;
      }
      if (!(standard
          ? readForwardedFor(bytes, start, end, scratch)
          : readTrimmed(bytes, start, end, scratch))) {
        return false;
      }
      head.clientHigh = scratch.high;
      head.clientLow = scratch.low;
      if (!policy.trust().contains(scratch.high, scratch.low)) {
        return false;
      }
      end = start - 1;
    }
    return true;
  }

  /** An element of Forwarded: {@code for=} and an address, maybe in quotes (RFC 7239, 4). */
  private static boolean readForwardedFor(byte[] bytes, int start, int end, IpAddress scratch) {
    int at = start;
    while (at < end) {
      while (at < end && (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == ';')) {
        at++;
      }
      int next = at;
      while (next < end && bytes[next] != ';') {
        next++;
      }
      if (next - at > FOR.length && Ascii.equalsIgnoreCase(bytes, at, FOR)) {
        int from = at + FOR.length;
        int to = next;
        while (to > from && (bytes[to - 1] == ' ' || bytes[to - 1] == '\t')) {
          to--;
        }
        if (to - from >= 2 && bytes[from] == '"' && bytes[to - 1] == '"') {
          from++;
          to--;
        }
        return scratch.read(bytes, from, to);
      }
      at = next;
    }
    return false;
  }

  private static boolean readTrimmed(byte[] bytes, int start, int end, IpAddress scratch) {
    int from = start;
    int to = end;
    while (from < to && (bytes[from] == ' ' || bytes[from] == '\t')) {
      from++;
    }
    while (to > from && (bytes[to - 1] == ' ' || bytes[to - 1] == '\t')) {
      to--;
    }
    return scratch.read(bytes, from, to);
  }

  /** Adds to a request. */
  static void addToRequest(Exchange exchange, ClientSide client) {
    Head head = exchange.request;
    Client who = client.who();
    boolean trusted = who.isTrusted();
    ForwardedConfig.Style style = client.policy().forwarded().headers();
    if (style == ForwardedConfig.Style.X_FORWARDED || style == ForwardedConfig.Style.BOTH) {
      int asked = head.fieldCount;
      head.openField(X_FORWARDED_FOR);
      if (trusted) {
        putContinued(head, FieldName.X_FORWARDED_FOR, asked);
      }
      head.put(who.address());
      head.closeField(FieldName.X_FORWARDED_FOR);
      if (!trusted || !head.has(FieldName.X_FORWARDED_PROTO)) {
        head.openField(X_FORWARDED_PROTO);
        head.put(who.isSecure() ? HTTPS : HTTP);
        head.closeField(FieldName.X_FORWARDED_PROTO);
      }
    }
    if (style == ForwardedConfig.Style.FORWARDED || style == ForwardedConfig.Style.BOTH) {
      int asked = head.fieldCount;
      head.openField(FORWARDED);
      if (trusted) {
        putContinued(head, FieldName.FORWARDED, asked);
      }
      head.put(who.forwardedFor());
      head.put(who.isSecure() ? FORWARDED_HTTPS : FORWARDED_HTTP);
      head.closeField(FieldName.FORWARDED);
    }
    if (who.certificate().length > 0) {
      addCertificate(head, who.certificate());
    }
    TraceContext trace = exchange.trace();
    if (trace != null) {
      trace.addTo(head);
    }
    addVia(head);
    if (!trusted || !head.has(FieldName.X_REQUEST_ID)) {
      addRequestId(head, exchange.requestId, 0, RequestIds.LENGTH);
    }
  }

  /** Adds to an answer of a node, or of our own. */
  static void addToResponse(Exchange exchange, ClientSide client) {
    Head head = exchange.response;
    addVia(head);
    byte[] other = client.altService();
    if (other.length > 0) {
      addAltService(head, other);
    }
    Head request = exchange.request;
    if (request.has(FieldName.X_REQUEST_ID) && client.who().isTrusted()) {
      int field = request.first(FieldName.X_REQUEST_ID);
      if (!request.isDropped(field)) {
        int start = request.valueStart(field);
        addRequestId(head, request.bytes, start, request.valueEnd(field) - start);
        return;
      }
    }
    addRequestId(head, exchange.requestId, 0, RequestIds.LENGTH);
  }

  /** Where else we are to be found (RFC 7838, 3); a node knows nothing of that. */
  private static void addAltService(Head head, byte[] value) {
    for (int field = 0; field < head.fieldCount; field++) {
      if (head.id(field) == FieldName.OTHER && head.isNamed(field, ALT_SVC)) {
        head.drop(field);
      }
    }
    head.openField(ALT_SVC);
    head.put(value);
    head.closeField(FieldName.OTHER);
  }

  /** What we have seen ourselves counts; what a trusted proxy saw of others does not. */
  private static void addCertificate(Head head, byte[] certificate) {
    for (int field = 0; head.has(FieldName.X_FORWARDED_OTHER) && field < head.fieldCount; field++) {
      if (head.id(field) == FieldName.X_FORWARDED_OTHER && head.isNamed(field, CLIENT_CERT)) {
        head.drop(field);
      }
    }
    head.openField(CLIENT_CERT);
    head.put(certificate);
    head.closeField(FieldName.X_FORWARDED_OTHER);
  }

  private static void addVia(Head head) {
    head.openField(VIA);
    head.put(RECEIVED[head.http3 ? 3 : head.http2 ? 2 : head.minorVersion]);
    head.closeField(FieldName.VIA);
  }

  private static void addRequestId(Head head, byte[] from, int start, int count) {
    head.openField(REQUEST_ID);
    head.put(from, start, count);
    head.closeField(FieldName.X_REQUEST_ID);
  }

  /**
   * What the proxies in front said, to be continued in one field instead of two.
   *
   * @param asked how many fields the request came with
   */
  private static void putContinued(Head head, int id, int asked) {
    for (int field = 0; head.has(id) && field < asked; field++) {
      if (head.id(field) == id && head.valueEnd(field) > head.valueStart(field)) {
        head.put(head.bytes, head.valueStart(field), head.valueEnd(field) - head.valueStart(field));
        head.put(COMMA);
      }
    }
    if (head.has(id)) {
      RequestCheck.dropAll(head, 1L << id);
    }
  }
}
