package io.fairlead.record.sql;

/** A condition that cannot be read, or asks for what is not there. */
public final class WrongCondition extends Exception {
  private static final long serialVersionUID = 1L;

  private final int position;

  WrongCondition(int position, String message) {
    super(message, null, false, false); // said to the user, not a mistake of ours
    this.position = position;
  }

  /** Of the first character of what is wrong, from 1; 0: it is not in the condition. */
  public int position() {
    return position;
  }
}
