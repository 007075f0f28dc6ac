package io.fairlead.config;

import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A fixed set of keys that make one record.
 *
 * @param kind what it is, for people
 * @param doc one sentence for the manual
 * @param keys in the order of the manual
 * @param later keys that design names and this version does not have yet
 * @param shortForm what may be written instead, if anything
 * @param build makes the record; refusals become problems at the right key
 */
record Obj<T>(
    String kind,
    String doc,
    List<Key<?>> keys,
    List<String> later,
    @Nullable ShortForm<?, T> shortForm,
    BiFunction<Values, Spot, T> build)
    implements Shape<T> {

  /** A single value that stands for the whole. */
  record ShortForm<S, T>(Scalar<S> scalar, BiFunction<S, Spot, T> build) {
    @Nullable T read(TreeReader reader, Spot spot) {
      S value = reader.scalar(scalar, spot);
      return value == null ? null : reader.build(spot, () -> build.apply(value, spot));
    }
  }

  @Override
  public @Nullable T read(TreeReader reader, Spot spot) {
    return reader.object(this, spot);
  }

  /**
   * Whether a secret stands in one of the keys. Unknown keys and values in the wrong form are not
   * repeated then: {@code password:text} without a space is a key to YAML.
   */
  @Override
  public boolean hasSecret() {
    return keys.stream().anyMatch(key -> !(key.shape() instanceof Obj) && key.shape().hasSecret())
        || (shortForm != null && shortForm.scalar().secret());
  }

  boolean hasKey(String name) {
    for (Key<?> key : keys) {
      if (key.name().equals(name)) {
        return true;
      }
    }
    return false;
  }

  List<String> keyNames() {
    return keys.stream().map(Key::name).toList();
  }
}
