package io.fairlead.discovery;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * One question of DNS and what its answer says (RFC 1035; SRV: RFC 2782; EDNS: RFC 6891). Nothing
 * else of DNS is known here.
 *
 * @param type {@link #A}, {@link #AAAA} or {@link #SRV}
 */
record DnsQuestion(String name, int type) {
  static final int A = 1;
  static final int CNAME = 5;
  static final int AAAA = 28;
  static final int SRV = 33;

  private static final int OPT = 41;
  private static final int INTERNET = 1;
  private static final int HEADER = 12;
  private static final int MOST_BYTES = 1232;
  private static final int MOST_LABELS = 128;
  private static final int MOST_ALIASES = 16;

  /** No such name. */
  static final int NXDOMAIN = 3;

  /** A record that answers. */
  sealed interface Found {
    record Address(InetAddress address) implements Found {}

    /**
     * One place of a service.
     *
     * @param priority lower ones are used first
     * @param weight share among those of one priority
     * @param target name of a host
     */
    record Place(int priority, int weight, int port, String target) implements Found {}
  }

  /**
   * What was answered.
   *
   * @param code 0: all is well
   * @param truncated there is more, by TCP
   * @param ttl seconds for which all of it holds, the shortest of all that were needed
   */
  record Answer(int code, boolean truncated, List<Found> found, long ttl) {}

  /** The message that asks. */
  byte[] ask(int id) throws IOException {
    ByteBuffer out = ByteBuffer.allocate(512);
    out.putShort((short) id).putShort((short) 0x0100); // recursion is desired
    out.putShort((short) 1).putShort((short) 0).putShort((short) 0).putShort((short) 1);
    for (String label : absolute(name).split("\\.", -1)) {
      byte[] bytes = label.getBytes(StandardCharsets.US_ASCII);
      if (bytes.length == 0 || bytes.length > 63 || out.position() + bytes.length > 260) {
        throw new IOException(name + " is no name of DNS");
      }
      out.put((byte) bytes.length).put(bytes);
    }
    out.put((byte) 0).putShort((short) type).putShort((short) INTERNET);
    out.put((byte) 0)
        .putShort((short) OPT)
        .putShort((short) MOST_BYTES)
        .putInt(0)
        .putShort((short) 0);
    byte[] message = new byte[out.position()];
    out.flip().get(message);
    return message;
  }

  private static String absolute(String name) {
    return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
  }

  private record Raw(String owner, int type, long ttl, int at, int length) {}

  /**
   * What the message says.
   *
   * @throws IOException if it is no message of DNS, or answers something else
   */
  Answer read(byte[] message, int id) throws IOException {
    try {
      ByteBuffer in = ByteBuffer.wrap(message);
      int gotId = in.getShort() & 0xffff;
      int flags = in.getShort() & 0xffff;
      int questions = in.getShort() & 0xffff;
      int answers = in.getShort() & 0xffff;
      in.position(HEADER);
      if (gotId != id || (flags & 0x8000) == 0 || questions != 1) {
        throw new IOException("another answer than asked for");
      }
      String asked = name(in);
      int askedType = in.getShort() & 0xffff;
      in.getShort();
      if (!asked.equals(lower(name)) || askedType != type) {
        throw new IOException("an answer to another question");
      }
      List<Raw> all = new ArrayList<>();
      for (int i = 0; i < answers; i++) {
        String owner = name(in);
        int kind = in.getShort() & 0xffff;
        in.getShort();
        long ttl = in.getInt() & 0xffffffffL;
        int length = in.getShort() & 0xffff;
        all.add(new Raw(owner, kind, ttl > Integer.MAX_VALUE ? 0 : ttl, in.position(), length));
        in.position(in.position() + length);
      }
      return answer(in, flags, all);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new IOException("a broken answer", e);
    }
  }

  private Answer answer(ByteBuffer in, int flags, List<Raw> all) throws IOException {
    long ttl = Long.MAX_VALUE;
    Set<String> owners = new HashSet<>(Set.of(lower(name)));
    String last = lower(name);
    for (int i = 0; i < MOST_ALIASES; i++) { // in whatever order they stand
      String next = null;
      for (Raw raw : all) {
        if (raw.type() == CNAME && raw.owner().equals(last)) {
          next = name(in.position(raw.at()));
          ttl = Math.min(ttl, raw.ttl());
        }
      }
      if (next == null || !owners.add(next)) {
        break;
      }
      last = next;
    }
    List<Found> found = new ArrayList<>();
    for (Raw raw : all) {
      if (raw.type() == type && owners.contains(raw.owner())) {
        found.add(found(in, raw));
        ttl = Math.min(ttl, raw.ttl());
      }
    }
    return new Answer(flags & 15, (flags & 0x0200) != 0, found, found.isEmpty() ? 0 : ttl);
  }

  private Found found(ByteBuffer in, Raw raw) throws IOException {
    in.position(raw.at());
    if (type == SRV) {
      int priority = in.getShort() & 0xffff;
      int weight = in.getShort() & 0xffff;
      int port = in.getShort() & 0xffff;
      return new Found.Place(priority, weight, port, name(in));
    }
    if (raw.length() != (type == A ? 4 : 16)) {
      throw new IOException("an address of " + raw.length() + " bytes");
    }
    byte[] address = new byte[raw.length()];
    in.get(address);
    return new Found.Address(InetAddress.getByAddress(address));
  }

  /** Reads a name, whose rest may stand earlier; the position is behind it afterwards. */
  private static String name(ByteBuffer in) throws IOException {
    StringBuilder name = new StringBuilder();
    int end = -1;
    for (int labels = 0; labels < MOST_LABELS; labels++) {
      int length = in.get() & 0xff;
      if (length == 0) {
        if (end >= 0) {
          in.position(end);
        }
        return name.toString();
      }
      if (length >= 0xc0) {
        int to = ((length & 0x3f) << 8) | (in.get() & 0xff);
        end = end < 0 ? in.position() : end;
        in.position(to);
      } else if (length > 63) {
        throw new IOException("a broken name");
      } else {
        byte[] label = new byte[length];
        in.get(label);
        name.append(name.isEmpty() ? "" : ".")
            .append(new String(label, StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT));
      }
    }
    throw new IOException("a name that does not end");
  }

  private static String lower(String name) {
    return absolute(name).toLowerCase(Locale.ROOT);
  }
}
