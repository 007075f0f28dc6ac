package io.fairlead.record;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@link Thrift} writes: a struct by the numbers of its fields. Numbers are {@code
 * Long}, texts {@code byte[]}, lists {@code List}, structs {@link Struct}.
 */
final class ThriftReader {
  private static final int TRUE = 1;
  private static final int FALSE = 2;
  private static final int LIST = 9;
  private static final int DEEPEST = 16;

  private final ByteBuffer in;

  ThriftReader(ByteBuffer in) {
    this.in = in;
  }

  /** A struct that has been read. */
  record Struct(Map<Integer, Object> fields) {
    long number(int field) throws IOException {
      return fields.get(field) instanceof Long number ? number : lacks(field);
    }

    long number(int field, long otherwise) {
      return fields.get(field) instanceof Long number ? number : otherwise;
    }

    boolean flag(int field) {
      return Boolean.TRUE.equals(fields.get(field));
    }

    @Nullable Struct find(int field) {
      return fields.get(field) instanceof Struct struct ? struct : null;
    }

    Struct struct(int field) throws IOException {
      Struct found = find(field);
      if (found == null) {
        throw new IOException("there is no struct " + field);
      }
      return found;
    }

    byte[] bytes(int field) throws IOException {
      if (fields.get(field) instanceof byte[] bytes) {
        return bytes;
      }
      throw new IOException("there is no text " + field);
    }

    List<Struct> structs(int field) throws IOException {
      List<Struct> structs = new ArrayList<>();
      if (fields.get(field) instanceof List<?> list) {
        for (Object each : list) {
          if (!(each instanceof Struct struct)) {
            throw new IOException("no struct in list " + field);
          }
          structs.add(struct);
        }
      }
      return structs;
    }

    private static long lacks(int field) throws IOException {
      throw new IOException("there is no number " + field);
    }
  }

  Struct struct() throws IOException {
    return struct(0);
  }

  private Struct struct(int depth) throws IOException {
    if (depth > DEEPEST) {
      throw new IOException("structs in structs without end");
    }
    Map<Integer, Object> fields = new HashMap<>();
    int field = 0;
    for (int head = in.get() & 0xFF; head != 0; head = in.get() & 0xFF) {
      field = head >>> 4 == 0 ? (int) Decodings.zigzag(in) : field + (head >>> 4);
      fields.put(field, value(head & 0xF, depth));
    }
    return new Struct(fields);
  }

  private Object value(int type, int depth) throws IOException {
    return switch (type) {
      case TRUE -> true;
      case FALSE -> false;
      case 4, Thrift.INT32, 6 -> Decodings.zigzag(in);
      case Thrift.STRING -> bytes();
      case LIST -> list(depth);
      case Thrift.STRUCT -> struct(depth + 1);
      default -> throw new IOException("a type that we do not write: " + type);
    };
  }

  private List<Object> list(int depth) throws IOException {
    int head = in.get() & 0xFF;
    long elements = head >>> 4 == 15 ? Decodings.varint(in) : head >>> 4;
    if (elements > in.remaining()) {
      throw new IOException("a list that is longer than the file");
    }
    List<Object> list = new ArrayList<>();
    for (long i = 0; i < elements; i++) {
      list.add(value(head & 0xF, depth));
    }
    return list;
  }

  private byte[] bytes() throws IOException {
    long length = Decodings.varint(in);
    if (length < 0 || length > in.remaining()) {
      throw new IOException("a text that is longer than the file");
    }
    byte[] bytes = new byte[(int) length];
    in.get(bytes);
    return bytes;
  }
}
