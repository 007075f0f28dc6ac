package io.fairlead.acme;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;

/**
 * The two structures in DER that an order needs: a request for a certificate (PKCS #10, RFC 2986)
 * and a certificate that answers a challenge (RFC 8737, 3). The JDK reads such things and does not
 * write them; Bouncy Castle, which does, has 10 MB.
 */
final class Der {
  private static final int INTEGER = 0x02;
  private static final int BIT_STRING = 0x03;
  private static final int OCTET_STRING = 0x04;
  private static final int OID = 0x06;
  private static final int UTF8 = 0x0c;
  private static final int UTC_TIME = 0x17;
  private static final int SEQUENCE = 0x30;
  private static final int SET = 0x31;
  private static final int DNS_NAME = 0x82; // [2], of GeneralName
  private static final int BOOLEAN = 0x01;

  /** 1.2.840.10045.4.3.2. */
  private static final byte[] ECDSA_WITH_SHA256 =
      der(SEQUENCE, der(OID, bytes(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02)));

  /** 1.2.840.113549.1.9.14. */
  private static final byte[] EXTENSION_REQUEST =
      der(OID, bytes(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e));

  /** 2.5.29.17. */
  private static final byte[] SUBJECT_ALTERNATIVE_NAME = der(OID, bytes(0x55, 0x1d, 0x11));

  /** 1.3.6.1.5.5.7.1.31. */
  private static final byte[] ACME_IDENTIFIER =
      der(OID, bytes(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f));

  /** 2.5.4.3. */
  private static final byte[] COMMON_NAME = der(OID, bytes(0x55, 0x04, 0x03));

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  private Der() {}

  /**
   * A request for a certificate with these names and that key.
   *
   * @param key on P-256
   */
  static byte[] request(List<String> names, KeyPair key) throws GeneralSecurityException {
    byte[] extensions = der(SEQUENCE, names(names));
    byte[] attribute = der(SEQUENCE, EXTENSION_REQUEST, der(SET, extensions));
    return signed(
        der(
            SEQUENCE,
            der(INTEGER, bytes(0)),
            der(SEQUENCE), // no subject: the names say it
            key.getPublic().getEncoded(),
            der(0xa0, attribute)),
        key);
  }

  /**
   * A certificate of ours that proves that we know what an authority has asked.
   *
   * @param proof SHA-256 of the key authorization
   */
  static X509Certificate proof(String name, byte[] proof, KeyPair key, Instant now)
      throws GeneralSecurityException {
    byte[] someone =
        der(
            SEQUENCE,
            der(
                SET,
                der(
                    SEQUENCE,
                    COMMON_NAME,
                    der(UTF8, "fairlead".getBytes(StandardCharsets.US_ASCII)))));
    byte[] valid =
        der(SEQUENCE, time(now.minus(Duration.ofDays(1))), time(now.plus(Duration.ofDays(7))));
    byte[] identifier =
        der(
            SEQUENCE,
            ACME_IDENTIFIER,
            der(BOOLEAN, bytes(0xff)),
            der(OCTET_STRING, der(OCTET_STRING, proof)));
    byte[] whole =
        signed(
            der(
                SEQUENCE,
                der(0xa0, der(INTEGER, bytes(2))),
                der(INTEGER, bytes(1)),
                ECDSA_WITH_SHA256,
                someone,
                valid,
                someone,
                key.getPublic().getEncoded(),
                der(0xa3, der(SEQUENCE, names(List.of(name)), identifier))),
            key);
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(whole));
  }

  private static byte[] names(List<String> names) {
    byte[][] each = new byte[names.size()][];
    for (int i = 0; i < each.length; i++) {
      each[i] = der(DNS_NAME, names.get(i).getBytes(StandardCharsets.US_ASCII));
    }
    return der(SEQUENCE, SUBJECT_ALTERNATIVE_NAME, der(OCTET_STRING, der(SEQUENCE, each)));
  }

  private static byte[] time(Instant time) {
    return der(UTC_TIME, TIME.format(time).getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] signed(byte[] text, KeyPair key) throws GeneralSecurityException {
    Signature signer = Signature.getInstance("SHA256withECDSA");
    signer.initSign(key.getPrivate());
    signer.update(text);
    return der(SEQUENCE, text, ECDSA_WITH_SHA256, der(BIT_STRING, bytes(0), signer.sign()));
  }

  private static byte[] der(int tag, byte[]... parts) {
    int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(length + 5);
    out.write(tag);
    if (length < 0x80) {
      out.write(length);
    } else if (length < 0x100) {
      out.write(0x81);
      out.write(length);
    } else {
      out.write(0x82); // 64 KiB: a hundred names have 26 at most
      out.write(length >> 8);
      out.write(length);
    }
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
