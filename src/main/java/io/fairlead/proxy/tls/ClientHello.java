package io.fairlead.proxy.tls;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a client says first (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2), as far as it decides who serves
 * it.
 *
 * @param serverName the name it asks for (RFC 6066, 3), in small letters, without a dot at its end;
 *     empty: none
 * @param protocols what it would speak (ALPN, RFC 7301), in its order; empty: it does not say
 * @param tls13 whether it speaks TLS 1.3
 * @param rsa whether it can check a signature by an RSA key
 * @param ecdsa whether it can check one by a key on P-256, P-384 or P-521
 */
public record ClientHello(
    String serverName, List<String> protocols, boolean tls13, boolean rsa, boolean ecdsa) {
  private static final int SERVER_NAME = 0;
  private static final int SIGNATURE_ALGORITHMS = 13;
  private static final int ALPN = 16;
  private static final int SUPPORTED_VERSIONS = 43;
  private static final int TLS_1_2 = 0x0303;
  private static final int TLS_1_3 = 0x0304;

  /** Suites of TLS 1.2 with ECDSA or RSA signatures that we speak. */
  private static final Set<Integer> ECDSA_SUITES = Set.of(0xc02b, 0xc02c, 0xcca9);

  private static final Set<Integer> RSA_SUITES = Set.of(0xc02f, 0xc030, 0xcca8);

  /**
   * Reads the message behind its four bytes of type and length.
   *
   * @return null if it is not exactly as the RFC has it
   */
  static @Nullable ClientHello parse(byte[] bytes, int start, int end) {
    try {
      return new Reader(new Part(bytes, start, end)).hello();
    } catch (Malformed e) {
      return null;
    }
  }

  private static final class Malformed extends Exception {
    private static final long serialVersionUID = 1;

    Malformed() {
      super(null, null, false, false);
    }
  }

  /** Bytes of which each is read once; reading on behind the end is malformed. */
  private static final class Part {
    private final byte[] bytes;
    private int at;
    private final int end;

    Part(byte[] bytes, int start, int end) {
      this.bytes = bytes;
      this.at = start;
      this.end = end;
    }

    boolean isEmpty() {
      return at == end;
    }

    int number(int size) throws Malformed {
      if (end - at < size) {
        throw new Malformed();
      }
      int value = 0;
      for (int i = 0; i < size; i++) {
        value = value << 8 | (bytes[at++] & 0xff);
      }
      return value;
    }

    void skip(int count) throws Malformed {
      if (end - at < count) {
        throw new Malformed();
      }
      at += count;
    }

    /** A vector: its length in so many bytes, and then that many bytes. */
    Part vector(int size, int min, int max) throws Malformed {
      int length = number(size);
      if (length < min || length > max || end - at < length) {
        throw new Malformed();
      }
      Part part = new Part(bytes, at, at + length);
      at += length;
      return part;
    }

    String text() {
      return new String(bytes, at, end - at, StandardCharsets.ISO_8859_1);
    }

    void ends() throws Malformed {
      if (!isEmpty()) {
        throw new Malformed();
      }
    }
  }

  private static final class Reader {
    private final Part in;
    private String serverName = "";
    private List<String> protocols = List.of();
    private boolean tls13;
    private boolean tls12;
    private boolean rsaSuite;
    private boolean ecdsaSuite;
    private boolean namesAlgorithms;
    private boolean rsa;
    private boolean ecdsa;

    Reader(Part in) {
      this.in = in;
    }

    ClientHello hello() throws Malformed {
      int version = in.number(2);
      if (version >>> 8 != 3) {
        throw new Malformed();
      }
      tls12 = version >= TLS_1_2;
      in.skip(32);
      in.vector(1, 0, 32);
      Part suites = in.vector(2, 2, 0xfffe);
      while (!suites.isEmpty()) {
        int suite = suites.number(2);
        rsaSuite |= RSA_SUITES.contains(suite);
        ecdsaSuite |= ECDSA_SUITES.contains(suite);
      }
      compression(in.vector(1, 1, 255));
      if (!in.isEmpty()) {
        extensions(in.vector(2, 0, 0xffff));
        in.ends();
      }
      if (!namesAlgorithms) {
        rsa = true; // RFC 5246, 7.4.1.4.1: SHA-1 with either is meant, which no one offers any more
        ecdsa = true;
      }
      boolean both = tls13;
      return new ClientHello(
          serverName,
          protocols,
          tls13,
          rsa && (both || (tls12 && rsaSuite)),
          ecdsa && (both || (tls12 && ecdsaSuite)));
    }

    private static void compression(Part methods) throws Malformed {
      boolean none = false;
      while (!methods.isEmpty()) {
        none |= methods.number(1) == 0;
      }
      if (!none) {
        throw new Malformed();
      }
    }

    private void extensions(Part all) throws Malformed {
      Set<Integer> seen = new HashSet<>();
      while (!all.isEmpty()) {
        int type = all.number(2);
        Part data = all.vector(2, 0, 0xffff);
        if (!seen.add(type)) {
          throw new Malformed();
        }
        switch (type) {
          case SERVER_NAME -> {
            serverName(data.vector(2, 1, 0xffff));
            data.ends();
          }
          case SIGNATURE_ALGORITHMS -> {
            signatureAlgorithms(data.vector(2, 2, 0xfffe));
            data.ends();
          }
          case ALPN -> {
            protocols(data.vector(2, 2, 0xffff));
            data.ends();
          }
          case SUPPORTED_VERSIONS -> {
            versions(data.vector(1, 2, 254));
            data.ends();
          }
          default -> {} // between the client and the library
        }
      }
    }

    private void serverName(Part list) throws Malformed {
      // One name of the only kind there is.
      if (list.number(1) != 0) {
        throw new Malformed();
      }
      String name = list.vector(2, 1, 255).text();
      list.ends();
      for (int i = 0; i < name.length(); i++) {
        if (name.charAt(i) <= ' ' || name.charAt(i) >= 127) {
          throw new Malformed();
        }
      }
      serverName =
          (name.endsWith(".") ? name.substring(0, name.length() - 1) : name)
              .toLowerCase(Locale.ROOT);
    }

    private void signatureAlgorithms(Part list) throws Malformed {
      namesAlgorithms = true;
      while (!list.isEmpty()) {
        switch (list.number(2)) {
          case 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806 -> rsa = true;
          case 0x0403, 0x0503, 0x0603 -> ecdsa = true;
          default -> {}
        }
      }
    }

    private void protocols(Part list) throws Malformed {
      List<String> found = new ArrayList<>();
      while (!list.isEmpty()) {
        found.add(list.vector(1, 1, 255).text());
      }
      protocols = List.copyOf(found);
    }

    private void versions(Part list) throws Malformed {
      tls12 = false;
      while (!list.isEmpty()) {
        int version = list.number(2);
        tls13 |= version == TLS_1_3;
        tls12 |= version == TLS_1_2;
      }
    }
  }
}
