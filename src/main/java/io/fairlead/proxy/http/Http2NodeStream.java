package io.fairlead.proxy.http;

import io.fairlead.config.UpstreamConfig;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Exception;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One try at a node that speaks HTTP/2. */
final class Http2NodeStream extends Http2Stream implements NodeSide {
  private static final byte[] WEBSOCKET_KEY = Ascii.bytes("sec-websocket-key");
  private static final byte[] WEBSOCKET_ACCEPT = Ascii.bytes("sec-websocket-accept");
  private static final byte[] UPGRADE = Ascii.bytes("upgrade");
  private static final byte[] WEBSOCKET = Ascii.bytes("websocket");

  /** RFC 6455, 1.3. */
  private static final String WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  /** From then on a try that is given up has waited in vain. */
  private static final long SUSPECT_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Http2NodeConnection owner;
  private final boolean reused;
  private @Nullable Attempt attempt;
  private byte[] nodeAddress = {};
  private long begun;
  private boolean headRead;
  private boolean tunnel;
  private boolean paused;
  private boolean endTold;
  private long announced;
  private long bodyBytes;
  private Head trailers = Head.NONE;

  Http2NodeStream(Http2NodeConnection owner, int id) {
    super(owner, id);
    this.owner = owner;
    this.reused = owner.isReused();
  }

  byte[] nodeAddress() {
    return nodeAddress;
  }

  // --- the request -------------------------------------------------------------------------

  @Override
  public void attach(Attempt user) {
    attempt = user;
    begun = owner.loop.now();
  }

  @Override
  public long handshakeNanos() {
    return owner.handshakeNanos();
  }

  @Override
  public boolean isReused() {
    return reused;
  }

  @Override
  public boolean isWritable() {
    return isDrained() && !isClosed() && owner.isWritable();
  }

  @Override
  public void sendHead(Attempt user) {
    Head request = user.request();
    if (request.upgrade && !owner.isConnectAllowed()) {
      user.cannotCarry(ErrorReason.UPGRADE_UNSUPPORTED);
      return;
    }
    nodeAddress = user.nodeAddress();
    boolean end = !request.upgrade && request.body == 0 && user.isRequestDone();
    // What comes by HTTP/2 may have trailers behind a body of known length.
    beginMessage(request.upgrade || (request.http2 && !end) ? -1 : request.body);
    sendHeaders(request, 1, end);
  }

  @Override
  public void sendData(ByteBuf in, int count) {
    send(in, count);
  }

  @Override
  public void sendEnd(Head last) {
    Attempt user = attempt;
    if (tunnel || user == null || !user.request().upgrade) {
      endAfterRest(last);
    }
  }

  /**
   * The connection sends by itself at the end of this turn of the loop, and counts what it sent.
   */
  @Override
  public long flush() {
    owner.flushSoon();
    return 0;
  }

  @Override
  public void shutdownOutput() {
    endAfterRest(Head.NONE);
    owner.flushSoon();
  }

  @Override
  public void afterFlush(Runnable then) {
    then.run(); // what still waits has its own flow control; the stream ends when it has gone out
  }

  @Override
  void canSend() {
    Attempt user = attempt;
    if (user != null && isWritable()) {
      user.upstreamWritable();
    }
  }

  @Override
  void ourEndSent() {
    // The answer is still to come.
  }

  // --- the answer --------------------------------------------------------------------------

  void headersCame(ByteBuf block, boolean end) throws Http2Exception {
    Attempt user = attempt;
    if (user == null) {
      HeadFields.Result _ = owner.hpack.readTrailers(id, block, new Head());
      return;
    }
    user.responseBytes(block.readableBytes());
    if (headRead) {
      Head last = new Head();
      HeadFields.Result read = owner.hpack.readTrailers(id, block, last);
      if (!end
          || tunnel
          || read != HeadFields.Result.DONE
          || !BodyReader.cleanTrailers(last)
          || (announced >= 0 && bodyBytes != announced)) {
        bad(user);
      } else {
        trailers = last;
        endCame();
        pass(user);
      }
      return;
    }
    Head head = user.response;
    HeadFields.Result read = owner.hpack.readResponse(id, block, head);
    if (read != HeadFields.Result.DONE || !isSound(user, head, end)) {
      bad(user);
      return;
    }
    headRead = head.status >= 200 || head.status == 101;
    tunnel = head.status == 101;
    announced = head.body;
    if (end) {
      endCame();
    }
    if (!user.responseHead()) {
      return;
    }
    if (tunnel) {
      user.responseFlush();
      if (!isCurrent(user)) {
        return;
      }
      user.tunnelOpened();
    }
    if (headRead && isCurrent(user)) {
      pass(user);
    }
  }

