package io.fairlead.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A certificate that a listener shows.
 *
 * @param cert file with the certificate and behind it its issuers in order, in PEM
 * @param key file with its private key, in PEM, without a password
 * @param ocsp file with an OCSP response in DER that is stapled to it (RFC 6066, 8)
 */
public record CertificateConfig(Path cert, Path key, Optional<Path> ocsp) {
  @Override
  public String toString() {
    return cert.toString();
  }
}
