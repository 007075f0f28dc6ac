package io.fairlead.record;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordView;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Records on their way from one thread to another, as copies one behind the other in memory that is
 * used round and round. Whoever puts them in does not wait: where there is no room, there is none.
 */
public final class RecordPipe {
  private final byte[] bytes;

  /** Bytes put in and taken out in all; both only rise, in steps of eight. */
  private final AtomicLong in = new AtomicLong();

  private final AtomicLong out = new AtomicLong();

  /** How far the taker was when the putter looked last. */
  private long outSeen;

  private final byte[] record = new byte[RecordLayout.MOST];

  /**
   * @param capacity bytes, a multiple of eight
   */
  public RecordPipe(int capacity) {
    bytes = new byte[capacity];
  }

  /** Puts a copy in; false if there is no room. One thread. */
  public boolean put(RecordView view) {
    int length = view.length();
    long at = in.getPlain();
    if (at + length - outSeen > bytes.length) {
      outSeen = out.getAcquire();
      if (at + length - outSeen > bytes.length) {
        return false;
      }
    }
    int offset = (int) (at % bytes.length);
    int first = Math.min(length, bytes.length - offset);
    System.arraycopy(view.bytes(), 0, bytes, offset, first);
    System.arraycopy(view.bytes(), first, bytes, 0, length - first);
    in.setRelease(at + length);
    return true;
  }

  /** Takes the next one out; false if there is none. One thread. */
  public boolean take(RecordView into) {
    long at = out.getPlain();
    if (at == in.getAcquire()) {
      return false;
    }
    int offset = (int) (at % bytes.length);
    int length = (bytes[offset] & 0xFF) | (bytes[offset + 1] & 0xFF) << 8;
    int first = Math.min(length, bytes.length - offset);
    System.arraycopy(bytes, offset, record, 0, first);
    System.arraycopy(bytes, 0, record, first, length - first);
    into.take(record);
    out.setRelease(at + length);
    return true;
  }

  public boolean isEmpty() {
    return out.getAcquire() == in.getAcquire();
  }
}
