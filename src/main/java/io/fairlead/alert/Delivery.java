package io.fairlead.alert;

import java.time.Duration;

/** What became of an attempt to tell somebody. */
sealed interface Delivery {
  /** The receiver has it. */
  record Done() implements Delivery {}

  /**
   * Not now.
   *
   * @param why without anything secret
   * @param pause at least, as the receiver wants it; zero: it did not say
   */
  record Later(String why, Duration pause) implements Delivery {
    Later(String why) {
      this(why, Duration.ZERO);
    }
  }

  /**
   * Trying again would be no use.
   *
   * @param why without anything secret
   */
  record Refused(String why) implements Delivery {}
}
