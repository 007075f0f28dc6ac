package io.fairlead.trust;

import java.security.cert.CertificateException;
import org.jspecify.annotations.Nullable;

/** The certificate of a node does not prove that it is the node. The message is for people. */
final class Untrusted extends CertificateException {
  private static final long serialVersionUID = 1;

  Untrusted(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
