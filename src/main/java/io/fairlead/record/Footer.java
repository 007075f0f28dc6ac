package io.fairlead.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.READ;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Reads from a file of ours again what {@link Parquet#end} kept in there besides the rows. */
final class Footer {
  private static final int TAIL = 8;
  private static final int MOST = 64 << 20;

  // Types of Thrift's compact protocol.
  private static final int TRUE = 1;
  private static final int FALSE = 2;
  private static final int BYTE = 3;
  private static final int DOUBLE = 7;
  private static final int BINARY = 8;
  private static final int LIST = 9;
  private static final int STRUCT = 12;

  private final ByteBuffer in;

  private Footer(ByteBuffer in) {
    this.in = in;
  }

  /**
   * The words of a file.
   *
   * @throws IOException if it cannot be read or is not of Parquet
   */
  static Map<String, String> words(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, READ)) {
      long size = channel.size();
      ByteBuffer tail = read(channel, size - TAIL, TAIL);
      int length = tail.getInt();
      if (length < 0 || length > Math.min(MOST, size - TAIL)) {
        throw new IOException(file + " has no footer");
      }
      return new Footer(read(channel, size - TAIL - length, length)).words();
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new IOException(file + " is damaged", e);
    }
  }

  private static ByteBuffer read(FileChannel channel, long at, int length) throws IOException {
    if (at < 0) {
      throw new IOException("too short");
    }
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining() && channel.read(bytes, at + bytes.position()) > 0) {
      // as much as there is
    }
    return bytes.flip();
  }

  private Map<String, String> words() throws IOException {
    Map<String, String> words = new HashMap<>();
    int field = 0;
    while (true) {
      int head = in.get() & 0xFF;
      if (head == 0) {
        return words;
      }
      field = head >>> 4 == 0 ? (int) zigzag() : field + (head >>> 4);
      if (field == 5) {
        int elements = elements(in.get() & 0xFF);
        for (int i = 0; i < elements; i++) {
          word(words);
        }
      } else {
        skip(head & 0xF);
      }
    }
  }

  private void word(Map<String, String> words) throws IOException {
    String key = "";
    String value = "";
    for (int head = in.get() & 0xFF, field = 0; head != 0; head = in.get() & 0xFF) {
      field += head >>> 4;
      if ((head & 0xF) != BINARY) {
        skip(head & 0xF);
      } else if (field == 1) {
        key = text();
      } else {
        value = text();
      }
    }
    words.put(key, value);
  }

  private String text() {
    byte[] bytes = new byte[(int) Math.min(varint(), in.remaining())];
    in.get(bytes);
    return new String(bytes, UTF_8);
  }

  private void skip(int type) throws IOException {
    switch (type) {
      case TRUE, FALSE -> {}
      case BYTE -> over(1);
      case 4, 5, 6 -> varint();
      case DOUBLE -> over(8);
      case BINARY -> over(varint());
      case LIST -> {
        int head = in.get() & 0xFF;
        int elements = elements(head);
        for (int i = 0; i < elements; i++) {
          skip(head & 0xF);
        }
      }
      case STRUCT -> {
        for (int head = in.get() & 0xFF; head != 0; head = in.get() & 0xFF) {
          if (head >>> 4 == 0) {
            zigzag();
          }
          skip(head & 0xF);
        }
      }
      default -> throw new IOException("a type that we do not write: " + type);
    }
  }

  private void over(long bytes) {
    in.position((int) Math.min(Integer.MAX_VALUE, in.position() + bytes));
  }

  private int elements(int head) {
    return head >>> 4 == 15 ? (int) varint() : head >>> 4;
  }

  private long zigzag() {
    long value = varint();
    return value >>> 1 ^ -(value & 1);
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int next = in.get();
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        break;
      }
    }
    return value;
  }
}
