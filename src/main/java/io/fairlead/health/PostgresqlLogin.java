package io.fairlead.health;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A login to a PostgreSQL server that is used for more than a probe, in the clear. It waits; what
 * it cannot have in time is a failure, after which it is of no use.
 */
public final class PostgresqlLogin implements AutoCloseable {
  private final TimedSocket socket;
  private final PostgresqlTalk talk;

  private PostgresqlLogin(TimedSocket socket, PostgresqlTalk talk) {
    this.socket = socket;
    this.talk = talk;
  }

  /**
   * Connects and logs in.
   *
   * @param application what the server lists it as
   * @param timeout for both together
   * @throws IOException in words that name no secret
   */
  public static PostgresqlLogin open(
      HostPort address,
      String user,
      Secret password,
      String database,
      String application,
      Duration timeout)
      throws IOException {
    Deadline deadline = Deadline.after(timeout);
    TimedSocket socket = new TimedSocket(deadline);
    try {
      socket.connect(
          new InetSocketAddress(address.host(), address.port()), deadline.remainingMillis());
      socket.setTcpNoDelay(true);
      PostgresqlTalk talk =
          new PostgresqlTalk(
              socket,
              new PostgresqlTalk.Login(user, password, database, application),
              new Quote(List.of(password)),
              Duration.ZERO);
      talk.logIn();
      return new PostgresqlLogin(socket, talk);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * The last row of the answer; empty if there is none. A warning is a failure: of a commit whose
   * acknowledgements were not waited for no more than that is said.
   */
  public List<@Nullable String> row(String question, Duration timeout) throws IOException {
    socket.renew(Deadline.after(timeout));
    List<@Nullable String> row = talk.row(question);
    if (!talk.warning().isEmpty()) {
      throw new IOException("warns: " + talk.warning());
    }
    return row;
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
