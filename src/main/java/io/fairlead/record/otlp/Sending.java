package io.fairlead.record.otlp;

import java.time.Duration;

/** What became of one message. */
sealed interface Sending {
  /**
   * It was taken.
   *
   * @param rejected how many of the things in it were not
   * @param why not; empty: nobody says
   */
  record Done(long rejected, String why) implements Sending {}

  /**
   * It may be taken later.
   *
   * @param pause that the receiver asks for
   */
  record Later(String why, Duration pause) implements Sending {}

  /** It will never be. */
  record Refused(String why) implements Sending {}
}
