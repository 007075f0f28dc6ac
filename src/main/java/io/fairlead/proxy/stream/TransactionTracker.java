package io.fairlead.proxy.stream;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Follows a session of PostgreSQL (frontend/backend protocol 3) as far as it takes to know whether
 * it is between two transactions: nothing that the client has asked is unanswered, and the last
 * answer said that no transaction is open. Of each message only type and length are looked at, and
 * the one byte of ReadyForQuery.
 *
 * <p>Of notices one is looked for: that a commit has not been waited for. Whoever cancels a commit
 * that waits for replicas is told that it is done, with no more than a warning, while nobody but
 * the primary has it: it may be lost with that. {@link #isUncertain} says that the server has begun
 * to say so. And where that is asked for, what the client says is looked at by a {@link
 * CommitGuard}.
 *
 * <p>Whoever asks for TLS, and gets it, cannot be followed; nor can what is no such session. It is
 * never taken for being between transactions then. Where it is wrong it is wrong on that side: a
 * query that the server skips after an error in a batch counts as unanswered from then on.
 */
final class TransactionTracker {
  /** PostgreSQL's word for a session that ends by an administrator's wish. */
  static final byte[] FAREWELL =
      message(
          'E',
          "SFATAL\0VFATAL\0C57P01\0Mterminating connection: this member of the database is being"
              + " drained\0\0");

  /** What is said in the place of a commit that nobody may rely on; class 08 of SQLSTATE. */
  static final byte[] UNCERTAIN =
      message(
          'E',
          "SFATAL\0VFATAL\0C08007\0Mthe wait for replicas was cancelled: whether what was committed"
              + " will last is unknown\0\0");

  /** What is said to a client that lowers what a commit waits for. */
  static final byte[] LOWERED =
      message(
          'E',
          "SFATAL\0VFATAL\0C0A000\0Msynchronous_commit must not be lowered, nor set by a parameter,"
              + " in this database\0DA failover could lose what is committed so.\0HThe operator may"
              + " allow it: manage.allow-asynchronous-commits in Fairlead's configuration.\0\0");

  /** The client's word for going. */
  static final byte[] TERMINATE = message('X', "");

  private static final int PROTOCOL_3 = 3;
  private static final int WANTS_TLS = 80_877_103;
  private static final int WANTS_GSS = 80_877_104;

  /** The first byte of a TLS record, which some clients begin with at once. */
  private static final int HANDSHAKE = 0x16;

  /**
   * The field of a notice that names the function of the server which it comes from [1]. It is the
   * same in all languages, and no client can have it said.
   *
   * <p>[1] {@code R}, Error and Notice Message Fields of the protocol; syncrep.c.
   */
  private static final byte[] NOT_AWAITED =
      "\0RSyncRepWaitForLSN\0".getBytes(StandardCharsets.US_ASCII);

  /** Longer messages than a server takes (1 GB) are none. */
  private static final int MOST = 1 << 30;

  /** One direction: where in which message it is. */
  private static final class Stream {
    /** Bytes of the head that are there. */
    int head;

    int type;
    int length;

    /** What of the body is still to come. */
    int left;

    boolean isBetweenMessages() {
      return head == 0 && left == 0;
    }
  }

  private final @Nullable CommitGuard guard;

  private Stream client = new Stream();
  private Stream server = new Stream();
  private boolean opaque;
  private boolean greeted;
  private boolean asksForTls;
  private boolean idle;

  /** Part of a batch that the client has not ended yet. */
  private boolean unfinished;

  private long unanswered;
  private boolean uncertain;

  /** A part of what makes it uncertain has gone to the client before. */
  private boolean cut;

  /** Bytes of {@link #NOT_AWAITED} that the notice ended with so far. */
  private int matched;

  private int code;
  private int codeBytes;
  private boolean lowered;

  /**
   * @param guarded whether the client must not lower what its commits wait for
   */
  TransactionTracker(boolean guarded) {
    guard = guarded ? new CommitGuard() : null;
  }

  /** Whether nothing can be said of it. */
  boolean isOpaque() {
    return opaque;
  }

  boolean isBetweenTransactions() {
    return !opaque
        && idle
        && !unfinished
        && unanswered == 0
        && client.isBetweenMessages()
        && server.isBetweenMessages();
  }

  /**
   * Whether a commit was said to be done that was not waited for: nothing more may be passed on.
   */
  boolean isUncertain() {
    return uncertain;
  }

  /** Whether the client has been sent a part of the message that says that it is uncertain. */
  boolean isCut() {
    return cut;
  }

  /**
   * Whether the client lowers what its commits wait for: nothing of what it has said last may be
   * passed on, nor anything more.
   */
  boolean isLowered() {
    return lowered;
  }

  /** Whether the client has a part of a message of the server. */
  boolean isInTheMiddle() {
    return !server.isBetweenMessages();
  }

  /** The session begins anew. */
  void reset() {
    client = new Stream();
    server = new Stream();
    opaque = false;
    greeted = false;
    asksForTls = false;
    idle = false;
    unfinished = false;
    unanswered = 0;
    uncertain = false;
    cut = false;
    matched = 0;
    codeBytes = 0;
    lowered = false;
    if (guard != null) {
      guard.begin(false);
    }
  }

  /** The client says that. Nothing is taken out of the buffer. */
  void client(ByteBuf in) {
    int end = in.writerIndex();
    for (int i = in.readerIndex(); i < end && !opaque && !lowered; ) {
      if (client.left > 0) {
        i = greeted ? body(in, i, end) : greeting(in, i, end);
      } else if (greeted) {
        if (head(client, in.getUnsignedByte(i++), 5)) {
          asked(client.type);
        }
      } else {
        int b = in.getUnsignedByte(i++);
        if (asksForTls || (client.head == 0 && b == HANDSHAKE)) {
          opaque = true; // it does not wait for the answer, or does not even ask
        } else {
          boolean _ = head(client, b, 4);
        }
      }
    }
  }

  /**
   * The server says that.
   *
   * @return how many bytes at its beginning are for the client: all, unless it is {@link
   *     #isUncertain} then, when they end before the notice, or in the middle of it where that
   *     began earlier
   */
  int server(ByteBuf in) {
    int begin = in.readerIndex();
    int end = in.writerIndex();
    int notice = begin;
    boolean begun = !server.isBetweenMessages();
    for (int i = begin; i < end && !opaque; ) {
      if (asksForTls) {
        opaque = in.getByte(i++) != 'N';
        asksForTls = false;
      } else if (server.left > 0) {
        if (server.type == 'Z') {
          idle = in.getByte(i) == 'I';
          unanswered--;
        } else if (server.type == 'N' && tells(in, i, Math.min(end, i + server.left))) {
          uncertain = true;
          cut = begun;
          return notice - begin;
        }
        i = skip(server, i, end);
      } else {
        if (server.head == 0) {
          notice = i;
          begun = false;
          matched = 0;
        }
        if (head(server, in.getUnsignedByte(i++), 5) && server.type == 'Z' && server.left != 1) {
          opaque = true;
        }
      }
    }
    return end - begin;
  }

  /** Whether the notice that goes on with these bytes is the one that is looked for. */
  private boolean tells(ByteBuf in, int from, int end) {
    for (int i = from; i < end; i++) {
      int b = in.getByte(i);
      if (b == NOT_AWAITED[matched]) {
        matched++;
        if (matched == NOT_AWAITED.length) {
          return true;
        }
      } else {
        matched = b == 0 ? 1 : 0; // only its ends are zero
      }
    }
    return false;
  }

  /** What a message of the client has after its head. */
  private int body(ByteBuf in, int from, int end) {
    switch (client.type) {
      case 'Q', 'P', 'B' -> look(in, from, end);
      default -> {}
    }
    return skip(client, from, end);
  }

  private void look(ByteBuf in, int from, int end) {
    if (guard != null) {
      lowered = guard.lowers(in, from, Math.min(end, from + client.left));
    }
  }

  private static int skip(Stream stream, int from, int end) {
    int count = Math.min(stream.left, end - from);
    stream.left -= count;
    return from + count;
  }

  /**
   * One more byte of a head: a type, unless it has four bytes, and a length that counts itself.
   *
   * @return whether it is complete
   */
  private boolean head(Stream stream, int b, int size) {
    if (stream.head == 0 && size == 5) {
      stream.type = b;
      stream.length = 0;
    } else {
      stream.length = stream.head == 0 ? b : stream.length << 8 | b;
    }
    if (++stream.head < size) {
      return false;
    }
    stream.head = 0;
    stream.left = stream.length - 4;
    if (stream.length < 4 || stream.length > MOST || (size == 4 && stream.left < 4)) {
      opaque = true;
    }
    return true;
  }

  /** What comes first says what it is by four bytes. */
  private int greeting(ByteBuf in, int from, int end) {
    int i = from;
    while (codeBytes < 4 && i < end) {
      code = code << 8 | in.getUnsignedByte(i++);
      codeBytes++;
      client.left--;
    }
    if (codeBytes == 4) {
      if (code >> 16 == PROTOCOL_3) {
        look(in, i, end);
      }
      i = skip(client, i, end);
      if (client.left == 0) {
        codeBytes = 0;
        if (code == WANTS_TLS || code == WANTS_GSS) {
          asksForTls = true;
        } else if (code >> 16 == PROTOCOL_3) {
          greeted = true;
          unanswered = 1; // when the login is through
        } else {
          opaque = true;
        }
      }
    }
    return i;
  }

  private void asked(int type) {
    idle = false;
    if (guard != null) {
      guard.begin(type == 'B');
    }
    switch (type) {
      case 'Q', 'S', 'F' -> { // after these the server says that it is ready
        unanswered++;
        unfinished = false;
      }
      case 'P', 'B', 'D', 'E', 'C', 'H' -> unfinished = true;
      default -> {} // what belongs to something that has been asked
    }
  }

  private static byte[] message(char type, String body) {
    byte[] text = body.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(5 + text.length)
        .put((byte) type)
        .putInt(4 + text.length)
        .put(text)
        .array();
  }
}
