package io.fairlead.proxy.http;

import io.fairlead.route.RequestView;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * The head of a message, flat: its bytes as they came, and an index of where everything is. Used
 * again for message after message; never holds a string or a map. (Compare HAProxy's HTX.)
 *
 * <p>Behind the received bytes lies room for what is derived from them: the normalised path, the
 * host in lower case.
 */
final class Head implements RequestView {
  private static final int INITIAL_BYTES = 1024;
  private static final int INITIAL_FIELDS = 32;

  /** Heads that grew beyond this are not kept for the next message. */
  private static final int MAX_KEPT_BYTES = 8 * 1024;

  // Places in the index of one field.
  private static final int NAME_START = 0;
  private static final int NAME_END = 1;
  private static final int VALUE_START = 2;
  private static final int VALUE_END = 3;
  private static final int LINE_END = 4;
  private static final int ID = 5;
  private static final int STRIDE = 6;

  private static final byte[] COLON_SPACE = {':', ' '};
  private static final byte[] CRLF = {'\r', '\n'};

  /** Set on the id of a field that must not be sent on. */
  private static final int DROPPED = 1 << 8;

  /** Set on the id of a field that is not written {@code name: value} with exactly one space. */
  private static final int LOOSE = 1 << 9;

  /** Without any field: no trailers. */
  static final Head NONE = new Head();

  byte[] bytes = new byte[INITIAL_BYTES];

  /** How many bytes have been received, and derived. */
  int length;

  /** Just behind the head, once it is complete. */
  int end;

  private int[] index = new int[INITIAL_FIELDS * STRIDE];
  int fieldCount;

  /** Bit n: a field with that number has been seen. */
  long seen;

  /** Bit n: a field with that number has been seen more than once. */
  long repeated;

  private final int[] firstOf = new int[FieldName.COUNT];
  private int opened;
  private int openedName;

  // Request line.
  int methodStart;
  int methodEnd;
  int targetStart;
  int targetEnd;

  // Status line.
  int status;
  int reasonStart;
  int reasonEnd;

  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  int minorVersion;

  /** How the body is framed: its length, or {@link #CHUNKED} or {@link #UNTIL_CLOSE}. */
  long body;

  /** A Content-Length to write because the one that came is not fit to be sent on; or -1. */
  long lengthAnew = -1;

  /** The answer says {@code chunked} and has no body all the same: to HEAD, or 304. */
  boolean chunkedLikeGet;

  /** The body comes in chunks. */
  static final long CHUNKED = -1;

  /** The body ends when the connection does; responses only. */
  static final long UNTIL_CLOSE = -2;

  /** The sender is willing to go on using the connection after this message. */
  boolean keepAlive;

  /** Came by HTTP/2, or by HTTP/3, whose messages are the same. */
  boolean http2;

  /** Came by HTTP/3. */
  boolean http3;

  /** The client takes trailers (TE); what it says else there concerns one connection only. */
  boolean takesTrailers;

  /** A change of protocol is asked for (request) or granted (response). */
  boolean upgrade;

  // Where the parser goes on when more bytes have come.
  HeadParser.Stage stage = HeadParser.Stage.START_LINE;
  int lineStart;
  int scanned;

  // Derived, for requests.
  int authorityStart;
  int authorityEnd;
  int hostStart;
  int hostEnd;
  int pathStart;
  int pathEnd;
  int queryStart;
  int queryEnd;

  /** The client's address, as in {@link io.fairlead.config.Networks}. */
  long clientHigh;

  long clientLow;

  void reset() {
    if (bytes.length > MAX_KEPT_BYTES) {
      bytes = new byte[INITIAL_BYTES];
    }
    if (index.length > 4 * INITIAL_FIELDS * STRIDE) {
      index = new int[INITIAL_FIELDS * STRIDE];
    }
    length = 0;
    end = 0;
    fieldCount = 0;
    methodStart = 0;
    methodEnd = 0;
    targetEnd = 0;
    body = 0;
    lengthAnew = -1;
    authorityStart = 0;
    authorityEnd = 0;
    keepAlive = false;
    upgrade = false;
    http2 = false;
    http3 = false;
    takesTrailers = false;
    seen = 0;
    repeated = 0;
    stage = HeadParser.Stage.START_LINE;
    lineStart = 0;
    scanned = 0;
  }

  /** Copies bytes from the buffer without taking them. */
  void append(ByteBuf source, int count) {
    ensure(length + count);
    source.getBytes(source.readerIndex(), bytes, length, count);
    length += count;
  }

  /** Makes room for derived bytes; what is there stays. */
  void ensure(int capacity) {
    if (capacity > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(capacity, 2 * bytes.length));
    }
  }

  void addField(int nameStart, int nameEnd, int valueStart, int valueEnd, int lineEnd, int id) {
    int at = fieldCount * STRIDE;
    if (at == index.length) {
      index = Arrays.copyOf(index, 2 * index.length);
    }
    boolean loose =
        valueStart != nameEnd + 2 || bytes[nameEnd + 1] != ' ' || lineEnd != valueEnd + 2;
    index[at + NAME_START] = nameStart;
    index[at + NAME_END] = nameEnd;
    index[at + VALUE_START] = valueStart;
    index[at + VALUE_END] = valueEnd;
    index[at + LINE_END] = lineEnd;
    index[at + ID] = loose ? id | LOOSE : id;
    if (id != FieldName.OTHER) {
      long bit = 1L << id;
      if ((seen & bit) == 0) {
        seen |= bit;
        firstOf[id] = fieldCount;
      } else {
        repeated |= bit;
      }
    }
    fieldCount++;
  }

  /** Begins a field of our own, behind what has been received. */
  void openField(byte[] name) {
    openField(name, 0, name.length);
  }

  void openField(byte[] from, int start, int count) {
    opened = length;
    put(from, start, count);
    openedName = length;
    put(COLON_SPACE);
  }

  /** Adds to the value of the field that has been opened. */
  void put(byte[] part) {
    put(part, 0, part.length);
  }

  void put(byte[] part, int start, int count) {
    ensure(length + count);
    System.arraycopy(part, start, bytes, length, count);
    length += count;
  }

  void put(byte part) {
    ensure(length + 1);
    bytes[length++] = part;
  }

  /** Takes so many bytes out of what has been put. */
  void cut(int start, int count) {
    System.arraycopy(bytes, start + count, bytes, start, length - start - count);
    length -= count;
  }

  /** What nodes are told instead of the host that was asked for. */
  void replaceHost(byte[] host) {
    int start = length;
    put(host);
    authorityStart = start;
    authorityEnd = length;
    if (has(FieldName.HOST)) {
      int at = first(FieldName.HOST) * STRIDE;
      index[at + VALUE_START] = start;
      index[at + VALUE_END] = length;
      index[at + ID] |= LOOSE;
    }
  }

  void closeField(int id) {
    int valueEnd = length;
    put(CRLF);
    addField(opened, openedName, openedName + 2, valueEnd, length, id);
  }

  /** Takes no more memory than it needs from now on; nothing may be added to it any more. */
  void trim() {
    bytes = Arrays.copyOf(bytes, length);
    index = Arrays.copyOf(index, Math.max(1, fieldCount) * STRIDE);
  }

  /** Bytes of memory that it takes. */
  int weight() {
    return bytes.length + (index.length + firstOf.length) * Integer.BYTES;
  }

  /** Becomes the same as the other. */
  void copyFrom(Head other) {
    reset();
    put(other.bytes, 0, other.length);
    end = other.end;
    fieldCount = other.fieldCount;
    if (index.length < other.fieldCount * STRIDE) {
      index = new int[other.index.length];
    }
    System.arraycopy(other.index, 0, index, 0, other.fieldCount * STRIDE);
    System.arraycopy(other.firstOf, 0, firstOf, 0, firstOf.length);
    seen = other.seen;
    repeated = other.repeated;
    status = other.status;
    reasonStart = other.reasonStart;
    reasonEnd = other.reasonEnd;
    minorVersion = other.minorVersion;
    body = other.body;
    keepAlive = other.keepAlive;
    chunkedLikeGet = other.chunkedLikeGet;
  }

  /** Becomes the same request as the other; it may then be changed alone. */
  void copyRequest(Head other) {
    copyFrom(other);
    methodStart = other.methodStart;
    methodEnd = other.methodEnd;
    targetStart = other.targetStart;
    targetEnd = other.targetEnd;
    authorityStart = other.authorityStart;
    authorityEnd = other.authorityEnd;
    hostStart = other.hostStart;
    hostEnd = other.hostEnd;
    pathStart = other.pathStart;
    pathEnd = other.pathEnd;
    queryStart = other.queryStart;
    queryEnd = other.queryEnd;
    clientHigh = other.clientHigh;
    clientLow = other.clientLow;
    lengthAnew = other.lengthAnew;
    http2 = other.http2;
    http3 = other.http3;
    takesTrailers = other.takesTrailers;
    upgrade = other.upgrade;
  }

  boolean has(int id) {
    return (seen & (1L << id)) != 0;
  }

  boolean hasRepeated(int id) {
    return (repeated & (1L << id)) != 0;
  }

  /** The first field with that number; only if {@link #has}. */
  int first(int id) {
    return firstOf[id];
  }

  int nameStart(int field) {
    return index[field * STRIDE + NAME_START];
  }

  int nameEnd(int field) {
    return index[field * STRIDE + NAME_END];
  }

  @Override
  public int valueStart(int field) {
    return index[field * STRIDE + VALUE_START];
  }

  @Override
  public int valueEnd(int field) {
    return index[field * STRIDE + VALUE_END];
  }

  /** Just behind the field's CRLF. */
  int lineEnd(int field) {
    return index[field * STRIDE + LINE_END];
  }

  int id(int field) {
    return index[field * STRIDE + ID] & 0xFF;
  }

  boolean isDropped(int field) {
    return (index[field * STRIDE + ID] & DROPPED) != 0;
  }

  void drop(int field) {
    index[field * STRIDE + ID] |= DROPPED;
  }

  /** Its value ends before where it ended. */
  void shorten(int field, int valueEnd) {
    index[field * STRIDE + VALUE_END] = valueEnd;
    index[field * STRIDE + ID] |= LOOSE;
  }

  /** Whether the field's bytes can be sent on as they are. */
  boolean isTight(int field) {
    return (index[field * STRIDE + ID] & LOOSE) == 0;
  }

  boolean methodIs(byte[] method) {
    return methodEnd - methodStart == method.length
        && Arrays.equals(bytes, methodStart, methodEnd, method, 0, method.length);
  }

  @Override
  public byte[] bytes() {
    return bytes;
  }

  @Override
  public int hostStart() {
    return hostStart;
  }

  @Override
  public int hostEnd() {
    return hostEnd;
  }

  @Override
  public int pathStart() {
    return pathStart;
  }

  @Override
  public int pathEnd() {
    return pathEnd;
  }

  @Override
  public int methodStart() {
    return methodStart;
  }

  @Override
  public int methodEnd() {
    return methodEnd;
  }

  @Override
  public int queryStart() {
    return queryStart;
  }

  @Override
  public int queryEnd() {
    return queryEnd;
  }

  @Override
  public long clientHigh() {
    return clientHigh;
  }

  @Override
  public long clientLow() {
    return clientLow;
  }

  /** Whether that field has that name. */
  boolean isNamed(int field, byte[] lowerCaseName) {
    return Ascii.rangeEqualsIgnoreCase(bytes, nameStart(field), nameEnd(field), lowerCaseName);
  }

  /** Whether that word is in one of the lists, with commas between, of the fields of that name. */
  boolean lists(byte[] lowerCaseName, byte[] lowerCaseWord) {
    for (int field = findField(lowerCaseName, 0);
        field >= 0;
        field = findField(lowerCaseName, field + 1)) {
      int at = valueStart(field);
      int end = valueEnd(field);
      while (at < end) {
        int next = at;
        while (next < end && bytes[next] != ',') {
          next++;
        }
        int from = at;
        while (from < next && isBlank(bytes[from])) {
          from++;
        }
        int to = next;
        while (to > from && isBlank(bytes[to - 1])) {
          to--;
        }
        if (Ascii.rangeEqualsIgnoreCase(bytes, from, to, lowerCaseWord)) {
          return true;
        }
        at = next + 1;
      }
    }
    return false;
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  /**
   * Looks for a field. What a client said and nodes do not get does not count, with the exception
   * of what Fairlead acts on itself, such as {@code upgrade}.
   */
  @Override
  public int findField(byte[] lowerCaseName, int from) {
    for (int field = from; field < fieldCount; field++) {
      if (isNamed(field, lowerCaseName) && !(isDropped(field) && RequestCheck.isGone(id(field)))) {
        return field;
      }
    }
    return -1;
  }
}
