package io.fairlead.takeover;

import java.io.IOException;

/** Why a process cannot take over. */
public final class TakeoverException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What became of the running instance. */
  public enum Kind {
    /** There is none. */
    ABSENT,
    /** It goes on serving. */
    REFUSED,
    /** It ended while it was asked. */
    DIED
  }

  private final Kind kind;

  TakeoverException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
