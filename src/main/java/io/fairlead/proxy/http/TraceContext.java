package io.fairlead.proxy.http;

import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.SpanIds;
import io.fairlead.telemetry.TryEnd;
import java.util.random.RandomGenerator;

/**
 * Which trace a request is part of (W3C Trace Context [1]), and what nodes are told of it; only
 * where spans are exported, else nothing is changed. An exchange has one from the first traced
 * request on, and nothing more is allocated.
 *
 * <p>A sound {@code traceparent} keeps its trace and whether it is sampled. Anything else begins a
 * new trace, and then {@code tracestate} goes, too: it says something about one that nobody
 * continues. A node gets as parent the span of its own try: so its {@code traceparent} is written
 * into the head anew with each.
 *
 * <p>[1] W3C Recommendation, 23 November 2021; the flag for random ids as in Level 2.
 */
final class TraceContext {
  private static final byte[] NAME = Ascii.bytes("traceparent");

  // Version, trace, parent and flags, each in hexadecimal digits.
  private static final int TRACE = 3;
  private static final int TRACE_END = TRACE + 32;
  private static final int PARENT = TRACE_END + 1;
  private static final int PARENT_END = PARENT + 16;
  private static final int FLAGS = PARENT_END + 1;
  static final int LENGTH = FLAGS + 2;

  private static final int SAMPLED = 1;
  private static final int RANDOM = 2;

  private static final long BOTH = 1L << FieldName.TRACEPARENT | 1L << FieldName.TRACESTATE;

  private static final byte[] HEX = Ascii.bytes("0123456789abcdef");

  /** As whoever asks said it, and until nodes are told; behind that only the trace counts. */
  private final byte[] value = new byte[LENGTH];

  /** How tries ended, see {@link Text#TRIES}. */
  private final byte[] ends = new byte[Text.TRIES.most()];

  private boolean continued;
  private boolean sampled;
  private boolean failures;
  private long idHigh;
  private int idLow;
  private int tries;
  private int told;

  /** Where the parent's digits are that nodes get, in the request's bytes. */
  private int spanAt;

  /**
   * It is a request.
   *
   * @param high of its id the upper 8 bytes
   * @param low the lower 4
   */
  void begin(Head request, Tracing policy, RandomGenerator random, long high, int low) {
    idHigh = high;
    idLow = low;
    tries = 0;
    told = 0;
    failures = policy.wantsFailures();
    join(request, policy, random);
  }

  /** Reads what the request says; if that is nothing that counts, it begins a trace. */
  void join(Head request, Tracing policy, RandomGenerator random) {
    continued = request.has(FieldName.TRACEPARENT) && read(request);
    if (continued) {
      sampled = (flags(value) & SAMPLED) != 0;
    } else {
      long high = random.nextLong();
      long low = random.nextLong();
      sampled = policy.samples(low);
      hex(high, value, TRACE);
      hex(low | (high == 0 && low == 0 ? 1 : 0), value, TRACE + 16);
      value[FLAGS + 1] = HEX[sampled ? RANDOM | SAMPLED : RANDOM];
    }
    value[0] = '0';
    value[1] = '0';
    value[TRACE - 1] = '-';
    value[TRACE_END] = '-';
    value[PARENT_END] = '-';
    value[FLAGS] = '0';
  }

  /** What several fields say is nothing. */
  private boolean read(Head request) {
    int found = -1;
    for (int field = 0; field < request.fieldCount; field++) {
      if (request.id(field) == FieldName.TRACEPARENT && !request.isDropped(field)) {
        if (found >= 0) {
          return false;
        }
        found = field;
      }
    }
    if (found < 0 || !isSound(request.bytes, request.valueStart(found), request.valueEnd(found))) {
      return false;
    }
    System.arraycopy(request.bytes, request.valueStart(found), value, 0, LENGTH);
    // What this version does not know is not passed on.
    value[FLAGS + 1] = HEX[flags(value) & (SAMPLED | RANDOM)];
    return true;
  }

