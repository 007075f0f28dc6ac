package io.fairlead.vip.bgp;

import java.util.List;

/**
 * How the session with a router is.
 *
 * @param peer its name in the configuration
 * @param state {@code idle}, {@code connect}, {@code open-sent}, {@code open-confirm}, {@code
 *     established}, or {@code off} while this instance is not ready
 * @param sinceMillis when the state began
 * @param why it began, or what is wrong
 * @param holdSeconds that both sides keep to; 0: nothing is agreed on
 * @param announced addresses that the router has been told of
 * @param leaving whether they are about to be withdrawn
 * @param sent messages
 * @param received messages
 * @param lost how often a session ended that had been established
 */
public record BgpStatus(
    String peer,
    String address,
    long as,
    String state,
    long sinceMillis,
    String why,
    int holdSeconds,
    List<String> announced,
    boolean leaving,
    long sent,
    long received,
    long lost) {
  public BgpStatus {
    announced = List.copyOf(announced);
  }

  public boolean isEstablished() {
    return state.equals("established");
  }
}
