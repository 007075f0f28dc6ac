package io.fairlead.telemetry;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Where one event loop leaves its records, and {@link RecordReader} fetches them: memory that is a
 * file, so that what is in there outlives the process. The loop's side; a record costs plain stores
 * and one with release order that makes it visible. Nothing waits for the reader: where it is too
 * slow, records are dropped and counted.
 *
 * <p>The last {@value #RESERVE} chunks are for valuable records ({@link RecordLayout#VALUABLE}): of
 * what there is too much of, the ordinary success is the first to go, and the failure that somebody
 * will look for the last.
 */
public final class RecordRing {
  static final int RESERVE = 2;

  /** With fewer there would be no room for ordinary records while one chunk is saved. */
  public static final int FEWEST_CHUNKS = 4;

  private final RingFile file;
  private final MemorySegment memory;
  private long chunk;
  private long chunkAt;
  private int used = RingFile.CHUNK_HEADER;
  private long written;

  /** The first chunk that has no room, and the first that has none for ordinary records. */
  private long end;

  private long ordinaryEnd;

  private final RingSettings settings;
  private final RecordDraft draft = new RecordDraft();

  private RecordRing(RingFile file, RingSettings settings) {
    this.file = file;
    this.settings = settings;
    memory = file.memory;
    chunkAt = file.chunkAt(0);
    file.begin(0);
    look();
  }

  static RecordRing create(Path path, int loop, int chunks, RingSettings settings)
      throws IOException {
    return new RecordRing(RingFile.create(path, loop, chunks), settings);
  }

  RecordReader reader() {
    return new RecordReader(file);
  }

  /** To be filled anew and written. The loop only. */
  public RecordDraft draft() {
    return draft;
  }

  /** What must not be in it. */
  public RecordMask mask() {
    return settings.mask;
  }

  /** The time for people, in microseconds since 1970, of a time of {@link System#nanoTime}. */
  public long epochMicros(long nanos) {
    return (nanos + settings.epochOffset) / 1000;
  }

  /** Writes the draft, if there is room. The loop only. */
  public void write() {
    boolean _ = hasWritten();
  }

  /**
   * The same.
   *
   * @return false: there was no room, which is counted
   */
  public boolean hasWritten() {
    if (offer()) {
      return true;
    }
    file.drop(draft.isValuable() ? RecordDrop.VALUABLE : RecordDrop.ORDINARY);
    return false;
  }

  /** The same for one that can wait: that it has no room now is not counted. */
  boolean offer() {
    int length = draft.length();
    boolean valuable = draft.isValuable();
    long into = used + length <= RingFile.CHUNK ? chunk : chunk + 1;
    if (into >= (valuable ? end : ordinaryEnd)) {
      look();
      if (into >= (valuable ? end : ordinaryEnd)) {
        return false;
      }
    }
    if (into != chunk) {
      next();
    }
    draft.writeTo(memory, chunkAt + used);
    used += length;
    file.countWritten(++written);
    file.publish(chunkAt, used);
    return true;
  }

  private void next() {
    file.publish(chunkAt, used | RingFile.CLOSED);
    chunk++;
    file.begin(chunk);
    chunkAt = file.chunkAt(chunk);
    used = RingFile.CHUNK_HEADER;
  }

  /** How far the reader is. */
  private void look() {
    end = (file.saved() >>> RingFile.CHUNK_BITS) + file.chunks;
    ordinaryEnd = end - RESERVE;
  }

  /** Where the next record goes. The loop only. */
  long place() {
    return (chunk << RingFile.CHUNK_BITS) + used;
  }

  /** Records that have been written so far. Any thread. */
  public long written() {
    return file.written();
  }

  /** Records that were dropped for that reason so far. Any thread. */
  public long dropped(RecordDrop why) {
    return file.dropped(why);
  }
}
