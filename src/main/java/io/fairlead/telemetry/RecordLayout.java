package io.fairlead.telemetry;

import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * How one record lies in memory: what event loops write about an exchange or a session at its end,
 * and what is read back, maybe by another process after this one was killed.
 *
 * <p>Little endian; a record begins at a multiple of 8 and is as many bytes long. Fields are
 * gathered in words of 8 bytes, so that a record is written with few stores. Behind the {@value
 * #FIXED} bytes that each has lie its texts without anything between them, in the order of {@link
 * Text}; their lengths are among the fixed fields. What is behind the texts means nothing.
 *
 * <p>A time in microseconds that does not fit says {@link Integer#MAX_VALUE} (35 minutes), and
 * {@link #NONE} where that phase did not happen: no wait, a connection that was open already.
 *
 * <table>
 * <caption>Fields</caption>
 * <tr><th>at</th><th>bytes</th><th>field</th></tr>
 * <tr><td>0</td><td>2</td><td>length of the record, in bytes, with texts and padding</td></tr>
 * <tr><td>2</td><td>1</td><td>type: {@link #HTTP}, {@link #STREAM}, ...</td></tr>
 * <tr><td>3</td><td>1</td><td>method, {@link #METHODS}; 0: see {@link Text#METHOD}</td></tr>
 * <tr><td>4</td><td>4</td><td>flags: {@link #TLS}, {@link #REUSED}, ...</td></tr>
 * <tr><td>8</td><td>8</td><td>start, in microseconds since 1970: the first byte of the request's
 *     head, the connection, the first datagram</td></tr>
 * <tr><td>16</td><td>8</td><td>upper 8 bytes of the request's id</td></tr>
 * <tr><td>24</td><td>4</td><td>lower 4 bytes of it; as 24 hexadecimal digits it is what
 *     {@code x-request-id} says if Fairlead made it, and where it did not, it is unique all the
 *     same</td></tr>
 * <tr><td>28</td><td>4</td><td>queue: µs it waited for room at the service's nodes</td></tr>
 * <tr><td>32</td><td>4</td><td>connect: µs until TCP to the last node that was tried was there</td></tr>
 * <tr><td>36</td><td>4</td><td>TLS: µs of the handshake with that node, behind connect</td></tr>
 * <tr><td>40</td><td>4</td><td>first byte: µs from having a connection to that node until the head
 *     of its answer was there</td></tr>
 * <tr><td>44</td><td>2</td><td>status that the client got, or would have got (499: it had gone); 0:
 *     there is no such thing</td></tr>
 * <tr><td>46</td><td>2</td><td>why Fairlead answered itself or gave up, {@link #error}; 0: no
 *     reason to</td></tr>
 * <tr><td>48</td><td>8</td><td>total: µs from start to end</td></tr>
 * <tr><td>56</td><td>8</td><td>bytes in: of the request's body, of both directions of a tunnel the
 *     client's; framing does not count</td></tr>
 * <tr><td>64</td><td>8</td><td>bytes out: the same towards the client</td></tr>
 * <tr><td>72</td><td>4</td><td>listener, as in {@link RecordNames}; 0: none, as for the next
 *     three</td></tr>
 * <tr><td>76</td><td>4</td><td>route</td></tr>
 * <tr><td>80</td><td>4</td><td>service</td></tr>
 * <tr><td>84</td><td>4</td><td>node that was tried last</td></tr>
 * <tr><td>88</td><td>16</td><td>client's address as two numbers, the upper half first; IPv4 is
 *     mapped ({@code ::ffff:a.b.c.d}); masked already</td></tr>
 * <tr><td>104</td><td>2</td><td>client's port; 0: not known, or masked</td></tr>
 * <tr><td>106</td><td>1</td><td>tries: nodes picked, 255 at most</td></tr>
 * <tr><td>107</td><td>1</td><td>protocol, {@link #PROTOCOLS}</td></tr>
 * <tr><td>108</td><td>8</td><td>lengths of the texts: path 2, then host, user agent, method,
 *     request id, trace id, parent id 1 each</td></tr>
 * <tr><td>116</td><td>2</td><td>length of the text of an event, a probe or a line</td></tr>
 * <tr><td>118</td><td>1</td><td>length of what is said of tries</td></tr>
 * <tr><td>119</td><td>1</td><td>nothing yet, 0</td></tr>
 * </table>
 *
 * <p>Other types use fields of the same places, all others are 0:
 *
 * <table>
 * <caption>Other types</caption>
 * <tr><th>type</th><th>fields</th></tr>
 * <tr><td>{@link #EVENT}</td><td>start; listener, service, node; {@link Text#METHOD}: kind; {@link
 *     Text#TEXT}</td></tr>
 * <tr><td>{@link #PROBE}</td><td>start; service, node; total; status: {@link #PASSED} or {@link
 *     #FAILED}; {@link Text#METHOD}: kind; {@link Text#TEXT}: why it failed</td></tr>
 * <tr><td>{@link #LINE}</td><td>start; service, node; {@link Text#HOST}: source; {@link
 *     Text#METHOD}: level; {@link Text#USER_AGENT}: pattern; {@link Text#REQUEST_ID} and {@link
 *     Text#TRACE_ID} as found in it; {@link Text#TEXT}: the line; bytes in: which file, bytes out:
 *     where it ends in there, both 0 if it came otherwise</td></tr>
 * <tr><td>{@link #DNS}</td><td>start, total; listener, client, protocol; status: the type that was
 *     asked for; tries: the response code plus one, 0 if nothing was sent; bytes in: how many
 *     answers the record stands for; {@link Text#PATH}: the name, as people write it; {@link
 *     Text#METHOD}: what was wrong; {@link Text#TEXT}: what was answered, and why</td></tr>
 * </table>
 */
public final class RecordLayout {
  // Types.
  /** An exchange of HTTP of any version; a WebSocket is one, written when it ends. */
  public static final int HTTP = 1;

  /** A relayed connection: TCP, or TLS passed through. */
  public static final int STREAM = 2;

  /** What one client address sent over UDP until its session ended. */
  public static final int DATAGRAMS = 3;

  /** Something that happened, {@link Event}. */
  public static final int EVENT = 4;

  /** What a probe of a node found. */
  public static final int PROBE = 5;

  /** A line of a node's own log. */
  public static final int LINE = 6;

  /** An answer to a question of the DNS, or a question that got none. */
  public static final int DNS = 7;

  // What a probe found.
  public static final int PASSED = 1;
  public static final int FAILED = 2;

  // Flags.
  /** The client's connection was secured by Fairlead. */
  public static final int TLS = 1;

  /** The node's connection had served before. */
  public static final int REUSED = 1 << 1;

  /** A text was longer than there is room for. */
  public static final int TRUNCATED = 1 << 2;

  /** The values of query parameters, or the client's address, are not what came. */
  public static final int MASKED = 1 << 3;

  /** A hedge was sent: tries counts it. */
  public static final int HEDGED = 1 << 4;

  /** Worth the last room there is, see {@link RecordRing}. */
  public static final int VALUABLE = 1 << 5;

  /** Spans are to be made of it, see {@link SpanIds}. */
  public static final int TRACED = 1 << 6;

  /** And its trace is sampled: nodes, too, were told to make some. */
  public static final int SAMPLED = 1 << 7;

  /**
   * What went wrong was meant, see {@link #isMeant}: its times say nothing, and if no node was
   * tried, its end does not either.
   */
  public static final int MEANT = 1 << 8;

  /** A phase that did not happen. */
  public static final int NONE = -1;

  /** By the number in the record. */
  private static final String[] METHODS = {
    "", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"
  };

  // Protocols.
  public static final int HTTP_1_0 = 1;
  public static final int HTTP_1_1 = 2;
  public static final int HTTP_2 = 3;
  public static final int GRPC = 4;
  public static final int WEBSOCKET = 5;
  public static final int TCP = 6;
  public static final int TLS_PASSED_THROUGH = 7;
  public static final int UDP = 8;
  public static final int HTTP_3 = 9;

  private static final String[] PROTOCOLS = {
    "", "http/1.0", "http/1.1", "h2", "grpc", "websocket", "tcp", "tls", "udp", "h3"
  };

  /** What a record says in words of others, in this order. */
  public enum Text {
    /** What was asked for, in lower case; of TLS passed through the name in the ClientHello. */
    HOST(255, 110),
    /** The path as it was matched, and the query. */
    PATH(1024, 108),
    USER_AGENT(255, 111),
    /** Where it is none of those that have numbers. */
    METHOD(32, 112),
    /** What {@code x-request-id} said, if somebody else made it. */
    REQUEST_ID(128, 113),
    /**
     * Of the {@code traceparent} that came in: 32 hexadecimal digits; of a trace that began here
     * only if {@link #TRACED}.
     */
    TRACE_ID(32, 114),
    /** What happened, why a probe failed, what a line of a log says. */
    TEXT(8192, 116),
    /** If {@link #TRACED}: the span of whoever asked, 16 hexadecimal digits; empty: nobody's. */
    PARENT_ID(16, 115),
    /** If {@link #TRACED}: how each try ended, in that order, {@value #TRY} bytes each. */
    TRIES(15 * TRY, 118);

    /** More is cut off. */
    final int most;

    /** Where its length stands. */
    final int lengthAt;

    Text(int most, int lengthAt) {
      this.most = most;
      this.lengthAt = lengthAt;
    }

    /** Bytes of it that a record has at most. */
    public int most() {
      return most;
    }
  }

  // What is said of a try: its number, how it ended, the status that the node gave, the node, and
  // the microseconds from the exchange's start to its own, and from there to its end.
  /** Bytes of a try. */
  public static final int TRY = 16;

  static final int TRY_NUMBER = 0;
  static final int TRY_END = 1;
  static final int TRY_STATUS = 2;
  static final int TRY_NODE = 4;
  static final int TRY_SINCE = 8;
  static final int TRY_TIME = 12;

  /** Bytes in front of the texts. */
  public static final int FIXED = 120;

  /** No record is longer. */
  public static final int MOST =
      FIXED + 255 + 1024 + 255 + 32 + 128 + 32 + 8192 + 16 + 15 * TRY + 2;

  static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt HALF = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort QUARTER =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  // Words and what is in them.
  static final int HEAD = 0;
  static final int START = 8;
  static final int ID_HIGH = 16;
  static final int ID_LOW = 24;
  static final int QUEUE = 28;
  static final int CONNECT = 32;
  static final int HANDSHAKE = 36;
  static final int FIRST_BYTE = 40;
  static final int STATUS = 44;
  static final int ERROR = 46;
  static final int TOTAL = 48;
  static final int BYTES_IN = 56;
  static final int BYTES_OUT = 64;
  static final int LISTENER = 72;
  static final int ROUTE = 76;
  static final int SERVICE = 80;
  static final int NODE = 84;
  static final int CLIENT_HIGH = 88;
  static final int CLIENT_LOW = 96;
  static final int CLIENT_PORT = 104;
  static final int TRIES = 106;
  static final int PROTOCOL = 107;
  static final int LENGTHS = 108;
  static final int TEXT_LENGTH = 116;

  private RecordLayout() {}

  /** Whether what became of that exchange was wanted by whoever configured its route. */
  public static boolean isMeant(RecordView record) {
    return record.has(MEANT) && record.tries() == 0;
  }

  /** Whether records of that type tell what somebody asked of a listener. */
  public static boolean isExchange(int type) {
    return type == HTTP || type == STREAM || type == DATAGRAMS;
  }

  /** Puts what is said of a try, see {@link Text#TRIES}. */
  @SuppressWarnings("EnumOrdinal") // as for errors
  public static void putTry(
      byte[] to, int at, int number, int node, long since, long micros, int status, TryEnd how) {
    to[at + TRY_NUMBER] = (byte) number;
    to[at + TRY_END] = (byte) how.ordinal();
    SHORTS.set(to, at + TRY_STATUS, (short) status);
    INTS.set(to, at + TRY_NODE, node);
    INTS.set(to, at + TRY_SINCE, Math.clamp(since, 0, Integer.MAX_VALUE));
    INTS.set(to, at + TRY_TIME, Math.clamp(micros, 0, Integer.MAX_VALUE));
  }

  /** As SQL and people call it; empty: {@link Text#METHOD} says. */
  public static String method(int number) {
    return number < METHODS.length ? METHODS[number] : "";
  }

  public static String protocol(int number) {
    return number < PROTOCOLS.length ? PROTOCOLS[number] : "";
  }

  /**
   * The number of a reason. Numbers are of one version of Fairlead: whoever reads what another
   * process has left finds their names in what {@link RecordNames} wrote beside.
   */
  @SuppressWarnings("EnumOrdinal") // the names are written beside the records
  public static int error(ErrorReason reason) {
    return reason.ordinal() + 1;
  }
}