  /** A later version may have more behind, and has the same in front. */
  static boolean isSound(byte[] bytes, int start, int end) {
    int length = end - start;
    if (length < LENGTH
        || bytes[start + TRACE - 1] != '-'
        || bytes[start + TRACE_END] != '-'
        || bytes[start + PARENT_END] != '-'
        || !isHex(bytes, start, start + TRACE - 1)
        || !isId(bytes, start + TRACE, start + TRACE_END)
        || !isId(bytes, start + PARENT, start + PARENT_END)
        || !isHex(bytes, start + FLAGS, start + LENGTH)) {
      return false;
    }
    if (bytes[start] == '0' && bytes[start + 1] == '0') {
      return length == LENGTH;
    }
    boolean never = bytes[start] == 'f' && bytes[start + 1] == 'f';
    return !never && (length == LENGTH || bytes[start + LENGTH] == '-');
  }

  private static boolean isId(byte[] bytes, int start, int end) {
    int zeros = 0;
    for (int i = start; i < end; i++) {
      zeros += bytes[i] == '0' ? 1 : 0;
    }
    return zeros < end - start && isHex(bytes, start, end);
  }

  private static boolean isHex(byte[] bytes, int start, int end) {
    for (int i = start; i < end; i++) {
      if (digit(bytes[i]) < 0) {
        return false;
      }
    }
    return true;
  }

  /** Of lower case only. */
  private static int digit(byte b) {
    return b >= '0' && b <= '9' ? b - '0' : b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
  }

  private static int flags(byte[] of) {
    return digit(of[FLAGS + 1]);
  }

  private static void hex(long number, byte[] to, int at) {
    long rest = number;
    for (int i = at + 15; i >= at; i--) {
      to[i] = HEX[(int) (rest & 15)];
      rest >>>= 4;
    }
  }

  // --- what nodes are told -----------------------------------------------------------------

  /** In place of what the request came with. */
  void addTo(Head request) {
    if (request.has(FieldName.TRACEPARENT) || request.has(FieldName.TRACESTATE)) {
      RequestCheck.dropAll(request, continued ? 1L << FieldName.TRACEPARENT : BOTH);
    }
    request.openField(NAME);
    spanAt = request.length + PARENT;
    request.put(value);
    request.closeField(FieldName.TRACEPARENT);
  }

  /** The number of the try that begins. */
  int nextTry() {
    return ++tries;
  }

  /** The request is about to be sent by that try. */
  void sends(Head request, int number) {
    hex(SpanIds.of(idHigh, idLow, number), request.bytes, spanAt);
  }

  // --- what the record is told -------------------------------------------------------------

  /**
   * A try is over. Those beyond the first fifteen are not told of.
   *
   * @param since nanoseconds from the exchange's beginning to the try's
   * @param nanos that it took
   */
  void tryEnded(int number, int node, long since, long nanos, int status, TryEnd how) {
    if (told + RecordLayout.TRY > ends.length || !(sampled || failures)) {
      return;
    }
    RecordLayout.putTry(ends, told, number, node, since / 1000, nanos / 1000, status, how);
    told += RecordLayout.TRY;
  }

  /** The exchange is over. */
  void tell(RecordDraft draft, boolean failed) {
    boolean wanted = sampled || (failures && failed);
    if (!continued && !wanted) {
      return; // nobody has heard of that trace, or will
    }
    draft.text(Text.TRACE_ID, value, TRACE, TRACE_END - TRACE);
    if (wanted) {
      draft.flag(sampled ? RecordLayout.TRACED | RecordLayout.SAMPLED : RecordLayout.TRACED);
      if (continued) {
        draft.text(Text.PARENT_ID, value, PARENT, PARENT_END - PARENT);
      }
      draft.text(Text.TRIES, ends, 0, told);
    }
  }
}
