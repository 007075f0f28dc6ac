package io.fairlead.vip.bgp;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what comes from a router into messages and reads them. Holds one message at most.
 *
 * <p>Errors in attributes of routes end no session (RFC 7606): we throw the routes away anyhow, and
 * the router may have them from somebody else. Errors by which it is not clear where routes begin
 * and end do.
 */
final class BgpReader {
  private static final int MARKER = 16;
  private static final int MIN_OPEN = 29;
  private static final int MIN_UPDATE = 23;
  private static final int MIN_NOTIFICATION = 21;
  private static final int REFRESH_LENGTH = 23;
  private static final int VERSION = 4;
  private static final int LEAST_HOLD = 3;

  private static final int CAPABILITIES = 2;
  private static final int EXTENDED = 255;
  private static final int CAN_FAMILY = 1;
  private static final int CAN_WIDE = 65;

  private static final int OPTIONAL = 0x80;
  private static final int LONG = 0x10;
  private static final int MP_REACH = 14;
  private static final int MP_UNREACH = 15;

  /**
   * ORIGIN, AS_PATH, NEXT_HOP, LOCAL_PREF, ATOMIC_AGGREGATE; MULTI_EXIT_DISC and others are not.
   */
  private static final Set<Integer> KNOWN_TO_ALL = Set.of(1, 2, 3, 5, 6);

  /** Attributes that have a number and are optional (RFC 4271, 1997, 4456, 4760, 6793). */
  private static final Set<Integer> KNOWN_OPTIONAL =
      Set.of(4, 7, 8, 9, 10, MP_REACH, MP_UNREACH, 16, 17, 18, 32, 35);

  private final byte[] message = new byte[BgpMessage.LONGEST];
  private int filled;

  /** Takes what came, message by message. */
  interface Sink {
    /**
     * Takes one.
     *
     * @return whether it wants the next
     * @throws BgpException if it may not come now
     */
    boolean take(BgpMessage message) throws BgpException;
  }

  /**
   * Reads on.
   *
   * @throws BgpException at the first message that breaks the rules; nothing may be read then
   */
  void read(byte[] bytes, Sink sink) throws BgpException {
    int at = 0;
    while (at < bytes.length) {
      int wanted = filled < BgpMessage.HEADER ? BgpMessage.HEADER : length();
      int some = Math.min(wanted - filled, bytes.length - at);
      System.arraycopy(bytes, at, message, filled, some);
      at += some;
      filled += some;
      checkMarker();
      if (filled == BgpMessage.HEADER && wanted == BgpMessage.HEADER) {
        checkHeader();
      }
      if (filled >= BgpMessage.HEADER && filled == length()) {
        BgpMessage whole = parse(Arrays.copyOf(message, filled));
        filled = 0;
        if (!sink.take(whole)) {
          return;
        }
      }
    }
  }

  private int length() {
    return ((message[MARKER] & 0xFF) << 8) | (message[MARKER + 1] & 0xFF);
  }

  /** As soon as it can be seen: what is not BGP may never send as much as a header. */
  private void checkMarker() throws BgpException {
    for (int i = 0; i < Math.min(filled, MARKER); i++) {
      if (message[i] != (byte) 0xFF) {
        throw new BgpException(BgpException.HEADER, 1, "what it sends is not BGP");
      }
    }
  }

  private void checkHeader() throws BgpException {
    int length = length();
    int type = message[MARKER + 2] & 0xFF;
    if (length < BgpMessage.HEADER || length > BgpMessage.LONGEST) {
      throw badLength(length);
    }
    boolean fits =
        switch (type) {
          case BgpMessage.OPEN -> length >= MIN_OPEN;
          case BgpMessage.UPDATE -> length >= MIN_UPDATE;
          case BgpMessage.NOTIFICATION -> length >= MIN_NOTIFICATION;
          case BgpMessage.KEEPALIVE -> length == BgpMessage.HEADER;
          case BgpMessage.REFRESH -> true; // has an error of its own
          default ->
              throw new BgpException(
                  BgpException.HEADER,
                  3,
                  new byte[] {(byte) type},
                  "it sends a message of unknown type " + type);
        };
    if (!fits) {
      throw badLength(length);
    }
  }

  private static BgpException badLength(int length) {
    return new BgpException(
        BgpException.HEADER,
        2,
        new byte[] {(byte) (length >> 8), (byte) length},
        "it sends a message of a length that cannot be: " + length);
  }

  private static BgpMessage parse(byte[] message) throws BgpException {
    ByteBuffer body =
        ByteBuffer.wrap(message, BgpMessage.HEADER, message.length - BgpMessage.HEADER);
    return switch (message[MARKER + 2]) {
      case BgpMessage.OPEN -> open(body);
      case BgpMessage.UPDATE -> update(body);
      case BgpMessage.NOTIFICATION ->
          new BgpMessage.Notification(
              body.get() & 0xFF,
              body.get() & 0xFF,
              Arrays.copyOfRange(message, MIN_NOTIFICATION, message.length));
      case BgpMessage.REFRESH -> refresh(message, body);
      default -> new BgpMessage.Keepalive();
    };
  }

