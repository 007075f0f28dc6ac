package io.fairlead.replication.manage;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Logins to members that are MariaDB; all of it waits, and none longer than it is told. */
public interface MariadbSql {
  /**
   * Logs in.
   *
   * @throws IOException in words
   */
  Session open(HostPort address, String user, Secret password, Duration timeout) throws IOException;

  /** One that is there. What has failed once is of no use any more. */
  interface Session extends AutoCloseable {
    /** All rows of the answer, each value as text, empty where it is null. */
    List<List<String>> rows(String question, Duration timeout) throws IOException;

    /** Has something done that answers with no rows. */
    void order(String sql, Duration timeout) throws IOException;

    @Override
    void close();
  }
}
