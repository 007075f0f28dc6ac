package io.fairlead.vip.bgp;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the other side says, as far as it is of interest to one who only speaks. */
sealed interface BgpMessage {
  /** Of a message without a body: 16 octets of ones, length, type. */
  int HEADER = 19;

  int LONGEST = 4096;

  int OPEN = 1;
  int UPDATE = 2;
  int NOTIFICATION = 3;
  int KEEPALIVE = 4;
  int REFRESH = 5;

  /** Stands in two octets for a number of four (RFC 6793). */
  int AS_TRANS = 23456;

  /**
   * Who is there.
   *
   * @param as its autonomous system, of four octets where it knows them
   * @param holdSeconds after which it takes us for dead
   * @param identifier of the router, an IPv4 address
   * @param families of routes that it takes, of ours
   * @param wide whether it knows numbers of four octets
   */
  record Open(long as, int holdSeconds, int identifier, Set<BgpFamily> families, boolean wide)
      implements BgpMessage {
    public Open {
      families = Set.copyOf(families);
    }
  }

  /**
   * Routes, which are not kept.
   *
   * @param announced how many come
   * @param withdrawn how many go
   * @param wrong what is wrong with them without endangering the session (RFC 7606); null: nothing
   */
  record Update(int announced, int withdrawn, @Nullable String wrong) implements BgpMessage {}

  /** The other side ends the session. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes it
  record Notification(int code, int subcode, byte[] data) implements BgpMessage {
    private static final int MOST_WORDS = 255;

    /** For people. */
    String words() {
      String what =
          switch (code) {
            case BgpException.HEADER -> "message header error " + subcode;
            case BgpException.OPEN ->
                switch (subcode) {
                  case 1 -> "it does not speak BGP-4";
                  case 2 -> "it expects another AS of us";
                  case 3 -> "it does not like our router id";
                  case 4 -> "it knows no capabilities";
                  case 6 -> "it does not like our hold time";
                  case 7 -> "it wants a capability that we do not have";
                  default -> "OPEN error " + subcode;
                };
            case BgpException.UPDATE -> "UPDATE error " + subcode;
            case BgpException.HOLD_TIMER -> "it has heard nothing for its hold time";
            case BgpException.STATE -> "state machine error " + subcode;
            case BgpException.CEASE ->
                switch (subcode) {
                  case 1 -> "too many routes";
                  case 2 -> "it was shut down there";
                  case 3 -> "we are not configured there any more";
                  case 4 -> "it was reset there";
                  case 5 -> "it refuses the connection";
                  case 6 -> "its configuration has changed";
                  case 7 -> "it has another connection with us";
                  case 8 -> "it is out of resources";
                  default -> "cease " + subcode;
                };
            default -> "error " + code + "/" + subcode;
          };
      String said = said();
      return said.isEmpty() ? what : what + ": \"" + said + "\"";
    }

    /** What a person there wrote (RFC 9003). */
    private String said() {
      boolean may = code == BgpException.CEASE && (subcode == 2 || subcode == 4);
      if (!may || data.length < 2) {
        return "";
      }
      int length = Math.min(Math.min(data[0] & 0xFF, MOST_WORDS), data.length - 1);
      String text = new String(data, 1, length, StandardCharsets.UTF_8);
      StringBuilder plain = new StringBuilder();
      text.codePoints()
          .filter(c -> !Character.isISOControl(c) && Character.getType(c) != Character.FORMAT)
          .forEach(plain::appendCodePoint);
      return plain.toString();
    }
  }

  /** It is still there. */
  record Keepalive() implements BgpMessage {}

  /**
   * It wants all routes again.
   *
   * @param family null: none of ours
   */
  record Refresh(@Nullable BgpFamily family) implements BgpMessage {}
}
