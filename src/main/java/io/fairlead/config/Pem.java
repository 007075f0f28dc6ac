package io.fairlead.config;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads PEM files (RFC 7468): certificates, and private keys as PKCS #8 ({@code PRIVATE KEY}, RFC
 * 5958) or in the older forms that OpenSSL still writes ({@code RSA PRIVATE KEY}, RFC 8017, A.1.2;
 * {@code EC PRIVATE KEY}, RFC 5915), which are put into the first form. The JDK has a reader of its
 * own only as a preview. Refuses with {@link InvalidConfigException}.
 */
final class Pem {
  /** Bytes of one file. A bundle of all authorities that browsers trust has 220 KiB. */
  static final int MAX_BYTES = 1024 * 1024;

  private static final Pattern BLOCK =
      Pattern.compile(
          "-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\\s]*+)-----END \\1-----",
          Pattern.DOTALL);
  private static final Pattern OLD_ENCRYPTION = Pattern.compile("Proc-Type:\\s*4,\\s*ENCRYPTED");

  /** AlgorithmIdentifier of RSA keys: 1.2.840.113549.1.1.1, NULL. */
  private static final byte[] RSA_ALGORITHM = {
    0x30,
    0x0d,
    0x06,
    0x09,
    0x2a,
    (byte) 0x86,
    0x48,
    (byte) 0x86,
    (byte) 0xf7,
    0x0d,
    0x01,
    0x01,
    0x01,
    0x05,
    0x00
  };

  /** 1.2.840.10045.2.1, the algorithm of keys on elliptic curves. */
  private static final byte[] EC_ALGORITHM = {
    0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01
  };

  private Pem() {}

