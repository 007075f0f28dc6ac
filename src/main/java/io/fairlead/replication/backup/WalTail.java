package io.fairlead.replication.backup;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * How much of a segment has been received. Its file has its full size from the beginning, zeros
 * that are overwritten from the front; every page that has been written to begins with something
 * else. So the last such page is found by halving. In it each record says how long it is, and the
 * first of them where it begins; where a record goes on in the next page, which has not come, what
 * counts is the last byte that is not zero.
 */
final class WalTail {
  private static final int PAGE = 8192;
  private static final int ALIGNMENT = 8;

  // XLogPageHeaderData and XLogLongPageHeaderData of PostgreSQL
  private static final int INFO = 2;
  private static final int REST = 16;
  private static final int HEADER = 24;
  private static final int LONG_HEADER = 40;
  private static final int BEGINS_WITH_THE_REST = 1;
  private static final int HAS_LONG_HEADER = 2;

  private WalTail() {}

  /** Bytes from the beginning of the file that have been written. */
  static long used(Path file) throws IOException {
    try (FileChannel in = FileChannel.open(file)) {
      long written = writtenPages(in);
      return written == 0 ? 0 : (written - 1) * PAGE + usedOfPage(in, written - 1);
    }
  }

  /** Where the last record ends that is all there; 0: none ends in this file. */
  static long complete(Path file) throws IOException {
    try (FileChannel in = FileChannel.open(file)) {
      for (long page = writtenPages(in) - 1; page >= 0; page--) {
        int end = endOfComplete(read(in, page * PAGE, PAGE).order(ByteOrder.LITTLE_ENDIAN));
        if (end > 0) {
          return page * PAGE + end;
        }
      }
      return 0;
    }
  }

  private static long writtenPages(FileChannel in) throws IOException {
    long written = 0;
    long unwritten = in.size() / PAGE;
    while (written < unwritten) {
      long middle = (written + unwritten) >>> 1;
      if (isWritten(in, middle)) {
        written = middle + 1;
      } else {
        unwritten = middle;
      }
    }
    return written;
  }

  /** The same in one page, of which the next has nothing that ends; 0: none does. */
  private static int endOfComplete(ByteBuffer page) {
    if (page.remaining() < PAGE) {
      return 0;
    }
    long at = firstRecord(page);
    boolean ends = at <= PAGE && (page.getShort(INFO) & BEGINS_WITH_THE_REST) != 0;
    while (at + Integer.BYTES <= PAGE) {
      long length = Integer.toUnsignedLong(page.getInt((int) at));
      if (length == 0 || at + length > PAGE) {
        return ends ? (int) at : 0;
      }
      at += aligned(length);
      ends = true;
    }
    return ends && at == PAGE ? PAGE : 0;
  }

  private static boolean isWritten(FileChannel in, long page) throws IOException {
    ByteBuffer magic = read(in, page * PAGE, 2);
    return magic.remaining() == 2 && magic.getShort() != 0;
  }

  private static int usedOfPage(FileChannel in, long page) throws IOException {
    ByteBuffer bytes = read(in, page * PAGE, PAGE).order(ByteOrder.LITTLE_ENDIAN);
    int used = bytes.remaining();
    while (used > 0 && bytes.get(used - 1) == 0) {
      used--;
    }
    return Math.max(aligned(used), endOfRecords(bytes));
  }

  /** Where the last record ends that ends in this page; 0: none does, or it is no page of a log. */
  private static int endOfRecords(ByteBuffer page) {
    if (page.remaining() < LONG_HEADER) {
      return 0;
    }
    long at = firstRecord(page);
    while (at + Integer.BYTES <= page.remaining()) {
      int length = page.getInt((int) at);
      if (length == 0) {
        return (int) at;
      }
      at += aligned(Integer.toUnsignedLong(length));
    }
    return 0;
  }

  /** Where the first record begins that does, which may be behind the page. */
  private static long firstRecord(ByteBuffer page) {
    int info = page.getShort(INFO);
    long at = (info & HAS_LONG_HEADER) == 0 ? HEADER : LONG_HEADER;
    return (info & BEGINS_WITH_THE_REST) == 0
        ? at
        : at + aligned(Integer.toUnsignedLong(page.getInt(REST)));
  }

  private static long aligned(long length) {
    return (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static int aligned(int length) {
    return (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static ByteBuffer read(FileChannel in, long position, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining() && in.read(bytes, position + bytes.position()) > 0) {
      // a file on a network may come in pieces
    }
    return bytes.flip();
  }
}
