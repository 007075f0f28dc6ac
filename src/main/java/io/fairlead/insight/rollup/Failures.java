package io.fairlead.insight.rollup;

import io.fairlead.telemetry.ErrorReason;

/**
 * What counts as an error: what the service or Fairlead owes an answer for, and not what a client
 * did or asked for in a wrong way. That is a status of 500 and above, and a reason that stands for
 * such a status where the client got another one or none: an answer that broke off after its 200, a
 * relayed connection for which there was no node. Counters of listeners count the same.
 */
final class Failures {
  private static final int FIRST = 500;

  private Failures() {}

  /** Whether a reason is one. */
  static boolean isOne(ErrorReason reason) {
    return reason.status() >= FIRST;
  }

  /** Whether a status is one. */
  static boolean isOne(int status) {
    return status >= FIRST;
  }

  /** Whether what is called so is one; names of other versions of Fairlead are not. */
  static boolean isOne(String reason) {
    for (ErrorReason known : ErrorReason.values()) {
      if (known.wireName().equals(reason)) {
        return isOne(known);
      }
    }
    return false;
  }
}
