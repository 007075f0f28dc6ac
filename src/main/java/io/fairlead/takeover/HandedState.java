package io.fairlead.takeover;

import java.util.List;

/**
 * What a process knows that the next one needs to go on as if nothing had happened.
 *
 * @param services and their nodes
 * @param ticketKeys of all listeners with TLS, so that sessions go on
 */
public record HandedState(List<HandedService> services, List<HandedTicketKey> ticketKeys) {
  public HandedState {
    services = List.copyOf(services);
    ticketKeys = List.copyOf(ticketKeys);
  }

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
