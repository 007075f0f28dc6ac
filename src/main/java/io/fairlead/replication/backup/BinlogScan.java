package io.fairlead.replication.backup;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Reads a file of the log of a MariaDB server event by event, checks the CRC32 of each, and finds
 * where transactions end: up to there it can be replayed.
 *
 * <p>An event is a header of 19 bytes (time in seconds, type, server, length, next position, flags)
 * and a body that ends with the checksum. A transaction begins with an event that has its GTID, and
 * ends with a commit, or with the one statement that it consists of. See MariaDB's documentation,
 * "2-Binlog Event Header" and the pages of the events that are named here.
 */
final class BinlogScan {
  /** A file is damaged. */
  static final class Damaged extends IOException {
    private static final long serialVersionUID = 1;

    Damaged(BinlogFile file, long position, String what) {
      super("the file " + file.name() + " of the log is damaged at " + position + ": " + what);
    }
  }

  /**
   * What a file has.
   *
   * @param end behind the last transaction that is whole and wanted; where it was counted from if
   *     there is none
   * @param second when that one was committed, as the server that ran it recorded, in seconds since
   *     1970; 0: there is none
   * @param gtid of that one; empty: there is none
   * @param transactions how many there are up to there
   * @param beyond whether there is one that is not wanted, since it is too late
   * @param before the last number of each line of GTIDs that the file says came before it
   * @param after the same for where it was read to
   */
  record Found(
      long end,
      long second,
      String gtid,
      long transactions,
      boolean beyond,
      Map<String, Long> before,
      Map<String, Long> after) {
    /**
     * Whether it follows that file without a hole. A line that it does not name may have been
     * forgotten by the server.
     */
    boolean follows(Found previous) {
      return before.entrySet().stream()
          .allMatch(one -> one.getValue().equals(previous.after().get(one.getKey())));
    }
  }

  private static final byte[] MAGIC = {(byte) 0xFE, 'b', 'i', 'n'};
  private static final int HEADER = 19;
  private static final int SUM = 4;
  private static final int LARGEST = Integer.MAX_VALUE - 1024;
  private static final int KEPT = 1 << 16;
  private static final int LONGEST_END = 12;

  private static final int QUERY = 2;
  private static final int STOP = 3;
  private static final int ROTATE = 4;
  private static final int FORMAT = 15;
  private static final int XID = 16;
  private static final int XA_PREPARE = 38;
  private static final int GTID = 162;
  private static final int GTID_LIST = 163;
  private static final int START_ENCRYPTION = 164;
  private static final int QUERY_COMPRESSED = 165;

  /** Of a GTID: the one statement that follows is all, and no commit comes. */
  private static final int STANDALONE = 1;

  /** Of a list of GTIDs: how many there are; the rest are flags. */
  private static final int LINES = (1 << 28) - 1;

  /** Of the head of a file: its server writes it still; not in the checksum. */
  private static final int IN_USE = 1;

  private final BinlogFile file;
  private final byte[] kept = new byte[KEPT];
  private final byte[] header = new byte[HEADER];
  private boolean open;
  private boolean standalone;
  private String gtid = "";
  private final Map<String, Long> came = new HashMap<>();
  private final Map<String, Long> state = new HashMap<>();

  private BinlogScan(BinlogFile file) {
    this.file = file;
  }

  /**
   * Reads it to its end, or to the first transaction that is not wanted.
   *
   * @param from where to count from; what is before is checked, and not counted
   * @param before seconds since 1970: a transaction that was committed then or later, and all that
   *     follow it, are not wanted
   * @throws Damaged if it is; an event that has not come as a whole is no damage at the end of a
   *     file that is still written
   */
  static Found read(BinlogFile file, long from, long before) throws IOException {
    return new BinlogScan(file).read(from, before);
  }

  private Found read(long from, long before) throws IOException {
    long position = MAGIC.length;
    long end = from;
    long second = 0;
    long count = 0;
    String last = "";
    try (InputStream raw = Files.newInputStream(file.file());
        DataInputStream in = new DataInputStream(new BufferedInputStream(raw, KEPT))) {
      if (!Arrays.equals(in.readNBytes(MAGIC.length), MAGIC)) {
        if (file.size() < MAGIC.length && !file.complete()) {
          return found(from, 0, "", 0, false);
        }
        throw new Damaged(file, 0, "it is no log of MariaDB");
      }
      boolean first = true;
      while (in.readNBytes(header, 0, HEADER) == HEADER) {
        ByteBuffer head = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        long length = head.getInt(9) & 0xFFFFFFFFL;
        int type = header[4] & 0xFF;
        if (length < HEADER + SUM || length > LARGEST || (first && type != FORMAT)) {
          throw new Damaged(file, position, "there is no event");
        }
        if (!body(in, length, type, position)) {
          return ended(position, end, second, last, count);
        }
        position += length;
        if (type == FORMAT) {
          first = false;
        }
        boolean ends = ends(type, length);
        long when = head.getInt(0) & 0xFFFFFFFFL;
        if (ends && position > from) {
          if (when >= before) {
            return found(end, second, last, count, true);
          }
          end = position;
          second = Math.max(second, when);
          last = gtid;
          count++;
        }
      }
    }
    return ended(position, end, second, last, count);
  }

