package io.fairlead.config;

/** Versions of TLS that are spoken; those before are broken (RFC 8996). */
public enum TlsVersion {
  /** RFC 5246. */
  TLS_1_2("1.2"),
  /** RFC 8446. */
  TLS_1_3("1.3");

  private final String text;

  TlsVersion(String text) {
    this.text = text;
  }

  /** As it is written in the file. */
  @Override
  public String toString() {
    return text;
  }
}
