package io.fairlead.proxy.http;

import io.fairlead.config.WebSocketConfig;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket on its way through: passes bytes on as they come, and knows where frames end, so that
 * it can put pings and close frames of our own between them (RFC 6455, 5.5). The pong to a ping of
 * ours ends here; its bytes, {@value #MAX_HELD} at most, are all that is ever held back.
 *
 * <p>Decides only: time is an argument, and what is to be done is done by {@link Ends}. Event loop
 * only.
 */
final class WebSocketTunnel {
  /** Nothing is planned. */
  static final long NEVER = Long.MAX_VALUE;

  /** RFC 6455, 7.4.1: an end goes away. */
  static final int GOING_AWAY = 1001;

  /** RFC 6455, 7.4.1: the request cannot be fulfilled. */
  static final int UNEXPECTED = 1011;

  /** Header, mask and payload of a control frame. */
  private static final int MAX_HELD = 2 + 4 + WebSocketFrames.MAX_CONTROL;

  private static final int QUESTION_BYTES = 8;

  /** The two ends and what can be done to them. */
  interface Ends {
    /** Takes that many bytes from the buffer. */
    void send(boolean toNode, ByteBuf in, int count);

    void flush();

    /** Whether that end takes more without much waiting. */
    boolean isWritable(boolean toNode);

    /** Whether the node is to get nothing new. */
    boolean isNodeLeaving();

    void count(ErrorReason reason);

    /** Both have said their last. */
    void closed();

    /** Ends it without waiting for anybody, and counts why. */
    void cut(ErrorReason reason);
  }

  /** One direction. */
  private static final class Way {
    private final boolean toNode;
    private final WebSocketFrames frames;

    /** When its sender was heard last. */
    private long heard;

    /** Since when its sender owes a sign of life; {@link #NEVER}: it does not. */
    private long owing = NEVER;

    /** Its sender could not even be asked, as it takes nothing. */
    private boolean unasked;

    /** The payload of the last ping to its sender, if the pong has not come. */
    private long question;

    private boolean pongToCome;

    /** A ping to its receiver waits for the end of a frame. */
    private boolean pingWaits;

    /** The code of a close frame that waits for the end of a frame; 0: none. */
    private int closeWaits;

    /** Our close frame has gone out, nothing goes behind it. */
    private boolean shut;

    /** Its sender has ended its half of the connection. */
    private boolean ended;

    private byte @Nullable [] held;
    private int heldBytes;
    private boolean holding;

    Way(boolean toNode, long now) {
      this.toNode = toNode;
      frames = new WebSocketFrames(toNode);
      heard = now;
    }

    boolean canBeShut() {
      return !shut && !ended && !frames.isClosed() && !frames.isBroken();
    }

    /** Its sender will say nothing more that counts. */
    boolean isOver() {
      return ended || frames.isClosed();
    }
  }

  private final Ends ends;
  private final RandomGenerator random;
  private final long idleNanos;
  private final long pingNanos;
  private final boolean pingsClient;
  private final boolean pingsNode;
  private final long graceNanos;
  private final long closeNanos;
  private final Way fromClient;
  private final Way fromNode;

  /** When a byte was passed on last. */
  private long moved;

  private long drainAt = NEVER;
  private boolean nodeDrains;
  private long closeBy = NEVER;

  /** Nothing is left to be decided. */
  private boolean done;

  /** Who does not answer and need not be waited for. */
  private @Nullable Way silent;

  /**
   * @param idleNanos without a byte; 0: no bound
   */
  WebSocketTunnel(
      WebSocketConfig config, long idleNanos, RandomGenerator random, long now, Ends ends) {
    this.ends = ends;
    this.random = random;
    this.idleNanos = idleNanos;
    pingNanos = config.pingInterval().toNanos();
    pingsClient = pingNanos > 0 && config.ping() != WebSocketConfig.Ping.NODE;
    pingsNode = pingNanos > 0 && config.ping() != WebSocketConfig.Ping.CLIENT;
    graceNanos = config.drainGrace().toNanos();
    closeNanos = config.closeTimeout().toNanos();
    fromClient = new Way(true, now);
    fromNode = new Way(false, now);
    moved = now;
  }

  // --- bytes -------------------------------------------------------------------------------

  /** Takes that many bytes that an end has sent. */
  void pass(boolean toNode, ByteBuf in, int count, long now) {
    Way way = toNode ? fromClient : fromNode;
    way.heard = now;
    way.owing = NEVER;
    int end = in.readerIndex() + count;
    while (in.readerIndex() < end) {
      if (way.frames.isBetween()) {
        insert(way, now);
        way.holding =
            way.pongToCome && WebSocketFrames.isPong(in.getByte(in.readerIndex())) && !way.shut;
      }
      int run = run(way, in, end - in.readerIndex());
      if (way.shut) {
        in.skipBytes(run);
      } else if (way.holding) {
        hold(way, in, run, now);
      } else {
        send(way, in, run, now);
      }
    }
    if (way.frames.isBetween()) {
      insert(way, now);
    }
    endIfOver();
  }

  /** How many bytes go the same way. */
  private static int run(Way way, ByteBuf in, int count) {
    int from = in.readerIndex();
    int run = way.frames.next(in, from, count);
    if (!way.holding && !way.pongToCome && way.closeWaits == 0 && !way.pingWaits) {
      while (run < count) {
        run += way.frames.next(in, from + run, count - run);
      }
    }
    return run;
  }

  private void send(Way way, ByteBuf in, int count, long now) {
    moved = now;
    ends.send(way.toNode, in, count);
  }

  /** The pong that is held is swallowed if it answers us, and goes on if it answers the other. */
  private void hold(Way way, ByteBuf in, int count, long now) {
    byte[] held = way.held;
    if (held == null) {
      held = new byte[MAX_HELD];
      way.held = held;
    }
    if (way.frames.isBroken()) { // no pong after all
      way.holding = false;
      send(way, Unpooled.wrappedBuffer(held, 0, way.heldBytes), way.heldBytes, now);
      way.heldBytes = 0;
      send(way, in, count, now);
      return;
    }
    in.readBytes(held, way.heldBytes, count);
    way.heldBytes += count;
    if (!way.frames.isBetween()) {
      return;
    }
    int bytes = way.heldBytes;
    way.holding = false;
    way.heldBytes = 0;
    if (answers(way, held, bytes)) {
      way.pongToCome = false;
    } else {
      send(way, Unpooled.wrappedBuffer(held, 0, bytes), bytes, now);
    }
  }

  private static boolean answers(Way way, byte[] pong, int bytes) {
    int header = 2 + (way.toNode ? 4 : 0);
    if (bytes != header + QUESTION_BYTES) {
      return false;
    }
    long payload = 0;
    for (int i = 0; i < QUESTION_BYTES; i++) {
      int mask = way.toNode ? pong[2 + (i & 3)] : 0;
      payload = payload << 8 | ((pong[header + i] ^ mask) & 0xFF);
    }
    return payload == way.question;
  }

  /** An end has ended its half; what it sent before has gone on. */
  void ended(boolean byClient) {
    (byClient ? fromClient : fromNode).ended = true;
    endIfOver();
  }

  // --- frames of our own -------------------------------------------------------------------

  private Way against(Way way) {
    return way.toNode ? fromNode : fromClient;
  }

  /** Between two frames of that direction: what has waited for this goes out. */
  private void insert(Way way, long now) {
    if (way.shut) {
      return;
    }
    if (way.closeWaits != 0) {
      int code = way.closeWaits;
      write(way, WebSocketFrames.CLOSE, code, 2);
      way.shut = true;
    } else if (way.pingWaits) {
      way.pingWaits = false;
      Way back = against(way);
      back.question = random.nextLong();
      back.pongToCome = true;
      back.owing = now;
      back.unasked = false;
      write(way, WebSocketFrames.PING, back.question, QUESTION_BYTES);
    }
  }

  /** Frames to nodes are masked, by numbers that nobody can foresee (RFC 6455, 5.3). */
  private void write(Way way, int opcode, long payload, int bytes) {
    ByteBuf frame = Unpooled.buffer(6 + bytes);
    frame.writeByte(0x80 | opcode);
    frame.writeByte((way.toNode ? 0x80 : 0) | bytes);
    int mask = way.toNode ? random.nextInt() : 0;
    if (way.toNode) {
      frame.writeInt(mask);
    }
    for (int i = 0; i < bytes; i++) {
      int key = mask >>> (24 - 8 * (i & 3));
      frame.writeByte((int) (payload >>> (8 * (bytes - 1 - i))) ^ key);
    }
    ends.send(way.toNode, frame, frame.readableBytes());
  }

  // --- time --------------------------------------------------------------------------------

  /**
   * The listener, the instance or the node drains.
   *
   * @param node it is the node, which may be taken back
   */
  void drain(boolean node, long now) {
    if (drainAt == NEVER || (nodeDrains && !node)) {
      nodeDrains = node;
      drainAt = Math.min(drainAt, now + graceNanos);
    }
  }

  /** Does what is due; the answer is when to look again. */
  long tick(long now) {
    if (done) {
      return NEVER;
    }
    if (closeBy != NEVER) {
      if (now >= closeBy) {
        return cut(ErrorReason.WEBSOCKET_CUT);
      }
      return closeBy;
    }
    if (now >= drainAt) {
      drainAt = NEVER;
      if (!nodeDrains || ends.isNodeLeaving()) {
        sayGoodbye(ErrorReason.WEBSOCKET_DRAINED, GOING_AWAY, GOING_AWAY, now);
      }
    } else if (idleNanos > 0 && now - moved >= idleNanos) {
      if (!sayGoodbye(ErrorReason.WEBSOCKET_IDLE, GOING_AWAY, GOING_AWAY, now)) {
        return cut(ErrorReason.WEBSOCKET_IDLE);
      }
    } else {
      if (pingsClient) {
        look(fromClient, now);
      }
      if (pingsNode && closeBy == NEVER && !done) {
        look(fromNode, now);
      }
    }
    ends.flush();
    return next(now);
  }

  private long cut(ErrorReason reason) {
    done = true;
    ends.cut(reason);
    return NEVER;
  }

  /** When something is due, if nothing happens before. */
  long next(long now) {
    if (done) {
      return NEVER;
    }
    if (closeBy != NEVER) {
      return closeBy;
    }
    long next = drainAt;
    if (idleNanos > 0) {
      next = Math.min(next, moved + idleNanos);
    }
    if (pingsClient) {
      next = Math.min(next, lookAt(fromClient, now));
    }
    if (pingsNode) {
      next = Math.min(next, lookAt(fromNode, now));
    }
    return next;
  }

  private long lookAt(Way way, long now) {
    if (way.isOver() || against(way).pingWaits || !against(way).canBeShut()) {
      return now + pingNanos;
    }
    return (way.owing == NEVER ? way.heard : way.owing) + pingNanos;
  }

  /** Is the sender of that direction still there? */
  private void look(Way way, long now) {
    if (now < lookAt(way, now)) {
      return;
    }
    Way to = against(way);
    if (way.owing == NEVER) {
      if (ends.isWritable(to.toNode)) {
        to.pingWaits = true;
        if (to.frames.isBetween()) {
          insert(to, now);
        }
      } else {
        way.owing = now;
        way.unasked = true;
      }
    } else if (way.unasked && moved > way.owing) {
      way.owing = NEVER; // it is slow, but it takes
      way.heard = now;
    } else {
      silent = way;
      if (!sayGoodbye(
          ErrorReason.WEBSOCKET_UNANSWERED,
          way.toNode ? GOING_AWAY : UNEXPECTED,
          way.toNode ? UNEXPECTED : GOING_AWAY,
          now)) {
        long _ = cut(ErrorReason.WEBSOCKET_UNANSWERED);
      }
    }
  }

  /** False if there is nobody whom a close frame could be sent. */
  private boolean sayGoodbye(ErrorReason reason, int toClient, int toNode, long now) {
    if (!fromClient.canBeShut() && !fromNode.canBeShut()) {
      return false;
    }
    ends.count(reason);
    closeBy = now + closeNanos;
    shut(fromNode, toClient, now);
    shut(fromClient, toNode, now);
    ends.flush();
    endIfOver();
    return true;
  }

  private void shut(Way way, int code, long now) {
    if (way.canBeShut()) {
      way.closeWaits = code;
      if (way.frames.isBetween()) {
        insert(way, now);
      }
    }
  }

  private void endIfOver() {
    if (!done && (isShut() || haveParted())) {
      done = true;
      ends.closed();
    }
  }

  /** We have asked both to close, and nobody has to be waited for. */
  private boolean isShut() {
    return closeBy != NEVER && isOver(fromClient) && isOver(fromNode);
  }

  /**
   * Each has sent the other its close frame, and one has ended: nothing that counts can follow (RFC
   * 6455, 7.1.1). The other is not waited for, since a browser that speaks HTTP/2 never ends its
   * half of the stream.
   */
  private boolean haveParted() {
    return fromClient.frames.isClosed()
        && fromNode.frames.isClosed()
        && (fromClient.ended || fromNode.ended);
  }

  @SuppressWarnings("ReferenceEquality") // that very direction
  private boolean isOver(Way way) {
    return way == silent || way.isOver();
  }
}
