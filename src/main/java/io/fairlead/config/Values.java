package io.fairlead.config;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What was read for the keys of one object. */
final class Values {
  /** A key is one constant of the language; comparing what it says would cost far more. */
  private final IdentityHashMap<Key<?>, Object> values = new IdentityHashMap<>();

  private final Set<Key<?>> wrong = new HashSet<>();

  private final Path folder;

  Values(Path folder) {
    this.folder = folder;
  }

  /** Folder of the file. */
  Path folder() {
    return folder;
  }

  /** Reads the key's value at this place; answers whether there is one. */
  <T> boolean read(Key<T> key, TreeReader reader, Spot spot) {
    T value = key.shape().read(reader, spot);
    if (value == null) {
      wrong.add(key);
      return false;
    }
    values.put(key, value);
    return true;
  }

  /** Whether the file says anything of it, right or wrong. */
  boolean isSaid(Key<?> key) {
    return values.containsKey(key) || wrong.contains(key);
  }

  /** The value, or the key's default. */
  <T> T get(Key<T> key) {
    T value = find(key);
    if (value == null) {
      value = key.fallback();
    }
    if (value == null) {
      throw new IllegalStateException(key.name() + " has neither value nor default");
    }
    return value;
  }

  /** The value, or null where the file says nothing. */
  @SuppressWarnings("unchecked") // only read(key) puts, and it puts what the key's shape made
  <T> @Nullable T find(Key<T> key) {
    return (T) values.get(key);
  }
}