  /** The same rules as for HTTP/1.1; fills what is derived. */
  private static boolean isSound(Attempt user, Head head, boolean end) {
    if (!ResponseCheck.check(head, user.isToHead())) {
      return false;
    }
    if (head.status < 200) {
      return !end;
    }
    if (user.request().upgrade && head.status == 200 && !end) {
      switchProtocol(user.request(), head);
      return true;
    }
    if (head.body == Head.UNTIL_CLOSE) {
      if (end) {
        head.body = 0;
        head.lengthAnew = 0;
      } else {
        head.body = Head.CHUNKED;
      }
    } else if (end && head.body > 0) {
      return false;
    }
    return true;
  }

  /** RFC 8441: 200 grants what 101 grants in HTTP/1.1, where the answer has to prove itself. */
  private static void switchProtocol(Head request, Head head) {
    head.status = 101;
    head.body = 0;
    head.openField(UPGRADE);
    head.put(WEBSOCKET);
    head.closeField(FieldName.UPGRADE);
    head.drop(head.fieldCount - 1);
    head.upgrade = true;
    int key = request.findField(WEBSOCKET_KEY, 0);
    if (key >= 0) {
      String said = Ascii.text(request.bytes, request.valueStart(key), request.valueEnd(key));
      head.openField(WEBSOCKET_ACCEPT);
      head.put(accept(said));
      head.closeField(FieldName.OTHER);
    }
  }

  private static byte[] accept(String key) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      byte[] hash = sha1.digest((key + WEBSOCKET_GUID).getBytes(StandardCharsets.ISO_8859_1));
      return Base64.getEncoder().encode(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }

  /** Data of the answer; what the client is too slow for is kept, up to the window. */
  void take(ByteBuf in, int count, boolean end) {
    Attempt user = attempt;
    if (user == null) {
      in.skipBytes(count);
      giveBack(count);
      return;
    }
    bodyBytes += count;
    if (!headRead
        || (announced >= 0
            && !tunnel
            && (bodyBytes > announced || (end && bodyBytes < announced)))) {
      in.skipBytes(count);
      giveBack(count); // the connection goes on and needs its window
      bad(user);
      return;
    }
    if (end) {
      endCame();
    }
    user.responseBytes(count);
    if (paused || received() != null) {
      keep(in, count);
    } else if (count > 0) {
      pass(user, in, count);
      giveBack(count);
    }
    pass(user);
  }

  private void pass(Attempt user, ByteBuf in, int count) {
    if (tunnel) {
      ByteBuf part = in.readSlice(count);
      user.tunnelData(part);
    } else {
      user.responseData(in, count);
      user.responseFlush();
    }
  }

  /** Hands on what has been kept, and the end. */
  private void pass(Attempt user) {
    ByteBuf kept = received();
    if (kept != null && !paused) {
      int count = kept.readableBytes();
      pass(user, kept, count);
      receivedTaken();
      giveBack(count);
    }
    if (isEndReceived() && received() == null && !endTold && isCurrent(user)) {
      endTold = true;
      if (tunnel) {
        user.nodeEnded();
      } else {
        user.responseEnd(trailers);
      }
    }
  }

  @Override
  void dataCame() {
    Attempt user = attempt;
    if (user != null) {
      pass(user);
    }
  }

  @SuppressWarnings("ReferenceEquality") // that very try
  private boolean isCurrent(Attempt user) {
    return attempt == user;
  }

  private void bad(Attempt user) {
    reset(Http2.PROTOCOL_ERROR);
    user.badResponse();
  }

  @Override
  void wasReset(int error) {
    Attempt user = attempt;
    if (user == null) {
      return;
    }
    if (error == Http2.REFUSED_STREAM) {
      user.upstreamRefused();
    } else {
      user.upstreamClosed();
    }
  }

  @Override
  public void setReading(boolean wanted) {
    if (paused == wanted) {
      paused = !wanted;
      Attempt user = attempt;
      if (wanted && user != null) {
        pass(user);
      }
    }
  }

  // --- the end -----------------------------------------------------------------------------

  @Override
  public void waitedInVain() {
    if (!headRead) {
      owner.suspect(begun);
    }
  }

  @Override
  public void release(boolean requestDone, UpstreamConfig config) {
    attempt = null;
    reset(Http2.CANCEL); // nothing, if both halves have ended
    closeIfEnded();
  }

  @Override
  public void drop() {
    attempt = null;
    // A client that changes its mind says nothing about the node.
    if (!headRead && owner.loop.now() - begun >= SUSPECT_NANOS) {
      owner.suspect(begun);
    }
    reset(Http2.CANCEL);
  }
}
