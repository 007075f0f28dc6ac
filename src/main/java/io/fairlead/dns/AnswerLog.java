package io.fairlead.dns;

import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordRing;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What one thread records of its answers, in a ring of its own: before they are sent, so that
 * whoever has an answer finds its record, also if the process is killed in between. Nothing is
 * allocated, waited for or locked; while nobody wants records it costs one read for each batch of
 * questions.
 *
 * <p>Answers are of four kinds, each with a {@link Sampler} of its own: a flood of names that are
 * not there, of nonsense, or of questions that are too many takes nothing from the others.
 */
final class AnswerLog {
  /** In ids, where the number of an event loop would be: from here downwards. */
  private static final int LAST_LOOP = 0xFE;

  private static final int LOOPS = 64;

  /** Milliseconds for which the end of a batch is waited for, which takes less than one. */
  private static final int PATIENCE = 1000;

  private final Sampler answered;

  /** There is no such name, or no such record. */
  private final Sampler denied;

  /** The question was wrong, or somebody else's. */
  private final Sampler wrong;

  private final Sampler limited;

  private final AnswerText text = new AnswerText();
  private final int idLoop;
  private final int firstId;
  private int counter;
  private long millis;

  /** Null: nothing is recorded. */
  private volatile @Nullable RecordRing ring;

  private int process;

  /** While a batch is being answered. */
  private volatile boolean busy;

  /** What the present batch is recorded in. */
  private @Nullable RecordRing open;

  /**
   * @param index of the thread's worker: no two of a process have the same ids
   */
  AnswerLog(int index, long seed) {
    idLoop = (LAST_LOOP - index % LOOPS) << 24;
    firstId = (index / LOOPS) << 20; // far from those that have the same loop
    answered = new Sampler(seed);
    denied = new Sampler(Family.mix(seed));
    wrong = new Sampler(Family.mix(seed + 1));
    limited = new Sampler(Family.mix(seed + 2));
  }

  /**
   * From now on answers are recorded there; any thread.
   *
   * @param boot of the process, see {@link io.fairlead.telemetry.RecordRings#boot}
   */
  void use(RecordRing other, long boot) {
    process = (int) (boot ^ boot >>> 16) & 0xFFFF;
    ring = other;
  }

  /**
   * No more records, and none is being written when this is back; any thread, but the one whose
   * answers they are.
   *
   * @return what they were written to, for somebody else; null: nothing was recorded, or the thread
   *     may still be writing, since the system has not let it run for a second
   */
  @Nullable RecordRing leave() {
    RecordRing before = ring;
    ring = null;
    for (int i = 0; before != null && busy && i < PATIENCE; i++) {
      LockSupport.parkNanos(this, 1_000_000);
    }
    return busy ? null : before;
  }

  /** Whether anything is recorded of this batch; {@link #end} has to be called if so. */
  boolean begin() {
    if (ring == null) {
      return false;
    }
    busy = true; // before it is asked once more: who takes the ring away looks at this then
    open = ring;
    if (open == null) {
      busy = false;
      return false;
    }
    return true;
  }

  /** The batch is over. */
  void end() {
    open = null;
    busy = false;
  }

  /**
   * One answer, made between {@link #begin} and {@link #end}.
   *
   * @param listener where it was asked for, by its number in records
   * @param size bytes of the answer; 0: none is sent
   * @param nanos when the questions of the batch were taken
   */
  void add(Worker worker, boolean tcp, int listener, int size, long nanos) {
    Sampler sampler = sampler(worker.told);
    long weight = sampler.take(nanos);
    if (weight > 0 && !write(worker, tcp, listener, size, nanos, weight)) {
      sampler.giveBack(weight);
    }
  }

  private Sampler sampler(Told told) {
    AnswerError error = told.error;
    if (error == null || error == AnswerError.TRUNCATED || error == AnswerError.NO_ADDRESS) {
      return told.kind == Told.Kind.NO_DATA || told.kind == Told.Kind.NO_NAME ? denied : answered;
    }
    return told.isLimited() ? limited : wrong;
  }

  private boolean write(
      Worker worker, boolean tcp, int listener, int size, long nanos, long weight) {
    RecordRing to = open;
    if (to == null) {
      return true;
    }
    Told told = worker.told;
    AnswerError error = told.error;
    Query query = worker.query;
    RecordDraft draft = to.draft();
    draft.begin(RecordLayout.DNS, tcp ? RecordLayout.TCP : RecordLayout.UDP);
    long start = to.epochMicros(nanos);
    draft.times(start, System.nanoTime() - nanos);
    id(draft, start / 1000);
    draft.names(listener, 0, 0, 0);
    Peer peer = worker.peer;
    draft.client(peer.high(), peer.low(), 0, to.mask());
    draft.answer(query.hasQuestion ? query.type : 0, code(worker, size), weight);
    if (isValuable(told)) {
      draft.flag(RecordLayout.VALUABLE);
    }
    if (query.hasQuestion && error != AnswerError.FAILED) {
      text.clear();
      text.putName(query.name);
      draft.text(Text.PATH, text.bytes, 0, text.length());
    }
    if (error != null) {
      text.clear();
      text.put(error.word);
      draft.text(Text.METHOD, text.bytes, 0, text.length());
    }
    if (error == null || error == AnswerError.NO_ADDRESS) {
      text.clear();
      text.putAnswer(told);
      draft.text(Text.TEXT, text.bytes, 0, text.length());
    }
    return to.hasWritten();
  }

  private static int code(Worker worker, int size) {
    if (size == Responder.TRANSFER) {
      return Type.NOERROR;
    }
    return size <= 0
        ? -1
        : worker.told.error == AnswerError.BAD_VERSION ? Type.BADVERS : worker.answer.out[3] & 0xF;
  }

  /** What somebody will look for: also where there is hardly any room. */
  private static boolean isValuable(Told told) {
    return told.error == AnswerError.FAILED
        || told.error == AnswerError.NO_ADDRESS
        || (told.balanced != null && told.choices.failOpen);
  }

  private void id(RecordDraft draft, long now) {
    counter = (counter + 1) & 0xF_FFFF;
    millis = Math.max(millis + (counter == 0 ? 1 : 0), now); // ids stay sorted
    draft.id(millis << 16 | process, idLoop | ((firstId + counter) & 0xFF_FFFF));
  }
}
