package io.fairlead.runtime;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Small texts that all instances of a group share, by keys of words with slashes between them. Each
 * change happens once for all, and only to what is known to be there; none needs a clock.
 *
 * <p>Any thread but event loops and the control thread: all but {@link #peek} and {@link #names}
 * wait for a majority.
 *
 * <p>What fails does so with an {@link IOException} in words: there is no majority now, or none
 * answered, and then the change may have been made or not.
 */
public interface SharedValues {
  /**
   * One text.
   *
   * @param version counts its changes, from 0
   */
  record Value(String text, int version) {}

  /** As far as this instance knows, without asking anybody; null: it knows of none. */
  @Nullable Value peek(String key) throws IOException;

  /** As the last acknowledged change left it; null: there is none. */
  @Nullable Value get(String key) throws IOException;

  /** The last words of keys right below that one, as far as this instance knows. */
  List<String> names(String key) throws IOException;

  /** Creates it. Null: it is there already. */
  @Nullable Value create(String key, String text) throws IOException;

  /** The same for one that ends with the presence of this instance in the group. */
  @Nullable Value lend(String key, String text) throws IOException;

  /** Changes it if it has that version. Null: it has another, or is not there. */
  @Nullable Value replace(String key, String text, int version) throws IOException;

  /** Deletes it, if it is there. */
  void delete(String key) throws IOException;

  /**
   * Tells of each change of that key and of those below it, from now on.
   *
   * @param changed called by a thread that must not be held up; may be told more than once
   */
  Watch watch(String key, Runnable changed) throws IOException;

  /** Ends watching. */
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }
}
