package io.fairlead.group;

import io.fairlead.runtime.SharedValues;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What parts of Fairlead keep in the group's state, apart from what applications do. */
final class Values implements SharedValues {
  private static final String ROOT = "/values";

  private final GroupState state;

  Values(GroupState state) {
    this.state = state;
  }

  /** No word is one of those that mean something in a path. */
  private static String path(String key) {
    StringBuilder path = new StringBuilder(ROOT);
    for (String word : key.split("/", -1)) {
      path.append("/v").append(URLEncoder.encode(word, StandardCharsets.UTF_8));
    }
    return path.toString();
  }

  private static @Nullable Value value(GroupState.@Nullable Entry entry) {
    return entry == null
        ? null
        : new Value(new String(entry.value(), StandardCharsets.UTF_8), entry.version());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void ensureAbove(String path) throws GroupException {
    String above = path.substring(0, path.lastIndexOf('/'));
    if (state.peek(above) == null) {
      state.ensure(above);
    }
  }

  @Override
  public @Nullable Value peek(String key) throws GroupException {
    return value(state.peek(path(key)));
  }

  @Override
  public @Nullable Value get(String key) throws GroupException {
    return value(state.get(path(key)));
  }

  @Override
  public List<String> names(String key) throws GroupException {
    return state.names(path(key)).stream()
        .map(name -> URLDecoder.decode(name.substring(1), StandardCharsets.UTF_8))
        .toList();
  }

  @Override
  public @Nullable Value create(String key, String text) throws GroupException {
    String path = path(key);
    ensureAbove(path);
    return value(state.create(path, bytes(text)));
  }

  @Override
  public @Nullable Value lend(String key, String text) throws GroupException {
    String path = path(key);
    ensureAbove(path);
    return value(state.lend(path, bytes(text)));
  }

  @Override
  public @Nullable Value replace(String key, String text, int version) throws GroupException {
    return value(state.compareAndSet(path(key), bytes(text), version));
  }

  @Override
  public void delete(String key) throws GroupException {
    boolean _ = state.delete(path(key), -1);
  }

  @Override
  public Watch watch(String key, Runnable changed) throws GroupException {
    return state.watch(path(key), _ -> changed.run())::close; // it need not be there yet
  }
}
