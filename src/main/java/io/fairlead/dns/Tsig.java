package io.fairlead.dns;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Map;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;

/**
 * A signature under one question, checked, and those under its answers (TSIG, RFC 8945). Made for
 * one exchange: most questions have none.
 */
final class Tsig {
  /** Seconds by which the clocks may differ. */
  private static final int FUDGE = 300;

  static final int BADSIG = 16;
  static final int BADKEY = 17;
  static final int BADTIME = 18;

  private final @Nullable TsigKey key;
  private final int error;
  private final byte[] keyName;
  private final byte[] algorithm;
  private final long timeSigned;
  private byte[] lastMac;
  private boolean first = true;

  private Tsig(
      @Nullable TsigKey key,
      int error,
      byte[] keyName,
      byte[] algorithm,
      long timeSigned,
      byte[] lastMac) {
    this.key = key;
    this.error = error;
    this.keyName = keyName;
    this.algorithm = algorithm;
    this.timeSigned = timeSigned;
    this.lastMac = lastMac;
  }

  /**
   * Checks what stands under a question.
   *
   * @return null: it is not even a signature
   */
  static @Nullable Tsig check(Query query, Map<String, TsigKey> keys, long seconds) {
    byte[] in = query.in;
    byte[] keyName = name(in, query.tsigAt, query.length);
    byte[] algorithm = name(in, query.tsigData, query.length);
    if (keyName == null || algorithm == null) {
      return null;
    }
    int at = query.tsigData + algorithm.length;
    if (at + 10 > query.length) {
      return null;
    }
    long time =
        (long) query.u16(at) << 32 | (query.u16(at + 2) & 0xFFFFL) << 16 | query.u16(at + 4);
    int fudge = query.u16(at + 6);
    int macLength = query.u16(at + 8);
    int macAt = at + 10;
    if (macAt + macLength + 6 > query.length) {
      return null;
    }
    int originalId = query.u16(macAt + macLength);
    int said = query.u16(macAt + macLength + 2);
    int otherLength = query.u16(macAt + macLength + 4);
    if (macAt + macLength + 6 + otherLength != query.length) {
      return null;
    }
    TsigKey key = keys.get(Names.text(keyName));
    if (key == null || !Arrays.equals(key.algorithm, algorithm)) {
      return new Tsig(null, BADKEY, keyName, algorithm, time, new byte[0]);
    }
    byte[] mac = Arrays.copyOfRange(in, macAt, macAt + macLength);
    Mac sign = key.mac();
    byte[] head = Arrays.copyOf(in, Query.HEAD);
    head[0] = (byte) (originalId >> 8);
    head[1] = (byte) originalId;
    int additional = query.u16(10) - 1;
    head[10] = (byte) (additional >> 8);
    head[11] = (byte) additional;
    sign.update(head);
    sign.update(in, Query.HEAD, query.tsigAt - Query.HEAD);
    variables(
        sign,
        key,
        time,
        fudge,
        said,
        Arrays.copyOfRange(in, query.length - otherLength, query.length));
    if (!MessageDigest.isEqual(sign.doFinal(), mac)) {
      return new Tsig(null, BADSIG, keyName, algorithm, time, new byte[0]);
    }
    boolean late = Math.abs(seconds - time) > fudge;
    return new Tsig(key, late ? BADTIME : 0, keyName, algorithm, time, mac);
  }

  boolean isGood() {
    return error == 0;
  }

  /** The name of the key that signed; empty: none did. */
  String signer() {
    return key == null || error != 0 ? "" : key.text;
  }

  /** What a signature takes at most. */
  int room() {
    return keyName.length + 10 + algorithm.length + 16 + (key == null ? 0 : key.macLength) + 6;
  }

  /** Signs a finished message by one more record. */
  void sign(Answer out, long seconds) {
    TsigKey with = key;
    byte[] other = new byte[0];
    long time = seconds;
    if (error == BADTIME) { // RFC 8945, 5.2.3
      other = time(seconds);
      time = timeSigned;
    }
    byte[] mac = new byte[0];
    if (with != null) {
      Mac sign = with.mac();
      sign.update(new byte[] {(byte) (lastMac.length >> 8), (byte) lastMac.length});
      sign.update(lastMac);
      sign.update(out.out, 0, out.at);
      if (first) {
        variables(sign, with, time, FUDGE, error, other);
      } else {
        sign.update(time(time));
        sign.update(new byte[] {(byte) (FUDGE >> 8), (byte) FUDGE});
      }
      mac = sign.doFinal();
      lastMac = mac;
      first = false;
    }
    int id = (out.out[0] & 0xFF) << 8 | (out.out[1] & 0xFF);
    out.bytes(keyName);
    out.u16(Type.TSIG);
    out.u16(Type.CLASS_ANY);
    out.u32(0);
    out.u16(algorithm.length + 16 + mac.length + other.length);
    out.bytes(algorithm);
    out.bytes(time(time));
    out.u16(FUDGE);
    out.u16(mac.length);
    out.bytes(mac);
    out.u16(id);
    out.u16(error);
    out.u16(other.length);
    out.bytes(other);
    out.put16(10, ((out.out[10] & 0xFF) << 8 | (out.out[11] & 0xFF)) + 1);
  }

  private static byte[] time(long seconds) {
    byte[] time = new byte[6];
    for (int i = 0; i < 6; i++) {
      time[i] = (byte) (seconds >> (40 - 8 * i));
    }
    return time;
  }

  private static void variables(
      Mac sign, TsigKey key, long time, int fudge, int error, byte[] other) {
    sign.update(key.name);
    sign.update(new byte[] {0, (byte) Type.CLASS_ANY, 0, 0, 0, 0});
    sign.update(key.algorithm);
    sign.update(time(time));
    sign.update(
        new byte[] {
          (byte) (fudge >> 8),
          (byte) fudge,
          (byte) (error >> 8),
          (byte) error,
          (byte) (other.length >> 8),
          (byte) other.length
        });
    sign.update(other);
  }

  /** The name that begins there, in lower case; null: it is compressed, or none. */
  private static byte @Nullable [] name(byte[] in, int from, int length) {
    int at = from;
    while (at < length && in[at] != 0) {
      int size = in[at] & 0xFF;
      if (size > 63) {
        return null;
      }
      at += size + 1;
    }
    if (at >= length || at - from >= Names.MAX) {
      return null;
    }
    byte[] name = Arrays.copyOfRange(in, from, at + 1);
    for (int i = 0; i < name.length; i++) {
      name[i] = Names.lower(name[i]); // lengths are below the letters
    }
    return name;
  }
}
