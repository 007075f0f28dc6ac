package io.fairlead.service;

/**
 * What has been seen of the sessions of a node; replaced as a whole, about once a second.
 *
 * @param kept whether the service keeps sessions at all
 * @param lately requests of sessions within the last minute
 * @param lastMillis when the last one was seen, or, if none was, since when they are looked for;
 *     epoch
 * @param quiet there is none as far as is known: none has been seen for a while, or none may stay
 * @param over the node drains, and they have stayed for as long as they may
 */
public record NodeSessions(
    boolean kept, long lately, long lastMillis, boolean quiet, boolean over) {
  /** Of a service that keeps none. */
  public static final NodeSessions NONE = new NodeSessions(false, 0, 0, true, false);
}
