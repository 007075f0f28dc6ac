package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * What a stream of HTTP/2 and one of HTTP/3 can do: where a {@link ClientStream} has its bytes from
 * and gives its answer to. Event loop only.
 */
interface StreamCarrier {
  /** Why a stream is broken off; both protocols have a number for each. */
  enum Reason {
    /** The answer is complete, and the rest of the request is not wanted. */
    UNWANTED,
    /** What came is no message of HTTP. */
    MALFORMED,
    /** The answer cannot be brought to its end. */
    INTERNAL,
    /** The client does not take its answer. */
    CANCELLED,
    /** A tunnel whose node is gone. */
    CONNECT
  }

  // --- the request -------------------------------------------------------------------------

  /** The client has said all it has to say. */
  void endCame();

  boolean isEndReceived();

  /** Keeps bytes that came, until somebody takes them. */
  void keep(ByteBuf in, int count);

  /** Bytes that came and have not been taken; null: none. */
  @Nullable ByteBuf received();

  /** All that was kept has been taken. */
  void receivedTaken();

  /** So many bytes have been taken: the client may send as many more. */
  void giveBack(int count);

  // --- the answer --------------------------------------------------------------------------

  /** A message of that many bytes, or of unknown length if negative, is about to be sent. */
  void beginMessage(long length);

  /** Sends a head. */
  void sendHeaders(Head head, int status, boolean end);

  /** Takes that many bytes from the buffer; what cannot go out waits. */
  void send(ByteBuf in, int count);

  /** Ends our half once everything before it has gone out. */
  void endAfterRest(Head last);

  /** Sends what has been gathered, soon. */
  void flushSoon();

  /** Whether more can be taken without much waiting for the client. */
  boolean isWritable();

  /** Bytes of messages that have gone out. */
  long sentBytes();

  // --- the end -----------------------------------------------------------------------------

  boolean isEndSent();

  /** Whether our half has ended or will without anybody doing anything more. */
  boolean isEnding();

  /** Ends both halves now. */
  void reset(Reason reason);

  boolean isClosed();

  /** The end of the other half has been taken note of. */
  void closeIfEnded();

  // --- the connection ----------------------------------------------------------------------

  Client who();

  /** See {@link ClientSide#altService}. */
  byte[] altService();

  HttpListenerState listener();
}
