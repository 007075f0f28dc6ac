package io.fairlead.cli;

/** Ends a verb with a sentence for people and an exit code. */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  Failure(int exitCode, String message) {
    super(message, null, false, false); // said to the user, not a mistake of ours
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }
}
