package io.fairlead.config;

/** How a body can be packed for a client (RFC 9110, 8.4.1). */
public enum ContentCoding {
  /** RFC 8878, within a window of 128 KiB. */
  ZSTD,
  /** RFC 7932, within a window of 64 KiB. */
  BR,
  /** RFC 1952, which every client takes. */
  GZIP;

  /** As it is written. */
  public String word() {
    return Units.word(this);
  }
}
