package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What each instance shows of itself to all others, as one short text. It is lent: it ends with the
 * instance's presence in the group. Where no majority is in reach, what was known last counts.
 */
public final class Signs {
  /**
   * Looks for which a sign may be away until it counts as gone: ten seconds. A process that takes
   * over begins a new session, and what the one before has shown is to hold until then.
   */
  static final int AWAY = 40;

  private final GroupState state;
  private final LongSupplier session;
  private final String folder;
  private volatile Supplier<String> own = () -> "";
  private volatile Consumer<Map<String, String>> listener = _ -> {};

  // Of the group's thread.
  private final Map<String, Integer> away = new TreeMap<>();
  private Map<String, String> known = Map.of();
  private boolean ready;

  /**
   * @param session which one of this instance's presence it is
   * @param folder where they are in the state
   */
  Signs(GroupState state, LongSupplier session, String folder) {
    this.state = state;
    this.session = session;
    this.folder = folder;
  }

  /**
   * From now on.
   *
   * @param what is shown, asked at each look; empty: nothing
   * @param heard each change of what instances show, by name, this one included
   */
  public void show(Supplier<String> what, Consumer<Map<String, String>> heard) {
    listener = heard;
    own = what;
  }

  /** Shows what there is to show, and hears of the others. The group's thread. */
  void step(GroupConfig config) throws GroupException {
    if (!ready) {
      state.ensure(folder);
      ready = true;
    }
    show(config.instance(), own.get());
    Map<String, String> now = new TreeMap<>();
    known.forEach((name, text) -> {
      if (away.merge(name, 1, Integer::sum) < AWAY) {
        now.put(name, text);
      }
    });
    for (String name : state.names(folder)) {
      GroupState.Entry entry = state.peek(folder + "/" + name);
      if (entry != null) {
        now.put(name, new String(entry.value(), StandardCharsets.UTF_8));
        away.remove(name);
      }
    }
    away.keySet().retainAll(new HashSet<>(now.keySet()));
    if (!now.equals(known)) {
      known = now;
      listener.accept(Map.copyOf(now));
    }
  }

  private void show(String instance, String text) throws GroupException {
    String path = folder + "/" + instance;
    GroupState.@Nullable Entry entry = state.peek(path);
    if (entry != null && (text.isEmpty() || entry.owner() != session.getAsLong())) {
      boolean _ = state.delete(path, entry.version()); // what is left of an earlier session
      entry = null;
    }
    if (text.isEmpty()) {
      return;
    }
    byte[] value = text.getBytes(StandardCharsets.UTF_8);
    if (entry == null) {
      Object _ = state.lend(path, value);
    } else if (!Arrays.equals(entry.value(), value)) {
      Object _ = state.compareAndSet(path, value, -1);
    }
  }
}
