package io.fairlead.alert;

/**
 * How it is going with one receiver.
 *
 * @param place where it is, without what could be secret
 * @param sent messages that it has
 * @param failed attempts that came to nothing, repeated ones too
 * @param lost messages that were given up
 * @param waiting messages on their way
 * @param lastError why the last attempt came to nothing; empty: it did not
 * @param lastSent when it took the last message, in milliseconds since 1970; 0: never
 */
public record ReceiverState(
    String name,
    String kind,
    String place,
    long sent,
    long failed,
    long lost,
    int waiting,
    String lastError,
    long lastSent) {}