  /** The bytes of a file. */
  static byte[] bytes(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw Require.refusal("names a file of more than " + Units.size(MAX_BYTES));
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw Require.refusal("names a file that does not exist");
    } catch (AccessDeniedException e) {
      throw Require.refusal("names a file that cannot be read: access denied");
    } catch (IOException e) {
      throw Require.refusal(
          "names " + (Files.isDirectory(file) ? "a folder" : "a file that cannot be read"));
    }
  }

  /** All certificates of a file, at least one. */
  static List<X509Certificate> certificates(Path file) {
    String text = new String(bytes(file), StandardCharsets.ISO_8859_1);
    List<X509Certificate> found = new ArrayList<>();
    Matcher blocks = BLOCK.matcher(text);
    while (blocks.find()) {
      if (blocks.group(1).equals("CERTIFICATE") || blocks.group(1).equals("X509 CERTIFICATE")) {
        try {
          found.add(
              (X509Certificate)
                  CertificateFactory.getInstance("X.509")
                      .generateCertificate(
                          new ByteArrayInputStream(
                              Base64.getMimeDecoder().decode(blocks.group(2)))));
        } catch (CertificateException | IllegalArgumentException e) {
          throw Require.refusal(
              "must hold certificates in PEM, but number " + (found.size() + 1) + " is damaged");
        }
      }
    }
    if (found.isEmpty()) {
      throw Require.refusal("must hold a certificate in PEM (BEGIN CERTIFICATE)");
    }
    return found;
  }

  /** The one private key of a file, for RSA or an elliptic curve. */
  static PrivateKey key(Path file) {
    String text = new String(bytes(file), StandardCharsets.ISO_8859_1);
    if (OLD_ENCRYPTION.matcher(text).find()) {
      throw encrypted();
    }
    Matcher blocks = BLOCK.matcher(text);
    while (blocks.find()) {
      byte[] der;
      try {
        der = Base64.getMimeDecoder().decode(blocks.group(2));
      } catch (IllegalArgumentException e) {
        throw Require.refusal("must hold a private key in PEM, but it is damaged");
      }
      switch (blocks.group(1)) {
        case "PRIVATE KEY" -> {
          return pkcs8(der);
        }
        case "RSA PRIVATE KEY" -> {
          return pkcs8(wrapped(RSA_ALGORITHM, der));
        }
        case "EC PRIVATE KEY" -> {
          return pkcs8(wrapped(ecAlgorithm(der), der));
        }
        case "ENCRYPTED PRIVATE KEY" -> throw encrypted();
        default -> {} // EC PARAMETERS, a certificate: not what is looked for
      }
    }
    throw Require.refusal("must hold a private key in PEM (BEGIN PRIVATE KEY)");
  }

  private static InvalidConfigException encrypted() {
    return Require.refusal("holds a key with a password: must be without one");
  }

  private static PrivateKey pkcs8(byte[] der) {
    for (String algorithm : List.of("RSA", "EC")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (InvalidKeySpecException e) {
        // The other kind, or damaged.
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every JDK has " + algorithm, e);
      }
    }
    throw Require.refusal("must hold a private key for RSA or ECDSA in PEM");
  }

  /** PrivateKeyInfo (RFC 5958) around a key of an older form. */
  private static byte[] wrapped(byte[] algorithm, byte[] key) {
    return der(0x30, new byte[] {0x02, 0x01, 0x00}, algorithm, der(0x04, key));
  }

  /** The algorithm with the curve, which an ECPrivateKey names in its element [0]. */
  private static byte[] ecAlgorithm(byte[] key) {
    try {
      Der sequence = new Der(key, 0).inside();
      Der number = sequence; // version
      Der secret = number.next();
      Der parameters = secret.next();
      if (parameters.tag() != 0xa0) {
        throw Require.refusal("must name the curve of its key");
      }
      return der(0x30, EC_ALGORITHM, parameters.content());
    } catch (IndexOutOfBoundsException e) {
      throw Require.refusal("must hold a private key in PEM, but it is damaged");
    }
  }

  private static byte[] der(int tag, byte[]... parts) {
    int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
    int bytes = length < 128 ? 0 : length < 256 ? 1 : 2;
    byte[] out = new byte[2 + bytes + length];
    out[0] = (byte) tag;
    out[1] = (byte) (bytes == 0 ? length : 0x80 | bytes);
    for (int i = 0; i < bytes; i++) {
      out[2 + i] = (byte) (length >> (8 * (bytes - 1 - i)));
    }
    int at = 2 + bytes;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, out, at, part.length);
      at += part.length;
    }
    return out;
  }

  /** One element of DER with a short tag, at most 64 KiB long. */
  private static final class Der {
    private final byte[] bytes;
    private final int at;

    Der(byte[] bytes, int at) {
      this.bytes = bytes;
      this.at = at;
    }

    int tag() {
      return bytes[at] & 0xff;
    }

    private int start() {
      int first = bytes[at + 1] & 0xff;
      return at + 2 + (first < 128 ? 0 : first - 128);
    }

    private int length() {
      int length = bytes[at + 1] & 0xff;
      if (length >= 128) {
        length = 0;
        for (int i = at + 2; i < start(); i++) {
          length = (length & 0xff) << 8 | (bytes[i] & 0xff);
        }
      }
      return length;
    }

    Der inside() {
      return new Der(bytes, start());
    }

    Der next() {
      return new Der(bytes, start() + length());
    }

    byte[] content() {
      if (start() + length() > bytes.length) {
        throw new IndexOutOfBoundsException();
      }
      return Arrays.copyOfRange(bytes, start(), start() + length());
    }
  }

  /** Whether the key is the certificate's: what one signs the other finds true. */
  static boolean belong(X509Certificate certificate, PrivateKey key) {
    if (!certificate.getPublicKey().getAlgorithm().equals(key.getAlgorithm())) {
      return false;
    }
    String algorithm = key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
    byte[] text = algorithm.getBytes(StandardCharsets.US_ASCII);
    try {
      java.security.Signature signer = java.security.Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(text);
      byte[] signature = signer.sign();
      signer.initVerify(certificate.getPublicKey());
      signer.update(text);
      return signer.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
