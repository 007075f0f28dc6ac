package io.fairlead.health;

import java.util.Locale;

/** What a probe found out. */
public sealed interface ProbeResult {
  /** For people. */
  String text();

  default boolean passed() {
    return this instanceof Passed;
  }

  /**
   * The node answered as wanted.
   *
   * @param nanos from the first step to the answer
   */
  record Passed(long nanos) implements ProbeResult {
    @Override
    public String text() {
      return nanos < 1_000_000
          ? "answered in " + nanos / 1_000 + " µs"
          : String.format(Locale.ROOT, "answered in %.0f ms", nanos / 1e6);
    }
  }

  /**
   * It did not.
   *
   * @param reason for people
   */
  record Failed(String reason) implements ProbeResult {
    @Override
    public String text() {
      return reason;
    }
  }
}
