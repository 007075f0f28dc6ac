package io.fairlead.health;

import io.fairlead.config.RoleProbe;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Asks a member of a database what it is, over the login of the last time if there is one. That
 * costs a server a hundredth of a login, but shows nothing of whether it still lets somebody in: so
 * no login is used for longer than {@value KeptTalk#FRESH_MILLIS} ms. One that fails is followed by
 * a new one, in the time that is left.
 */
final class RoleProber implements Prober {
  private final RoleProbe probe;
  private final ProbeLink link;
  private final KeptTalk kept;

  RoleProber(RoleProbe probe, ProbeLink link, KeptTalk kept) {
    this.probe = probe;
    this.link = link;
    this.kept = kept;
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    KeptTalk.Open open = kept.take(probe, address);
    if (open != null) {
      try {
        return ask(open, deadline);
      } catch (IOException _) {
        open.close(); // whether the server is to blame, a new login shows
      }
    }
    try {
      return ask(logIn(address, deadline), deadline);
    } catch (Conversation.Failure e) {
      return new ProbeResult.Failed(e.reason());
    } catch (EOFException e) {
      return new ProbeResult.Failed("connection closed in the middle of the conversation");
    } catch (IOException e) {
      return Failures.of(e, deadline);
    }
  }

  private KeptTalk.Open logIn(InetSocketAddress address, Deadline deadline) throws IOException {
    TimedSocket socket = new TimedSocket(deadline);
    try {
      socket.connect(address, deadline.remainingMillis());
      socket.setTcpNoDelay(true);
      RoleTalk talk = RoleTalk.logIn(probe, link, socket, deadline);
      return new KeptTalk.Open(socket, talk, probe, address, System.nanoTime());
    } catch (IOException e) {
      closeQuietly(socket);
      throw e;
    }
  }

  private ProbeResult ask(KeptTalk.Open open, Deadline deadline) throws IOException {
    try {
      open.socket().renew(deadline);
      ProbeResult told = new ProbeResult.Passed(deadline.elapsedNanos(), open.talk().ask());
      kept.put(open);
      return told;
    } catch (IOException e) {
      open.close();
      throw e;
    }
  }

  private static void closeQuietly(@Nullable TimedSocket socket) {
    try {
      if (socket != null) {
        socket.close();
      }
    } catch (IOException _) {
      // it is of no use any more
    }
  }
}
