package io.fairlead;

import io.fairlead.health.PostgresqlLogin;
import java.io.IOException;

/**
 * Somebody who keeps a database on three machines, each of which has a member, what looks after it,
 * and a vote. The machines are processes of this one.
 */
interface KeptDatabase extends AutoCloseable {
  /** What an application with the three programs logs in to, once. */
  PostgresqlLogin open() throws IOException;

  /**
   * Waits until any of the machines may be lost, and no more is being mended.
   *
   * @return the number of the machine, from 0, that has the primary
   */
  int awaitWhole() throws Exception;

  /** As the kernel does to a server that has taken too much; what looks after it goes on. */
  void killServer(int machine) throws Exception;

  /** All processes of a machine at once. */
  void freeze(int machine) throws Exception;

  /** Those of them that are left go on. */
  void thaw(int machine) throws Exception;

  /** All processes of a machine are gone; what they have on disk stays. */
  void lose(int machine) throws Exception;

  /** It is started again, as after it was lost. */
  void start(int machine) throws Exception;

  @Override
  void close() throws IOException;
}
