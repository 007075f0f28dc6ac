package io.fairlead.proxy.http;

import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;

/**
 * Where a request comes from and its answer goes: a connection of HTTP/1.1, a stream of HTTP/2 or
 * HTTP/3, or ourselves ({@link Subrequest}). The exchange says what is to be sent; how it is framed
 * is known here only. Event loop only.
 */
sealed interface ClientSide permits HttpConnection, ClientStream, Subrequest {
  HttpPolicy policy();

  Client who();

  /** Whether this exchange is still the one being served; it may end while its answer is sent. */
  boolean isCurrent(Exchange candidate);

  /** Whether bytes of this client are being gone through now; what they cause is sent then. */
  boolean isConsuming();

  // --- the answer --------------------------------------------------------------------------

  /** The answer's head is {@link Exchange#response}, complete and checked. */
  void sendHead(Exchange exchange);

  /** A 1xx answer; after 101, bytes are bytes. */
  void sendInformational(Exchange exchange);

  /** Takes that many bytes of the answer's body, or of a tunnel, from the buffer. */
  void sendData(ByteBuf in, int count);

  /** The answer is complete. */
  void sendEnd(Head trailers);

  void flush();

  /** Whether more of the answer can be taken without much waiting for the client. */
  boolean isWritable();

  /** Breaks off in the middle of an answer, so that the client sees that it is not complete. */
  void abort(Exchange exchange);

  // --- what the exchange tells -------------------------------------------------------------

  /** The node can take bytes of the request, or of the tunnel. */
  void upstreamReady();

  /** Bytes have moved: the exchange is alive. */
  void progress();

  /** The client is slower than the node; from now on its speed counts. */
  void waitForTaker();

  void tunnelOpened();

  /** The node has ended its half of a tunnel; what it sent before still goes out. */
  void nodeEnded();

  /** Both halves of a tunnel have ended. */
  void tunnelEnded();

  /**
   * The exchange is over.
   *
   * @param requestDone all of the request has been read
   */
  void exchangeDone(boolean requestDone);

  /** Where the client may come by HTTP/3, as the value of Alt-Svc; empty: nowhere. */
  byte[] altService();

  /** The number of its listener's name in records. */
  int listenerName();

  void countError(ErrorReason reason);

  void countResponse(int status);

  /** The answer with a status of 500 or above, which follows, is meant. */
  void countMeant();
}
