package io.fairlead.acme;

import io.fairlead.runtime.SharedValues;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a group shares, while its majority is this object. */
final class MemoryValues implements SharedValues {
  final Map<String, Value> all = new TreeMap<>();

  /** So many calls fail, after the change was made. */
  int answersLost;

  private @Nullable Value answer(@Nullable Value value) throws IOException {
    if (answersLost > 0) {
      answersLost--;
      throw new IOException("whether the change was made is not known");
    }
    return value;
  }

  @Override
  public @Nullable Value peek(String key) {
    return all.get(key);
  }

  @Override
  public @Nullable Value get(String key) throws IOException {
    return answer(all.get(key));
  }

  @Override
  public List<String> names(String key) {
    throw new UnsupportedOperationException();
  }

  @Override
  public @Nullable Value create(String key, String text) throws IOException {
    Value made = new Value(text, 0);
    return answer(all.putIfAbsent(key, made) == null ? made : null);
  }

  @Override
  public @Nullable Value lend(String key, String text) throws IOException {
    return create(key, text);
  }

  @Override
  public @Nullable Value replace(String key, String text, int version) throws IOException {
    Value present = all.get(key);
    if (present == null || present.version() != version) {
      return answer(null);
    }
    Value made = new Value(text, version + 1);
    all.put(key, made);
    return answer(made);
  }

  @Override
  public void delete(String key) {
    all.remove(key);
  }

  @Override
  public Watch watch(String key, Runnable changed) {
    return () -> {};
  }
}
