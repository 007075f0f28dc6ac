package io.fairlead.health;

import io.fairlead.config.RoleProbe;
import io.fairlead.service.Sighting;
import java.io.IOException;
import java.net.Socket;

/** A login to a member of a database, over which it is asked what it is, more than once. */
interface RoleTalk {
  /**
   * Asks.
   *
   * @throws Conversation.Failure saying what is wrong with the answer
   */
  Sighting ask() throws IOException;

  /** Says that nothing more will be asked. */
  void bye() throws IOException;

  /**
   * Logs in.
   *
   * @param socket connected
   */
  static RoleTalk logIn(RoleProbe probe, ProbeLink link, Socket socket, Deadline deadline)
      throws IOException {
    return switch (probe.engine()) {
      case POSTGRESQL -> {
        boolean secure = link.isSecure() && PostgresqlTalk.askForTls(socket, probe.optionalTls());
        yield PostgresqlRoleTalk.logIn(
            probe, secure ? link.over(socket, ProbeLink.Asks.ANYTHING) : socket, deadline);
      }
      case GALERA -> GaleraRoleTalk.logIn(probe, socket, link); // TLS comes after its greeting
    };
  }
}
