package io.fairlead.replication.manage;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Logins to members of a database; all of it waits, and none longer than it is told. */
public interface Sql {
  /**
   * Logs in.
   *
   * @throws IOException in words
   */
  Session open(HostPort address, String user, Secret password, Duration timeout) throws IOException;

  /** One that is there. What has failed once is of no use any more. */
  interface Session extends AutoCloseable {
    /**
     * The last row of the answer; empty if there is none. What the server warns of is a failure:
     * that a commit was not waited for is said in no other way.
     */
    List<@Nullable String> row(String question, Duration timeout) throws IOException;

    /** The first value of it; empty if there is none. */
    default String value(String question, Duration timeout) throws IOException {
      List<@Nullable String> row = row(question, timeout);
      String first = row.isEmpty() ? null : row.getFirst();
      return first == null ? "" : first;
    }

    @Override
    void close();
  }
}
