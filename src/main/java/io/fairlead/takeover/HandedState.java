package io.fairlead.takeover;

import java.util.List;

/**
 * What a process knows that the next one needs to go on as if nothing had happened.
 *
 * @param services and their nodes
 * @param ticketKeys of all listeners with TLS, so that sessions go on
 * @param doors where datagrams for its connections by QUIC are passed on to
 */
public record HandedState(
    List<HandedService> services, List<HandedTicketKey> ticketKeys, List<HandedDoor> doors) {
  public HandedState {
    services = List.copyOf(services);
    ticketKeys = List.copyOf(ticketKeys);
    doors = List.copyOf(doors);
  }

  /** Of one who has no connections by QUIC. */
  public HandedState(List<HandedService> services, List<HandedTicketKey> ticketKeys) {
    this(services, ticketKeys, List.of());
  }

  /**
   * Where what comes by the sockets of one address, and is for connections of the old process, is
   * passed on to.
   *
   * @param bound the address
   * @param tag in the names of these connections
   * @param port at the loopback
   */
  public record HandedDoor(String bound, int tag, int port) {}

  /**
   * A key that session tickets are under.
   *
   * @param listener whose clients have them
   * @param key a secret, in Base64
   * @param leftMillis how long it may live
   */
  public record HandedTicketKey(String listener, String key, long leftMillis) {
    @Override
    public String toString() {
      return "a key for " + listener;
    }
  }
}
