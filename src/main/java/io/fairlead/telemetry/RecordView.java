package io.fairlead.telemetry;

import static io.fairlead.telemetry.RecordLayout.QUARTER;

import io.fairlead.telemetry.RecordLayout.Text;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * A record as it is read, see {@link RecordLayout}: a copy of what stands in a ring's memory, since
 * nearly all of it will be looked at, and an array is looked at with fewer checks. Used again for
 * the next record. Times are in microseconds; {@link RecordLayout#NONE} says that a phase did not
 * happen.
 */
public final class RecordView {
  private static final Text[] TEXTS = Text.values();
  private static final TryEnd[] ENDS = TryEnd.values();

  private static final VarHandle WORDS = view(long[].class);
  private static final VarHandle HALVES = view(int[].class);
  private static final VarHandle QUARTERS = view(short[].class);

  private final MemorySegment memory;
  private final byte[] bytes = new byte[RecordLayout.MOST];
  private final MemorySegment copy = MemorySegment.ofArray(bytes);

  /** Where each text begins, counted from the record, and behind them the end of the last. */
  private final int[] starts = new int[TEXTS.length + 1];

  private int era;
  private int way;
  private int asker;

  /** Bytes of the path without the query, and their hash; -1: nobody has asked yet. */
  private int plainPath;

  private long pathHash;
  private long seed;

  /** For copies of records, see {@link #take}. */
  public RecordView() {
    this(MemorySegment.NULL);
  }

  RecordView(MemorySegment memory) {
    this.memory = memory;
  }

  private static VarHandle view(Class<?> type) {
    return MethodHandles.byteArrayViewVarHandle(type, ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Copies the record that stands there, if what does can be one at all.
   *
   * @param room bytes that are left for it
   */
  boolean read(long at, long room) {
    if (room < RecordLayout.FIXED) {
      return false;
    }
    int length = memory.get(QUARTER, at) & 0xFFFF;
    if (length < RecordLayout.FIXED || length > room || length > bytes.length) {
      return false;
    }
    MemorySegment.copy(memory, at, copy, 0, length);
    return index(length);
  }

  /** Becomes the record whose {@link #bytes}, {@link #length} of them, were copied there. */
  public void take(byte[] from) {
    int length = (short) QUARTERS.get(from, 0) & 0xFFFF;
    System.arraycopy(from, 0, bytes, 0, length);
    index(length);
  }

  /** Done for each record: lengths come out of two words, in the order of {@link Text}. */
  private boolean index(int length) {
    long lengths = i64(RecordLayout.LENGTHS);
    int more = i32(RecordLayout.TEXT_LENGTH);
    int path = (int) lengths & 0xFFFF;
    int method = (int) (lengths >>> 32) & 0xFF;
    int requestId = (int) (lengths >>> 40) & 0xFF;
    int traceId = (int) (lengths >>> 48) & 0xFF;
    int parentId = (int) (lengths >>> 56) & 0xFF;
    int text = more & 0xFFFF;
    int tries = more >>> 16 & 0xFF;
    int end = RecordLayout.FIXED;
    starts[0] = end;
    end += (int) (lengths >>> 16) & 0xFF; // host
    starts[1] = end;
    end += path;
    starts[2] = end;
    end += (int) (lengths >>> 24) & 0xFF; // user agent
    starts[3] = end;
    end += method;
    starts[4] = end;
    end += requestId;
    starts[5] = end;
    end += traceId;
    starts[6] = end;
    end += text;
    starts[7] = end;
    end += parentId;
    starts[8] = end;
    end += tries;
    starts[9] = end;
    way = 0;
    asker = 0;
    plainPath = -1;
    return path <= Text.PATH.most
        && method <= Text.METHOD.most
        && requestId <= Text.REQUEST_ID.most
        && traceId <= Text.TRACE_ID.most
        && text <= Text.TEXT.most
        && parentId <= Text.PARENT_ID.most
        && tries <= Text.TRIES.most
        && length == ((end + 7) & -8)
        && type() != 0;
  }

  /** Bytes that it takes. */
  public int length() {
    return u16(0);
  }

  public int type() {
    return u8(2);
  }

  /** See {@link RecordLayout#method}. */
  public int method() {
    return u8(3);
  }

  public boolean has(int flag) {
    return (i32(4) & flag) != 0;
  }

  /** Since 1970. */
  public long startMicros() {
    return i64(RecordLayout.START);
  }

  /** Of {@link #id}, the upper 8 bytes. */
  public long idHigh() {
    return i64(RecordLayout.ID_HIGH);
  }

  /** Of {@link #id}, the lower 4 bytes. */
  public int idLow() {
    return i32(RecordLayout.ID_LOW);
  }

  /** Fairlead's name for it, 24 hexadecimal digits; those of one loop sort by time. */
  public String id() {
    return HexFormat.of().toHexDigits(idHigh()) + HexFormat.of().toHexDigits(idLow());
  }

  public int queueMicros() {
    return i32(RecordLayout.QUEUE);
  }

  public int connectMicros() {
    return i32(RecordLayout.CONNECT);
  }

  public int tlsMicros() {
    return i32(RecordLayout.HANDSHAKE);
  }

  public int firstByteMicros() {
    return i32(RecordLayout.FIRST_BYTE);
  }

  public int status() {
    return u16(RecordLayout.STATUS);
  }

  /** The number of a name, see {@link RecordNames}; 0: nothing was wrong. */
  public int error() {
    return u16(RecordLayout.ERROR);
  }

  public long totalMicros() {
    return i64(RecordLayout.TOTAL);
  }

  public long bytesIn() {
    return i64(RecordLayout.BYTES_IN);
  }

  public long bytesOut() {
    return i64(RecordLayout.BYTES_OUT);
  }

  public int listener() {
    return i32(RecordLayout.LISTENER);
  }

  public int route() {
    return i32(RecordLayout.ROUTE);
  }

  public int service() {
    return i32(RecordLayout.SERVICE);
  }

  public int node() {
    return i32(RecordLayout.NODE);
  }

  public long clientHigh() {
    return i64(RecordLayout.CLIENT_HIGH);
  }

  public long clientLow() {
    return i64(RecordLayout.CLIENT_LOW);
  }

  public int clientPort() {
    return u16(RecordLayout.CLIENT_PORT);
  }

  public int tries() {
    return u8(RecordLayout.TRIES);
  }

  /**
   * How many records like it there would be if all had been written; more than 1 of the DNS only.
   */
  public long weight() {
    return type() == RecordLayout.DNS ? bytesIn() : 1;
  }

  /** See {@link RecordLayout#protocol}. */
  public int protocol() {
    return u8(RecordLayout.PROTOCOL);
  }

  /** How many bytes of that text there are. */
  @SuppressWarnings("EnumOrdinal") // texts lie in their order
  public int textLength(Text which) {
    return starts[which.ordinal() + 1] - starts[which.ordinal()];
  }

  /**
   * Copies a text: bytes as they came, which need not be UTF-8.
   *
   * @param to has room for {@link Text#most} bytes behind {@code offset}
   * @return how many
   */
  public int text(Text which, byte[] to, int offset) {
    int count = textLength(which);
    System.arraycopy(bytes, textStart(which), to, offset, count);
    return count;
  }

  /** Where that text begins in {@link #bytes}. */
  @SuppressWarnings("EnumOrdinal")
  public int textStart(Text which) {
    return starts[which.ordinal()];
  }

  /** The record as it lies in memory, not to be changed; the next one will be in the same place. */
  public byte[] bytes() {
    return bytes;
  }

  /** The same for people; what is not UTF-8 is replaced. */
  public String text(Text which) {
    return new String(bytes, textStart(which), textLength(which), StandardCharsets.UTF_8);
  }

  /** How many bytes of the path there are in front of the query. */
  public int pathLength() {
    int known = plainPath;
    if (known < 0) {
      known = textLength(Text.PATH);
      int start = textStart(Text.PATH);
      for (int i = 0; i < known; i++) {
        if (bytes[start + i] == '?') {
          known = i;
        }
      }
      plainPath = known;
      pathHash = hash(start, known, seed);
    }
    return known;
  }

  /** Of the path without the query: two that are not the same hardly ever have the same. */
  public long pathHash() {
    int _ = pathLength();
    return pathHash;
  }

  /**
   * A hash of those bytes that others cannot foresee if they do not know the seed. There are eight
   * bytes at least in front of each text, so its end is read as a word, too.
   */
  long hash(int start, int length, long seed) {
    long hash = mix(seed + length);
    int at = start;
    int end = start + length;
    for (; at + 8 <= end; at += 8) {
      hash = mix(hash ^ i64(at));
    }
    long rest = at == end ? 0 : i64(end - 8) >>> (64 - 8 * (end - at));
    return mix(hash ^ rest);
  }

  /** For hashes: both halves of the product with a constant that has bits everywhere. */
  public static long mix(long value) {
    long odd = 0x9E37_79B9_7F4A_7C15L;
    return Math.unsignedMultiplyHigh(value, odd) ^ value * odd;
  }

  // --- what it has in common with others, see RecordKinds -------------------------------------

  void kinds(long hashedWith, int of, int itsWay, int itsAsker) {
    seed = hashedWith;
    plainPath = -1;
    era = of;
    way = itsWay;
    asker = itsAsker;
  }

  /** In which {@link #way} and {@link #asker} mean what they do. */
  public int era() {
    return era;
  }

  /** Which way an exchange went, at most {@link RecordKinds#MOST}; 0: it has no number. */
  public int way() {
    return way;
  }

  /** Who asked, at most {@link RecordKinds#MOST}; 0: that has no number. */
  public int asker() {
    return asker;
  }

  /** Eight bytes. */
  long word(int offset) {
    return i64(offset);
  }

  /** How it ended, by whom it was asked and with what: what belongs to a way beside names. */
  long ending() {
    int flags = i32(4) & (RecordLayout.HEDGED | RecordLayout.MEANT);
    return (long) i32(RecordLayout.STATUS) << 32
        | (long) u16(RecordLayout.TRIES) << 16
        | flags >>> 4 << 8
        | method();
  }

  // --- tries, of a record that is traced -----------------------------------------------------

  /** How many tries it tells of. */
  public int toldTries() {
    return textLength(Text.TRIES) / RecordLayout.TRY;
  }

  /** The number of that one, see {@link SpanIds}. */
  public int tryNumber(int told) {
    return u8(tryAt(told) + RecordLayout.TRY_NUMBER);
  }

  public TryEnd tryEnd(int told) {
    return ENDS[Math.min(u8(tryAt(told) + RecordLayout.TRY_END), ENDS.length - 1)];
  }

  /** That the node gave; 0: none came. */
  public int tryStatus(int told) {
    return u16(tryAt(told) + RecordLayout.TRY_STATUS);
  }

  public int tryNode(int told) {
    return i32(tryAt(told) + RecordLayout.TRY_NODE);
  }

  /** From the start of the exchange to the choice of the node. */
  public int tryStartMicros(int told) {
    return i32(tryAt(told) + RecordLayout.TRY_SINCE);
  }

  /** From there to its end. */
  public int tryMicros(int told) {
    return i32(tryAt(told) + RecordLayout.TRY_TIME);
  }

  private int tryAt(int told) {
    return textStart(Text.TRIES) + told * RecordLayout.TRY;
  }

  private int u8(int offset) {
    return bytes[offset] & 0xFF;
  }

  private int u16(int offset) {
    return (short) QUARTERS.get(bytes, offset) & 0xFFFF;
  }

  private int i32(int offset) {
    return (int) HALVES.get(bytes, offset);
  }

  private long i64(int offset) {
    return (long) WORDS.get(bytes, offset);
  }
}
