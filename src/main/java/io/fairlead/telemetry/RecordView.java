package io.fairlead.telemetry;

import static io.fairlead.telemetry.RecordLayout.HALF;
import static io.fairlead.telemetry.RecordLayout.QUARTER;
import static io.fairlead.telemetry.RecordLayout.WORD;

import io.fairlead.telemetry.RecordLayout.Text;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * A record as it is read, see {@link RecordLayout}: a place in a ring's memory and what stands
 * there. Used again for the next record. Times are in microseconds; {@link RecordLayout#NONE} says
 * that a phase did not happen.
 */
public final class RecordView {
  private final MemorySegment memory;
  private long at;

  RecordView(MemorySegment memory) {
    this.memory = memory;
  }

  void moveTo(long place) {
    at = place;
  }

  /** Bytes that it takes. */
  public int length() {
    return u16(0);
  }

  public int type() {
    return u8(2);
  }

  /** See {@link RecordLayout#method}. */
  public int method() {
    return u8(3);
  }

  public boolean has(int flag) {
    return (memory.get(HALF, at + 4) & flag) != 0;
  }

  /** Since 1970. */
  public long startMicros() {
    return memory.get(WORD, at + RecordLayout.START);
  }

  /** Of {@link #id}, the upper 8 bytes. */
  public long idHigh() {
    return memory.get(WORD, at + RecordLayout.ID_HIGH);
  }

  /** Of {@link #id}, the lower 4 bytes. */
  public int idLow() {
    return i32(RecordLayout.ID_LOW);
  }

  /** Fairlead's name for it, 24 hexadecimal digits; those of one loop sort by time. */
  public String id() {
    return HexFormat.of().toHexDigits(idHigh()) + HexFormat.of().toHexDigits(idLow());
  }

  public int queueMicros() {
    return i32(RecordLayout.QUEUE);
  }

  public int connectMicros() {
    return i32(RecordLayout.CONNECT);
  }

  public int tlsMicros() {
    return i32(RecordLayout.HANDSHAKE);
  }

  public int firstByteMicros() {
    return i32(RecordLayout.FIRST_BYTE);
  }

  public int status() {
    return u16(RecordLayout.STATUS);
  }

  /** The number of a name, see {@link RecordNames}; 0: nothing was wrong. */
  public int error() {
    return u16(RecordLayout.ERROR);
  }

  public long totalMicros() {
    return memory.get(WORD, at + RecordLayout.TOTAL);
  }

  public long bytesIn() {
    return memory.get(WORD, at + RecordLayout.BYTES_IN);
  }

  public long bytesOut() {
    return memory.get(WORD, at + RecordLayout.BYTES_OUT);
  }

  public int listener() {
    return i32(RecordLayout.LISTENER);
  }

  public int route() {
    return i32(RecordLayout.ROUTE);
  }

  public int service() {
    return i32(RecordLayout.SERVICE);
  }

  public int node() {
    return i32(RecordLayout.NODE);
  }

  public long clientHigh() {
    return memory.get(WORD, at + RecordLayout.CLIENT_HIGH);
  }

  public long clientLow() {
    return memory.get(WORD, at + RecordLayout.CLIENT_LOW);
  }

  public int clientPort() {
    return u16(RecordLayout.CLIENT_PORT);
  }

  public int tries() {
    return u8(RecordLayout.TRIES);
  }

  /** See {@link RecordLayout#protocol}. */
  public int protocol() {
    return u8(RecordLayout.PROTOCOL);
  }

  /** How many bytes of that text there are. */
  public int textLength(Text which) {
    return which == Text.PATH ? u16(which.lengthAt) : u8(which.lengthAt);
  }

  /**
   * Copies a text: bytes as they came, which need not be UTF-8.
   *
   * @param to has room for {@link Text#most} bytes behind {@code offset}
   * @return how many
   */
  public int text(Text which, byte[] to, int offset) {
    int count = textLength(which);
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, at + textStart(which), to, offset, count);
    return count;
  }

  /** The same for people; what is not UTF-8 is replaced. */
  public String text(Text which) {
    byte[] bytes = new byte[textLength(which)];
    int _ = text(which, bytes, 0);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private int textStart(Text which) {
    int start = RecordLayout.FIXED;
    for (Text each : TEXTS) {
      if (each == which) {
        break;
      }
      start += textLength(each);
    }
    return start;
  }

  private static final Text[] TEXTS = Text.values();

  /**
   * Whether what stands there can be a record at all.
   *
   * @param room bytes that are left for it
   */
  boolean isSound(long room) {
    if (room < RecordLayout.FIXED) {
      return false;
    }
    int length = length();
    int texts = RecordLayout.FIXED;
    for (Text each : TEXTS) {
      texts += textLength(each);
      if (textLength(each) > each.most) {
        return false;
      }
    }
    return length == ((texts + 7) & -8) && length <= room && type() != 0;
  }

  private int u8(int offset) {
    return memory.get(ValueLayout.JAVA_BYTE, at + offset) & 0xFF;
  }

  private int u16(int offset) {
    return memory.get(QUARTER, at + offset) & 0xFFFF;
  }

  private int i32(int offset) {
    return memory.get(HALF, at + offset);
  }
}
