package io.fairlead.proxy;

/** What a listener tells its connections, as a user event that goes through each pipeline. */
public enum ListenerEvent {
  /** The listener is going away: whoever has nothing to bring to its end closes. */
  DRAIN
}