  private static BgpMessage refresh(byte[] message, ByteBuffer body) throws BgpException {
    if (message.length != REFRESH_LENGTH) {
      throw new BgpException(
          BgpException.REFRESH, 1, message, "its ROUTE-REFRESH has a length that cannot be");
    }
    int family = body.getShort() & 0xFFFF;
    boolean request = body.get() == 0; // others mark begin and end of what comes back (RFC 7313)
    return new BgpMessage.Refresh(request ? BgpFamily.of(family, body.get() & 0xFF) : null);
  }

  // --- OPEN --------------------------------------------------------------------------------

  private static BgpMessage open(ByteBuffer body) throws BgpException {
    int version = body.get() & 0xFF;
    if (version != VERSION) {
      throw new BgpException(
          BgpException.OPEN, 1, new byte[] {0, VERSION}, "it speaks BGP-" + version);
    }
    long as = body.getShort() & 0xFFFF;
    int hold = body.getShort() & 0xFFFF;
    int identifier = body.getInt();
    if (as == 0) {
      throw new BgpException(BgpException.OPEN, 2, "it says that its AS is 0");
    }
    if (hold < LEAST_HOLD) {
      throw new BgpException(
          BgpException.OPEN,
          6,
          "its hold time of "
              + hold
              + " s is too small"
              + (hold == 0 ? ": it would never notice that this instance is dead" : ""));
    }
    if (identifier == 0) {
      throw new BgpException(BgpException.OPEN, 3, "its router id is 0.0.0.0");
    }
    Can can = new Can();
    boolean extended = isExtended(body);
    ByteBuffer rest = extended ? extended(body) : rest(body);
    while (rest.hasRemaining()) {
      int lengthOctets = extended ? 2 : 1;
      if (rest.remaining() < 1 + lengthOctets) {
        throw cut();
      }
      int type = rest.get() & 0xFF;
      int length = extended ? rest.getShort() & 0xFFFF : rest.get() & 0xFF;
      if (length > rest.remaining()) {
        throw cut();
      }
      if (type != CAPABILITIES) {
        throw new BgpException(
            BgpException.OPEN, 4, "its OPEN has an unknown parameter of type " + type);
      }
      can.read(rest.slice(rest.position(), length));
      rest.position(rest.position() + length);
    }
    return new BgpMessage.Open(
        can.as == 0 ? as : can.as,
        hold,
        identifier,
        can.saidFamily ? can.families : EnumSet.of(BgpFamily.IPV4),
        can.as != 0);
  }

  /** Whether its parameters are long ones (RFC 9072). */
  private static boolean isExtended(ByteBuffer body) {
    int at = body.position();
    return body.remaining() >= 4 && body.get(at) != 0 && (body.get(at + 1) & 0xFF) == EXTENDED;
  }

  private static ByteBuffer extended(ByteBuffer body) throws BgpException {
    int at = body.position();
    int length = body.getShort(at + 2) & 0xFFFF;
    if (length != body.remaining() - 4) {
      throw cut();
    }
    return body.slice(at + 4, length);
  }

  private static ByteBuffer rest(ByteBuffer body) throws BgpException {
    int length = body.get() & 0xFF;
    if (length != body.remaining()) {
      throw cut();
    }
    return body;
  }

  private static BgpException cut() {
    return new BgpException(BgpException.OPEN, 0, "its OPEN has parts that do not fit into it");
  }

  /** What it can (RFC 5492). */
  private static final class Can {
    private final Set<BgpFamily> families = EnumSet.noneOf(BgpFamily.class);
    private boolean saidFamily;
    private long as;

    private void read(ByteBuffer in) throws BgpException {
      while (in.hasRemaining()) {
        if (in.remaining() < 2) {
          throw cut();
        }
        int code = in.get() & 0xFF;
        int length = in.get() & 0xFF;
        if (length > in.remaining() || ((code == CAN_FAMILY || code == CAN_WIDE) && length != 4)) {
          throw cut();
        }
        int next = in.position() + length;
        if (code == CAN_FAMILY) {
          saidFamily = true;
          int number = in.getShort() & 0xFFFF;
          in.get();
          BgpFamily family = BgpFamily.of(number, in.get() & 0xFF);
          if (family != null) {
            families.add(family);
          }
        } else if (code == CAN_WIDE) {
          as = in.getInt() & 0xFFFFFFFFL;
          if (as == 0) {
            throw new BgpException(BgpException.OPEN, 2, "it says that its AS is 0");
          }
        }
        in.position(next);
      }
    }
  }

