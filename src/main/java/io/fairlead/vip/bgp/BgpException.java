package io.fairlead.vip.bgp;

import java.util.Arrays;

/** What came from the other side breaks the rules; it is told so, and the session ends. */
final class BgpException extends Exception {
  private static final long serialVersionUID = 1;

  static final int HEADER = 1;
  static final int OPEN = 2;
  static final int UPDATE = 3;
  static final int HOLD_TIMER = 4;
  static final int STATE = 5;
  static final int CEASE = 6;
  static final int REFRESH = 7;

  private final int code;
  private final int subcode;
  private final byte[] data;

  /**
   * @param code of the NOTIFICATION (RFC 4271, 4.5)
   * @param subcode 0: none fits
   * @param data that goes with it
   * @param words what is wrong, for people
   */
  BgpException(int code, int subcode, byte[] data, String words) {
    super(words);
    this.code = code;
    this.subcode = subcode;
    this.data = data.clone();
  }

  BgpException(int code, int subcode, String words) {
    this(code, subcode, new byte[0], words);
  }

  int code() {
    return code;
  }

  int subcode() {
    return subcode;
  }

  byte[] data() {
    return Arrays.copyOf(data, data.length);
  }

  String words() {
    return String.valueOf(getMessage());
  }
}
