package io.fairlead.health;

import io.fairlead.config.Probe;

/** Hears of every probe whose result is known. Control thread; must not wait. */
public interface ProbeListener {
  /**
   * A node was asked.
   *
   * @param how it was asked, as configured now
   * @param nanos from the start until the result was known here; a probe that passed says itself
   *     how long the node took
   */
  void probed(String service, String node, Probe how, ProbeResult result, long nanos);
}
