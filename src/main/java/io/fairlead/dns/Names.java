package io.fairlead.dns;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Names as they are sent: labels with their lengths before them, the last one empty. Compared
 * without regard to the case of ASCII letters (RFC 4343).
 */
final class Names {
  /** Bytes of a name at most, lengths included (RFC 1035, 2.3.4). */
  static final int MAX = 255;

  /** Labels of a name at most, the empty one included. */
  static final int MAX_LABELS = 128;

  private static final byte[] LOWER = lower();

  private Names() {}

  private static byte[] lower() {
    byte[] table = new byte[256];
    for (int i = 0; i < table.length; i++) {
      table[i] = (byte) (i >= 'A' && i <= 'Z' ? i + 'a' - 'A' : i);
    }
    return table;
  }

  static byte lower(byte letter) {
    return LOWER[letter & 0xFF];
  }

  /** A name whose text has nothing but labels and dots; without a dot at the end. */
  static byte[] of(String text) {
    byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
    if (ascii.length == 0) {
      return new byte[1];
    }
    byte[] name = new byte[ascii.length + 2];
    int label = 0;
    for (int i = 0; i <= ascii.length; i++) {
      if (i == ascii.length || ascii[i] == '.') {
        name[label] = (byte) (i - label);
        label = i + 1;
      } else {
        name[i + 1] = lower(ascii[i]);
      }
    }
    return name;
  }

  /** For people: dots between labels, everything that is not plain as a number. */
  static String text(byte[] name) {
    if (name[0] == 0) {
      return ".";
    }
    StringBuilder text = new StringBuilder();
    for (int at = 0; name[at] != 0; at += (name[at] & 0xFF) + 1) {
      if (at > 0) {
        text.append('.');
      }
      for (int i = at + 1; i <= at + (name[at] & 0xFF); i++) {
        int c = name[i] & 0xFF;
        if (c > ' ' && c < 0x7F && c != '.' && c != '\\') {
          text.append((char) c);
        } else {
          text.append('\\').append(String.format("%03d", c));
        }
      }
    }
    return text.toString();
  }

  /** How many labels, the empty one not counted. */
  static int labels(byte[] name) {
    int count = 0;
    for (int at = 0; name[at] != 0; at += (name[at] & 0xFF) + 1) {
      count++;
    }
    return count;
  }

  /** Without its first label. */
  static byte[] parent(byte[] name) {
    return Arrays.copyOfRange(name, (name[0] & 0xFF) + 1, name.length);
  }

  static boolean isWildcard(byte[] name) {
    return name[0] == 1 && name[1] == '*';
  }

  /** Whether it is the other, or ends with it at a label. */
  static boolean isBelow(byte[] name, byte[] other) {
    for (int at = 0; name.length - at >= other.length; at += (name[at] & 0xFF) + 1) {
      if (name.length - at == other.length) {
        return Arrays.equals(name, at, name.length, other, 0, other.length);
      }
      if (name[at] == 0) {
        return false;
      }
    }
    return false;
  }

  /** The same as {@link Query} computes of the end of a name. */
  static int hash(byte[] name) {
    int hash = 0;
    for (int i = name.length - 1; i >= 0; i--) {
      hash = 31 * hash + name[i];
    }
    return hash;
  }
}
