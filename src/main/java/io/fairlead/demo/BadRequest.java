package io.fairlead.demo;

import java.io.IOException;

/** A request the test node refuses; the connection is closed after the answer. */
final class BadRequest extends IOException {
  private static final long serialVersionUID = 1;

  private final int status;

  BadRequest(int status, String why) {
    super(why);
    this.status = status;
  }

  int status() {
    return status;
  }

  /** What was wrong, for the answer and the control document. */
  String why() {
    return String.valueOf(getMessage());
  }
}
