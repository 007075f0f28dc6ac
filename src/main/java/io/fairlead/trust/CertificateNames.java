package io.fairlead.trust;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/**
 * The host names in a certificate: DNS names of its subject alternative names, or the common name
 * of one that has none (RFC 9525, 6.3 no longer wants that; private authorities still do it).
 */
public final class CertificateNames {
  private static final int DNS_NAME = 2;

  private CertificateNames() {}

  /** In small letters; empty if there is none. */
  public static List<String> of(X509Certificate certificate) {
    List<String> names = new ArrayList<>();
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      if (alternatives != null) {
        for (List<?> alternative : alternatives) {
          if (alternative.get(0).equals(DNS_NAME)) {
            names.add(((String) alternative.get(1)).toLowerCase(Locale.ROOT));
          }
        }
        return names;
      }
      for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
        if (part.getType().equalsIgnoreCase("CN") && part.getValue() instanceof String name) {
          names.add(name.toLowerCase(Locale.ROOT));
        }
      }
    } catch (CertificateParsingException | InvalidNameException e) {
      // Names that cannot be read are nobody's names.
    }
    return names;
  }

  /** The first of them, and how many more there are. */
  public static String brief(List<String> names) {
    return names.isEmpty()
        ? "no name"
        : names.size() == 1
            ? names.getFirst()
            : names.getFirst() + " and " + (names.size() - 1) + " more";
  }
}
