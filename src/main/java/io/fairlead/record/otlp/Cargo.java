package io.fairlead.record.otlp;

/** What there is to be sent of one kind; used by the thread of its lane. */
interface Cargo {
  /**
   * Gathers what there is, as much as goes into one message.
   *
   * @param last there will be no other time
   * @return how many things that are; 0: there is nothing to send
   */
  int gather(boolean last);

  /** Sends what was gathered. */
  Sending send() throws InterruptedException;

  /**
   * Nothing will be sent any more, and what there was to be sent by nobody else is lost.
   *
   * @return how many things that are
   */
  int abandon();

  /** Whether it is worth to try again what could not be sent. */
  boolean isWorthWaiting();

  /** How long there may be nothing to gather, in nanoseconds. */
  long pauseNanos();
}
