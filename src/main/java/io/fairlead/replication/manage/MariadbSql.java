package io.fairlead.replication.manage;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
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

  /** What a server keeps of a password, for mysql_native_password. */
  static String hash(Secret password) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-1");
      byte[] once = sha.digest(password.value().getBytes(StandardCharsets.UTF_8));
      return "*" + HexFormat.of().withUpperCase().formatHex(sha.digest(once));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }
}
