package io.fairlead.proxy;

/** What a listener tells its connections, as a user event that goes through each pipeline. */
public enum ListenerEvent {
  /** The listener is going away: whoever has nothing to bring to its end closes. */
  DRAIN,

  /**
   * Another process serves the listener from now on: whoever can tell the peer does, so that it
   * comes back there. Nobody else closes yet, since the peer may be about to send something. The
   * same is said to a connection whose handshake has ended while its listener was going away.
   */
  LEAVE
}
