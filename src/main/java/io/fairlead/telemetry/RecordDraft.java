package io.fairlead.telemetry;

import static io.fairlead.telemetry.RecordLayout.WORD;

import io.fairlead.telemetry.RecordLayout.Text;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A record while it is put together: one per event loop, filled at the end of an exchange and
 * written to the loop's {@link RecordRing}. Allocates nothing, so that what is not set must be
 * cleared by {@link #begin}. Texts come in the order of {@link Text}.
 */
public final class RecordDraft {
  private static final long U16 = 0xFFFF;
  private static final long U32 = 0xFFFF_FFFFL;

  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
          .withInvokeExactBehavior();
  private static final long LOWEST = 0x0101_0101_0101_0101L;
  private static final long EQUALS = '=' * LOWEST;
  private static final long AMPERSANDS = '&' * LOWEST;
  private static final long SEMICOLONS = ';' * LOWEST;

  private final byte[] texts = new byte[RecordLayout.MOST];
  private int textEnd;
  private long lengths;
  private int moreLengths;
  private int kind;
  private int protocol;
  private int flags;
  private long start;
  private long idHigh;
  private int idLow;
  private int queue;
  private int connect;
  private int handshake;
  private int firstByte;
  private int status;
  private int error;
  private long total;
  private long bytesIn;
  private long bytesOut;
  private int listener;
  private int route;
  private int service;
  private int node;
  private long clientHigh;
  private long clientLow;
  private int clientPort;
  private int tries;

  /**
   * Makes it empty.
   *
   * @param type such as {@link RecordLayout#HTTP}
   * @param spoken such as {@link RecordLayout#HTTP_2}
   */
  public void begin(int type, int spoken) {
    kind = type;
    protocol = spoken;
    flags = 0;
    textEnd = 0;
    lengths = 0;
    moreLengths = 0;
    idHigh = 0;
    idLow = 0;
    queue = RecordLayout.NONE;
    connect = RecordLayout.NONE;
    handshake = RecordLayout.NONE;
    firstByte = RecordLayout.NONE;
    status = 0;
    error = 0;
    tries = 0;
    if (!RecordLayout.isExchange(type)) {
      clearAddresses();
    }
  }

  /** What exchanges and sessions always set, and others mostly have not. */
  private void clearAddresses() {
    total = 0;
    bytesIn = 0;
    bytesOut = 0;
    listener = 0;
    route = 0;
    service = 0;
    node = 0;
    clientHigh = 0;
    clientLow = 0;
    clientPort = 0;
  }

  public void flag(int flag) {
    flags |= flag;
  }

  /**
   * When, in microseconds since 1970, and for how long, in nanoseconds; a clock that was set back
   * makes no time negative.
   */
  public void times(long startMicros, long totalNanos) {
    start = startMicros;
    total = Math.max(0, totalNanos) / 1000;
  }

  /** The upper 8 and the lower 4 bytes. */
  public void id(long high, int low) {
    idHigh = high;
    idLow = low;
  }

  /** Nanoseconds; negative: that did not happen. */
  public void phases(long queueNanos, long connectNanos, long tlsNanos, long firstByteNanos) {
    queue = micros(queueNanos);
    connect = micros(connectNanos);
    handshake = micros(tlsNanos);
    firstByte = micros(firstByteNanos);
  }

  private static int micros(long nanos) {
    return nanos < 0 ? RecordLayout.NONE : (int) Math.min(nanos / 1000, Integer.MAX_VALUE);
  }

  /**
   * How it ended.
   *
   * @param reason null: nothing was wrong
   */
  public void result(int statusCode, @Nullable ErrorReason reason, int tried) {
    status = statusCode;
    error = reason == null ? 0 : RecordLayout.error(reason);
    tries = Math.min(tried, 255);
  }

  /** Bytes of content, not of heads and frames. */
  public void bytes(long in, long out) {
    bytesIn = in;
    bytesOut = out;
  }

  /**
   * Of a question of the DNS.
   *
   * @param type that it asked for
   * @param code of the answer; negative: none was sent
   * @param weight how many answers the record stands for
   */
  public void answer(int type, int code, long weight) {
    status = type;
    tries = code + 1;
    bytesIn = weight;
  }

  /** Numbers of names, see {@link RecordNames}; 0: none. */
  public void names(int listenerName, int routeName, int serviceName, int nodeName) {
    listener = listenerName;
    route = routeName;
    service = serviceName;
    node = nodeName;
  }

  /**
   * The client's address as two numbers, as far as it may be known.
   *
   * @param port 0: not known
   */
  public void client(long high, long low, int port, RecordMask mask) {
    clientHigh = mask.high(high, low);
    clientLow = mask.low(high, low);
    if (mask.hidesClients()) {
      clientPort = 0;
      flags |= RecordLayout.MASKED;
    } else {
      clientPort = port;
    }
  }

  /** A method that has a number; otherwise {@link Text#METHOD} says it. */
  public void method(int number) {
    kind |= number << 8;
  }

  /** Adds a text, as much of it as there is room for. */
  public void text(Text which, byte[] from, int offset, int length) {
    int most = which.most;
    int count = length;
    if (count > most) {
      count = most;
      flags |= RecordLayout.TRUNCATED;
    }
    System.arraycopy(from, offset, texts, textEnd, count);
    textEnd += count;
    added(which, count);
  }

  private void added(Text which, int count) {
    int at = which.lengthAt - RecordLayout.LENGTHS;
    if (at < 8) {
      lengths |= (long) count << (at * 8);
    } else {
      moreLengths |= count << ((at - 8) * 8);
    }
  }

  /**
   * Adds the path and its query, in which values that nobody may see are replaced.
   *
   * @param query where the query begins, without the question mark
   * @param queryLength negative: there is none
   */
  public void path(
      byte[] from, int offset, int length, int query, int queryLength, RecordMask mask) {
    int begin = textEnd;
    int limit = begin + Text.PATH.most;
    if (queryLength < 0) {
      put(from, offset, length, limit);
    } else if (offset + length + 1 == query) { // as they came, and so they are one piece
      query(from, offset, query, query + queryLength, limit, mask);
    } else {
      put(from, offset, length, limit);
      put((byte) '?', limit);
      query(from, query, query, query + queryLength, limit, mask);
    }
    added(Text.PATH, textEnd - begin);
  }

  /**
   * Adds what begins at {@code first}, and the query behind it. Most goes over in one piece; only
   * what is hidden divides it. Names are found by the equals sign behind them: most are told from
   * those that hide something by their last two bytes.
   */
  private void query(byte[] from, int first, int start, int end, int limit, RecordMask mask) {
    int copied = first;
    if (mask.hidesValues()) {
      int equals = equals(from, start, end);
      while (equals < end) {
        int next = equals + 1;
        if (mask.mayHide(from, start, equals) && mask.hides(from, start, equals)) {
          next = separator(from, next, end);
          if (equals + 1 < next) {
            put(from, copied, equals + 1 - copied, limit);
            put((byte) '*', limit); // three for each value, however long it is
            put((byte) '*', limit);
            put((byte) '*', limit);
            flags |= RecordLayout.MASKED;
            copied = next;
          }
        }
        equals = equals(from, next, end);
      }
    }
    if (copied < end) {
      put(from, copied, end - copied, limit);
    }
  }

  /** The next equals sign, or the end; eight bytes are looked at together, some behind the end. */
  private static int equals(byte[] from, int start, int end) {
    int at = start;
    while (at < end && at + 8 <= from.length) {
      long found = zeros((long) EIGHT.get(from, at) ^ EQUALS);
      if (found != 0) {
        return Math.min(at + (Long.numberOfTrailingZeros(found) >>> 3), end);
      }
      at += 8;
    }
    while (at < end && from[at] != '=') {
      at++;
    }
    return Math.min(at, end);
  }

  /** The next ampersand or semicolon, or the end; in the same way. */
  private static int separator(byte[] from, int start, int end) {
    int at = start;
    while (at < end && at + 8 <= from.length) {
      long eight = (long) EIGHT.get(from, at);
      long found = zeros(eight ^ AMPERSANDS) | zeros(eight ^ SEMICOLONS);
      if (found != 0) {
        return Math.min(at + (Long.numberOfTrailingZeros(found) >>> 3), end);
      }
      at += 8;
    }
    while (at < end && from[at] != '&' && from[at] != ';') {
      at++;
    }
    return Math.min(at, end);
  }

  /** The lowest bit that is set is the upper bit of the first byte that is 0. */
  private static long zeros(long bytes) {
    return (bytes - LOWEST) & ~bytes & (LOWEST << 7);
  }

  private void put(byte one, int limit) {
    if (textEnd < limit) {
      texts[textEnd++] = one;
    } else {
      flags |= RecordLayout.TRUNCATED;
    }
  }

  private void put(byte[] from, int offset, int length, int limit) {
    int count = length;
    if (count > limit - textEnd) {
      count = limit - textEnd;
      flags |= RecordLayout.TRUNCATED;
    }
    System.arraycopy(from, offset, texts, textEnd, count);
    textEnd += count;
  }

  /** Bytes that it takes in a ring. */
  int length() {
    return (RecordLayout.FIXED + textEnd + 7) & -8;
  }

  boolean isValuable() {
    return (flags & RecordLayout.VALUABLE) != 0;
  }

  void writeTo(MemorySegment memory, long at) {
    memory.set(WORD, at, length() | (long) kind << 16 | (long) flags << 32);
    memory.set(WORD, at + RecordLayout.START, start);
    memory.set(WORD, at + RecordLayout.ID_HIGH, idHigh);
    memory.set(WORD, at + RecordLayout.ID_LOW, (idLow & U32) | (long) queue << 32);
    memory.set(WORD, at + RecordLayout.CONNECT, (connect & U32) | (long) handshake << 32);
    memory.set(
        WORD,
        at + RecordLayout.FIRST_BYTE,
        (firstByte & U32) | (status & U16) << 32 | (long) error << 48);
    memory.set(WORD, at + RecordLayout.TOTAL, total);
    memory.set(WORD, at + RecordLayout.BYTES_IN, bytesIn);
    memory.set(WORD, at + RecordLayout.BYTES_OUT, bytesOut);
    memory.set(WORD, at + RecordLayout.LISTENER, (listener & U32) | (long) route << 32);
    memory.set(WORD, at + RecordLayout.SERVICE, (service & U32) | (long) node << 32);
    memory.set(WORD, at + RecordLayout.CLIENT_HIGH, clientHigh);
    memory.set(WORD, at + RecordLayout.CLIENT_LOW, clientLow);
    memory.set(
        WORD,
        at + RecordLayout.CLIENT_PORT,
        (clientPort & U16) | (long) tries << 16 | (long) protocol << 24 | lengths << 32);
    memory.set(WORD, at + RecordLayout.LENGTHS + 4, lengths >>> 32 | (long) moreLengths << 32);
    MemorySegment.copy(texts, 0, memory, ValueLayout.JAVA_BYTE, at + RecordLayout.FIXED, textEnd);
  }
}
