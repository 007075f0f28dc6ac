package io.fairlead.proxy;

import io.fairlead.config.HostPort;
import java.net.InetSocketAddress;

/**
 * A listening socket, or one for datagrams, that more than one process can have.
 *
 * @param listener whose it is
 * @param datagrams UDP; otherwise TCP
 * @param address as configured
 * @param bound as the kernel says
 * @param descriptor of this process
 */
public record SharedSocket(
    String listener, boolean datagrams, HostPort address, InetSocketAddress bound, int descriptor) {

  /** Whether this is the socket that a listener wants there. Port 0 is another one for each. */
  boolean serves(String name, boolean udp, HostPort wanted) {
    if (datagrams != udp) {
      return false;
    }
    if (wanted.port() == 0) {
      return listener.equals(name) && address.equals(wanted);
    }
    return address.equals(wanted)
        || bound.equals(new InetSocketAddress(wanted.host(), wanted.port()));
  }
}
