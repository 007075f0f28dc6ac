package io.fairlead.group;

import io.fairlead.group.GroupException.Kind;
import io.fairlead.group.GroupState.Change;
import io.fairlead.group.GroupState.Entry;
import java.lang.System.Logger.Level;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values that applications keep in the group: small, and the same for all.
 *
 * <p>Each change is on the disks of a majority before it is acknowledged; each read sees all that
 * was acknowledged before it. A change may be bound to the revision that it was made from;
 * revisions rise over all keys, and one never comes back. So that this holds for keys that are
 * deleted and made again, too, a deleted key leaves a mark behind for {@link #MARK_KEPT}: longer
 * than any change that was sent before can be on its way.
 *
 * <p>A key may have a time to live: unless it is put again within that, it is deleted, by the
 * instance that leads and by that one's own clock. A new leader counts anew, so that a key may live
 * longer, and never shorter.
 */
public final class Store {
  /** Bytes of a value: what is larger belongs into files or a database. */
  public static final int MAX_VALUE = 64 * 1024;

  /** Bytes of a key. */
  public static final int MAX_KEY = 256;

  /** Every instance has all of them in memory. */
  public static final int MAX_KEYS = 20_000;

  private static final System.Logger LOG = System.getLogger(Store.class.getName());

  static final Duration MARK_KEPT = Duration.ofSeconds(60);
  static final String KEYS = "/kv";
  private static final String LEASES = "/kv-leases";
  private static final int HEAD = 9;
  private static final byte DELETED = 1;
  private static final int TRIES = 20;

  private final GroupState state;
  private volatile boolean ready;

  /** What the leader has seen of keys that end, and since when; of its thread. */
  private final Map<String, Seen> seen = new HashMap<>();

  private boolean counted;
  private long countedNanos;

  private record Seen(long revision, long sinceNanos) {}

  /**
   * A key.
   *
   * @param value its bytes; not copied
   * @param revision of its last change
   * @param ttl after which it ends unless it is put again; null: it stays
   */
  @SuppressWarnings("ArrayRecordComponent") // not copied; nobody writes it
  public record Item(String key, byte[] value, long revision, @Nullable Duration ttl) {}

  /** Which revision a change needs. */
  public sealed interface Condition {
    /** Any, or none. */
    record Always() implements Condition {}

    /** The key must not be there. */
    record Absent() implements Condition {}

    /** The key must be there. */
    record Present() implements Condition {}

    /** The key must be as that change left it. */
    record Revision(long revision) implements Condition {}
  }

  /** What became of a change. */
  public sealed interface Outcome {
    record Done(long revision) implements Outcome {}

    /**
     * The condition did not hold; nothing has changed.
     *
     * @param found what is there; null: nothing
     */
    record Conflict(@Nullable Item found) implements Outcome {}
  }

  Store(GroupState state) {
    this.state = state;
  }

  /** How a value lies in the state: one byte of flags, the time to live, the value. */
  @SuppressWarnings("ArrayRecordComponent") // not copied; nobody writes it
  record Cell(boolean deleted, long ttlMillis, byte[] value) {
    /** Null: that is no value of the store, as if there was none. */
    static @Nullable Cell of(byte[] bytes) {
      if (bytes.length < HEAD || bytes[0] < 0 || bytes[0] > DELETED) {
        return null;
      }
      ByteBuffer in = ByteBuffer.wrap(bytes);
      boolean deleted = in.get() == DELETED;
      return new Cell(deleted, in.getLong(), Arrays.copyOfRange(bytes, HEAD, bytes.length));
    }

    byte[] bytes() {
      return ByteBuffer.allocate(HEAD + value.length)
          .put(deleted ? DELETED : 0)
          .putLong(ttlMillis)
          .put(value)
          .array();
    }
  }

  /**
   * The key as the last acknowledged change left it; null: it is not there.
   *
   * @throws GroupException if no majority answers
   */
  public @Nullable Item get(String key) throws GroupException {
    String path = path(key);
    return item(key, state.get(path));
  }

  /** The same as far as this instance knows, without asking anybody. */
  public @Nullable Item peek(String key) throws GroupException {
    return item(key, state.peek(path(key)));
  }

  private static @Nullable Item item(String key, @Nullable Entry entry) {
    if (entry == null) {
      return null;
    }
    Cell cell = Cell.of(entry.value());
    return cell == null || cell.deleted()
        ? null
        : new Item(
            key,
            cell.value(),
            entry.revision(),
            cell.ttlMillis() == 0 ? null : Duration.ofMillis(cell.ttlMillis()));
  }

  /**
   * Keys that begin so, in order.
   *
   * @param after only those behind it; empty: all
   * @param most so many at most
   * @param bytes of their values, after which no more follow
   */
  public List<Item> list(String prefix, String after, int most, int bytes) throws GroupException {
    state.catchUp();
    List<Item> items = new ArrayList<>();
    int sum = 0;
    for (String key : keys()) {
      if (items.size() >= most || sum >= bytes) {
        break;
      }
      if (key.startsWith(prefix) && key.compareTo(after) > 0) {
        Item item = peek(key);
        if (item != null) {
          items.add(item);
          sum += item.value().length;
        }
      }
    }
    return items;
  }

  private List<String> keys() throws GroupException {
    return state.names(KEYS).stream().filter(Store::isName).map(Store::key).sorted().toList();
  }

  /**
   * Sets a key.
   *
   * @param ttl null: it stays
   */
  public Outcome put(String key, byte[] value, @Nullable Duration ttl, Condition condition)
      throws GroupException {
    if (value.length > MAX_VALUE) {
      throw new GroupException(
          Kind.REFUSED,
          "a value has at most " + MAX_VALUE + " bytes (this one has " + value.length + ")");
    }
    prepare();
    return change(
        key, new Cell(false, ttl == null ? 0 : Math.max(1, ttl.toMillis()), value), condition);
  }

  /** Deletes a key. */
  public Outcome delete(String key, Condition condition) throws GroupException {
    prepare();
    return change(key, new Cell(true, 0, new byte[0]), condition);
  }

  private Outcome change(String key, Cell next, Condition condition) throws GroupException {
    String path = path(key);
    boolean fresh = false;
    for (int i = 0; i < TRIES; i++) {
      Entry entry = fresh ? state.get(path) : state.peek(path);
      Item found = item(key, entry);
      if (!holds(condition, found)) {
        if (fresh) {
          return new Outcome.Conflict(found);
        }
        fresh = true; // what this instance knows may be old: ask before saying no
        continue;
      }
      if (next.deleted() && found == null) {
        if (fresh) {
          return new Outcome.Done(entry == null ? 0 : entry.revision());
        }
        fresh = true;
        continue;
      }
      Entry written = write(path, next, entry, condition);
      if (written != null) {
        try {
          lease(key, next);
        } catch (GroupException e) { // the change is made; whoever leads notes it, a while later
          LOG.log(Level.DEBUG, "{0} is not noted: {1}", key, e.getMessage());
        }
        return new Outcome.Done(written.revision());
      }
      fresh = true; // somebody was quicker
    }
    throw new GroupException(Kind.UNAVAILABLE, "too many change that key at once");
  }

  private static boolean holds(Condition condition, @Nullable Item found) {
    return switch (condition) {
      case Condition.Always _ -> true;
      case Condition.Absent _ -> found == null;
      case Condition.Present _ -> found != null;
      case Condition.Revision(long revision) -> found != null && found.revision() == revision;
    };
  }

  private @Nullable Entry write(String path, Cell next, @Nullable Entry entry, Condition condition)
      throws GroupException {
    if (entry != null) {
      boolean any = condition instanceof Condition.Always;
      return state.compareAndSet(path, next.bytes(), any ? -1 : entry.version());
    }
    if (state.count(KEYS) >= MAX_KEYS) {
      throw new GroupException(Kind.REFUSED, "there are " + MAX_KEYS + " keys already");
    }
    return state.create(path, next.bytes());
  }

  /** Says that the leader has to look after this one: it ends, or is a mark of one that did. */
  private void lease(String key, Cell cell) throws GroupException {
    if (cell.deleted() || cell.ttlMillis() > 0) {
      String path = LEASES + "/" + name(key);
      if (state.peek(path) == null) {
        Entry _ = state.create(path, new byte[0]);
      }
    }
  }

  private void prepare() throws GroupException {
    if (!ready) {
      state.ensure(KEYS);
      state.ensure(LEASES);
      ready = true;
    }
  }

  /**
   * Deletes what has ended. By the instance that leads, now and then, always by the same thread.
   *
   * @param nowNanos by a clock that never goes back
   */
  void sweep(long nowNanos) throws GroupException {
    if (!ready && state.peek(LEASES) == null) {
      return; // nobody has used it yet
    }
    if (!counted || nowNanos - countedNanos > MARK_KEPT.toNanos()) {
      counted = true;
      countedNanos = nowNanos;
      noteAll();
    }
    List<String> names = state.names(LEASES);
    seen.keySet().retainAll(names);
    for (String name : names) {
      String path = KEYS + "/" + name;
      Entry entry = state.peek(path);
      if (entry == null) {
        boolean _ = state.delete(LEASES + "/" + name, -1);
        continue;
      }
      Cell cell = Cell.of(entry.value());
      if (cell == null) {
        continue;
      }
      Seen before = seen.get(name);
      if (before == null || before.revision() != entry.revision()) {
        seen.put(name, new Seen(entry.revision(), nowNanos));
        continue;
      }
      long age = nowNanos - before.sinceNanos();
      if (cell.deleted()) {
        if (age >= MARK_KEPT.toNanos()) {
          remove(name, path, entry);
        }
      } else if (cell.ttlMillis() == 0) {
        boolean _ = state.delete(LEASES + "/" + name, -1); // it stays, since it was put again
      } else if (age >= cell.ttlMillis() * 1_000_000) {
        Object _ =
            state.compareAndSet(path, new Cell(true, 0, new byte[0]).bytes(), entry.version());
      }
    }
  }

  /** Whoever put a key may have ended before it could say that the key ends. */
  private void noteAll() throws GroupException {
    for (String name : state.names(KEYS)) {
      Entry entry = state.peek(KEYS + "/" + name);
      Cell cell = entry == null || !isName(name) ? null : Cell.of(entry.value());
      if (cell != null) {
        lease(key(name), cell);
      }
    }
  }

  private void remove(String name, String path, Entry entry) throws GroupException {
    try {
      state.commit(
          List.of(
              new Change.Delete(path, entry.version()),
              new Change.Delete(LEASES + "/" + name, -1)));
    } catch (GroupException e) {
      if (e.kind() != Kind.CONFLICT) {
        throw e;
      }
    }
  }

  /** No longer leads: whoever does counts anew. */
  void forget() {
    seen.clear();
    counted = false;
  }

  /** What a watcher is told. */
  public sealed interface News {
    /** The key has this value now, or had it a moment ago: later ones follow. */
    record Put(Item item) implements News {}

    record Deleted(String key) implements News {}

    /** Something may have been missed: look at all of them. */
    record Again() implements News {}
  }

  /** Ends watching. */
  public interface Watching extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Tells of changes of keys that begin so, in order; of several changes of one key shortly after
   * each other perhaps only the last.
   *
   * @param listener must not wait
   */
  public Watching watch(String prefix, Consumer<News> listener) throws GroupException {
    prepare();
    GroupState.Watch watch =
        state.watch(
            KEYS,
            path -> {
              if (path.length() <= KEYS.length() + 1) {
                listener.accept(new News.Again());
                return;
              }
              String name = path.substring(KEYS.length() + 1);
              if (isName(name) && key(name).startsWith(prefix)) {
                tell(key(name), listener);
              }
            });
    return watch::close;
  }

  private void tell(String key, Consumer<News> listener) {
    try {
      Item item = peek(key);
      listener.accept(item == null ? new News.Deleted(key) : new News.Put(item));
    } catch (GroupException e) {
      listener.accept(new News.Again());
    }
  }

  // --- names -------------------------------------------------------------------------------

  private static String path(String key) throws GroupException {
    int bytes = key.getBytes(StandardCharsets.UTF_8).length;
    if (key.isEmpty() || bytes > MAX_KEY) {
      throw new GroupException(Kind.REFUSED, "a key has 1 to " + MAX_KEY + " bytes");
    }
    return KEYS + "/" + name(key);
  }

  /** Without a slash, and never one of the names that mean something in a path. */
  private static String name(String key) {
    return "k" + URLEncoder.encode(key, StandardCharsets.UTF_8);
  }

  static boolean isName(String name) {
    try {
      return name.startsWith("k") && !key(name).isEmpty();
    } catch (IllegalArgumentException _) {
      return false; // of whoever put it there
    }
  }

  static String key(String name) {
    return URLDecoder.decode(name.substring(1), StandardCharsets.UTF_8);
  }
}
