package io.fairlead.record;

import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.LeftRings;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordRings;
import org.jspecify.annotations.Nullable;

/** What the numbers in records of one process mean. */
public interface Names {
  /** Of a listener, a route, a service or a node; null: nobody was given it. */
  @Nullable String name(int number);

  /** Of a reason; null: there is none with that number. */
  @Nullable String error(int number);

  /** Of this process. */
  static Names of(RecordRings rings) {
    RecordNames names = rings.names();
    ErrorReason[] reasons = ErrorReason.values();
    return new Names() {
      @Override
      public @Nullable String name(int number) {
        return names.text(number);
      }

      @Override
      public @Nullable String error(int number) {
        return number > 0 && number <= reasons.length ? reasons[number - 1].wireName() : null;
      }
    };
  }

  /** Of one that is gone. */
  static Names of(LeftRings rings) {
    RecordNames.Left names = rings.names();
    return new Names() {
      @Override
      public @Nullable String name(int number) {
        return names.text(number);
      }

      @Override
      public @Nullable String error(int number) {
        return names.error(number);
      }
    };
  }
}
