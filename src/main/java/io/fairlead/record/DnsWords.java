package io.fairlead.record;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What people call numbers of the DNS (IANA, Domain Name System Parameters). */
public final class DnsWords {
  private static final Map<Integer, String> TYPES =
      Map.ofEntries(
          Map.entry(1, "A"),
          Map.entry(2, "NS"),
          Map.entry(5, "CNAME"),
          Map.entry(6, "SOA"),
          Map.entry(12, "PTR"),
          Map.entry(13, "HINFO"),
          Map.entry(15, "MX"),
          Map.entry(16, "TXT"),
          Map.entry(28, "AAAA"),
          Map.entry(33, "SRV"),
          Map.entry(35, "NAPTR"),
          Map.entry(39, "DNAME"),
          Map.entry(41, "OPT"),
          Map.entry(43, "DS"),
          Map.entry(44, "SSHFP"),
          Map.entry(46, "RRSIG"),
          Map.entry(47, "NSEC"),
          Map.entry(48, "DNSKEY"),
          Map.entry(50, "NSEC3"),
          Map.entry(51, "NSEC3PARAM"),
          Map.entry(52, "TLSA"),
          Map.entry(59, "CDS"),
          Map.entry(60, "CDNSKEY"),
          Map.entry(64, "SVCB"),
          Map.entry(65, "HTTPS"),
          Map.entry(99, "SPF"),
          Map.entry(249, "TKEY"),
          Map.entry(250, "TSIG"),
          Map.entry(251, "IXFR"),
          Map.entry(252, "AXFR"),
          Map.entry(253, "MAILB"),
          Map.entry(254, "MAILA"),
          Map.entry(255, "ANY"),
          Map.entry(256, "URI"),
          Map.entry(257, "CAA"));

  private static final String[] CODES = {
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"
  };
  private static final int NOTAUTH = 9;
  private static final int BADVERS = 16;

  private DnsWords() {}

  /** A type that is asked for; those without a name here are called as RFC 3597 says. */
  public static String type(int number) {
    String known = TYPES.get(number);
    return known == null ? "TYPE" + number : known;
  }

  /** A response code that Fairlead gives; null: it does not give that. */
  public static @Nullable String code(int number) {
    return switch (number) {
      case NOTAUTH -> "NOTAUTH";
      case BADVERS -> "BADVERS";
      default -> number >= 0 && number < CODES.length ? CODES[number] : null;
    };
  }
}
