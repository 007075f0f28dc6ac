package io.fairlead.dns;

/** What is counted of a zone. */
enum ZoneCounter {
  NOERROR,
  /** The name is there, and has nothing of that type. */
  NODATA,
  NXDOMAIN,
  REFERRAL,
  REFUSED,
  TRANSFERS
}
