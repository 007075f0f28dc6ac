package io.fairlead.health;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;

/** A connection that is accepted passes. */
final class TcpProber implements Prober {
  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    try (Socket socket = new Socket()) {
      // Closed by a reset: otherwise each probe would leave a port behind for a minute, and ten
      // thousand nodes probed each second would use up all there are.
      socket.setOption(StandardSocketOptions.SO_LINGER, 0);
      socket.connect(address, deadline.remainingMillis());
      return deadline.met();
    } catch (IOException e) {
      return Failures.of(e, deadline);
    }
  }
}
