package io.fairlead.insight.rollup;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardOpenOption.READ;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A file of blocks and what their heads say. A file that blocks are added to is looked at again
 * from where it ended; what follows a block that is not whole is not looked at, since nobody goes
 * on behind one.
 */
final class RollupFile {
  /** What a file begins with: its version last. */
  static final byte[] MAGIC = "FLROLL\n1".getBytes(US_ASCII);

  /** A block, and where it is. */
  record At(long offset, Block.Head head) {}

  final Path path;
  final Level level;
  private final Reasons reasons;

  /** Tells it from another file of that name. */
  private final @Nullable Object identity;

  private List<At> blocks = List.of();
  private long end = MAGIC.length;
  private long looked;

  RollupFile(Path path, Level level, Reasons reasons, @Nullable Object identity) {
    this.path = path;
    this.level = level;
    this.reasons = reasons;
    this.identity = identity;
  }

  boolean is(@Nullable Object other) {
    return Objects.equals(identity, other);
  }

  String name() {
    return path.getFileName().toString();
  }

  /** Where the last whole block ends. */
  synchronized long end() {
    return end;
  }

  /** All whole blocks, of a file that is so long now. */
  synchronized List<At> blocks(long length) throws IOException {
    if (length > looked) {
      look(length);
      looked = length;
    }
    return blocks;
  }

  private void look(long length) throws IOException {
    List<At> more = new ArrayList<>(blocks);
    byte[] fixed = new byte[Block.FIXED];
    try (FileChannel in = FileChannel.open(path, READ)) {
      if (end == MAGIC.length) {
        byte[] magic = new byte[MAGIC.length];
        if (length < MAGIC.length || !fill(in, magic, 0) || !Arrays.equals(magic, MAGIC)) {
          return;
        }
      }
      while (end + Block.FIXED <= length && fill(in, fixed, end)) {
        int size = Block.headLength(fixed, length - end);
        byte[] head = new byte[Math.max(0, size)];
        if (size < 0 || !fill(in, head, end + Block.FIXED)) {
          break;
        }
        Block.Head read =
            Block.head(fixed, head, more.isEmpty() ? null : more.getLast().head(), reasons);
        if (read == null || (end + read.length() == length && !isSound(in, read))) {
          break;
        }
        more.add(new At(end, read));
        end += read.length();
      }
    } catch (IllegalArgumentException e) {
      // As if it ended there.
    }
    blocks = List.copyOf(more);
  }

  /** The last body may be cut off where the machine went down. */
  private boolean isSound(FileChannel in, Block.Head head) throws IOException {
    byte[] body = new byte[head.bodyLength()];
    return fill(in, body, end + Block.FIXED + head.headLength()) && Block.isSound(head, body, 0);
  }

  private static boolean fill(FileChannel in, byte[] to, long at) throws IOException {
    ByteBuffer into = ByteBuffer.wrap(to);
    while (into.hasRemaining()) {
      if (in.read(into, at + into.position()) < 0) {
        return false;
      }
    }
    return true;
  }

  /** The cells of some of its blocks, in their order. */
  void read(List<At> wanted, Reader reader) throws IOException {
    if (wanted.isEmpty()) {
      return;
    }
    try (FileChannel in = FileChannel.open(path, READ)) {
      for (At at : wanted) {
        byte[] body = new byte[at.head().bodyLength()];
        if (fill(in, body, at.offset() + Block.FIXED + at.head().headLength())
            && Block.isSound(at.head(), body, 0)) {
          reader.block(at.head(), body, 0);
        }
      }
    }
  }

  /** Gets a body. */
  interface Reader {
    void block(Block.Head head, byte[] from, int at);
  }
}
