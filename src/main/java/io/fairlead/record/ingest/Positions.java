package io.fairlead.record.ingest;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How far each file has been read: memory that is a file, so that it is true after a kill as well.
 * A line is named before it goes to the records and ticked off behind that; of one that was named
 * only, the records that the killed process left tell whether it got there. So each line is there
 * once. After a restart of the machine some may be missing, or be there twice: what was in the
 * records' memory has gone then.
 */
final class Positions implements AutoCloseable {
  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG = WORD.varHandle().withInvokeExactBehavior();
  private static final long MAGIC = 0x01_5346_4F50_4C46L;

  /** Files that are remembered; those not seen for longest are forgotten. */
  static final int SLOTS = 1024;

  private static final int SLOT = 64;
  private static final int HEADER = 64;
  private static final int LAST_NUMBER = 8;

  // In a slot.
  private static final int NUMBER = 0;
  private static final int INODE = 8;
  private static final int PATH = 16;
  private static final int DONE = 24;
  private static final int INTENDED = 32;
  private static final int START_LENGTH = 40;
  private static final int START_HASH = 48;
  private static final int SEEN = 56;

  /** Set on the length of the start: the rest of the line that was cut is yet to be skipped. */
  private static final long SKIPPING = 1L << 32;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final boolean[] used = new boolean[SLOTS];

  private Positions(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, CREATE, READ, WRITE)) {
      memory = channel.map(MapMode.READ_WRITE, 0, HEADER + (long) SLOTS * SLOT, arena);
    }
  }

  /**
   * Opens what is there, or begins.
   *
   * @param left where the last line of that file ends that another process had recorded and did not
   *     get to disk; 0: there is none
   */
  static Positions open(Path file, LongUnaryOperator left) throws IOException {
    Positions positions = new Positions(file);
    if ((long) LONG.getAcquire(positions.memory, 0L) != MAGIC) {
      positions.memory.fill((byte) 0);
      LONG.setRelease(positions.memory, 0L, MAGIC);
    }
    for (int i = 0; i < SLOTS; i++) {
      positions.at(i).settle(left);
    }
    return positions;
  }

  private Slot at(int index) {
    return new Slot(index);
  }

  /** The file with that inode, if it is known. */
  @Nullable Slot find(long inode, long path) {
    Slot found = null;
    for (int i = 0; i < SLOTS; i++) {
      Slot slot = at(i);
      if (!used[i] && slot.isOf(inode) && (found == null || slot.get(PATH) == path)) {
        found = slot;
      }
    }
    if (found != null) {
      used[found.index] = true;
    }
    return found;
  }

  /** Whether the file with that inode was once read at that place, and may have more to say. */
  boolean wasAt(long inode, long path) {
    for (int i = 0; i < SLOTS; i++) {
      if (!used[i] && at(i).isOf(inode) && at(i).get(PATH) == path) {
        return true;
      }
    }
    return false;
  }

  /** A file that nothing is known of. */
  Slot begin(long inode, long path, long position, long nowMillis) {
    Slot oldest = null;
    for (int i = 0; i < SLOTS; i++) {
      Slot slot = at(i);
      if (!used[i] && (oldest == null || slot.get(SEEN) < oldest.get(SEEN))) {
        oldest = slot;
      }
    }
    if (oldest == null) {
      throw new IllegalStateException("more files than are read at once");
    }
    used[oldest.index] = true;
    oldest.begin(inode, path, position, nowMillis);
    return oldest;
  }

  /** On disk. */
  void force() {
    memory.force();
  }

  @Override
  public void close() {
    memory.force();
    arena.close();
  }

  /** What is known of a file. */
  final class Slot {
    private final int index;

    private Slot(int index) {
      this.index = index;
    }

    private long get(int field) {
      return (long) LONG.getAcquire(memory, HEADER + (long) index * SLOT + field);
    }

    private void set(int field, long value) {
      LONG.setRelease(memory, HEADER + (long) index * SLOT + field, value);
    }

    private boolean isOf(long inode) {
      return get(NUMBER) != 0 && get(INODE) == inode;
    }

    private void begin(long inode, long path, long position, long nowMillis) {
      set(NUMBER, 0); // none, until all of it is there
      set(INODE, inode);
      set(PATH, path);
      set(DONE, position);
      set(INTENDED, position);
      set(START_LENGTH, 0);
      set(START_HASH, 0);
      set(SEEN, nowMillis);
      long number = (long) LONG.getAcquire(memory, (long) LAST_NUMBER) + 1;
      LONG.setRelease(memory, (long) LAST_NUMBER, number);
      set(NUMBER, number);
    }

    private void settle(LongUnaryOperator left) {
      long intended = get(INTENDED);
      if (intended > get(DONE) && left.applyAsLong(get(NUMBER)) >= intended) {
        set(DONE, intended);
      }
      set(INTENDED, get(DONE));
    }

    /** The same file, which has been emptied or written anew. */
    void restart(long nowMillis) {
      begin(get(INODE), get(PATH), 0, nowMillis);
    }

    /** Tells it from all that there were; what was emptied is another. */
    long number() {
      return get(NUMBER);
    }

    /** Everything before is recorded. */
    long position() {
      return get(DONE);
    }

    /** The next line ends there and is on its way. */
    void intend(long end) {
      set(INTENDED, end);
    }

    /** It did not get there. */
    void giveUp() {
      set(INTENDED, get(DONE));
    }

    /** It is recorded, or not worth it. */
    void done(long end) {
      set(DONE, end);
      set(INTENDED, end);
    }

    boolean isSkipping() {
      return (get(START_LENGTH) & SKIPPING) != 0;
    }

    void skip(boolean skipping) {
      set(START_LENGTH, (get(START_LENGTH) & ~SKIPPING) | (skipping ? SKIPPING : 0));
    }

    /** How many of its first bytes are known. */
    int startLength() {
      return (int) get(START_LENGTH);
    }

    long startHash() {
      return get(START_HASH);
    }

    void start(int length, long hash) {
      set(START_HASH, hash);
      set(START_LENGTH, (get(START_LENGTH) & SKIPPING) | length);
    }

    void seen(long nowMillis) {
      set(SEEN, nowMillis);
    }

    /** Nobody reads it for now. */
    void leave() {
      used[index] = false;
    }
  }
}
