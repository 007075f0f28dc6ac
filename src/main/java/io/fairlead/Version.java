package io.fairlead;

import java.util.Objects;

/** Which Fairlead this is. */
final class Version {
  private Version() {}

  /** From the jar's manifest; "development" when run from classes. */
  static String current() {
    return Objects.requireNonNullElse(
        Version.class.getPackage().getImplementationVersion(), "development");
  }
}
