package io.fairlead.health;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * A login to a MariaDB server that is used for more than a probe, in the clear. It waits; what it
 * cannot have in time is a failure, after which it is of no use.
 */
public final class MariadbLogin implements AutoCloseable {
  private final TimedSocket socket;
  private final MariadbTalk talk;

  private MariadbLogin(TimedSocket socket, MariadbTalk talk) {
    this.socket = socket;
    this.talk = talk;
  }

  /**
   * Connects and logs in, by {@code mysql_native_password}.
   *
   * @param timeout for both together
   * @throws IOException in words that name no secret
   */
  public static MariadbLogin open(HostPort address, String user, Secret password, Duration timeout)
      throws IOException {
    Deadline deadline = Deadline.after(timeout);
    TimedSocket socket = new TimedSocket(deadline);
    try {
      socket.connect(
          new InetSocketAddress(address.host(), address.port()), deadline.remainingMillis());
      socket.setTcpNoDelay(true);
      MariadbTalk talk =
          new MariadbTalk(socket, user, password, new Quote(List.of(password)), ProbeLink.CLEAR);
      talk.logIn();
      return new MariadbLogin(socket, talk);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /** All rows of the answer, each value as text, empty where it is null. */
  public List<List<String>> rows(String question, Duration timeout) throws IOException {
    socket.renew(Deadline.after(timeout));
    return talk.question(question).rows();
  }

  /** Has something done that answers with no rows. */
  public void order(String sql, Duration timeout) throws IOException {
    socket.renew(Deadline.after(timeout));
    talk.order(sql);
  }

  @Override
  public void close() {
    try (socket) {
      talk.bye();
    } catch (IOException _) {
      // it is of no use any more
    }
  }
}
