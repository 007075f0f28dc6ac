package io.fairlead.health;

import io.fairlead.service.Sighting;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

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
   * @param sighting what it told of itself; null: it was not asked
   */
  record Passed(long nanos, @Nullable Sighting sighting) implements ProbeResult {
    Passed(long nanos) {
      this(nanos, null);
    }

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
