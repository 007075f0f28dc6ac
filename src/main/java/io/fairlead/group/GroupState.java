package io.fairlead.group;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * State that all instances of a group share: a tree of small values, as files are.
 *
 * <p>Each change happens once for all, in one order; whoever reads with {@link #get} sees
 * everything that was acknowledged before, to whomever. Every call but {@link #peek} and {@link
 * #names} waits for a majority; none is made on an event loop or the control thread. Paths begin
 * with a slash.
 */
interface GroupState {
  /** Bytes of one value, at most. */
  int MAX_VALUE = 900 * 1024;

  /**
   * One value.
   *
   * @param version counts its changes; begins anew at 0 when it is created anew
   * @param revision of its last change; greater than those of all changes before, of whatever path
   * @param owner the session that it ends with; 0: it stays
   */
  @SuppressWarnings("ArrayRecordComponent") // not copied; nobody writes it
  record Entry(String path, byte[] value, int version, long revision, long owner) {}

  /** One change of a transaction, which happens with all others of it or not at all. */
  sealed interface Change {
    /** It must not be there yet. */
    @SuppressWarnings("ArrayRecordComponent") // not copied; nobody writes it
    record Create(String path, byte[] value) implements Change {}

    /** It must have that version; -1: any. */
    @SuppressWarnings("ArrayRecordComponent") // not copied; nobody writes it
    record Set(String path, byte[] value, int version) implements Change {}

    /** It must have that version, -1: any, and nothing below it. */
    record Delete(String path, int version) implements Change {}

    /** Nothing changes, but it must have that version; -1: any. */
    record Check(String path, int version) implements Change {}
  }

  /**
   * What this instance knows, which may be old; null: it knows of none. Does not wait for others.
   */
  @Nullable Entry peek(String path) throws GroupException;

  /** Names right below the path as far as this instance knows; empty if there is no such path. */
  List<String> names(String path) throws GroupException;

  /** How many there are right below the path, as far as this instance knows. */
  int count(String path) throws GroupException;

  /** The value as the last acknowledged change left it; null: there is none. */
  @Nullable Entry get(String path) throws GroupException;

  /** Waits until this instance knows all that was acknowledged before the call. */
  void catchUp() throws GroupException;

  /** Makes all of them happen at once, or throws a conflict and nothing has. */
  void commit(List<? extends Change> changes) throws GroupException;

  /**
   * Creates a value; what it stands below must be there.
   *
   * @return null: it is there already
   */
  @Nullable Entry create(String path, byte[] value) throws GroupException;

  /** The same for one that ends with the presence of this instance in the group. */
  @Nullable Entry lend(String path, byte[] value) throws GroupException;

  /**
   * Sets the value if it has that version.
   *
   * @param version -1: any
   * @return its new version and revision; null: it has another version, or is not there
   */
  @Nullable Entry compareAndSet(String path, byte[] value, int version) throws GroupException;

  /** Deletes it if it has that version; answers whether it did. */
  boolean delete(String path, int version) throws GroupException;

  /** Creates whatever is missing on the way to it, and it. */
  void ensure(String path) throws GroupException;

  /**
   * Tells of each change at or below the path, in order and once, from now on. What is told is that
   * something changed there; what it has become is to be read, and may be newer. Where changes may
   * have been missed the path itself is told.
   *
   * @param listener called by a thread that must not be held up
   */
  Watch watch(String path, Consumer<String> listener) throws GroupException;

  /** Ends watching. */
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }
}
