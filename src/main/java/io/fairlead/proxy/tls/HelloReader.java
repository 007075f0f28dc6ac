package io.fairlead.proxy.tls;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Puts the ClientHello of one connection together, however many records (RFC 8446, 5.1) and
 * segments it comes in, and looks at every byte once. It takes nothing away: whoever calls keeps
 * the bytes, for whom they are meant.
 *
 * <p>What is not exactly a ClientHello is refused and never guessed at: a client must not get
 * another certificate, or another policy, by cutting its hello into strange pieces.
 */
public final class HelloReader {
  /** Bytes of a ClientHello. One with a ticket that holds a chain of certificates has 8 KiB. */
  static final int MAX_HELLO = 16 * 1024;

  /** Bytes of all its records with their headers. */
  static final int MAX_BYTES = 64 * 1024;

  private static final int MAX_RECORD = 16 * 1024;
  private static final int RECORD_HEADER = 5;
  private static final int MESSAGE_HEADER = 4;
  private static final int HANDSHAKE = 22;
  private static final int CLIENT_HELLO = 1;

  /** What the bytes so far are. */
  public enum Result {
    /** The beginning of a ClientHello. */
    MORE,
    /** A ClientHello: {@link #hello()}. */
    DONE,
    /** A request of HTTP in the clear. */
    PLAIN_HTTP,
    /** Something else that is not TLS; an SSL 2 hello, too. */
    NOT_TLS,
    /** TLS, but not a ClientHello. */
    UNEXPECTED,
    /** A ClientHello that is malformed. */
    MALFORMED,
    /** A ClientHello larger than anybody needs. */
    TOO_LONG
  }

  private byte[] message = new byte[600];
  private int length;
  private int wanted = MESSAGE_HEADER;
  private final byte[] header = new byte[RECORD_HEADER];
  private int headerLength;
  private int recordLeft;
  private int total;
  private @Nullable ClientHello hello;

  /** Looks at the next bytes, those of the buffer from start to end. */
  public Result read(ByteBuf in, int start, int end) {
    int at = start;
    while (at < end) {
      if (recordLeft == 0) {
        header[headerLength++] = in.getByte(at++);
        Result wrong = checkHeader();
        if (wrong != Result.DONE) {
          return wrong;
        }
        if (headerLength == RECORD_HEADER) {
          headerLength = 0;
          total += RECORD_HEADER + recordLeft;
          if (total > MAX_BYTES) {
            return Result.TOO_LONG;
          }
        }
        continue;
      }
      int count = Math.min(Math.min(recordLeft, end - at), wanted - length);
      if (message.length < length + count) {
        message = Arrays.copyOf(message, wanted);
      }
      in.getBytes(at, message, length, count);
      at += count;
      length += count;
      recordLeft -= count;
      if (length >= 1 && message[0] != CLIENT_HELLO) {
        return Result.UNEXPECTED;
      }
      if (length == MESSAGE_HEADER && wanted == MESSAGE_HEADER) {
        int size = (message[1] & 0xff) << 16 | (message[2] & 0xff) << 8 | (message[3] & 0xff);
        if (size > MAX_HELLO) {
          return Result.TOO_LONG;
        }
        wanted = MESSAGE_HEADER + size;
      }
      if (length == wanted && wanted > MESSAGE_HEADER) {
        hello = ClientHello.parse(message, MESSAGE_HEADER, length);
        // A client waits for the answer before it says more, but for early data, which has records
        // of its own.
        return hello == null || recordLeft > 0 ? Result.MALFORMED : Result.DONE;
      }
      if (length == wanted) {
        return Result.MALFORMED; // a hello without anything in it
      }
    }
    return Result.MORE;
  }

  /** DONE as long as the header is that of a record of the handshake. */
  private Result checkHeader() {
    byte last = header[headerLength - 1];
    switch (headerLength) {
      case 1 -> {
        if (last >= 'A' && last <= 'Z' && total == 0) {
          return Result.PLAIN_HTTP;
        }
        if (last != HANDSHAKE) {
          // Alerts, data and changes of cipher are TLS, too.
          return total > 0 || (last >= 20 && last <= 24) ? Result.UNEXPECTED : Result.NOT_TLS;
        }
      }
      case 2 -> {
        if (last != 3) {
          return total > 0 ? Result.MALFORMED : Result.NOT_TLS;
        }
      }
      case RECORD_HEADER -> {
        recordLeft = (header[3] & 0xff) << 8 | (last & 0xff);
        if (recordLeft == 0 || recordLeft > MAX_RECORD) {
          return Result.MALFORMED;
        }
      }
      default -> {}
    }
    return Result.DONE;
  }

  /** What the client said; after {@link Result#DONE}. */
  public ClientHello hello() {
    ClientHello read = hello;
    if (read == null) {
      throw new IllegalStateException("no ClientHello yet");
    }
    return read;
  }
}
