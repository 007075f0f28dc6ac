package io.fairlead.identity;

/** Looks at what clients send in {@code authorization}. */
public interface CredentialCheck {
  /** The authentication scheme, in lower case. */
  String scheme();

  /** Value of {@code www-authenticate} for those who show nothing. */
  String challenge();

  /**
   * Rises whenever what was found good may not be any more. Any thread may ask, also an event loop.
   */
  int version();

  /**
   * May take long.
   *
   * @param credential what stands behind the scheme
   */
  Verdict check(byte[] credential);
}
