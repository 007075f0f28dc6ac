package io.fairlead.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordNames.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Where threads that are no event loops leave what is to be recorded: events, probes, lines of the
 * nodes' own logs. They share a ring, and a lock that is held while a record is copied; nobody
 * waits for a disk or for the recorder. What is in there outlives the process as what event loops
 * record does.
 *
 * <p>Events and probes may use the last of the room, lines may not: so a node that writes without
 * end costs no event.
 */
public final class RecordNotes {
  /** In ids, where the number of an event loop would be: there are never so many. */
  private static final int LOOP = 0xFF;

  private static final int MOST_NAME = 255;

  private final RecordRing ring;
  private final RecordNames names;
  private final int process;
  private long millis;
  private int counter;

  RecordNotes(RecordRing ring, RecordNames names, long boot) {
    this.ring = ring;
    this.names = names;
    process = (int) (boot ^ boot >>> 16) & 0xFFFF;
  }

  /** Something happened. If there is no room it is counted as a record that was dropped. */
  public synchronized void event(long epochMillis, Event event) {
    RecordDraft draft = begin(RecordLayout.EVENT, epochMillis * 1000, 0);
    draft.flag(RecordLayout.VALUABLE);
    draft.names(
        number(Kind.LISTENER, event.listener()),
        0,
        number(Kind.SERVICE, event.service()),
        number(Kind.NODE, event.node()));
    text(draft, Text.METHOD, event.getClass().getSimpleName());
    text(draft, Text.TEXT, event.text());
    ring.write();
  }

  /**
   * A node was asked how it is. If there is no room it is counted as a record that was dropped.
   *
   * @param epochMillis when the answer was known
   * @param kind how it was asked
   * @param failure why it failed; null: it passed
   * @param nanos that it took
   */
  public synchronized void probe(
      long epochMillis,
      String service,
      String node,
      String kind,
      @Nullable String failure,
      long nanos) {
    RecordDraft draft = begin(RecordLayout.PROBE, epochMillis * 1000 - nanos / 1000, nanos);
    draft.flag(RecordLayout.VALUABLE);
    draft.names(0, 0, number(Kind.SERVICE, service), number(Kind.NODE, node));
    draft.result(failure == null ? RecordLayout.PASSED : RecordLayout.FAILED, null, 0);
    text(draft, Text.METHOD, kind);
    text(draft, Text.TEXT, failure);
    ring.write();
  }

  /**
   * A line of a log.
   *
   * @return false: there is no room now
   */
  public synchronized boolean line(NodeLine line) {
    RecordDraft draft = begin(RecordLayout.LINE, line.micros(), 0);
    draft.names(0, 0, others(Kind.SERVICE, line.service()), others(Kind.NODE, line.node()));
    draft.bytes(line.file(), line.end());
    text(draft, Text.HOST, line.source());
    text(draft, Text.USER_AGENT, line.pattern());
    text(draft, Text.METHOD, line.level());
    text(draft, Text.REQUEST_ID, line.requestId());
    text(draft, Text.TRACE_ID, line.traceId());
    draft.text(Text.TEXT, line.text(), 0, line.length());
    return ring.offer();
  }

  private RecordDraft begin(int type, long startMicros, long nanos) {
    long now = System.currentTimeMillis();
    counter = (counter + 1) & 0xFFFFFF;
    millis = Math.max(millis + (counter == 0 ? 1 : 0), now); // ids stay sorted
    RecordDraft draft = ring.draft();
    draft.begin(type, 0);
    draft.times(startMicros, nanos);
    draft.id(millis << 16 | process, LOOP << 24 | counter);
    return draft;
  }

  /** A name that a line says of itself. */
  private int others(Kind kind, String name) {
    return name.isEmpty()
        ? 0
        : names.numberOfOther(
            kind, name.length() > MOST_NAME ? name.substring(0, MOST_NAME) : name);
  }

  private int number(Kind kind, String name) {
    return name.isEmpty() ? 0 : names.number(kind, name);
  }

  private static void text(RecordDraft draft, Text which, @Nullable String text) {
    if (text != null && !text.isEmpty()) {
      byte[] bytes = text.getBytes(UTF_8);
      draft.text(which, bytes, 0, bytes.length);
    }
  }
}
