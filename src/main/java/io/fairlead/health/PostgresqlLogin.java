package io.fairlead.health;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.trust.TlsFailure;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * A login to a PostgreSQL server that is used for more than a probe. It waits; what it cannot have
 * in time is a failure, after which it is of no use.
 */
public final class PostgresqlLogin implements AutoCloseable {
  private final TimedSocket socket;
  private final PostgresqlTalk talk;

  private PostgresqlLogin(TimedSocket socket, PostgresqlTalk talk) {
    this.socket = socket;
    this.talk = talk;
  }

  /**
   * How TLS is spoken.
   *
   * @param optional whether a server that speaks none is spoken to in the clear
   */
  public record Tls(ProbeTls probe, boolean optional) {
    private Socket over(Socket socket, HostPort address) throws IOException {
      if (!PostgresqlTalk.askForTls(socket, optional)) {
        return socket;
      }
      try {
        return probe.over(socket, address, ProbeLink.Asks.ANYTHING, _ -> {});
      } catch (SSLException e) {
        throw new IOException(TlsFailure.of(e).reason(), e);
      }
    }
  }

  /** In the clear. */
  public static PostgresqlLogin open(
      HostPort address,
      String user,
      Secret password,
      String database,
      String application,
      Duration timeout)
      throws IOException {
    return open(address, user, password, database, application, timeout, null);
  }

  /**
   * Connects and logs in.
   *
   * @param application what the server lists it as
   * @param timeout for both together
   * @param tls null: in the clear
   * @throws IOException in words that name no secret
   */
  public static PostgresqlLogin open(
      HostPort address,
      String user,
      Secret password,
      String database,
      String application,
      Duration timeout,
      @Nullable Tls tls)
      throws IOException {
    Deadline deadline = Deadline.after(timeout);
    TimedSocket socket = new TimedSocket(deadline);
    try {
      socket.connect(
          new InetSocketAddress(address.host(), address.port()), deadline.remainingMillis());
      socket.setTcpNoDelay(true);
      PostgresqlTalk talk =
          new PostgresqlTalk(
              tls == null ? socket : tls.over(socket, address),
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
