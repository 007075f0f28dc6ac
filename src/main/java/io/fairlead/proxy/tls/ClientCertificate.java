package io.fairlead.proxy.tls;

import io.fairlead.config.ListenerTls.ForwardClientCert;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * What nodes are told about a client's certificate, as Envoy writes X-Forwarded-Client-Cert: {@code
 * Hash=…;Cert="…";Subject="…";URI=…;DNS=…}.
 */
final class ClientCertificate {
  /** Characters of the value; names that no longer fit are left out. */
  static final int MAX = 8 * 1024;

  private static final int DNS = 2;
  private static final int URI = 6;

  private ClientCertificate() {}

  /** Of the one that the client has shown in a handshake; empty: none, or nothing is to be told. */
  static byte[] shown(SSLEngine engine, ForwardClientCert how) {
    if (how == ForwardClientCert.NONE) {
      return new byte[0];
    }
    try {
      return engine.getSession().getPeerCertificates()[0] instanceof X509Certificate first
          ? describe(first, how)
          : new byte[0];
    } catch (SSLPeerUnverifiedException e) {
      return new byte[0]; // it has shown none
    }
  }

  static byte[] describe(X509Certificate certificate, ForwardClientCert how) {
    if (how == ForwardClientCert.NONE) {
      return new byte[0];
    }
    StringBuilder text = new StringBuilder();
    try {
      byte[] der = certificate.getEncoded();
      text.append("Hash=")
          .append(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(der)));
      if (how == ForwardClientCert.CERTIFICATE) {
        add(text, "Cert", "\"" + urlEncoded(pem(der)) + "\"");
      }
      add(text, "Subject", quoted(certificate.getSubjectX500Principal().getName()));
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      if (names != null) {
        addNames(text, "URI", URI, names);
        addNames(text, "DNS", DNS, names);
      }
    } catch (CertificateParsingException e) {
      // The library has verified it; names that cannot be read are left out.
    } catch (CertificateEncodingException | NoSuchAlgorithmException e) {
      throw new IllegalStateException("a certificate that was read can be written", e);
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static void addNames(StringBuilder text, String key, int kind, Collection<List<?>> all) {
    for (List<?> name : all) {
      if (name.get(0).equals(kind)) {
        String value = (String) name.get(1);
        boolean plain = value.chars().allMatch(c -> c > ' ' && c < 127 && ";,=\"\\".indexOf(c) < 0);
        add(text, key, plain ? value : quoted(value));
      }
    }
  }

  private static void add(StringBuilder text, String key, String value) {
    if (text.length() + key.length() + value.length() + 2 <= MAX) {
      text.append(';').append(key).append('=').append(value);
    }
  }

  /** In quotes; what is not visible ASCII becomes a question mark. */
  private static String quoted(String value) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\');
      }
      quoted.append(c >= ' ' && c < 127 ? c : '?');
    }
    return quoted.append('"').toString();
  }

  private static String pem(byte[] der) {
    return "-----BEGIN CERTIFICATE-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END CERTIFICATE-----\n";
  }

  private static String urlEncoded(String text) {
    StringBuilder encoded = new StringBuilder(text.length() * 5 / 4);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isLetterOrDigit(c) || c == '-' || c == '.' || c == '_') {
        encoded.append(c);
      } else {
        encoded.append('%').append(HexFormat.of().withUpperCase().toHexDigits((byte) c));
      }
    }
    return encoded.toString();
  }
}
