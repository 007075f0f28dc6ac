package io.fairlead.telemetry;

import java.util.Locale;

/**
 * Why Fairlead itself answered, or gave up on, an exchange. The closed list behind the response
 * field {@code fairlead-error} and the metric label {@code reason}.
 */
public enum ErrorReason {
  BAD_REQUEST(400, "The request could be read in two ways, or is not HTTP."),
  UNAUTHENTICATED(401, "The route asks who the client is, and the request does not prove it."),
  DENIED(403, "The client's address may not use this listener or route."),
  FORBIDDEN(403, "Who the client is has been found out, and the route does not let it in."),
  FILTER_REFUSED(
      403, "A filter of the route does not let the request in; it may say another status."),
  NO_ROUTE(404, "No route of the listener matches the request."),
  REQUEST_TIMEOUT(408, "The client took too long to send its request."),
  BODY_TOO_LARGE(
      413, "The request body is larger than limits.body-bytes of the listener or route."),
  TARGET_TOO_LONG(414, "The request target is longer than limits.target-bytes."),
  EXPECTATION_FAILED(417, "The request expects something other than 100-continue."),
  RATE_LIMITED(429, "The route's rate limit lets no more requests in now."),
  HEAD_TOO_LARGE(
      431, "The request head is larger than limits.header-bytes or has too many fields."),
  INTERNAL(500, "A mistake of Fairlead's own; the log has the details."),
  FILTER_FAILED(500, "A filter of the route failed; an event says which, and how."),
  NOT_IMPLEMENTED(501, "The request needs a method or transfer coding that is not supported."),
  BAD_RESPONSE(502, "The node's answer could be read in two ways, or is not HTTP."),
  UPSTREAM_RESET(502, "The node closed the connection before its answer was complete."),
  UPGRADE_UNSUPPORTED(502, "The node speaks HTTP/2 and takes no WebSocket in it (RFC 8441)."),
  CONNECT_FAILED(503, "No connection to a node could be made."),
  NO_NODE(503, "No node of the service is up."),
  OVERLOADED(503, "There is more to do than can be done; come again in a few seconds."),
  AUTH_UNAVAILABLE(503, "Who the client is could not be found out; come again in a few seconds."),
  FILTER_TIMEOUT(503, "A filter of the route took longer than its timeout, or has too much to do."),
  FAULT_INJECTED(
      503, "The route makes this fault on purpose (fault.abort); the status may be another one."),
  NOT_CACHED(504, "The client wants a cached answer or none (only-if-cached), and there is none."),
  UPSTREAM_TIMEOUT(504, "The node did not answer in the time that the route gives it."),
  VERSION_NOT_SUPPORTED(505, "The request is neither HTTP/1.0 nor HTTP/1.1."),
  HTTP2_ERROR(400, "The client broke the rules of HTTP/2; its connection was closed."),
  HTTP2_FLOOD(
      400, "The client sent more resets or control frames than HTTP/2 needs; it was cut off."),
  CLIENT_GONE(499, "The client went away before the answer was complete; nothing was sent."),
  WEBSOCKET_IDLE(0, "A WebSocket moved no byte for websocket.idle-timeout; it was closed."),
  WEBSOCKET_UNANSWERED(
      0, "One end of a WebSocket did not answer a ping in websocket.ping-interval; it was closed."),
  WEBSOCKET_DRAINED(
      0, "A WebSocket was asked to close when the grace of a drain, websocket.drain-grace, ended."),
  WEBSOCKET_CUT(
      0, "A WebSocket that was asked to close did not in websocket.close-timeout; it was cut."),
  IDLE_TIMEOUT(0, "A relayed connection moved no byte for limits.idle-timeout; it was closed."),
  DATAGRAM_TOO_LONG(0, "A datagram was longer than udp.datagram-bytes; it was dropped."),
  BAD_CLIENT_HELLO(
      0, "A connection that is routed by server name did not begin with a ClientHello in time."),
  PROXY_HEADER_MISSING(
      0, "A connection from proxy-protocol.accept-from did not begin with a PROXY header in time."),
  PROXY_HEADER_INVALID(0, "A connection began with a PROXY header that is broken."),
  PROXY_HEADER_UNTRUSTED(
      0, "A connection from outside proxy-protocol.accept-from began with a PROXY header."),
  HTTP3_FLOOD(
      400, "The client took back or broke more requests than HTTP/3 needs; it was cut off."),
  COMMIT_LOWERED(
      0, "A client of a managed database lowered synchronous_commit; its session was ended."),
  TLS_REFUSED(
      0,
      "A client of a managed database insisted on TLS, which it is not given there; it was cut.");

  private final int status;
  private final String meaning;
  private final String wireName;

  ErrorReason(int status, String meaning) {
    this.status = status;
    this.meaning = meaning;
    this.wireName = name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The status code of the answer; 0: there is none, the connection is closed. */
  public int status() {
    return status;
  }

  /** One sentence for people. */
  public String meaning() {
    return meaning;
  }

  /** How it is spelled in {@code fairlead-error} and in metrics. */
  public String wireName() {
    return wireName;
  }
}