  // --- UPDATE ------------------------------------------------------------------------------

  private static BgpMessage update(ByteBuffer body) throws BgpException {
    int withdrawnLength = body.getShort() & 0xFFFF;
    if (withdrawnLength + 2 > body.remaining()) {
      throw malformed("its UPDATE withdraws more than fits into it");
    }
    int withdrawn = prefixes(body.slice(body.position(), withdrawnLength), BgpFamily.IPV4);
    body.position(body.position() + withdrawnLength);
    int attributesLength = body.getShort() & 0xFFFF;
    if (attributesLength > body.remaining()) {
      throw malformed("its UPDATE has more attributes than fit into it");
    }
    Attributes attributes = new Attributes();
    attributes.read(body.slice(body.position(), attributesLength));
    body.position(body.position() + attributesLength);
    int announced = prefixes(body.slice(), BgpFamily.IPV4);
    return new BgpMessage.Update(
        announced + attributes.announced, withdrawn + attributes.withdrawn, attributes.wrong);
  }

  private static BgpException malformed(String words) {
    return new BgpException(BgpException.UPDATE, 1, words);
  }

  /** How many there are; each a length in bits and as many octets as it takes. */
  private static int prefixes(ByteBuffer in, BgpFamily family) throws BgpException {
    int count = 0;
    while (in.hasRemaining()) {
      int bits = in.get() & 0xFF;
      int octets = (bits + 7) / 8;
      if (bits > family.bits() || octets > in.remaining()) {
        throw new BgpException(
            BgpException.UPDATE, 10, "its UPDATE has a network of " + family + " that cannot be");
      }
      in.position(in.position() + octets);
      count++;
    }
    return count;
  }

  private static final class Attributes {
    private int announced;
    private int withdrawn;
    private @Nullable String wrong;
    private boolean reach;
    private boolean unreach;

    private void read(ByteBuffer in) throws BgpException {
      while (in.hasRemaining()) {
        int begin = in.position();
        if (in.remaining() < 3) {
          wrong = "an attribute that is cut";
          return;
        }
        int flags = in.get() & 0xFF;
        int type = in.get() & 0xFF;
        boolean wide = (flags & LONG) != 0;
        if (in.remaining() < (wide ? 2 : 1)) {
          wrong = "an attribute that is cut";
          return;
        }
        int length = wide ? in.getShort() & 0xFFFF : in.get() & 0xFF;
        if (length > in.remaining()) {
          wrong = "an attribute that does not fit";
          return;
        }
        ByteBuffer value = in.slice(in.position(), length);
        in.position(in.position() + length);
        one(flags, type, value, in, begin);
      }
    }

    private void one(int flags, int type, ByteBuffer value, ByteBuffer all, int begin)
        throws BgpException {
      boolean optional = (flags & OPTIONAL) != 0;
      if (!optional && !KNOWN_TO_ALL.contains(type) && !KNOWN_OPTIONAL.contains(type)) {
        byte[] data = new byte[all.position() - begin];
        all.get(begin, data);
        throw new BgpException(
            BgpException.UPDATE, 2, data, "its UPDATE has an unknown attribute of type " + type);
      }
      if (KNOWN_TO_ALL.contains(type) == optional && KNOWN_TO_ALL.contains(type)) {
        wrong = "an attribute with wrong flags";
      }
      if (type == MP_REACH) {
        if (reach) {
          throw malformed("its UPDATE has two lists of routes");
        }
        reach = true;
        announced += reach(value);
      } else if (type == MP_UNREACH) {
        if (unreach) {
          throw malformed("its UPDATE has two lists of routes");
        }
        unreach = true;
        withdrawn += unreach(value);
      }
    }

    private static int reach(ByteBuffer in) throws BgpException {
      if (in.remaining() < 5) {
        throw optional();
      }
      BgpFamily family = BgpFamily.of(in.getShort() & 0xFFFF, in.get() & 0xFF);
      int hop = in.get() & 0xFF;
      if (hop + 1 > in.remaining()) {
        throw optional();
      }
      in.position(in.position() + hop + 1);
      return family == null ? 0 : routes(in, family);
    }

    private static int unreach(ByteBuffer in) throws BgpException {
      if (in.remaining() < 3) {
        throw optional();
      }
      BgpFamily family = BgpFamily.of(in.getShort() & 0xFFFF, in.get() & 0xFF);
      return family == null ? 0 : routes(in, family);
    }

    private static int routes(ByteBuffer in, BgpFamily family) throws BgpException {
      try {
        return prefixes(in, family);
      } catch (BgpException e) {
        throw optional();
      }
    }

    private static BgpException optional() {
      return new BgpException(
          BgpException.UPDATE, 9, "its UPDATE has a list of routes that cannot be");
    }
  }
}
