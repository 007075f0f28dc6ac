package io.fairlead.replication.manage;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Where the state of one database is kept so that it cannot be lost. Any thread; it may wait. */
interface StateStore {
  /**
   * As the last change left it; null: there is none yet.
   *
   * @throws IOException if that cannot be known now, in words
   */
  @Nullable ManagedState read() throws IOException;

  /**
   * Replaces it if it is that still, and has it on disk.
   *
   * @param expected null: there is none
   * @return whether it was
   */
  boolean replace(@Nullable ManagedState expected, ManagedState next) throws IOException;
}
