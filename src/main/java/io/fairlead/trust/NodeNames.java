package io.fairlead.trust;

import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * For which names and addresses a certificate stands (RFC 9525): those of its subject alternative
 * names and no others. A star is the whole first label and stands for one label.
 */
final class NodeNames {
  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;

  private NodeNames() {}

  static boolean match(X509Certificate certificate, String wanted) {
    InetAddress address = address(wanted);
    for (String name : of(certificate, address == null ? DNS_NAME : IP_ADDRESS)) {
      if (address == null ? matches(name, wanted) : address.equals(address(name))) {
        return true;
      }
    }
    return false;
  }

  /** All of them, for people. */
  static String text(X509Certificate certificate) {
    List<String> names = new ArrayList<>(of(certificate, DNS_NAME));
    names.addAll(of(certificate, IP_ADDRESS));
    return switch (names.size()) {
      case 0 -> "no name";
      case 1, 2, 3 -> String.join(", ", names);
      default -> String.join(", ", names.subList(0, 3)) + " and " + (names.size() - 3) + " more";
    };
  }

  static boolean matches(String pattern, String wanted) {
    String asked = plain(wanted);
    String name = plain(pattern);
    if (!name.startsWith("*.")) {
      return name.equals(asked);
    }
    int dot = asked.indexOf('.');
    return dot > 0 && asked.substring(dot).equals(name.substring(1));
  }

  private static String plain(String name) {
    String small = name.toLowerCase(Locale.ROOT);
    return small.endsWith(".") ? small.substring(0, small.length() - 1) : small;
  }

  /** The address that is written there; null: it is a name. */
  static @Nullable InetAddress address(String text) {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static List<String> of(X509Certificate certificate, int kind) {
    List<String> names = new ArrayList<>();
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      if (alternatives != null) {
        for (List<?> alternative : alternatives) {
          if (alternative.get(0).equals(kind) && alternative.get(1) instanceof String name) {
            names.add(name);
          }
        }
      }
    } catch (CertificateParsingException e) {
      // Names that cannot be read are nobody's names.
    }
    return names;
  }
}
