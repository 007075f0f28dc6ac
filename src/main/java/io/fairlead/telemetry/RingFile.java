package io.fairlead.telemetry;

import static io.fairlead.telemetry.RecordLayout.WORD;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;

/**
 * The file of one ring: a page of its own and chunks behind it.
 *
 * <p>Chunks are numbered from 0 and use the places in the file in turn; a place in the whole stream
 * of records is the number of its chunk times {@link #CHUNK} and the offset in there. A chunk
 * begins with its number plus one, and how many of its bytes are published, with {@link #CLOSED}
 * when no more will be. Memory is written by one thread and read by another, of this process or of
 * one that finds the file later; a store with release order publishes what was stored before it.
 * When a process is killed the kernel keeps what it has stored: there is no half of a store.
 */
final class RingFile {
  static final int CHUNK = 1 << 20;
  static final int CHUNK_BITS = 20;

  /** In front of a chunk's records. */
  static final int CHUNK_HEADER = 64;

  static final int PAGE = 4096;

  /** "FLRECRD" and the version of this file and of {@link RecordLayout}. */
  private static final long MAGIC = 0x0144_5243_4552_4C46L;

  /** Set on the bytes that are published: the chunk is complete. */
  static final long CLOSED = 1L << 62;

  // In the page.
  private static final int MAGIC_AT = 0;
  private static final int CHUNKS_AT = 8;
  private static final int LOOP_AT = 16;

  /** Everything before that place may be overwritten. Written by the reader. */
  private static final int SAVED_AT = 1024;

  /** Written by the loop: how many records were dropped, by {@link RecordDrop}. */
  private static final int DROPPED_AT = 2048;

  private static final int WRITTEN_AT = 2048 + 64 * 8;

  // In a chunk.
  private static final int NUMBER_AT = 0;
  private static final int PUBLISHED_AT = 8;

  private static final VarHandle LONG = WORD.varHandle().withInvokeExactBehavior();

  final MemorySegment memory;
  final int chunks;
  final int loop;

  private RingFile(MemorySegment memory, int chunks, int loop) {
    this.memory = memory;
    this.chunks = chunks;
    this.loop = loop;
  }

  /**
   * Makes one. All of it is written once: where a file is only promised its space, using it later
   * kills the process if there is none.
   */
  static RingFile create(Path file, int loop, int chunks) throws IOException {
    long size = size(chunks);
    try (FileChannel channel = FileChannel.open(file, CREATE_NEW, READ, WRITE)) {
      ByteBuffer zeros = ByteBuffer.allocateDirect(CHUNK);
      for (long at = 0; at < size; ) {
        zeros.clear().limit((int) Math.min(CHUNK, size - at));
        at += channel.write(zeros, at);
      }
      MemorySegment memory = channel.map(MapMode.READ_WRITE, 0, size, Arena.ofAuto());
      memory.set(WORD, CHUNKS_AT, chunks);
      memory.set(WORD, LOOP_AT, loop);
      LONG.setRelease(memory, (long) MAGIC_AT, MAGIC);
      return new RingFile(memory, chunks, loop);
    }
  }

  /**
   * Opens one that another process has left.
   *
   * @throws IOException if it is none, or of another version
   */
  static RingFile open(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, READ, WRITE)) {
      long size = channel.size();
      if (size < size(1)) {
        throw new IOException(file + " is too short for a ring of records");
      }
      MemorySegment memory = channel.map(MapMode.READ_WRITE, 0, size, Arena.ofAuto());
      long chunks = memory.get(WORD, CHUNKS_AT);
      if ((long) LONG.getAcquire(memory, (long) MAGIC_AT) != MAGIC
          || chunks < 1
          || chunks > Integer.MAX_VALUE
          || size != size((int) chunks)) {
        throw new IOException(file + " is no ring of records of this version");
      }
      return new RingFile(memory, (int) chunks, (int) memory.get(WORD, LOOP_AT));
    }
  }

  static long size(int chunks) {
    return PAGE + (long) chunks * CHUNK;
  }

  /** Where the chunk with that number is in memory. */
  long chunkAt(long number) {
    return PAGE + (number % chunks << CHUNK_BITS);
  }

  /** Begins a chunk, whose place is free. */
  void begin(long number) {
    long at = chunkAt(number);
    LONG.setRelease(memory, at + PUBLISHED_AT, 0L); // before it has the number
    LONG.setRelease(memory, at + NUMBER_AT, number + 1);
  }

  /** Whether the chunk has begun, and not yet made room for a later one. */
  boolean hasBegun(long number) {
    return (long) LONG.getAcquire(memory, chunkAt(number) + NUMBER_AT) == number + 1;
  }

  void publish(long chunkAt, long published) {
    LONG.setRelease(memory, chunkAt + PUBLISHED_AT, published);
  }

  long published(long chunkAt) {
    return (long) LONG.getAcquire(memory, chunkAt + PUBLISHED_AT);
  }

  long saved() {
    return (long) LONG.getAcquire(memory, (long) SAVED_AT);
  }

  void save(long place) {
    LONG.setRelease(memory, (long) SAVED_AT, place);
  }

  /** The loop only. */
  @SuppressWarnings("EnumOrdinal") // the place of the counter
  void drop(RecordDrop why) {
    long at = DROPPED_AT + why.ordinal() * 8L;
    LONG.setOpaque(memory, at, memory.get(WORD, at) + 1);
  }

  @SuppressWarnings("EnumOrdinal")
  long dropped(RecordDrop why) {
    return (long) LONG.getOpaque(memory, DROPPED_AT + why.ordinal() * 8L);
  }

  /** The loop only. */
  void countWritten(long written) {
    LONG.setOpaque(memory, (long) WRITTEN_AT, written);
  }

  long written() {
    return (long) LONG.getOpaque(memory, (long) WRITTEN_AT);
  }
}
