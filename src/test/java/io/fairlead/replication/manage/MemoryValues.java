package io.fairlead.replication.manage;

import io.fairlead.runtime.SharedValues;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** What instances of a group share, as one of them sees it; all of them are in this process. */
final class MemoryValues implements SharedValues {
  /** The majority. */
  static final class Majority {
    private final SortedMap<String, Value> values = new TreeMap<>();
    private final List<MemoryValues> instances = new CopyOnWriteArrayList<>();

    private synchronized @Nullable Value write(String key, @Nullable Value before, String text) {
      Value there = values.get(key);
      if (before == null ? there != null : there == null || there.version() != before.version()) {
        return null;
      }
      Value written = new Value(text, before == null ? 0 : before.version() + 1);
      values.put(key, written);
      return written;
    }

    private void tell(String key) {
      instances.forEach(one -> one.hear(key));
    }
  }

  private final Majority majority;
  private final SortedMap<String, Value> known = new TreeMap<>();
  private final List<Watched> watches = new CopyOnWriteArrayList<>();

  /** It is cut off from the others. */
  volatile boolean alone;

  /** It is not told of changes, as one whose server is behind. */
  volatile boolean deaf;

  private record Watched(String key, Runnable changed) {}

  MemoryValues(Majority majority) {
    this.majority = majority;
    majority.instances.add(this);
  }

  private void hear(String key) {
    if (deaf || alone) {
      return;
    }
    synchronized (majority) {
      known.clear();
      known.putAll(majority.values);
    }
    for (Watched one : watches) {
      if (key.equals(one.key()) || key.startsWith(one.key() + "/")) {
        one.changed().run();
      }
    }
  }

  private void reach() throws IOException {
    if (alone) {
      throw new IOException("no majority of the group is reached");
    }
  }

  @Override
  public @Nullable Value peek(String key) throws IOException {
    reach();
    synchronized (majority) {
      return known.get(key);
    }
  }

  @Override
  public @Nullable Value get(String key) throws IOException {
    reach();
    synchronized (majority) {
      return majority.values.get(key);
    }
  }

  @Override
  public List<String> names(String key) throws IOException {
    reach();
    List<String> names = new ArrayList<>();
    synchronized (majority) {
      for (String each : known.keySet()) {
        if (each.startsWith(key + "/")) {
          names.add(each.substring(key.length() + 1));
        }
      }
    }
    return names;
  }

  @Override
  public @Nullable Value create(String key, String text) throws IOException {
    reach();
    Value written = majority.write(key, null, text);
    majority.tell(key);
    return written;
  }

  @Override
  public @Nullable Value lend(String key, String text) throws IOException {
    return create(key, text);
  }

  @Override
  public @Nullable Value replace(String key, String text, int version) throws IOException {
    reach();
    Value written = majority.write(key, new Value("", version), text);
    majority.tell(key);
    return written;
  }

  @Override
  public void delete(String key) throws IOException {
    reach();
    synchronized (majority) {
      majority.values.remove(key);
    }
    majority.tell(key);
  }

  @Override
  public Watch watch(String key, Runnable changed) {
    Watched watched = new Watched(key, changed);
    watches.add(watched);
    return () -> watches.remove(watched);
  }
}
