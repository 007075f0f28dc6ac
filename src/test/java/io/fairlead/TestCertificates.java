package io.fairlead;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.function.UnaryOperator;

/** Certificates made for one test, in a folder of its own. */
public final class TestCertificates {
  private static final X509Bundle AUTHORITY = authority("Test Authority");
  private final Path folder;

  public TestCertificates(Path folder) throws IOException {
    this.folder = folder;
    Files.writeString(folder.resolve("ca.pem"), AUTHORITY.getCertificatePEM());
  }

  /** The authority that issues what {@link #make} makes. */
  public Path ca() {
    return folder.resolve("ca.pem");
  }

  public Path folder() {
    return folder;
  }

  public static X509Bundle authority(String name) {
    try {
      return new CertificateBuilder()
          .ecp256()
          .subject("CN=" + name)
          .setIsCertificateAuthority(true)
          .notBefore(Instant.now().minus(Duration.ofDays(1)))
          .notAfter(Instant.now().plus(Duration.ofDays(100)))
          .buildSelfSigned();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** A builder of certificates on P-256 that are valid for these names from yesterday on. */
  public static CertificateBuilder builder(String... names) {
    CertificateBuilder builder =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=" + names[0])
            .notBefore(Instant.now().minus(Duration.ofDays(1)))
            .notAfter(Instant.now().plus(Duration.ofDays(90)));
    for (String name : names) {
      if (name.matches("[0-9.]+|.*:.*")) {
        builder.addSanIpAddress(name);
      } else if (name.startsWith("*")) { // the builder takes names of hosts only
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        byte[] san = new byte[text.length + 4];
        san[0] = 0x30;
        san[1] = (byte) (text.length + 2);
        san[2] = (byte) 0x82;
        san[3] = (byte) text.length;
        System.arraycopy(text, 0, san, 4, text.length);
        builder.addExtensionOctetString("2.5.29.17", false, san);
      } else {
        builder.addSanDnsName(name);
      }
    }
    return builder;
  }

  /** Writes NAME.pem and NAME.key: ECDSA, for these names. */
  public X509Bundle make(String file, String... names) throws IOException {
    return make(file, b -> b, names);
  }

  /** Writes NAME.pem and NAME.key, changed as wanted. */
  public X509Bundle make(String file, UnaryOperator<CertificateBuilder> change, String... names)
      throws IOException {
    try {
      X509Bundle made = change.apply(builder(names)).buildIssuedBy(AUTHORITY);
      write(file, made);
      return made;
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Writes NAME.pem and NAME.key. */
  public void write(String file, X509Bundle bundle) throws IOException {
    Files.writeString(folder.resolve(file + ".pem"), bundle.getCertificatePEM());
    Files.writeString(folder.resolve(file + ".key"), bundle.getPrivateKeyPEM());
  }

  public static X509Bundle issuer() {
    return AUTHORITY;
  }
}
