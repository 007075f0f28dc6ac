package io.fairlead.insight;

/**
 * Something about a service as a whole that somebody should look at.
 *
 * @param kind what it is
 * @param label what the nodes concerned have in common, {@code version=2}; empty if it is no label
 * @param majority whether most nodes of the service are concerned
 * @param text for people
 */
public record ServiceAlarm(Kind kind, String label, boolean majority, String text) {
  /** What an alarm can be about. */
  public enum Kind {
    /** All nodes that have a label in common, and hardly any other. */
    GROUP,
    /** Most nodes answer with more errors than they used to: something behind them fails. */
    ALL_FAIL,
    /** Most are slower than they used to be. */
    ALL_SLOW,
    /** More nodes are bad than may be taken out. */
    NO_ROOM
  }
}
