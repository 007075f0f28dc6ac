package io.fairlead.replication.backup;

import java.util.ArrayDeque;

/**
 * How far the archive is behind the primary: in bytes, and by how old the oldest is that it has
 * not. Pure; told where both are, and when.
 */
final class ArchiveLag {
  private static final int MOST = 512;

  private record Sample(long position, long millis) {}

  private final ArrayDeque<Sample> waiting = new ArrayDeque<>();
  private long primary;
  private long archived;
  private long completeMillis;

  /** Another one takes the writes: what its predecessor had written says nothing any more. */
  void anotherPrimary() {
    waiting.clear();
    primary = 0;
  }

  /** The primary had written so far at that moment. */
  void primaryAt(long position, long millis) {
    if (position <= archived) {
      completeMillis = Math.max(completeMillis, millis);
    } else if (position > primary) {
      if (waiting.size() == MOST) {
        thin();
      }
      waiting.addLast(new Sample(position, millis));
    }
    primary = Math.max(primary, position);
  }

  /** Every second sample says enough, the oldest above all. */
  private void thin() {
    ArrayDeque<Sample> left = new ArrayDeque<>();
    boolean keep = true;
    for (Sample sample : waiting) {
      if (keep) {
        left.addLast(sample);
      }
      keep = !keep;
    }
    waiting.clear();
    waiting.addAll(left);
  }

  /** The archive reaches so far. */
  void archivedTo(long position) {
    archived = position;
    Sample oldest = waiting.peekFirst();
    while (oldest != null && oldest.position() <= position) {
      completeMillis = Math.max(completeMillis, oldest.millis());
      waiting.removeFirst();
      oldest = waiting.peekFirst();
    }
  }

  /** Bytes that the primary has written and the archive has not. */
  long bytes() {
    return Math.max(0, primary - archived);
  }

  /** How old the oldest is that the archive has not; 0: it has all. */
  long behindMillis(long now) {
    Sample oldest = waiting.peekFirst();
    return oldest == null ? 0 : Math.max(0, now - oldest.millis());
  }

  /** What had been written by that moment the archive has; 0: not known yet. */
  long completeMillis() {
    return completeMillis;
  }
}
