package io.fairlead.dns;

import io.fairlead.runtime.SipHash;
import java.util.List;

/**
 * Cookies by which a client shows that it gets what is sent to its address (RFC 7873), made so that
 * several servers with one secret accept each other's (RFC 9018): a version, a time, and a keyed
 * hash of the client's cookie, these, and its address.
 */
final class Cookies {
  static final int CLIENT = 8;
  static final int WHOLE = 24;

  /** Seconds for which one is accepted (RFC 9018, 4.3). */
  private static final int MAX_AGE = 3600;

  /** Seconds by which the clock of another server may be ahead. */
  private static final int MAX_AHEAD = 300;

  private final SipHash[] secrets;

  /**
   * @param secrets of 16 bytes; the first makes cookies, each is accepted
   */
  Cookies(List<byte[]> secrets) {
    this.secrets = secrets.stream().map(SipHash::new).toArray(SipHash[]::new);
  }

  /** Whether the cookie is one that we, or another with our secret, gave to that client. */
  boolean isOurs(Query query, Peer peer, int seconds, byte[] scratch) {
    if (query.cookieLength != WHOLE) {
      return false;
    }
    byte[] in = query.in;
    int at = query.cookieAt;
    int then =
        (in[at + 12] & 0xFF) << 24
            | (in[at + 13] & 0xFF) << 16
            | (in[at + 14] & 0xFF) << 8
            | (in[at + 15] & 0xFF);
    int age = seconds - then; // serial number arithmetic (RFC 1982)
    if (in[at + 8] != 1 || age > MAX_AGE || age < -MAX_AHEAD) {
      return false;
    }
    System.arraycopy(in, at, scratch, 0, 16);
    System.arraycopy(peer.address, 0, scratch, 16, peer.length);
    long given = 0;
    for (int i = 7; i >= 0; i--) {
      given = given << 8 | (in[at + 16 + i] & 0xFF);
    }
    for (SipHash secret : secrets) {
      if (secret.hash(scratch, 0, 16 + peer.length) == given) {
        return true;
      }
    }
    return false;
  }

  /** Writes the client's cookie, and ours behind it. */
  void write(Query query, Peer peer, int seconds, byte[] scratch, Answer out) {
    System.arraycopy(query.in, query.cookieAt, scratch, 0, CLIENT);
    scratch[8] = 1;
    scratch[9] = 0;
    scratch[10] = 0;
    scratch[11] = 0;
    for (int i = 0; i < 4; i++) {
      scratch[12 + i] = (byte) (seconds >> (24 - 8 * i));
    }
    System.arraycopy(peer.address, 0, scratch, 16, peer.length);
    long hash = secrets[0].hash(scratch, 0, 16 + peer.length);
    out.bytes(scratch, 0, 16);
    for (int i = 0; i < 8; i++) {
      out.u8((int) (hash >> (8 * i)));
    }
  }
}
