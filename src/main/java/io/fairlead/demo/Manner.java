package io.fairlead.demo;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one answer is sent: the faults of a request, put together.
 *
 * @param instead fault that takes the place of the answer, if any
 * @param headRate bytes a second for the head; 0: no limit
 * @param bodyRate bytes a second for the body; 0: no limit
 * @param cut where the body ends too early, if anywhere
 * @param close whether the answer announces that the connection ends, and ends it
 * @param stale whether and how the connection ends without an announcement
 */
record Manner(
    @Nullable Fault instead,
    int headRate,
    int bodyRate,
    Fault.@Nullable Cut cut,
    boolean close,
    Fault.@Nullable Stale stale) {

  static final Manner PLAIN = new Manner(null, 0, 0, null, false, null);

  static Manner of(List<Fault> faults) {
    Manner manner = PLAIN;
    for (Fault fault : faults) {
      manner = manner.with(fault);
    }
    return manner;
  }

  private Manner with(Fault fault) {
    return switch (fault) {
      case Fault.Hang _, Fault.Reset _, Fault.Garbage _, Fault.EndlessHeader _, Fault.Misframed _ ->
          new Manner(instead == null ? fault : instead, headRate, bodyRate, cut, close, stale);
      case Fault.Cut it -> new Manner(instead, headRate, bodyRate, it, close, stale);
      case Fault.SlowHead(int rate) -> new Manner(instead, rate, bodyRate, cut, close, stale);
      case Fault.SlowBody(int rate) -> new Manner(instead, headRate, rate, cut, close, stale);
      case Fault.Close _ -> new Manner(instead, headRate, bodyRate, cut, true, stale);
      case Fault.Stale it -> new Manner(instead, headRate, bodyRate, cut, close, it);
    };
  }
}
