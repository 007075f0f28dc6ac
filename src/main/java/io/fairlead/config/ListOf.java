package io.fairlead.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Several of one shape; a list of one may be written as the one.
 *
 * @param plural what they are, for people
 */
record ListOf<E>(String plural, Shape<E> element) implements Shape<List<E>> {
  @Override
  public @Nullable List<E> read(TreeReader reader, Spot spot) {
    return reader.list(this, spot);
  }

  @Override
  public String kind() {
    return "list of " + plural;
  }

  @Override
  public boolean hasSecret() {
    return !(element instanceof Obj) && element.hasSecret();
  }
}
