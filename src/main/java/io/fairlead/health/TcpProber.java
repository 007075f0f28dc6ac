package io.fairlead.health;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;

/** A connection that is accepted passes; with TLS, one whose handshake is done. */
final class TcpProber implements Prober {
  private final ProbeLink link;

  TcpProber(ProbeLink link) {
    this.link = link;
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    try (Socket socket = new TimedSocket(deadline)) {
      // Closed by a reset: otherwise each probe would leave a port behind for a minute, and ten
      // thousand nodes probed each second would use up all there are.
      socket.setOption(StandardSocketOptions.SO_LINGER, 0);
      socket.connect(address, deadline.remainingMillis());
      Socket _ = link.over(socket, ProbeLink.Asks.ANYTHING);
      return deadline.met();
    } catch (IOException e) {
      return Failures.of(e, deadline);
    }
  }
}
