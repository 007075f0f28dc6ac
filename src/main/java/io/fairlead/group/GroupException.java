package io.fairlead.group;

import java.io.IOException;

/** Something that the group's state could not do, with the reason in words for an operator. */
public final class GroupException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Kind kind;

  /** What is to be done about it. */
  public enum Kind {
    /** It was not done: there is no majority, or no answer from it. */
    UNAVAILABLE,
    /** It may have been done or not: the answer did not come. */
    UNKNOWN,
    /** Something else was there than expected. */
    CONFLICT,
    /** It can never be done. */
    REFUSED
  }

  GroupException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  GroupException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
