package io.fairlead.telemetry;

/**
 * Reads a ring in the order in which it was written: of this process while the loop goes on
 * writing, or of one that is gone to its end. One thread. What has been read stays in the ring
 * until {@link #saved} says that it is safe elsewhere: should this process be killed before,
 * whoever comes next reads it again.
 */
public final class RecordReader {
  private final RingFile file;
  private final RecordView record;
  private long chunk;
  private long offset;

  /** Where the chunk is, and how far it was published when that was looked at last. */
  private long at;

  private long end;
  private long damaged;

  RecordReader(RingFile file) {
    this.file = file;
    record = new RecordView(file.memory);
    long from = file.saved();
    chunk = from >>> RingFile.CHUNK_BITS;
    offset = Math.max(from & (RingFile.CHUNK - 1), RingFile.CHUNK_HEADER);
  }

  /** The loop whose records these are. */
  public int loop() {
    return file.loop;
  }

  /**
   * Goes to the next record.
   *
   * @return false if there is none now; of a process that is gone, there will be none
   */
  public boolean next() {
    while (offset < end || isMore()) {
      if (record.read(at + offset, end - offset)) {
        offset += record.length();
        return true;
      }
      damaged++; // by somebody else: what we write is sound before it is published
      offset = end;
    }
    return false;
  }

  /** Looks how far the ring has been written since. */
  private boolean isMore() {
    while (file.hasBegun(chunk)) {
      at = file.chunkAt(chunk);
      long published = file.published(at);
      boolean closed = (published & RingFile.CLOSED) != 0;
      end = published & ~RingFile.CLOSED;
      if (end > RingFile.CHUNK && offset < end) {
        damaged++;
        offset = end;
      }
      if (offset < end) {
        return true;
      }
      if (!closed) {
        return false;
      }
      chunk++;
      offset = RingFile.CHUNK_HEADER;
      end = offset;
    }
    return false;
  }

  /** The record that {@link #next} went to; good until {@link #saved} is called with its place. */
  public RecordView record() {
    return record;
  }

  /** Just behind that record. Places rise, and never repeat in one ring. */
  public long place() {
    return (chunk << RingFile.CHUNK_BITS) + offset;
  }

  /** How far the ring has been written. */
  public long end() {
    long last = chunk + behind();
    if (!file.hasBegun(last)) {
      return place();
    }
    long published = file.published(file.chunkAt(last)) & ~RingFile.CLOSED;
    return (last << RingFile.CHUNK_BITS) + published;
  }

  /** Pieces of the ring that have been begun behind the one that is being read. */
  public int behind() {
    int ahead = 0;
    while (ahead < file.chunks && file.hasBegun(chunk + ahead + 1)) {
      ahead++;
    }
    return ahead;
  }

  /** Pieces that the loop may begin yet before ordinary records are dropped. */
  public int room() {
    long last = (file.saved() >>> RingFile.CHUNK_BITS) + file.chunks - RecordRing.RESERVE - 1;
    return (int) (last - chunk - behind());
  }

  /** The {@link #room} of a ring in which nothing waits to be saved, or little. */
  public int mostRoom() {
    return file.chunks - RecordRing.RESERVE - 1;
  }

  /** Everything before that place is safe elsewhere and may be overwritten. */
  public void saved(long place) {
    file.save(place);
  }

  /** Pieces of a ring that were skipped since no record can look like that. */
  public long damaged() {
    return damaged;
  }

  /** That the ring has room for. */
  public long bytes() {
    return (long) file.chunks << RingFile.CHUNK_BITS;
  }

  /** Records that were written in all. */
  public long written() {
    return file.written();
  }
}
