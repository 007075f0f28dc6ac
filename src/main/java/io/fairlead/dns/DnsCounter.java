package io.fairlead.dns;

/** What is counted of all questions. */
public enum DnsCounter {
  UDP_QUERIES,
  TCP_QUERIES,
  /** Not answered: no question at all. */
  DROPPED,
  FORMERR,
  NOTIMP,
  /** Of a name that is of no zone. */
  REFUSED,
  BADVERS,
  NOTAUTH,
  SERVFAIL,
  TRUNCATED,
  /** Too many like it: not answered. */
  RATE_DROPPED,
  /** Too many like it: told to come by TCP. */
  RATE_SLIPPED,
  COOKIES_GOOD,
  COOKIES_BAD,
  TCP_CONNECTIONS,
  TCP_REFUSED
}
