package io.fairlead.record;

import io.fairlead.telemetry.LeftRings;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordRings;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** What the numbers in records of one process mean. */
public final class Names {
  private final IntFunction<@Nullable String> names;
  private final IntFunction<@Nullable String> errors;

  private Names(IntFunction<@Nullable String> names, IntFunction<@Nullable String> errors) {
    this.names = names;
    this.errors = errors;
  }

  /** Of this process. */
  public static Names of(RecordRings rings) {
    RecordNames names = rings.names();
    return new Names(names::text, names::error);
  }

  /** Of one that is gone. */
  static Names of(LeftRings rings) {
    RecordNames.Left names = rings.names();
    return new Names(names::text, names::error);
  }

  /** Of a listener, a route, a service or a node; null: nobody was given it. */
  public @Nullable String name(int number) {
    return names.apply(number);
  }

  /** Of a reason; null: there is none with that number. */
  public @Nullable String error(int number) {
    return errors.apply(number);
  }

  /** Of what a probe found; null: there is nothing with that number. */
  public static @Nullable String outcome(int number) {
    return switch (number) {
      case RecordLayout.PASSED -> "passed";
      case RecordLayout.FAILED -> "failed";
      default -> null;
    };
  }
}
