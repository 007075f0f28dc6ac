package io.fairlead.acme;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Key pairs on P-256, as texts in PEM (RFC 7468): both halves, since one does not give the other.
 */
final class KeyText {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\\s]*+)-----END \\1-----");
  private static final int LINE = 64;

  private KeyText() {}

  static KeyPair make() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has P-256", e);
    }
  }

  static String write(KeyPair key) {
    return pem("PRIVATE KEY", key.getPrivate().getEncoded())
        + pem("PUBLIC KEY", key.getPublic().getEncoded());
  }

  static String pem(String kind, byte[] der) {
    String text =
        Base64.getMimeEncoder(LINE, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(der);
    return "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n";
  }

  /**
   * Reads what {@link #write} wrote; what stands around it does not matter.
   *
   * @throws IOException if it is damaged; its message has nothing of the key in it
   */
  static KeyPair read(String text) throws IOException {
    try {
      KeyFactory factory = KeyFactory.getInstance("EC");
      PrivateKey secret =
          factory.generatePrivate(new PKCS8EncodedKeySpec(block(text, "PRIVATE KEY")));
      PublicKey open = factory.generatePublic(new X509EncodedKeySpec(block(text, "PUBLIC KEY")));
      return new KeyPair(open, secret);
    } catch (GeneralSecurityException e) {
      throw new IOException("a key that was kept is damaged", e);
    }
  }

  /**
   * The first certificate in a text; what stands around it does not matter.
   *
   * @throws IOException if there is none, or it is damaged
   */
  static X509Certificate certificate(String text) throws IOException {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(block(text, "CERTIFICATE")));
    } catch (GeneralSecurityException e) {
      throw new IOException("a certificate that was kept is damaged", e);
    }
  }

  /** The secret key in a text, and the open one of the certificate that it is for. */
  static KeyPair pair(String text, X509Certificate certificate) throws IOException {
    try {
      PrivateKey secret =
          KeyFactory.getInstance("EC")
              .generatePrivate(new PKCS8EncodedKeySpec(block(text, "PRIVATE KEY")));
      return new KeyPair(certificate.getPublicKey(), secret);
    } catch (GeneralSecurityException e) {
      throw new IOException("a key that was kept is damaged", e);
    }
  }

  private static byte[] block(String text, String kind) throws IOException {
    Matcher blocks = BLOCK.matcher(text);
    while (blocks.find()) {
      if (blocks.group(1).equals(kind)) {
        return Base64.getMimeDecoder().decode(blocks.group(2));
      }
    }
    throw new IOException("what was kept is not complete");
  }
}
