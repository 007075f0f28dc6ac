package io.fairlead.proxy.http;

import io.fairlead.config.UpstreamConfig;
import io.netty.buffer.ByteBuf;

/**
 * Where a request goes to and its answer comes from: a connection of HTTP/1.1, or a stream of
 * HTTP/2. Tells the try that it serves what came: {@link Attempt#responseHead}, {@link
 * Attempt#responseData}, {@link Attempt#responseEnd}. Event loop only.
 */
sealed interface NodeSide permits UpstreamConnection, Http2NodeStream {
  /** Serves that try from now on. */
  void attach(Attempt user);

  /** Served an exchange before this one, so the node may have closed it in the meantime. */
  boolean isReused();

  /** What the TLS handshake of a connection that is new took; negative: there was none. */
  long handshakeNanos();

  boolean isWritable();

  /** Sends {@link Attempt#request}. */
  void sendHead(Attempt user);

  /** Takes that many bytes of the request's body, or of a tunnel, from the buffer. */
  void sendData(ByteBuf in, int count);

  /** The request is complete. */
  void sendEnd(Head trailers);

  /** Sends what has been gathered; the answer is how many bytes that was. */
  long flush();

  /** Tells the node that no more bytes will come, and goes on reading. */
  void shutdownOutput();

  /** Does it once everything has been sent. */
  void afterFlush(Runnable then);

  /** Whether more of the answer is wanted for now. */
  void setReading(boolean wanted);

  /**
   * The exchange is over: to be kept for another if nothing speaks against it.
   *
   * @param requestDone whether the node got all of the request
   */
  void release(boolean requestDone, UpstreamConfig config);

  /** The answer did not come in time; the exchange ends now. */
  void waitedInVain();

  /** The exchange is over and nothing more is wanted: forgets what is unsent, ends at once. */
  void drop();
}
