package io.fairlead.vip;

import java.io.IOException;

/** The kernel said no. */
final class KernelException extends IOException {
  private static final long serialVersionUID = 1;

  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int ESRCH = 3;
  static final int EAGAIN = 11;
  static final int EACCES = 13;
  static final int EEXIST = 17;
  static final int ENODEV = 19;
  static final int EADDRNOTAVAIL = 99;
  static final int ENETDOWN = 100;
  static final int ENETUNREACH = 101;
  static final int ENOBUFS = 105;

  private final int number;

  /**
   * @param what was asked for, as in "cannot open a raw socket"
   * @param number of the error, see errno(3)
   */
  KernelException(String what, int number) {
    super(what + ": " + reason(number));
    this.number = number;
  }

  int number() {
    return number;
  }

  private static String reason(int number) {
    return switch (number) {
      case EPERM, EACCES ->
          "not permitted; virtual IPs need the capabilities CAP_NET_ADMIN and CAP_NET_RAW";
      case ENOENT, ESRCH -> "no such thing";
      case EAGAIN -> "no answer in time";
      case EEXIST -> "it is there already";
      case ENODEV -> "no such interface";
      case EADDRNOTAVAIL -> "this machine does not have the address";
      case ENETDOWN -> "the interface is down";
      case ENETUNREACH -> "no way there";
      case ENOBUFS -> "no room to send";
      default -> "error " + number;
    };
  }
}
