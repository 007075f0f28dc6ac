package io.fairlead.dns;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Who asks. Belongs to one thread and is used again. */
final class Peer {
  final byte[] address = new byte[16];

  /** 4 or 16. */
  int length = 4;

  void set(InetAddress from) {
    byte[] bytes = from.getAddress();
    length = bytes.length;
    System.arraycopy(bytes, 0, address, 0, length);
  }

  /** The upper half of the address as records have it; IPv4 is mapped. */
  long high() {
    return length == 4 ? 0 : half(0);
  }

  /** The lower half. */
  long low() {
    if (length == 4) {
      return 0xFFFF_0000_0000L
          | (address[0] & 0xFFL) << 24
          | (address[1] & 0xFF) << 16
          | (address[2] & 0xFF) << 8
          | (address[3] & 0xFF);
    }
    return half(8);
  }

  private long half(int from) {
    long value = 0;
    for (int i = from; i < from + 8; i++) {
      value = value << 8 | (address[i] & 0xFF);
    }
    return value;
  }

  boolean isLoopback() {
    if (length == 4) {
      return address[0] == 127;
    }
    for (int i = 0; i < 15; i++) {
      if (address[i] != 0) {
        return false;
      }
    }
    return address[15] == 1;
  }

  InetAddress toInetAddress() {
    try {
      return InetAddress.getByAddress(java.util.Arrays.copyOf(address, length));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("neither 4 nor 16 bytes", e);
    }
  }
}