  private Found ended(long position, long end, long second, String last, long count)
      throws IOException {
    if (file.complete() && position != file.size()) {
      throw new Damaged(file, position, "it ends in the middle of an event");
    }
    return found(end, second, last, count, false);
  }

  private Found found(long end, long second, String last, long count, boolean beyond) {
    return new Found(end, second, last, count, beyond, Map.copyOf(came), Map.copyOf(state));
  }

  /** Reads and checks what follows a header; false: it has not come as a whole. */
  private boolean body(DataInputStream in, long length, int type, long position)
      throws IOException {
    CRC32 sum = new CRC32();
    if (type == FORMAT) {
      header[17] &= ~IN_USE;
    }
    sum.update(header);
    long left = length - HEADER - SUM;
    int held = (int) Math.min(left, KEPT);
    if (in.readNBytes(kept, 0, held) < held) {
      return false;
    }
    sum.update(kept, 0, held);
    if (type == FORMAT && (held == 0 || kept[held - 1] != 1)) {
      throw new IOException(
          "the file " + file.name() + " of the log has no checksums (binlog_checksum)");
    }
    left -= held;
    byte[] more = left > 0 ? new byte[KEPT] : kept;
    while (left > 0) {
      int n = in.read(more, 0, (int) Math.min(left, KEPT));
      if (n < 0) {
        return false;
      }
      sum.update(more, 0, n);
      left -= n;
    }
    int said;
    try {
      said = Integer.reverseBytes(in.readInt());
    } catch (EOFException _) {
      return false;
    }
    if ((int) sum.getValue() != said) {
      throw new Damaged(file, position, "the checksum of the event is another");
    }
    if (type == START_ENCRYPTION) {
      throw new Damaged(file, position, "it is encrypted");
    }
    return true;
  }

  /** Whether a transaction ends with that event. */
  private boolean ends(int type, long length) {
    ByteBuffer body = ByteBuffer.wrap(kept).order(ByteOrder.LITTLE_ENDIAN);
    if (type == GTID) {
      open = true;
      standalone = (kept[12] & STANDALONE) != 0;
      int server = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt(5);
      gtid = line(body.getInt(8), server) + "-" + Long.toUnsignedString(body.getLong(0));
      state.put(line(body.getInt(8), server), body.getLong(0));
      return false;
    }
    if (type == GTID_LIST) {
      int lines = Math.min(body.getInt(0) & LINES, (KEPT - 4) / 16);
      for (int at = 4; at < 4 + 16 * lines; at += 16) {
        came.put(line(body.getInt(at), body.getInt(at + 4)), body.getLong(at + 8));
      }
      state.putAll(came);
      return false;
    }
    boolean ends =
        open
            && switch (type) {
              case XID, XA_PREPARE -> true;
              case QUERY -> standalone || isEndOfTransaction(body, length);
              case QUERY_COMPRESSED -> standalone;
              default -> false;
            };
    if (ends || type == STOP || type == ROTATE) {
      open = false; // what the server's death has left without its end is no transaction
    }
    return ends;
  }

  /** A server's transactions of one domain, which it numbers. */
  private static String line(int domain, int server) {
    return (domain & 0xFFFFFFFFL) + "-" + (server & 0xFFFFFFFFL);
  }

  /** A statement that says so: behind the length of the schema's name, and of variables. */
  private boolean isEndOfTransaction(ByteBuffer body, long length) {
    int schema = kept[8] & 0xFF;
    int variables = body.getShort(11) & 0xFFFF;
    long from = 13L + variables + schema + 1;
    long bytes = length - HEADER - SUM - from;
    if (bytes < 6 || from >= KEPT) {
      return false;
    }
    int shown = (int) Math.min(Math.min(bytes, LONGEST_END), KEPT - from);
    String said = new String(kept, (int) from, shown, StandardCharsets.ISO_8859_1);
    return (bytes <= shown && (said.equals("COMMIT") || said.equals("ROLLBACK")))
        || said.startsWith("XA COMMIT")
        || said.startsWith("XA ROLLBACK");
  }
}
