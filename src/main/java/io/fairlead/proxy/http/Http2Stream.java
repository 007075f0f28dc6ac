package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a connection: what is waiting in it, both ways, and how much of it the other side
 * has allowed. Bytes to be sent wait for the windows of stream and connection and for the socket;
 * bytes that came wait for whoever is to take them, and until then their window is not given back.
 */
abstract class Http2Stream {
  final Http2Connection connection;
  final int id;

  /** What we may still send; negative after a change of settings. */
  private int sendWindow;

  /** What the other side may still send. */
  private int receiveWindow;

  /** Taken, but not given back yet. */
  private int taken;

  private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>(0);
  private int waitingBytes;
  private long sent;
  private boolean endWaits;
  private Head trailers = Head.NONE;

  /** Bytes of the message that are still to be handed to {@link #send}; negative: not known. */
  private long left;

  private @Nullable ByteBuf received;
  private boolean endSent;
  private boolean endReceived;
  private boolean closed;

  Http2Stream(Http2Connection connection, int id) {
    this.connection = connection;
    this.id = id;
    this.sendWindow = connection.peerInitialWindow();
    this.receiveWindow = connection.streamWindow();
  }

  // --- what comes --------------------------------------------------------------------------

  /** Bytes of a message are there, and so is, perhaps, its end. Takes what it can. */
  abstract void dataCame();

  /** The other side has ended the stream in the middle, or the connection is gone. */
  abstract void wasReset(int error);

  /** What was waiting to be sent has been sent, or room for it has come. */
  abstract void canSend();

  /** False if the other side sends more than it may. */
  final boolean countReceived(int count) {
    receiveWindow -= count;
    return receiveWindow >= 0;
  }

  /** Keeps bytes that came, until somebody takes them. */
  public final void keep(ByteBuf in, int count) {
    ByteBuf kept = received;
    if (kept == null) {
      kept = connection.allocate(Math.max(count, 1024));
      received = kept;
    }
    kept.writeBytes(in, count);
  }

  /** Bytes that came and have not been taken; null: none. */
  public final @Nullable ByteBuf received() {
    return received;
  }

  /** All that was kept has been taken. */
  public final void receivedTaken() {
    ByteBuf kept = received;
    received = null;
    if (kept != null) {
      kept.release();
    }
  }

  /** So many bytes have been taken: the other side may send as many more. */
  public final void giveBack(int count) {
    connection.giveBack(count);
    if (endReceived || closed) {
      return;
    }
    taken += count;
    if (taken >= connection.streamWindow() / 2) {
      connection.writeWindowUpdate(id, taken);
      receiveWindow += taken;
      taken = 0;
    }
  }

  public final void endCame() {
    endReceived = true;
  }

  /** The other side has said all it has to say. */
  public final boolean isEndReceived() {
    return endReceived;
  }

  // --- what goes ---------------------------------------------------------------------------

  /** A message of that many bytes, or of unknown length if negative, is about to be sent. */
  public final void beginMessage(long length) {
    left = length;
  }

  /** Sends a head. */
  public final void sendHeaders(Head head, int status, boolean end) {
    connection.writeHeaders(this, head, status, end);
    if (end) {
      endSent = true;
      maybeClose();
    }
  }

  /** Takes that many bytes from the buffer; what cannot go out waits. */
  public final void send(ByteBuf in, int count) {
    if (closed || endSent) {
      in.skipBytes(count);
      return;
    }
    left -= count;
    int rest = count;
    if (waiting.isEmpty()) {
      int now = connection.allowed(Math.min(rest, sendWindow));
      if (now > 0) {
        boolean end = now == rest && left == 0;
        write(in, now, end);
        rest -= now;
      }
    }
    if (rest > 0) {
      waiting.add(connection.keepForLater(in, rest));
      waitingBytes += rest;
      connection.waits(this);
    }
  }

  private void write(ByteBuf in, int count, boolean end) {
    sendWindow -= count;
    sent += count;
    connection.writeData(id, in, count, end);
    if (end) {
      endSent = true;
      maybeClose();
    }
  }

  /** Ends our half once everything before it has gone out. */
  public final void endAfterRest(Head last) {
    if (closed || endSent || endWaits) {
      return;
    }
    if (waiting.isEmpty()) {
      writeEnd(last);
    } else {
      endWaits = true;
      trailers = last;
    }
  }

  private void writeEnd(Head last) {
    endSent = true;
    connection.writeEnd(this, last);
    maybeClose();
  }

  /** Nothing waits to be sent. */
  final boolean isDrained() {
    return waiting.isEmpty();
  }

  /** Bytes of messages that have gone out. */
  public final long sentBytes() {
    return sent;
  }

  public final boolean isEndSent() {
    return endSent;
  }

  /** Whether our half has ended or will without anybody doing anything more. */
  public final boolean isEnding() {
    return endSent || endWaits;
  }

  /**
   * Sends of what waits as much as it may.
   *
   * @return whether something still waits
   */
  final boolean drain() {
    boolean some = false;
    while (true) {
      ByteBuf first = waiting.peek();
      if (first == null) {
        break;
      }
      int now = connection.allowed(Math.min(first.readableBytes(), sendWindow));
      if (now <= 0) {
        return true;
      }
      some = true;
      waitingBytes -= now;
      boolean last = waitingBytes == 0 && (left == 0 || (endWaits && trailers.fieldCount == 0));
      boolean emptied = now == first.readableBytes();
      if (emptied) {
        waiting.remove();
      }
      try {
        write(first, now, last);
      } finally {
        if (emptied) {
          first.release();
        }
      }
    }
    if (endWaits && !endSent) {
      writeEnd(trailers);
    }
    if (some && !closed) {
      canSend();
    }
    return false;
  }

  /** False if the window would be larger than there are numbers for. */
  final boolean changeSendWindow(int by) {
    long changed = (long) sendWindow + by;
    if (changed > Http2.MAX_WINDOW) {
      return false;
    }
    sendWindow = (int) changed;
    return true;
  }

  // --- the end -----------------------------------------------------------------------------

  /** Ends both halves now. */
  final void reset(int error) {
    if (!closed) {
      connection.writeReset(id, error);
      close();
    }
  }

  private void maybeClose() {
    if (endSent && endReceived) {
      close();
    } else if (endSent && !closed) {
      ourEndSent();
    }
  }

  /** Our half has ended and the other has not. */
  abstract void ourEndSent();

  /** The end of the other half has been taken note of. */
  public final void closeIfEnded() {
    if (endSent && endReceived) {
      close();
    }
  }

  public final boolean isClosed() {
    return closed;
  }

  /** Forgets the stream and all that waits in it. */
  final void close() {
    if (closed) {
      return;
    }
    closed = true;
    for (ByteBuf each = waiting.poll(); each != null; each = waiting.poll()) {
      each.release();
    }
    waitingBytes = 0;
    ByteBuf kept = received;
    received = null;
    if (kept != null) {
      connection.giveBack(kept.readableBytes());
      kept.release();
    }
    connection.forget(this);
  }
}
