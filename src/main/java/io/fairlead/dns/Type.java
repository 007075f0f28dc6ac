package io.fairlead.dns;

import java.util.Map;

/** Numbers of the DNS (IANA) that mean something here. */
final class Type {
  static final int A = 1;
  static final int NS = 2;
  static final int CNAME = 5;
  static final int SOA = 6;
  static final int HINFO = 13;
  static final int TXT = 16;
  static final int AAAA = 28;
  static final int OPT = 41;
  static final int DS = 43;
  static final int HTTPS = 65;
  static final int TKEY = 249;
  static final int TSIG = 250;
  static final int IXFR = 251;
  static final int AXFR = 252;
  static final int MAILB = 253;
  static final int MAILA = 254;
  static final int ANY = 255;

  static final int CLASS_IN = 1;
  static final int CLASS_ANY = 255;

  static final int NOERROR = 0;
  static final int FORMERR = 1;
  static final int SERVFAIL = 2;
  static final int NXDOMAIN = 3;
  static final int NOTIMP = 4;
  static final int REFUSED = 5;
  static final int NOTAUTH = 9;

  /** Needs OPT: its upper bits are there. */
  static final int BADVERS = 16;

  private static final Map<String, Integer> BY_NAME =
      Map.of(
          "A", A, "AAAA", AAAA, "HTTPS", HTTPS, "NS", NS, "SOA", SOA, "CNAME", CNAME, "ANY", ANY);

  private Type() {}

  /** The number of a type that people ask for; 0: not known by name. */
  static int of(String name) {
    return BY_NAME.getOrDefault(name, 0);
  }
}
