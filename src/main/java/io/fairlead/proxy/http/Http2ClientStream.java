package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Exception;

/** A stream that a client of HTTP/2 has opened. */
final class Http2ClientStream extends Http2Stream implements StreamCarrier {
  private final Http2ServerConnection owner;
  private final ClientStream side;

  Http2ClientStream(Http2ServerConnection owner, int id, HttpPolicy policy) {
    super(owner, id);
    this.owner = owner;
    this.side = new ClientStream(this, owner.loop, policy);
  }

  void requestCame(ByteBuf block, boolean end) throws Http2Exception {
    Head head = side.begin();
    HeadFields.Result read;
    try {
      read = owner.hpack.readRequest(id, block, head);
    } catch (Http2Exception e) {
      side.unreadable();
      throw e;
    }
    side.headCame(read, end);
  }

  void trailersCame(Head last) {
    side.trailersCame(last);
  }

  /** Data of this stream; what cannot be passed on yet is kept. */
  void take(ByteBuf in, int count, boolean end) {
    side.take(in, count, end);
  }

  /** What came is no message: nothing is answered. */
  void refuse() {
    side.refuse();
  }

  /** The connection is to end. */
  void leave() {
    side.leave();
  }

  @Override
  void dataCame() {
    side.upstreamReady();
  }

  @Override
  void wasReset(int error) {
    side.wasReset();
  }

  @Override
  void canSend() {
    side.canSend();
  }

  @Override
  void ourEndSent() {
    side.ourEndSent();
  }

  @Override
  public void flushSoon() {
    owner.flushSoon();
  }

  @Override
  public boolean isWritable() {
    return isDrained() && owner.isWritable();
  }

  @Override
  public void reset(Reason reason) {
    reset(
        switch (reason) {
          case UNWANTED -> Http2.NO_ERROR;
          case MALFORMED -> Http2.PROTOCOL_ERROR;
          case INTERNAL -> Http2.INTERNAL_ERROR;
          case CANCELLED -> Http2.CANCEL;
          case CONNECT -> Http2.CONNECT_ERROR;
        });
  }

  @Override
  public byte[] altService() {
    return listener().altService(owner.context().channel());
  }

  @Override
  public Client who() {
    return owner.who();
  }

  @Override
  public HttpListenerState listener() {
    return owner.listener();
  }
}
