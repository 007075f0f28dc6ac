package io.fairlead.dns;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.function.Supplier;

/**
 * One socket for datagrams and the thread that answers what comes there, one at a time. Several
 * with one address share what comes by the sender's address and port (SO_REUSEPORT), so that no two
 * threads ever wait for each other.
 */
interface UdpPort extends AutoCloseable {
  /** A question has 12 + 255 + 4 bytes, and what EDNS and a signature add. */
  int LONGEST_QUESTION = 2048;

  /** What may wait while the thread does not run: some thousand questions. */
  int WAITING_BYTES = 4 << 20;

  /** Opens one, by whatever this machine does best. */
  static UdpPort open(
      InetSocketAddress address, Worker worker, Responder responder, Supplier<Snapshot> snapshot)
      throws IOException {
    return LinuxSockets.AVAILABLE && !Boolean.getBoolean("fairlead.dns.nio")
        ? new LinuxPort(address, worker, responder, snapshot)
        : new NioPort(address, worker, responder, snapshot);
  }

  InetSocketAddress address() throws IOException;

  /** Of its worker. */
  int index();

  void start();

  @Override
  void close() throws IOException;
}
