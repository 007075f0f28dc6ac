package io.fairlead.config;

import org.jspecify.annotations.Nullable;

/**
 * What may stand in one place of the file. Reader, JSON Schema and manual all walk the same shapes,
 * so none of them can say something else than the others.
 */
sealed interface Shape<T> permits Scalar, ListOf, MapOf, Obj {
  /** The value at this place, or null after its problems have been noted. */
  @Nullable T read(TreeReader reader, Spot spot);

  /** What it is, for people: {@code duration}, {@code list of methods}. */
  String kind();

  /** Whether what may stand here is a secret or has one among its own values, not further down. */
  boolean hasSecret();
}
