package io.fairlead.record.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.config.LogSource;
import io.fairlead.telemetry.NodeLine;
import io.fairlead.telemetry.RecordLayout.Text;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A file that is open, and how far it has been read. Its identity is its inode, and its first bytes
 * where an inode is given to another file. One thread.
 *
 * <p>What has no end of line yet stays in the file until it has one, or until the file is over. A
 * line that is longer than a record may be is cut.
 */
final class TailedFile implements AutoCloseable {
  /**
   * Of a file that is met for the first time, what is before its last so many bytes is left out.
   */
  static final long MOST_OF_OLD = 16 << 20;

  private static final int START = 256;
  private static final int TURN = 4 << 20;

  /** So long as it takes: the file keeps what waits. */
  private static final Duration PATIENCE = Duration.ofDays(1);

  private final LogSource.File source;
  private final String name;
  private final FileChannel channel;
  private final long inode;
  private final Positions.Slot slot;
  private final LineSink sink;
  private final BooleanSupplier closing;
  private final byte[] buffer;
  private long sizeBefore = -1;

  private TailedFile(
      LogSource.File source,
      Path path,
      FileChannel channel,
      long inode,
      Positions.Slot slot,
      LineSink sink,
      BooleanSupplier closing,
      byte[] buffer) {
    this.source = source;
    this.name = path.toString();
    this.channel = channel;
    this.inode = inode;
    this.slot = slot;
    this.sink = sink;
    this.closing = closing;
    this.buffer = buffer;
  }

  /** What tells a file from all others that are there. */
  static long inode(Path path) throws IOException {
    Map<String, Object> facts = Files.readAttributes(path, "unix:dev,ino");
    return number(facts.get("dev")) * 0x9E37_79B9_7F4A_7C15L + number(facts.get("ino"));
  }

  private static long number(@Nullable Object fact) throws IOException {
    if (fact instanceof Number number) {
      return number.longValue();
    }
    throw new IOException("files have no numbers here");
  }

  /**
   * Opens the file that is there now.
   *
   * @param known where it is looked up how far it was read
   * @param at the path that it is, or once was, read at
   * @param buffer to read into, shared with others of the same thread
   */
  static TailedFile open(
      LogSource.File source,
      Path path,
      Path at,
      Positions known,
      LineSink sink,
      BooleanSupplier closing,
      byte[] buffer,
      long nowMillis)
      throws IOException {
    long inode = inode(path);
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      if (inode(path) != inode) {
        throw new NoSuchFileException(path.toString()); // moved away in between
      }
      Positions.Slot slot = known.find(inode, place(at));
      if (slot == null) {
        long begin = Math.max(0, channel.size() - MOST_OF_OLD);
        slot = known.begin(inode, place(at), begin, nowMillis);
        slot.skip(begin > 0); // the line that it is in the midst of
      }
      return new TailedFile(source, at, channel, inode, slot, sink, closing, buffer);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** The place of a file as a number. */
  static long place(Path path) {
    return hash(path.toString().getBytes(UTF_8), path.toString().getBytes(UTF_8).length);
  }

  private static long hash(byte[] bytes, int length) {
    long hash = 0xCBF2_9CE4_8422_2325L; // FNV-1a
    for (int i = 0; i < length; i++) {
      hash = (hash ^ (bytes[i] & 0xFF)) * 0x100_0000_01B3L;
    }
    return hash;
  }

  long inode() {
    return inode;
  }

  /**
   * Reads what there is, or a good part of it.
   *
   * @param over nothing more will be written to it: what has no end of line is one, too
   * @return whether there may be more
   */
  boolean read(boolean over, long nowMillis) throws IOException {
    long size = channel.size();
    if (size < slot.position() || !startsAsBefore()) {
      slot.restart(nowMillis);
    } else if (size == sizeBefore && !over) {
      return false;
    }
    long limit = slot.position() + TURN;
    boolean more = true;
    while (more && slot.position() < limit && !closing.getAsBoolean()) {
      more = readOnce(over);
    }
    rememberStart();
    slot.seen(nowMillis);
    sizeBefore = more ? -1 : size;
    return more;
  }

  /** Reads one buffer full; false: there is no whole line any more. */
  private boolean readOnce(boolean over) throws IOException {
    long position = slot.position();
    int length = fill(position);
    int from = 0;
    for (int end = newline(from, length); end >= 0; end = newline(from, length)) {
      if (!line(from, end, position + end + 1)) {
        return false;
      }
      from = end + 1;
    }
    if (from < length && from == 0 && length == buffer.length) {
      return lineWithoutEnd(length, position + length);
    }
    if (from < length && over && length < buffer.length) {
      return line(from, length, position + length);
    }
    return from > 0;
  }

  private int fill(long position) throws IOException {
    ByteBuffer into = ByteBuffer.wrap(buffer);
    while (into.hasRemaining()) {
      if (channel.read(into, position + into.position()) < 0) {
        break;
      }
    }
    return into.position();
  }

  private int newline(int from, int length) {
    for (int i = from; i < length; i++) {
      if (buffer[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  /** The whole buffer is one line, which goes on. */
  private boolean lineWithoutEnd(int length, long end) {
    if (slot.isSkipping()) {
      slot.done(end);
      return true;
    }
    return emit(0, length, end, true);
  }

  private boolean line(int from, int end, long after) {
    if (slot.isSkipping()) {
      slot.done(after);
      slot.skip(false);
      return true;
    }
    int last = end > from && buffer[end - 1] == '\r' ? end - 1 : end;
    if (last == from) {
      slot.done(after);
      return true;
    }
    return emit(from, last, after, false);
  }

  /** False: nothing more is to be read now. */
  private boolean emit(int from, int end, long after, boolean goesOn) {
    int length = Math.min(end - from, Text.TEXT.most());
    byte[] text = new byte[length];
    System.arraycopy(buffer, from, text, 0, length);
    LineParser.Found found =
        LineParser.parse(
            new String(text, UTF_8), source.format(), System.currentTimeMillis() * 1000);
    slot.intend(after);
    boolean recorded =
        sink.wait(
            new NodeLine(
                found.micros(),
                source.service(),
                source.node(),
                name,
                found.level(),
                found.requestId(),
                found.traceId(),
                null,
                text,
                length,
                slot.number(),
                after),
            PATIENCE,
            closing);
    if (!recorded) {
      slot.giveUp();
      return false;
    }
    if (end - from > length) {
      sink.stats().cut.incrementAndGet();
    }
    slot.skip(goesOn);
    slot.done(after);
    return true;
  }

  /** Its first bytes never change, unless it is another file, or was emptied and written anew. */
  private boolean startsAsBefore() throws IOException {
    int length = slot.startLength();
    return length == 0 || startHash(length) == slot.startHash();
  }

  private void rememberStart() throws IOException {
    int length = (int) Math.min(START, slot.position());
    if (length > slot.startLength()) {
      slot.start(length, startHash(length));
    }
  }

  private long startHash(int length) throws IOException {
    byte[] start = new byte[length];
    ByteBuffer into = ByteBuffer.wrap(start);
    while (into.hasRemaining()) {
      if (channel.read(into, into.position()) < 0) {
        break;
      }
    }
    return hash(start, into.position());
  }

  @Override
  public void close() throws IOException {
    slot.leave();
    channel.close();
  }
}
