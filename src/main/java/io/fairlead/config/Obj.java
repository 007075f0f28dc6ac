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
 * @param secretive its keys are not repeated when unknown: one could be a misplaced secret
 * @param shortForm what may be written instead, if anything
 * @param build makes the record; refusals become problems at the right key
 */
record Obj<T>(
    String kind,
    String doc,
    List<Key<?>> keys,
    List<String> later,
    boolean secretive,
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
