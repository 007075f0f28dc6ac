package io.fairlead.replication.manage;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Where the state of one database is kept so that it cannot be lost. Any thread; all but reading
 * may wait.
 */
interface StateStore {
  /**
   * As the last change left it; null: there is none yet.
   *
   * @throws IOException if that cannot be known now, in words
   */
  @Nullable ManagedState read() throws IOException;

  /**
   * As the last change left it, whoever made that; {@link #read} may not have heard of it yet where
   * others change it, too.
   */
  default @Nullable ManagedState latest() throws IOException {
    return read();
  }

  /**
   * Replaces it if it is that still, and has it on disk.
   *
   * @param expected null: there is none
   * @return whether it was
   */
  boolean replace(@Nullable ManagedState expected, ManagedState next) throws IOException;
}
