package io.fairlead.insight.alert;

import io.fairlead.config.AlertScope;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What was counted of requests, now and in the past. */
public interface Traffic {
  /**
   * The same for each of that part which there is within the scope in the span, by name.
   *
   * @return null if nothing is known of the span
   */
  @Nullable Map<String, Counted> split(
      AlertScope within, AlertScope.Part part, long fromMillis, long toMillis);

  /**
   * What was counted in the span, as far as it is kept.
   *
   * @return null if nothing is known of the span
   */
  @Nullable Counted count(AlertScope scope, long fromMillis, long toMillis);

  /**
   * What can be asked quickly about many spans of a time that is past.
   *
   * @param longest span that will be asked about
   */
  default Past past(
      AlertScope within, Optional<AlertScope.Part> part, long from, long to, Duration longest) {
    return new Past(this, FINEST);
  }

  /**
   * What is kept.
   *
   * @param step milliseconds that spans should be multiples of
   */
  record Past(Traffic traffic, long step) {}

  /** Milliseconds: nothing is kept of less. */
  long FINEST = 10_000;

  /** Nothing came, which is known. */
  Counted NOTHING =
      new Counted() {
        @Override
        public long requests() {
          return 0;
        }

        @Override
        public long errors() {
          return 0;
        }

        @Override
        public long bytes() {
          return 0;
        }

        @Override
        public long slowerThan(long micros) {
          return 0;
        }

        @Override
        public long quantileMicros(double share) {
          return -1;
        }
      };

  /** Figures of one span. */
  interface Counted {
    long requests();

    long errors();

    long bytes();

    /** Requests that took longer, as far as is known. */
    long slowerThan(long micros);

    /** The time that this share of the requests does not exceed; below 0: it is not known. */
    long quantileMicros(double share);
  }
}
