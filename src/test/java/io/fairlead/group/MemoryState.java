package io.fairlead.group;

import io.fairlead.group.GroupException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The state of a group whose majority is this object, and is there or not as the test says. */
final class MemoryState implements GroupState {
  private final SortedMap<String, Entry> entries = new TreeMap<>();
  private final List<Consumer<String>> listeners = new ArrayList<>();
  private long revision;
  boolean available = true;

  /** The next change is made, and its answer is lost. */
  boolean losesAnswer;

  private void check() throws GroupException {
    if (!available) {
      throw new GroupException(Kind.UNAVAILABLE, "no majority");
    }
  }

  private void answer(String path) throws GroupException {
    listeners.forEach(listener -> listener.accept(path));
    if (losesAnswer) {
      losesAnswer = false;
      throw new GroupException(Kind.UNKNOWN, "no answer");
    }
  }

  @Override
  public @Nullable Entry peek(String path) throws GroupException {
    check();
    return entries.get(path);
  }

  @Override
  public List<String> names(String path) throws GroupException {
    check();
    return entries.keySet().stream()
        .filter(each -> each.startsWith(path + "/") && each.indexOf('/', path.length() + 1) < 0)
        .map(each -> each.substring(path.length() + 1))
        .toList();
  }

  @Override
  public int count(String path) throws GroupException {
    return names(path).size();
  }

  @Override
  public @Nullable Entry get(String path) throws GroupException {
    return peek(path);
  }

  @Override
  public void catchUp() throws GroupException {
    check();
  }

  @Override
  public void commit(List<? extends Change> changes) throws GroupException {
    check();
    SortedMap<String, Entry> before = new TreeMap<>(entries);
    for (Change change : changes) {
      boolean done =
          switch (change) {
            case Change.Create(String path, byte[] value) -> create(path, value) != null;
            case Change.Set(String path, byte[] value, int version) ->
                compareAndSet(path, value, version) != null;
            case Change.Delete(String path, int version) -> delete(path, version);
            case Change.Check(String path, int version) -> {
              Entry entry = entries.get(path);
              yield entry != null && (version == -1 || entry.version() == version);
            }
          };
      if (!done) {
        entries.clear();
        entries.putAll(before);
        throw new GroupException(Kind.CONFLICT, "conflict");
      }
    }
  }

  @Override
  public @Nullable Entry create(String path, byte[] value) throws GroupException {
    check();
    if (entries.containsKey(path)) {
      return null;
    }
    Entry made = new Entry(path, value, 0, ++revision, 0);
    entries.put(path, made);
    answer(path);
    return made;
  }

  @Override
  public @Nullable Entry lend(String path, byte[] value) throws GroupException {
    return create(path, value);
  }

  @Override
  public @Nullable Entry compareAndSet(String path, byte[] value, int version)
      throws GroupException {
    check();
    Entry entry = entries.get(path);
    if (entry == null || (version != -1 && entry.version() != version)) {
      return null;
    }
    Entry made = new Entry(path, value, entry.version() + 1, ++revision, 0);
    entries.put(path, made);
    answer(path);
    return made;
  }

  @Override
  public boolean delete(String path, int version) throws GroupException {
    check();
    Entry entry = entries.get(path);
    if (entry == null || (version != -1 && entry.version() != version)) {
      return false;
    }
    revision++;
    entries.remove(path);
    answer(path);
    return true;
  }

  @Override
  public void ensure(String path) throws GroupException {
    if (entries.get(path) == null) {
      Entry _ = create(path, new byte[0]);
    }
  }

  @Override
  public Watch watch(String path, Consumer<String> listener) {
    Consumer<String> below =
        changed -> {
          if (changed.startsWith(path)) {
            listener.accept(changed);
          }
        };
    listeners.add(below);
    return () -> listeners.remove(below);
  }
}
